package relay

import (
	"encoding/base64"
	"fmt"
	"maps"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// Signer signs the claims of a configuration token with a key that is served
// as a JWKS (RS256, with its kid).
type Signer func(claims map[string]any) (string, error)

// tokenLifetime is how long a configuration token is good (ours).
const tokenLifetime = 10 * time.Minute

// authorization is the value of the header Authorization, "" for none.
func (s *Settings) authorization(sign Signer) (string, error) {
	switch s.Auth {
	case AuthHeader:
		return s.Header, nil
	case AuthBasic:
		return "Basic " + base64.StdEncoding.EncodeToString([]byte(s.User+":"+s.Secret)), nil
	case AuthBearer:
		return "Bearer " + s.Secret, nil
	case AuthToken:
		token, err := s.token(sign)
		return "Bearer " + token, err
	}
	return "", nil
}

// token makes a configuration token. Its payload is the custom settings, among
// them jwks_host, and aud. Source: the relay contract; that it has iat and exp
// is ours.
func (s *Settings) token(sign Signer) (string, error) {
	now := time.Now()
	claims := maps.Clone(s.Token.Claims)
	if claims == nil {
		claims = map[string]any{}
	}
	claims["aud"] = s.Token.Audience
	if s.Token.Audience == "" {
		claims["aud"] = s.base()
	}
	claims["iat"], claims["exp"] = now.Unix(), now.Add(tokenLifetime).Unix()
	if s.Token.Algorithm == HS256 {
		return Stored(claims, s.Secret)
	}
	if sign == nil {
		return "", fmt.Errorf("configuration token: %w", errNoSigner)
	}
	return sign(claims)
}

// Stored makes the kind of token that a user of 2019 stored in a module's
// authorization-header: HS256 over the third party's credentials, by a key that
// the relay alone knows.
func Stored(claims map[string]any, key string) (string, error) {
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims(claims)).SignedString([]byte(key))
	if err != nil {
		return "", fmt.Errorf("sign token: %w", err)
	}
	return token, nil
}

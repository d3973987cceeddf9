package users

import (
	"crypto/hmac"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"
)

// KeySize is how many octets the key of tokens has at least.
const KeySize = 32

// claims of a token. The real ones are not known, but for the header, which says
// HS256. Account binds the token to the passphrase: it ends with that.
type claims struct {
	jwt.RegisteredClaims
	Role    Role   `json:"role"`
	Account string `json:"account"`
}

// Token makes a token for somebody who has signed in. It is good for Timeout, or
// until the user's passphrase is another one.
func (u *Users) Token(user User) (string, error) {
	now := time.Now()
	token := jwt.NewWithClaims(jwt.SigningMethodHS256, claims{
		RegisteredClaims: jwt.RegisteredClaims{
			Subject: user.Name, ID: uuid.NewString(),
			IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(now.Add(u.o.Timeout)),
		},
		Role: user.Role, Account: u.binding(user.Name),
	})
	signed, err := token.SignedString(u.o.Key)
	if err != nil {
		return "", fmt.Errorf("sign token: %w", err)
	}
	return signed, nil
}

// binding is a digest of an account's secret. Its key is that of the tokens, so it
// is the same after a restart.
func (u *Users) binding(name string) string {
	a := u.accounts[name]
	return base64.RawURLEncoding.EncodeToString(digest(u.o.Key, "account\x00"+a.Name+"\x00"+a.Passphrase+"\x00"+a.Hash)[:16])
}

// mostToken is how long a token can be, in octets.
const mostToken = 4096

// Bearer tells whose token it is. The role is the one the user has now. The error
// is ErrExpired or ErrToken.
func (u *Users) Bearer(token string) (User, error) {
	if len(token) > mostToken {
		return User{}, ErrToken
	}
	var c claims
	_, err := jwt.ParseWithClaims(token, &c, func(*jwt.Token) (any, error) { return u.o.Key, nil },
		jwt.WithValidMethods([]string{"HS256"}), jwt.WithExpirationRequired())
	_, known := u.accounts[c.Subject]
	switch {
	case errors.Is(err, jwt.ErrTokenExpired):
		return User{}, ErrExpired
	case err != nil || !known || !hmac.Equal([]byte(c.Account), []byte(u.binding(c.Subject))):
		return User{}, ErrToken
	}
	return u.user(c.Subject), nil
}

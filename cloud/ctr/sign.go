package ctr

import (
	"crypto/rand"
	"crypto/rsa"
	"fmt"

	"github.com/golang-jwt/jwt/v5"
)

// Sign makes an RS256 token of some claims with the region's key, which is in
// /.well-known/jwks under the token's kid.
func (t *Threat) Sign(claims map[string]any) (string, error) {
	key, err := t.key()
	if err != nil {
		return "", err
	}
	return key.sign(claims)
}

func (k *signingKey) sign(claims map[string]any) (string, error) {
	token := jwt.NewWithClaims(jwt.SigningMethodRS256, jwt.MapClaims(claims))
	token.Header["kid"] = k.id
	signed, err := token.SignedString(k.private)
	if err != nil {
		return "", fmt.Errorf("sign token: %w", err)
	}
	return signed, nil
}

// Signer signs as a region does, with a key of its own that nobody keeps.
type Signer struct{ key *signingKey }

// NewSigner makes a key.
func NewSigner() (*Signer, error) {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, fmt.Errorf("make signing key: %w", err)
	}
	return &Signer{newSigningKey(private)}, nil
}

// Sign makes an RS256 token of some claims.
func (s *Signer) Sign(claims map[string]any) (string, error) { return s.key.sign(claims) }

// JWKS is what whoever proves the tokens is to be given as JSON.
func (s *Signer) JWKS() any { return s.key.public() }

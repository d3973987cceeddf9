package ctr

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"

	"github.com/cockroachdb/pebble/v2"

	"esasim/cloud/store"
)

// signingKey signs the region's access tokens (RS256: claims of a published
// token). Each region makes its own, so that the token of one is nothing to
// another.
type signingKey struct {
	private *rsa.PrivateKey
	id      string // kid: the hash of the public key
}

// openKey reads the key of the store, or makes one and keeps it.
func openKey(s *store.Store) (*signingKey, error) {
	der, err := s.Bytes(store.SigningKey())
	if errors.Is(err, store.ErrNotFound) {
		return makeKey(s)
	}
	if err != nil {
		return nil, fmt.Errorf("signing key: %w", err)
	}
	k, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, fmt.Errorf("signing key: %w", err)
	}
	private, ok := k.(*rsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("signing key: a %T, not an RSA key", k)
	}
	return newSigningKey(private), nil
}

func makeKey(s *store.Store) (*signingKey, error) {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, fmt.Errorf("make signing key: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return nil, fmt.Errorf("make signing key: %w", err)
	}
	err = s.Write(func(b *pebble.Batch) error { return b.Set(store.SigningKey(), der, nil) })
	if err != nil {
		return nil, fmt.Errorf("keep signing key: %w", err)
	}
	return newSigningKey(private), nil
}

func newSigningKey(private *rsa.PrivateKey) *signingKey {
	sum := sha256.Sum256(x509.MarshalPKCS1PublicKey(&private.PublicKey))
	return &signingKey{private, base64.RawURLEncoding.EncodeToString(sum[:])}
}

// jwks is the answer of /.well-known/jwks (RFC 7517).
type jwks struct {
	Keys []jwk `json:"keys"`
}

type jwk struct {
	Type      string `json:"kty"`
	Use       string `json:"use"`
	Algorithm string `json:"alg"`
	ID        string `json:"kid"`
	Modulus   string `json:"n"`
	Exponent  string `json:"e"`
}

func (k *signingKey) public() jwks {
	p := k.private.PublicKey
	b64 := base64.RawURLEncoding.EncodeToString
	return jwks{[]jwk{{"RSA", "sig", "RS256", k.id, b64(p.N.Bytes()), b64(big.NewInt(int64(p.E)).Bytes())}}}
}

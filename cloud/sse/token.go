package sse

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/google/uuid"

	"esasim/cloud/store"
)

// Expiry is one choice of how long a token can be used.
type Expiry struct {
	Text  string // in the API: "1h", "5d"
	After time.Duration
}

// Expiries are the choices of the dialog "Add Devices and Generate Tokens",
// the default first; there are no others. Source: vendor's integration guide.
func Expiries() []Expiry {
	var all []Expiry
	for _, h := range []int{1, 2, 4, 6, 8, 12} {
		all = append(all, Expiry{fmt.Sprintf("%dh", h), time.Duration(h) * time.Hour})
	}
	for d := 1; d <= 5; d++ {
		all = append(all, Expiry{fmt.Sprintf("%dd", d), time.Duration(d) * 24 * time.Hour})
	}
	return all
}

// ExpiryOf reads one of the choices as the API has it; 0: it is none.
func ExpiryOf(text string) time.Duration {
	for _, e := range Expiries() {
		if e.Text == text {
			return e.After
		}
	}
	return 0
}

// DefaultExpiry is the dialog's first choice.
const DefaultExpiry = time.Hour

// MaxDevices is how many devices the dialog adds at once. Source: vendor's
// integration guide.
const MaxDevices = 100

// Token is a registration token: it turns its device into a registered one,
// before it expires.
type Token struct {
	Token    string    `json:"token"` // 32 lower-case hexadecimal digits (the form is ours)
	DeviceID string    `json:"device_id"`
	Expires  time.Time `json:"expires"`
}

// GenerateTokens adds devices and gives the token of each. The devices are in
// the table from now on, pending. ErrInvalid when devices is not 1 to
// MaxDevices or expiry is none of Expiries.
func (x *Exchange) GenerateTokens(ctx context.Context, devices int, expiry time.Duration) ([]Token, error) {
	return x.generate(ctx, devices, expiry, Edit{})
}

var errExpiry = fmt.Errorf("%w: expiry: want 1, 2, 4, 6, 8 or 12 hours, or 1 to 5 days", ErrInvalid)

func (x *Exchange) generate(ctx context.Context, devices int, expiry time.Duration, given Edit) ([]Token, error) {
	if devices < 1 || devices > MaxDevices {
		return nil, fmt.Errorf("generate tokens: %w: devices: want 1 to %d", ErrInvalid, MaxDevices)
	}
	if !offered(expiry) {
		return nil, fmt.Errorf("generate tokens: %w", errExpiry)
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	var last uint32
	if err := x.store.Get(store.Numbers(), &last); err != nil && !errors.Is(err, store.ErrNotFound) {
		return nil, fmt.Errorf("generate tokens: %w", err)
	}
	now := time.Now().UTC()
	tokens := make([]Token, devices)
	err := x.store.Write(func(b *pebble.Batch) error {
		for i := range tokens {
			last++
			t := Token{Token: newToken(), DeviceID: uuid.NewString(), Expires: now.Add(expiry)}
			r := record{ID: t.DeviceID, Number: last, Created: now, TokenHash: digest(t.Token), TokenExpires: t.Expires}
			r.edit(given)
			if err := errors.Join(
				store.Set(b, store.Device(r.ID), r),
				b.Set(store.Token(r.TokenHash), []byte(r.ID), nil),
				x.audit(ctx, b, "Add device", r.called(), success),
			); err != nil {
				return err
			}
			tokens[i] = t
		}
		return store.Set(b, store.Numbers(), last)
	})
	if err != nil {
		return nil, fmt.Errorf("generate tokens: %w", err)
	}
	return tokens, nil
}

func offered(d time.Duration) bool {
	for _, e := range Expiries() {
		if e.After == d {
			return true
		}
	}
	return false
}

// register uses a token: its device becomes a registered one. It returns the
// device's id and its credential, of which only the hash is kept. An answer may
// be lost on its way, so until it expires a used token gives the same device,
// known by its serial, another credential instead of the first; first is false
// then.
func (x *Exchange) register(ctx context.Context, token string, f facts) (id, credential string, first bool, err error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	b, err := x.store.Bytes(store.Token(digest(token)))
	if errors.Is(err, store.ErrNotFound) {
		return "", "", false, ErrInvalidToken
	}
	if err != nil {
		return "", "", false, fmt.Errorf("register: %w", err)
	}
	r, err := x.record(string(b))
	if err != nil {
		return "", "", false, fmt.Errorf("register: %w", err)
	}
	now := time.Now().UTC()
	first = !r.registered()
	if !now.Before(r.TokenExpires) || !first && r.Facts.Serial != f.Serial {
		return "", "", false, ErrInvalidToken
	}
	credential = newCredential()
	sum := sha256.Sum256([]byte(credential))
	r.Credential, r.Heartbeat, r.Facts = sum[:], now, f
	if err := x.change(As(ctx, "device "+f.Name), store.Device(r.ID), r, "Register device", r.called()); err != nil {
		return "", "", false, fmt.Errorf("register device %s: %w", r.ID, err)
	}
	x.lines.drop(r.ID) // who held it has the old credential
	return r.ID, credential, first, nil
}

// holds compares a credential with the device's, in constant time.
func (r *record) holds(credential string) bool {
	sum := sha256.Sum256([]byte(credential))
	return subtle.ConstantTimeCompare(sum[:], r.Credential) == 1
}

func digest(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

func newToken() string {
	var b [16]byte
	rand.Read(b[:]) // never fails (crypto/rand)
	return hex.EncodeToString(b[:])
}

func newCredential() string {
	var b [32]byte
	rand.Read(b[:])
	return base64.RawURLEncoding.EncodeToString(b[:])
}

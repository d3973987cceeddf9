package sse

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/cockroachdb/pebble/v2"

	"esasim/cloud/store"
)

// Edit is what a person changes of a device's row; nil: it stays as it is. What was
// given here holds, whatever the device says of itself later; an empty text gives it
// back its own.
type Edit struct {
	Name        *string
	Description *string
}

func (e Edit) check() error {
	for name, v := range map[string]*string{"name": e.Name, "description": e.Description} {
		if v != nil && (len(*v) > maxFact || strings.ContainsFunc(*v, unicode.IsControl)) {
			return fmt.Errorf("%w: %s: want at most %d bytes, and no control characters", ErrInvalid, name, maxFact)
		}
	}
	return nil
}

func (r *record) edit(e Edit) {
	if e.Name != nil {
		r.Name = *e.Name
	}
	if e.Description != nil {
		r.Description = *e.Description
	}
}

// Edit changes the row of a device, and gives it as it is then: ErrUnknownDevice,
// ErrInvalid.
func (x *Exchange) Edit(ctx context.Context, id string, e Edit) (Device, error) {
	if err := e.check(); err != nil {
		return Device{}, fmt.Errorf("edit device %s: %w", id, err)
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	r, err := x.record(id)
	if err != nil {
		return Device{}, err
	}
	r.edit(e)
	if err := x.change(ctx, store.Device(id), r, "Edit device", r.called()); err != nil {
		return Device{}, fmt.Errorf("edit device %s: %w", id, err)
	}
	return r.device(time.Now()), nil
}

// Add adds one device, pending, with a name and a description if it is given them: what
// GenerateTokens does for many.
func (x *Exchange) Add(ctx context.Context, e Edit, expiry time.Duration) (Device, Token, error) {
	if err := e.check(); err != nil {
		return Device{}, Token{}, fmt.Errorf("add device: %w", err)
	}
	tokens, err := x.generate(ctx, 1, expiry, e)
	if err != nil {
		return Device{}, Token{}, err
	}
	d, err := x.Device(ctx, tokens[0].DeviceID)
	return d, tokens[0], err
}

// Retoken makes another token for a device; the one before is void. With it a pending
// or expired device has another while to register. A registered one stays so, and the
// same appliance can get a new credential by it: ErrUnknownDevice, ErrInvalid.
func (x *Exchange) Retoken(ctx context.Context, id string, expiry time.Duration) (Token, error) {
	if !offered(expiry) {
		return Token{}, fmt.Errorf("token of device %s: %w", id, errExpiry)
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	r, err := x.record(id)
	if err != nil {
		return Token{}, err
	}
	t := Token{Token: newToken(), DeviceID: id, Expires: time.Now().UTC().Add(expiry)}
	old := r.TokenHash
	r.TokenHash, r.TokenExpires = digest(t.Token), t.Expires
	err = x.store.Write(func(b *pebble.Batch) error {
		return errors.Join(b.Delete(store.Token(old), nil), b.Set(store.Token(r.TokenHash), []byte(id), nil),
			store.Set(b, store.Device(id), r), x.audit(ctx, b, "Generate token", r.called(), success))
	})
	if err != nil {
		return Token{}, fmt.Errorf("token of device %s: %w", id, err)
	}
	return t, nil
}

// Choice gives the devices that Threat Response lets one choose from: those that are
// registered, and none while its switch is off. Source: vendor's integration guide.
func (x *Exchange) Choice(ctx context.Context) ([]Device, error) {
	s, err := x.Services(ctx)
	if err != nil || !s.ThreatResponse {
		return []Device{}, err
	}
	all, err := x.Devices(ctx)
	out := []Device{}
	for _, d := range all {
		if d.Status == Registered {
			out = append(out, d)
		}
	}
	return out, err
}

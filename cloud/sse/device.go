package sse

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"esasim/cloud/store"
)

// Status is where a device is on its way to being registered.
type Status string

// The words of the Devices table. Registered is from the vendor's integration
// guide, the other two are product knowledge (inferred).
const (
	Pending    Status = "Pending Registration" // its token waits to be used
	Expired    Status = "Expired"              // its token lapsed unused; the row stays until it is deleted
	Registered Status = "Registered"
)

// Device is one row of the Devices table: what the device says of itself, and
// what the exchange knows. A pending device has said nothing yet.
type Device struct {
	ID               string    `json:"id"` // UUID, version 4
	Name             string    `json:"name"`
	Type             string    `json:"type"` // ESA or SMA
	Version          string    `json:"version"`
	Status           Status    `json:"status"`
	Description      string    `json:"description"`
	IPAddress        string    `json:"ip_address"` // what the connector reports: 127.0.0.1
	ConnectorVersion string    `json:"connector_version"`
	Serial           string    `json:"serial,omitempty"`
	Created          time.Time `json:"created_at"`
	TokenExpires     time.Time `json:"token_expires,omitzero"` // of a pending or expired device
	Heartbeat        time.Time `json:"heartbeat,omitzero"`     // last sign of life; registering is the first
	Online           bool      `json:"online"`                 // registered, and a heartbeat within twice HeartbeatEvery
}

// record is a device as it is stored.
type record struct {
	ID           string    `json:"id"`
	Number       uint32    `json:"number"` // stands for the device in the keys of sightings
	Facts        facts     `json:"facts"`
	Name         string    `json:"name,omitempty"`        // given in the portal; empty: the device's own
	Description  string    `json:"description,omitempty"` // likewise
	Created      time.Time `json:"created"`
	TokenHash    string    `json:"token_hash,omitempty"` // of the token that made it, used or not
	TokenExpires time.Time `json:"token_expires,omitzero"`
	Credential   []byte    `json:"credential,omitempty"` // SHA-256; set by registering
	Heartbeat    time.Time `json:"heartbeat,omitzero"`
}

func (r *record) registered() bool { return len(r.Credential) > 0 }

func (r *record) status(now time.Time) Status {
	switch {
	case r.registered():
		return Registered
	case now.Before(r.TokenExpires):
		return Pending
	}
	return Expired
}

func (r *record) device(now time.Time) Device {
	d := Device{
		ID: r.ID, Name: cmp.Or(r.Name, r.Facts.Name), Type: r.Facts.Type, Version: r.Facts.Version,
		Status: r.status(now), Description: cmp.Or(r.Description, r.Facts.Description), IPAddress: r.Facts.IPAddress,
		ConnectorVersion: r.Facts.ConnectorVersion, Serial: r.Facts.Serial,
		Created: r.Created, Heartbeat: r.Heartbeat,
		Online: r.registered() && now.Sub(r.Heartbeat) < 2*HeartbeatEvery,
	}
	if d.Status != Registered {
		d.TokenExpires = r.TokenExpires
	}
	return d
}

// called is how the audit log names a device.
func (r *record) called() string { return cmp.Or(r.Name, r.Facts.Name, r.ID) }

// Devices gives all devices, by name and then by age.
func (x *Exchange) Devices(ctx context.Context) ([]Device, error) {
	now, out := time.Now(), []Device{}
	err := x.store.Each(store.Device(""), func(value []byte) error {
		var r record
		if err := json.Unmarshal(value, &r); err != nil {
			return err
		}
		out = append(out, r.device(now))
		return nil
	})
	slices.SortFunc(out, func(a, b Device) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), a.Created.Compare(b.Created), strings.Compare(a.ID, b.ID))
	})
	return out, err
}

// Device gives one device, or ErrUnknownDevice.
func (x *Exchange) Device(ctx context.Context, id string) (Device, error) {
	r, err := x.record(id)
	if err != nil {
		return Device{}, err
	}
	return r.device(time.Now()), nil
}

func (x *Exchange) record(id string) (record, error) {
	var r record
	err := x.store.Get(store.Device(id), &r)
	if errors.Is(err, store.ErrNotFound) {
		err = ErrUnknownDevice
	}
	if err != nil {
		return record{}, fmt.Errorf("device %s: %w", id, err)
	}
	return r, nil
}

// Delete removes a device, its token and all its sightings. The device learns
// of it at its next call.
func (x *Exchange) Delete(ctx context.Context, id string) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	r, err := x.record(id)
	if err != nil {
		return err
	}
	return x.remove(ctx, &r)
}

// remove deletes everything of a device. The caller holds mu.
func (x *Exchange) remove(ctx context.Context, r *record) error {
	in := x.inbox(r.Number)
	in.mu.Lock()
	defer in.mu.Unlock()
	err := x.store.Write(func(b *pebble.Batch) error {
		err := errors.Join(b.Delete(store.Device(r.ID), nil), x.audit(ctx, b, "Delete device", r.called(), success))
		err = errors.Join(err, b.Delete(store.Token(r.TokenHash), nil))
		for _, ranged := range []func(uint32) ([]byte, []byte){store.Sightings, store.ExternalIDs, store.Terms} {
			from, to := ranged(r.Number)
			err = errors.Join(err, b.DeleteRange(from, to, nil))
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("delete device %s: %w", r.ID, err)
	}
	// Who waits for this inbox finds the device gone; nobody else asks for it.
	x.inboxesMu.Lock()
	delete(x.inboxes, r.Number)
	x.inboxesMu.Unlock()
	x.lines.drop(r.ID)
	return nil
}

// heartbeat notes a sign of life and what the device says of itself.
func (x *Exchange) heartbeat(id string, f facts) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	r, err := x.record(id)
	if err != nil {
		return err
	}
	r.Facts, r.Heartbeat = f, time.Now().UTC()
	if err := x.store.Put(store.Device(id), r); err != nil {
		return fmt.Errorf("device %s: %w", id, err)
	}
	return nil
}

func (x *Exchange) inbox(number uint32) *inbox {
	x.inboxesMu.Lock()
	defer x.inboxesMu.Unlock()
	in := x.inboxes[number]
	if in == nil {
		in = &inbox{}
		x.inboxes[number] = in
	}
	return in
}

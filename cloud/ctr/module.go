package ctr

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
	"github.com/google/uuid"

	"esasim/cloud/sse"
	"esasim/cloud/store"
)

// ESAType is the module type of an Email Security Appliance, and the default
// name of its instances. Source: vendor's integration guide.
const ESAType = "Email Security Appliance"

// DefaultTimeframeDays is the form's "Request Timeframe (days)". Source:
// vendor's integration guide.
const DefaultTimeframeDays = 30

const (
	maxTimeframeDays = 3650
	maxModuleName    = 255
)

// Module is a module instance: a configured source of intelligence.
type Module struct {
	ID            string         `json:"id"`   // UUID, version 4
	Name          string         `json:"name"` // as the user gave it; what answers are labelled with
	Type          string         `json:"type"` // the name of its type, as ESAType
	TypeID        string         `json:"type_id"`
	DeviceID      string         `json:"device_id"`          // in Security Services Exchange
	TimeframeDays int            `json:"timeframe_days"`     // how far back the device is asked
	Settings      map[string]any `json:"settings,omitempty"` // of a relay: where it is, how it is called
	Created       time.Time      `json:"created"`
}

var (
	// ErrModule says that a module cannot be as it was asked for.
	ErrModule = errors.New("invalid module")
	// ErrDevice says that a module's device is unknown, not registered, or not
	// to be seen because Cisco Threat Response is switched off in the exchange.
	ErrDevice = errors.New("the device cannot be used")
	// ErrUnknownModule says that there is no module instance of this id.
	ErrUnknownModule = errors.New("module_instance_not_found")
)

// AddModule keeps a new module instance, synced, and gives it back with its id
// and its defaults: the type's name, DefaultTimeframeDays.
func (t *Threat) AddModule(ctx context.Context, m Module) (Module, error) {
	m.Name = cmp.Or(strings.TrimSpace(m.Name), m.Type)
	m.TimeframeDays = cmp.Or(m.TimeframeDays, DefaultTimeframeDays)
	i := slices.IndexFunc(t.types, func(k Type) bool { return k.Name == m.Type })
	switch {
	case i < 0:
		return Module{}, fmt.Errorf("add module %.60q: %w: there is no type %.60q", m.Name, ErrModule, m.Type)
	case len(m.Name) > maxModuleName:
		return Module{}, fmt.Errorf("add module: %w: the name is longer than %d bytes", ErrModule, maxModuleName)
	case m.TimeframeDays < 1 || m.TimeframeDays > maxTimeframeDays:
		return Module{}, fmt.Errorf("add module %q: %w: timeframe: want 1 to %d days", m.Name, ErrModule, maxTimeframeDays)
	}
	if t.types[i].Device {
		if err := t.usable(ctx, m.DeviceID); err != nil {
			return Module{}, fmt.Errorf("add module %q: %w", m.Name, err)
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	before, err := t.Modules(ctx)
	if err != nil {
		return Module{}, fmt.Errorf("add module %q: %w", m.Name, err)
	}
	m.ID, m.TypeID, m.Created = uuid.NewString(), t.types[i].ID, time.Now().UTC()
	// Answers come in the order of Created, so no two are of one moment.
	if n := len(before); n > 0 && !m.Created.After(before[n-1].Created) {
		m.Created = before[n-1].Created.Add(1)
	}
	if err := t.store.Put(store.Module(m.ID), m); err != nil {
		return Module{}, fmt.Errorf("add module %q: %w", m.Name, err)
	}
	return m, nil
}

// usable says whether a module may be made for a device.
func (t *Threat) usable(ctx context.Context, id string) error {
	services, err := t.devices.Services(ctx)
	if err != nil {
		return err
	}
	if !services.ThreatResponse {
		return fmt.Errorf("%w: Cisco Threat Response is off in Security Services Exchange", ErrDevice)
	}
	d, err := t.devices.Device(ctx, id)
	switch {
	case errors.Is(err, sse.ErrUnknownDevice):
		return fmt.Errorf("%w: there is no device %.60q", ErrDevice, id)
	case err != nil:
		return err
	case d.Status != sse.Registered:
		return fmt.Errorf("%w: device %s is %s", ErrDevice, id, d.Status)
	}
	return nil
}

// RemoveModule deletes a module instance, or returns ErrUnknownModule.
func (t *Threat) RemoveModule(ctx context.Context, id string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	var m Module
	if err := t.store.Get(store.Module(id), &m); errors.Is(err, store.ErrNotFound) || id == "" {
		return fmt.Errorf("remove module %.60q: %w", id, ErrUnknownModule)
	} else if err != nil {
		return fmt.Errorf("remove module %s: %w", id, err)
	}
	return t.store.Write(func(b *pebble.Batch) error { return b.Delete(store.Module(id), nil) })
}

// Modules gives all module instances, the oldest first. A module goes with its
// device: those of devices that were deleted are dropped here, for good.
func (t *Threat) Modules(ctx context.Context) ([]Module, error) {
	all, err := t.allModules()
	if err != nil {
		return nil, err
	}
	var out []Module
	for _, m := range all {
		var err error
		if t.typeOf(m.TypeID).Device {
			_, err = t.devices.Device(ctx, m.DeviceID)
		}
		if errors.Is(err, sse.ErrUnknownDevice) { // ids are never given twice
			err = t.store.Write(func(b *pebble.Batch) error { return b.Delete(store.Module(m.ID), nil) })
		} else if err == nil {
			out = append(out, m)
		}
		if err != nil {
			return nil, fmt.Errorf("module %s: %w", m.ID, err)
		}
	}
	return out, nil
}

// allModules gives what is stored, the oldest first.
func (t *Threat) allModules() ([]Module, error) {
	var out []Module
	err := t.store.Each(store.Module(""), func(value []byte) error {
		var m Module
		if err := json.Unmarshal(value, &m); err != nil {
			return err
		}
		out = append(out, m)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("modules: %w", err)
	}
	slices.SortFunc(out, func(a, b Module) int {
		return cmp.Or(a.Created.Compare(b.Created), strings.Compare(a.ID, b.ID))
	})
	return out, nil
}

package ctr

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/google/uuid"

	"esasim/cloud/sse"
	"esasim/cloud/store"
)

// DefaultTimeframeDays is the form's "Request Timeframe (days)". Source:
// vendor's integration guide.
const DefaultTimeframeDays = 30

const (
	maxTimeframeDays = 3650
	maxModuleName    = 255
)

// Module is a module instance: a configured source of intelligence. Names need
// not be unique: every device's module has the same one by default.
type Module struct {
	ID            string    `json:"id"`   // UUID, version 4
	Name          string    `json:"name"` // as the user gave it; what answers are labelled with
	Type          string    `json:"type"` // the name of its type, as ESAType
	TypeID        string    `json:"type_id"`
	DeviceID      string    `json:"device_id,omitempty"`      // in Security Services Exchange
	TimeframeDays int       `json:"timeframe_days,omitempty"` // how far back the device is asked
	Created       time.Time `json:"created"`
	Updated       time.Time `json:"updated,omitzero"`
	Disabled      bool      `json:"disabled,omitempty"`   // it is not asked
	Visibility    string    `json:"visibility,omitempty"` // global, org or user; empty: org
	UserID        string    `json:"user_id,omitempty"`    // who made it; empty: the organisation's user
	ClientID      string    `json:"client_id,omitempty"`  // with which API client; empty: none
	ParentID      string    `json:"parent_id,omitempty"`
	References    []any     `json:"external_references,omitempty"`

	// Settings are the form's, but for device and timeframe.
	Settings map[string]any `json:"settings,omitempty"`
	// Properties are those of its type; they are not stored with it.
	Properties map[string]any `json:"-"`
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

// settingFaults says what is wrong with an instance's settings, by key.
type settingFaults map[string]any

func (f settingFaults) Error() string {
	return fmt.Sprintf("%s: settings %v", ErrModule, map[string]any(f))
}
func (f settingFaults) Unwrap() error { return ErrModule }

// AddModule keeps a new module instance, synced, and gives it back with its id
// and its defaults: the type's name, DefaultTimeframeDays. Its type is the one
// of TypeID, else the one whose name is Type.
func (t *Threat) AddModule(ctx context.Context, m Module) (Module, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	k, err := t.typeFor(&m)
	if err != nil {
		return Module{}, fmt.Errorf("add module %.60q: %w", m.Name, err)
	}
	m.Name, m.Type, m.TypeID = cmp.Or(strings.TrimSpace(m.Name), k.Name), k.Name, k.ID
	if err := k.fit(&m); err != nil {
		return Module{}, fmt.Errorf("add module %.60q: %w", m.Name, err)
	}
	if err := t.usableAll(ctx, &k, &m); err != nil {
		return Module{}, fmt.Errorf("add module %.60q: %w", m.Name, err)
	}
	before, err := t.Instances(ctx)
	if err != nil {
		return Module{}, fmt.Errorf("add module %q: %w", m.Name, err)
	}
	if len(before) >= maxListed {
		return Module{}, fmt.Errorf("add module %q: %w: there are %d already", m.Name, ErrModule, maxListed)
	}
	m.ID, m.Created = uuid.NewString(), time.Now().UTC()
	// Answers come in the order of Created, so no two are of one moment.
	if n := len(before); n > 0 && !m.Created.After(before[n-1].Created) {
		m.Created = before[n-1].Created.Add(1)
	}
	if err := t.store.Put(store.Module(m.ID), m); err != nil {
		return Module{}, fmt.Errorf("add module %q: %w", m.Name, err)
	}
	m.Properties = k.Properties
	return m, nil
}

// typeFor gives the type that a new module asks for.
func (t *Threat) typeFor(m *Module) (Type, error) {
	if m.TypeID != "" {
		return t.moduleType(m.TypeID)
	}
	i := slices.IndexFunc(t.types, func(k Type) bool { return k.Name == m.Type })
	if i < 0 {
		return Type{}, fmt.Errorf("%w: there is no type %.60q", ErrModule, m.Type)
	}
	return t.types[i], nil
}

// fit holds a module to its type's form, and fills in what may be left out.
func (k *Type) fit(m *Module) error {
	if len(m.Name) > maxModuleName {
		return fmt.Errorf("%w: the name is longer than %d bytes", ErrModule, maxModuleName)
	}
	if k.Device {
		m.TimeframeDays = cmp.Or(m.TimeframeDays, DefaultTimeframeDays)
		if m.TimeframeDays < 1 || m.TimeframeDays > maxTimeframeDays {
			return settingFaults{timeframeKey: fmt.Sprintf("(not (<= 1 %d %d))", m.TimeframeDays, maxTimeframeDays)}
		}
	} else {
		m.DeviceID, m.TimeframeDays = "", 0
	}
	if faults := k.form().faults(m.settings()); len(faults) > 0 {
		return settingFaults(faults)
	}
	return nil
}

// usableAll says whether a module may be made for the devices of its form.
func (t *Threat) usableAll(ctx context.Context, k *Type, m *Module) error {
	settings := m.settings()
	for _, f := range k.Spec {
		if id, given := settings[f.Key].(string); given && f.Type == "device" {
			if err := t.usable(ctx, id); err != nil {
				return err
			}
		}
	}
	return nil
}

// settings are the form's, all of them.
func (m *Module) settings() map[string]any {
	out := map[string]any{}
	for key, v := range m.Settings {
		out[key] = v
	}
	if m.DeviceID != "" {
		out[deviceKey] = m.DeviceID
	}
	if m.TimeframeDays != 0 {
		out[timeframeKey] = float64(m.TimeframeDays)
	}
	return out
}

// take makes the settings of a form those of the module: ErrModule.
func (m *Module) take(k *Type, settings map[string]any) error {
	m.Settings = map[string]any{}
	for key, v := range settings {
		m.Settings[key] = v
	}
	if !k.Device {
		return nil
	}
	if faults := k.form().faults(settings); len(faults) > 0 {
		return settingFaults(faults)
	}
	m.DeviceID, _ = settings[deviceKey].(string)
	days, given := settings[timeframeKey].(float64)
	if m.TimeframeDays = int(days); given && days < 1 {
		return settingFaults{timeframeKey: fmt.Sprintf("(not (<= 1 %d %d))", m.TimeframeDays, maxTimeframeDays)}
	}
	delete(m.Settings, deviceKey)
	delete(m.Settings, timeframeKey)
	return nil
}

// formed is the shape of the settings that a form makes. Other keys may be there
// besides. Source: schema.
type formed shape

func (k *Type) form() formed {
	out := formed{}
	for _, f := range k.Spec {
		is := aString
		switch f.Type {
		case "integer":
			is = anInteger
		case "boolean":
			is = aBoolean
		case "file":
			is = anything
		case "options":
			var words []string
			for _, o := range f.Options {
				words = append(words, o.Value)
			}
			if f.Strict {
				is = oneOf(words...)
			}
		}
		out[f.Key] = field{is: is, required: f.Required && f.Default == nil}
	}
	return out
}

func (f formed) faults(settings map[string]any) map[string]any {
	wrong := map[string]any{}
	for key, rule := range f {
		v, given := settings[key]
		if !given || v == nil {
			if rule.required {
				wrong[key] = "missing-required-key"
			}
		} else if fault := rule.is(v); fault != nil {
			wrong[key] = fault
		}
	}
	return wrong
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

// Instance gives one module instance: ErrUnknownModule.
func (t *Threat) Instance(ctx context.Context, id string) (Module, error) {
	all, err := t.Instances(ctx)
	if err != nil {
		return Module{}, err
	}
	i := slices.IndexFunc(all, func(m Module) bool { return m.ID == id })
	if i < 0 {
		return Module{}, fmt.Errorf("module %.60q: %w", id, ErrUnknownModule)
	}
	return all[i], nil
}

// ChangeModule lets change have a module instance as it is, and keeps what it
// makes of it, synced: ErrUnknownModule, what change says, and what AddModule
// does. The id, the type and the time of making stay.
func (t *Threat) ChangeModule(ctx context.Context, id string, change func(k *Type, m *Module) error) (Module, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	before, err := t.Instance(ctx, id)
	if err != nil {
		return Module{}, err
	}
	k, m := t.typeOf(before.TypeID), before
	if err := change(&k, &m); err != nil {
		return Module{}, fmt.Errorf("change module %s: %w", id, err)
	}
	m.ID, m.Type, m.TypeID, m.Created, m.Updated = before.ID, before.Type, before.TypeID, before.Created, time.Now().UTC()
	if m.Name = strings.TrimSpace(m.Name); m.Name == "" {
		m.Name = before.Name
	}
	if err := k.fit(&m); err != nil {
		return Module{}, fmt.Errorf("change module %s: %w", id, err)
	}
	// What is as it was may be changed by name, also while the device cannot be used.
	if m.DeviceID != before.DeviceID || !reflect.DeepEqual(m.Settings, before.Settings) {
		if err := t.usableAll(ctx, &k, &m); err != nil {
			return Module{}, fmt.Errorf("change module %s: %w", id, err)
		}
	}
	if err := t.store.Put(store.Module(id), m); err != nil {
		return Module{}, fmt.Errorf("change module %s: %w", id, err)
	}
	return m, nil
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

// Modules gives the module instances that are asked: all that are enabled, the
// oldest first.
func (t *Threat) Modules(ctx context.Context) ([]Module, error) {
	all, err := t.Instances(ctx)
	return slices.DeleteFunc(all, func(m Module) bool { return m.Disabled }), err
}

// Instances gives all module instances, the oldest first. A module goes with its
// device: those of devices that were deleted are dropped here, for good.
func (t *Threat) Instances(ctx context.Context) ([]Module, error) {
	all, err := t.allModules()
	if err != nil {
		return nil, err
	}
	var out []Module
	for _, m := range all {
		var err error
		k := t.typeOf(m.TypeID)
		if k.Device {
			_, err = t.devices.Device(ctx, m.DeviceID)
		}
		m.Properties = k.Properties
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

package ctr

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"esasim/cloud/store"
)

// The ids of module types, the same for every organisation. Those of an Email
// Security Appliance and of a Security Management Appliance are not public: each
// is the UUIDv5, in the name space of URLs, of https://esasim.test/module-type/
// and the type's name. The others are recorded.
const (
	ESATypeID                 = "ea658089-a1d4-5bbf-ab39-41de97919b33"
	SMATypeID                 = "a264213e-b68b-5b60-8e4c-ce99aba096c6"
	PrivateIntelligenceTypeID = "2c8b4134-c521-5be5-aaf8-af06e5e27cbb"
	RelayTypeID               = "a14ae422-01b6-5013-9876-695ff1b0ebe0"
)

// Default names of instances. Source: vendor's integration guide (ESAType),
// public scripts (SMAType), recorded answers (Private Intelligence).
const (
	ESAType                 = "Email Security Appliance"
	SMAType                 = "SMA Email"
	PrivateIntelligenceType = "Private Intelligence"
)

// relayRecord is the name of the code of all types that partners make. Source:
// schema, public code.
const relayRecord = "relay-module.module/RelayModule"

// Type is a module type.
type Type struct {
	ID         string
	Name       string // the default name of its instances
	Record     string // the name of its code, as the envelope of April 2020 has it
	Device     bool   // its instances ask a device of Security Services Exchange
	Flags      []string
	Categories []string // product_categories
	Kind       Kind

	Title        string         // in the catalogue; empty: Name
	Short        string         // one sentence about it
	Capabilities []string       // what its instances can be asked: "observe"
	Spec         []SpecField    // the form of an instance
	Properties   map[string]any // how its instances are reached, for relays
	entity       entity         // as a partner made it; nil: built in
}

// SpecField is one field of the form of an instance. Source: schema
// (configuration_spec).
type SpecField struct {
	Key      string       `json:"key"`
	Type     string       `json:"type"`
	Label    string       `json:"label"`
	Required bool         `json:"required,omitempty"`
	Tooltip  string       `json:"tooltip,omitempty"`
	Default  any          `json:"default_value,omitempty"`
	Options  []SpecOption `json:"options,omitempty"`
	Strict   bool         `json:"strict-options,omitempty"` // nothing but the options
}

// SpecOption is one choice.
type SpecOption struct {
	Value string `json:"value"`
	Label string `json:"label"`
}

// ErrUnknownType says that there is no module type of this id.
var ErrUnknownType = errors.New("module_type_not_found")

// builtin are the types that every organisation has. What others are given as
// for one of their ids is that type's kind.
func (t *Threat) builtin(others []Type) []Type {
	device := esa{devices: t.devices, log: t.log}
	out := []Type{
		{ID: ESATypeID, Name: ESAType, Record: ESAType, Device: true, Categories: []string{"email-security"}, Kind: device,
			Short:        "What an Email Security Appliance knows of the mail that it has seen.",
			Capabilities: []string{"health", "observe", "refer", "respond"}, Spec: deviceForm()},
		{ID: SMATypeID, Name: SMAType, Record: SMAType, Device: true, Categories: []string{"email-security"}, Kind: device,
			Short:        "What a Security Management Appliance knows of the mail of its Email Security Appliances.",
			Capabilities: []string{"health", "observe", "refer", "respond"}, Spec: deviceForm()},
		{ID: PrivateIntelligenceTypeID, Name: PrivateIntelligenceType, Record: "CTIAInvestigateModule", Kind: Nothing{}, Categories: []string{"threat-intel"},
			Short: "What your organisation has stored itself.", Capabilities: []string{"health", "deliberate", "observe", "refer"}},
		{ID: RelayTypeID, Name: "Relay", Record: relayRecord, Kind: Nothing{},
			Short:        "A module of your own, asked by HTTP.",
			Capabilities: []string{"health", "deliberate", "observe", "refer", "respond", "tiles"}, Spec: relayForm()},
	}
	for _, o := range others {
		i := slices.IndexFunc(out, func(k Type) bool { return k.ID == o.ID })
		if i < 0 {
			out = append(out, o)
			continue
		}
		out[i].Kind = o.Kind
	}
	return out
}

// Keys of the settings of an instance that asks a device. The real ones are not
// public (ours).
const (
	deviceKey    = "device"
	timeframeKey = "timeframe"
	blockKey     = "block_dictionary"
)

// deviceForm is the form of the guide: the device and how far back it is asked.
func deviceForm() []SpecField {
	return []SpecField{
		{Key: deviceKey, Type: "device", Label: "Registered Device", Required: true, Tooltip: "A device that is registered in Security Services Exchange"},
		{Key: timeframeKey, Type: "integer", Label: "Request Timeframe (days)", Default: DefaultTimeframeDays},
		{Key: blockKey, Type: "string", Label: "Dictionary of Blocked Senders", Tooltip: "A dictionary that a filter of the device names; empty: the blocklists of those who had mail of the sender"},
	}
}

func relayForm() []SpecField {
	return []SpecField{
		{Key: "url", Type: "string", Label: "URL", Required: true, Tooltip: "Where the module is served"},
		{Key: "authorization-header", Type: "api_key", Label: "Authorization Bearer Token"},
	}
}

// typeOf gives the type with an id. What has none is of a type that this
// service does not know any more: its instances know nothing.
func (t *Threat) typeOf(id string) Type {
	if k, err := t.moduleType(id); err == nil {
		return k
	}
	return Type{ID: id, Kind: Nothing{}}
}

// moduleType gives the type with an id: ErrUnknownType.
func (t *Threat) moduleType(id string) (Type, error) {
	if i := slices.IndexFunc(t.types, func(k Type) bool { return k.ID == id }); i >= 0 {
		return t.types[i], nil
	}
	var e entity
	if err := t.store.Get(store.ModuleType(id), &e); errors.Is(err, store.ErrNotFound) || id == "" || strings.Contains(id, "/") {
		return Type{}, fmt.Errorf("module type %.60q: %w", id, ErrUnknownType)
	} else if err != nil {
		return Type{}, fmt.Errorf("module type %s: %w", id, err)
	}
	return t.made(e)
}

// Types gives all module types: those that every organisation has, then those
// that were made here, the oldest first.
func (t *Threat) Types() ([]Type, error) {
	out := slices.Clone(t.types)
	own, err := entities(t.store, store.ModuleType(""))
	for _, e := range own {
		k, err := t.made(e)
		if err != nil {
			return nil, err
		}
		out = append(out, k)
	}
	return out, err
}

// made is a type as a partner made it: the service reaches it as a relay.
func (t *Threat) made(e entity) (Type, error) {
	var m struct {
		ID         string                `json:"id"`
		Name       string                `json:"default_name"`
		Flags      []string              `json:"flags"`
		Categories []struct{ ID string } `json:"product_categories"`
		Spec       []SpecField           `json:"configuration_spec"`
		Properties map[string]any        `json:"properties"`
	}
	raw, err := json.Marshal(e)
	if err == nil {
		err = json.Unmarshal(raw, &m)
	}
	if err != nil {
		return Type{}, fmt.Errorf("module type %s: %w", e.text("id"), err)
	}
	k := Type{ID: m.ID, Name: m.Name, Record: cmp.Or(e.text("record"), relayRecord), Flags: m.Flags, Spec: m.Spec, Properties: m.Properties, entity: e}
	for _, c := range m.Categories {
		k.Categories = append(k.Categories, c.ID)
	}
	i := slices.IndexFunc(t.types, func(k Type) bool { return k.ID == RelayTypeID })
	k.Kind = t.types[i].Kind
	return k, nil
}

// shown is the type as clients see it. Who made those that every organisation
// has is not public (ours).
func (k *Type) shown() entity {
	if k.entity != nil {
		return k.entity
	}
	e := entity{
		"id": k.ID, "title": cmp.Or(k.Title, k.Name), "default_name": k.Name, "record": k.Record, "visibility": "global", "enabled": true,
		"org_id": "esasim", "user_id": "esasim", "client_id": "esasim", "created_at": "2020-01-01T00:00:00.000Z",
		"capabilities": described(k.Capabilities), "configuration_spec": append([]SpecField{}, k.Spec...),
	}
	if k.Short != "" {
		e["short_description"] = k.Short
	}
	if len(k.Flags) > 0 {
		e["flags"] = k.Flags
	}
	if len(k.Categories) > 0 {
		e["product_categories"] = described(k.Categories)
	}
	return e
}

// described are words with a sentence each, as the schema wants it.
func described(ids []string) []map[string]string {
	about := map[string]string{
		"health": "Says whether it can be asked", "deliberate": "Gives verdicts", "observe": "Gives all that it knows",
		"refer": "Gives links to where a person finds more", "respond": "Does something about observables", "tiles": "Gives tiles for dashboards",
		"email-security": "Email security", "threat-intel": "Threat intelligence",
	}
	out := []map[string]string{}
	for _, id := range ids {
		out = append(out, map[string]string{"id": id, "description": cmp.Or(about[id], id)})
	}
	return out
}

package ctr

import "slices"

// The ids of module types, the same for every organisation. That of an Email
// Security Appliance is not public: it is the UUIDv5, in the name space of URLs,
// of https://esasim.test/module-type/Email Security Appliance. The others are
// recorded.
const (
	ESATypeID                 = "ea658089-a1d4-5bbf-ab39-41de97919b33"
	PrivateIntelligenceTypeID = "2c8b4134-c521-5be5-aaf8-af06e5e27cbb"
	RelayTypeID               = "a14ae422-01b6-5013-9876-695ff1b0ebe0"
)

// Type is a module type.
type Type struct {
	ID         string
	Name       string // the default name of its instances
	Record     string // the name of its code, as the envelope of April 2020 has it
	Device     bool   // its instances ask a device of Security Services Exchange
	Flags      []string
	Categories []string // product_categories
	Kind       Kind
}

// builtin are the types that need nothing but the exchange.
func (t *Threat) builtin() []Type {
	return []Type{
		{ID: ESATypeID, Name: ESAType, Record: ESAType, Device: true, Categories: []string{"email-security"}, Kind: esa{devices: t.devices, log: t.log}},
	}
}

// typeOf gives the type with an id. What has none is of a type that this
// service does not know any more: its instances know nothing.
func (t *Threat) typeOf(id string) Type {
	if i := slices.IndexFunc(t.types, func(k Type) bool { return k.ID == id }); i >= 0 {
		return t.types[i]
	}
	return Type{ID: id, Kind: Nothing{}}
}

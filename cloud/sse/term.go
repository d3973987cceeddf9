package sse

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/cespare/xxhash/v2"

	"esasim/cloud/ctim"
)

// terms gives what a sighting can be found by: one number for each different
// observable.
func terms(observables []ctim.Observable) []uint64 {
	out := make([]uint64, 0, len(observables))
	for _, o := range observables {
		t := term(o)
		if !slices.Contains(out, t) {
			out = append(out, t)
		}
	}
	return out
}

// term is the number under which an observable is indexed. Two observables of
// one number need not be the same: compare with same.
func term(o ctim.Observable) uint64 {
	kind, value := fold(o)
	var d xxhash.Digest
	d.Reset()
	d.WriteString(string(kind))
	d.WriteString("\x00")
	d.WriteString(value)
	return d.Sum64()
}

// same is true for two spellings of one observable.
func same(a, b ctim.Observable) bool {
	aKind, aValue := fold(a)
	bKind, bValue := fold(b)
	return aKind == bKind && aValue == bValue
}

// fold gives the one spelling under which observables are compared. Case does
// not matter, as in the appliance's message tracking; a message-id is the same
// with and without angle brackets; an address is the same in every way it can
// be written, whether it is called ip or ipv6.
func fold(o ctim.Observable) (ctim.ObservableType, string) {
	switch o.Type {
	case ctim.IP, ctim.IPv6:
		if a, err := netip.ParseAddr(o.Value); err == nil {
			return ctim.IP, a.String()
		}
		return ctim.IP, strings.ToLower(o.Value)
	case ctim.EmailMessageID:
		return o.Type, strings.ToLower(strings.TrimSuffix(strings.TrimPrefix(o.Value, "<"), ">"))
	case ctim.Domain:
		return o.Type, strings.ToLower(strings.TrimSuffix(o.Value, "."))
	}
	return o.Type, strings.ToLower(o.Value)
}

package store

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"math"
	"time"
)

// Every key of a region's store is made in this file and in entities.go; a key
// that is not here does not exist.
//
// Settings and things of which there are few, their values JSON unless said
// otherwise:
//
//	c/format              "1": the layout of this file, as text
//	c/region              the region's name, as text: a directory is of one region for good
//	c/organisation        the organisation and its user, with their ids
//	c/key                 the RSA key that signs access tokens, PKCS #8, as bytes
//	c/services            the switches of the Cloud Services tab
//	c/numbers             the last device number given out; numbers are never given twice
//	c/audit/<nanoseconds> an entry of Security Services Exchange's audit log, by its time in
//	                      20 digits
//	c/client/<id>         an API client
//	c/user/<id>           a user of the organisation
//	c/module/<id>         a module instance
//	c/module-type/<id>    a module type that was made here
//	c/module-patch/<id>   a change of a module type that was suggested
//	c/response/<n>        what a module was told to do, and what came of it; n is 20 digits, from 1
//	c/device/<id>         a device: pending, expired or registered
//	c/token/<sha256>      the id of the device that a registration token made, as text, for as
//	                      long as the device is there; by the token's hash, so that a look-up
//	                      tells nothing by its timing
//
// Sightings, of which there are many. dev is the device's number (four bytes),
// seq counts the sightings of one device from 1 (eight bytes), all numbers
// big-endian, so that a device's sightings lie together and can be deleted as
// three ranges, and new rows go to the end of their range:
//
//	s <dev> <seq>                     the sighting's JSON as it was pushed
//	x <dev> <external id>             seq: one sighting per device and external id
//	i <dev> <era> <term> <time> <seq> nothing: one entry for each observable of the sighting
//
// An era is 65,536 sightings of a device (four bytes: seq / 65,536). Terms are
// spread at random, so without it each new one would sooner or later cause all
// old ones to be written again, at a cost that grows with the store; with it,
// only one era is. A search looks into each era in turn.
//
// term is a 64-bit hash of the observable's type and folded value: keys stay
// short however long a subject is, and who reads compares the observable
// itself. time is the start of the observed time, inverted, so that the newest
// comes first.
//
// Private intelligence: kind is the type of entity, as text; seq (eight bytes)
// counts all entities from 1, so that those of a kind lie in the order in which
// they were made:
//
//	c/entities               the last seq given out
//	e/d/<kind>/ <seq>        the entity, as JSON
//	e/i/<kind>/<id>          its seq, by its short id
//	e/t/<kind>/ <term> <seq> nothing: one for each value that leads to it (external id,
//	                         observable, reference), by a 64-bit hash
const (
	format = "1"

	keyFormat = "c/format"
	keyRegion = "c/region"
)

// Organisation is the key of the organisation's record.
func Organisation() []byte { return []byte("c/organisation") }

// SigningKey is the key of the RSA key that signs access tokens.
func SigningKey() []byte { return []byte("c/key") }

// Services is the key of the Cloud Services switches.
func Services() []byte { return []byte("c/services") }

// Numbers is the key of the last device number.
func Numbers() []byte { return []byte("c/numbers") }

// User is the key of one user; with an empty id, the prefix of all.
func User(id string) []byte { return []byte("c/user/" + id) }

// Audit is the key of an entry of the audit log; at the zero time, the prefix of all.
func Audit(at time.Time) []byte {
	if at.IsZero() {
		return []byte("c/audit/")
	}
	return fmt.Appendf(nil, "c/audit/%020d", max(at.UnixNano(), 0))
}

// Client is the key of one API client; with an empty id, the prefix of all.
func Client(id string) []byte { return []byte("c/client/" + id) }

// Module is the key of one module instance; with an empty id, the prefix of all.
func Module(id string) []byte { return []byte("c/module/" + id) }

// ModuleType is the key of one module type; with an empty id, the prefix of all.
func ModuleType(id string) []byte { return []byte("c/module-type/" + id) }

// ModulePatch is the key of one suggested change of a module type; with an empty
// id, the prefix of all.
func ModulePatch(id string) []byte { return []byte("c/module-patch/" + id) }

// Response is the key of what a module was told to do; with an empty id, the
// prefix of all.
func Response(id string) []byte { return []byte("c/response/" + id) }

// Device is the key of one device; with an empty id, the prefix of all.
func Device(id string) []byte { return []byte("c/device/" + id) }

// Token is the key of a registration token, by its hash.
func Token(hash string) []byte { return []byte("c/token/" + hash) }

// Sighting is the key of one sighting's row.
func Sighting(dev uint32, seq uint64) []byte {
	return binary.BigEndian.AppendUint64(ranged('s', dev), seq)
}

// Sightings is the range of a device's rows.
func Sightings(dev uint32) (from, to []byte) { return ranged('s', dev), ranged('s', dev+1) }

// Seq reads the sequence number off the end of a key of a row or a term.
func Seq(key []byte) uint64 { return binary.BigEndian.Uint64(key[len(key)-8:]) }

// ExternalID is the key that leads from an external id to a row.
func ExternalID(dev uint32, id string) []byte { return append(ranged('x', dev), id...) }

// ExternalIDs is the range of a device's external ids.
func ExternalIDs(dev uint32) (from, to []byte) { return ranged('x', dev), ranged('x', dev+1) }

// Era is the era of a sighting.
func Era(seq uint64) uint32 { return uint32(seq >> 16) }

// Term is the key of one observable of a sighting.
func Term(dev uint32, term uint64, at time.Time, seq uint64) []byte {
	return NewTermKey(term, at, seq).Append(nil, dev)
}

// TermKey is what is in the key of one observable, beside the device: for those who
// sort many of them. It takes no memory of its own, and is compared as numbers.
type TermKey struct {
	era     uint32
	term    uint64
	at, seq uint64
}

// NewTermKey is the key of one observable of a sighting.
func NewTermKey(term uint64, at time.Time, seq uint64) TermKey {
	return TermKey{Era(seq), term, inverted(at), seq}
}

// Compare puts the keys of one device in their order.
func (k TermKey) Compare(o TermKey) int {
	switch {
	case k.era != o.era:
		return cmp.Compare(k.era, o.era)
	case k.term != o.term: // nearly always
		return cmp.Compare(k.term, o.term)
	}
	return cmp.Or(cmp.Compare(k.at, o.at), cmp.Compare(k.seq, o.seq))
}

// Append writes the key behind b.
func (k TermKey) Append(b []byte, dev uint32) []byte {
	b = binary.BigEndian.AppendUint32(appendRanged(b, 'i', dev), k.era)
	b = binary.BigEndian.AppendUint64(b, k.term)
	b = binary.BigEndian.AppendUint64(b, k.at)
	return binary.BigEndian.AppendUint64(b, k.seq)
}

// TermBetween is the range of a term's keys in one era, from one moment back to
// another, both included; a zero until is no bound.
func TermBetween(dev, era uint32, term uint64, since, until time.Time) (from, to []byte) {
	from = binary.BigEndian.AppendUint32(ranged('i', dev), era)
	from = binary.BigEndian.AppendUint64(from, term)
	to = binary.BigEndian.AppendUint64(append([]byte(nil), from...), inverted(since))
	if !until.IsZero() {
		from = binary.BigEndian.AppendUint64(from, inverted(until))
	}
	// Above every seq of that very millisecond.
	return from, append(binary.BigEndian.AppendUint64(to, math.MaxUint64), 0)
}

// TermTail reads the time and the sequence number off a term's key. The time is
// as it stands in the key: the smaller, the newer.
func TermTail(key []byte) (inverted, seq uint64) {
	return binary.BigEndian.Uint64(key[len(key)-16:]), Seq(key)
}

// Terms is the range of all of a device's terms.
func Terms(dev uint32) (from, to []byte) { return ranged('i', dev), ranged('i', dev+1) }

func ranged(kind byte, dev uint32) []byte {
	return appendRanged(make([]byte, 0, 40), kind, dev)
}

func appendRanged(b []byte, kind byte, dev uint32) []byte {
	return binary.BigEndian.AppendUint32(append(b, kind), dev)
}

// inverted orders times from the newest to the oldest, also those before 1970.
func inverted(t time.Time) uint64 { return ^(uint64(t.UnixMilli()) ^ 1<<63) }

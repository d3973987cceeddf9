package segment

import "esasim/esa"

// signature is what an event is, apart from what its fields hold: its kind, its
// small numbers, and where each field's value is to be found. Rows with the same
// signatures one after another have the same shape.
//
//	bits 0-7 kind, 8-15 engine, 16-23 verdict, 24-31 direction,
//	then two bits each for the fields below, then one bit for each that is there
type signature uint64

// Where a field's value comes from.
const (
	absent = 0
	asRow  = 1 // the row's own, or as the row's event before it
	next   = 1 // RIDs: the one after the last recipient
	stored = 2 // in the stream
	all    = 3 // RIDs: all recipients so far
)

const (
	shiftMID    = 32
	shiftICID   = 34
	shiftDCID   = 36
	shiftRIDs   = 38
	shiftSource = 40
	shiftHeader = 42 // which of the headers Name says; 0: Name is stored
	shiftHas    = 44 // one bit for each of has
)

// The fields with one bit.
const (
	hasOther = 1 << (shiftHas + iota)
	hasSize
	hasAddress
	hasName
	hasText
	hasUntil
	hasAttachment
	hasTime   // another one than the event before it
	knownBits = 1<<(shiftHas+iota) - 1
)

// The headers that have a stream of their own.
var headers = [4]string{"", "From", "Reply-To", "Date"}

func (g signature) kind() esa.Kind       { return esa.Kind(g) }
func (g signature) where(shift uint) int { return int(g>>shift) & 3 }
func (g signature) has(bit signature) bool {
	return g&bit != 0
}

// context is what the events of a row before this one have said.
type context struct {
	table      Table
	number     uint64
	icid       esa.ICID
	dcid       esa.DCID
	recipients int
	events     int // counted by the builder only
	source     *esa.Source
	passed     *passedSource // a later one that was not read; nil: none
	words      words
}

// after notes what an event says.
func (c *context) after(e *esa.Event) {
	c.words.note(e)
	if e.ICID != 0 {
		c.icid = e.ICID
	}
	if e.DCID != 0 {
		c.dcid = e.DCID
	}
	if e.Source != nil {
		c.source, c.passed = e.Source, nil
	}
	if e.Kind == esa.RecipientGiven {
		c.recipients++
	}
}

// sign gives the signature of an event.
func (c *context) sign(e *esa.Event) signature {
	g := signature(e.Kind) | signature(e.Engine)<<8 | signature(e.Verdict)<<16 | signature(e.Direction)<<24
	g |= number(uint64(e.MID), c.number, c.table == Messages) << shiftMID
	g |= number(uint64(e.ICID), uint64(c.icid), true) << shiftICID
	g |= number(uint64(e.DCID), uint64(c.dcid), true) << shiftDCID
	g |= c.rids(e.RIDs) << shiftRIDs
	switch {
	case e.Source == nil:
	case e.Source == c.source || c.source != nil && *e.Source == *c.source:
		g |= asRow << shiftSource
	default:
		g |= stored << shiftSource
	}
	if e.Kind == esa.HeaderSeen {
		g |= header(e.Name) << shiftHeader
	}
	return g | fields(e, g)
}

// number tells where a number is to be found: it is the one known already, or
// not.
func number(n, known uint64, usable bool) signature {
	switch {
	case n == 0:
		return absent
	case usable && n == known:
		return asRow
	}
	return stored
}

func (c *context) rids(list []esa.RID) signature {
	switch {
	case len(list) == 0:
		return absent
	case len(list) == 1 && int(list[0]) == c.recipients:
		return next
	case len(list) != c.recipients:
		return stored
	}
	for i, rid := range list {
		if int(rid) != i {
			return stored
		}
	}
	return all
}

func header(name string) signature {
	for i := 1; i < len(headers); i++ {
		if headers[i] == name {
			return signature(i)
		}
	}
	return 0
}

// fields sets the bits of the fields that are there.
func fields(e *esa.Event, g signature) (bits signature) {
	set := func(bit signature, there bool) {
		if there {
			bits |= bit
		}
	}
	set(hasOther, e.Other != 0)
	set(hasSize, e.Size != 0)
	set(hasAddress, e.Address != "")
	set(hasName, e.Name != "" && g.where(shiftHeader) == 0)
	set(hasText, e.Text != "")
	set(hasUntil, !e.Until.IsZero())
	set(hasAttachment, e.Attachment != nil)
	return bits
}

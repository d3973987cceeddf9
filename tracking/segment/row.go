package segment

import (
	"fmt"
	"time"

	"esasim/esa"
)

// Events gives all events of a row, as they were added.
func (r *Reader) Events(t Table, row int) ([]esa.Event, error) {
	f, err := r.getFrame()
	if err != nil {
		return nil, err
	}
	d, err := r.rows(t, row, f.partsOf(t, row))
	if err != nil {
		return nil, err
	}
	return d.events(t, row)
}

// partsOf are the parts that a row has values in.
func (f *frame) partsOf(t Table, row int) map[Part]bool {
	need := map[Part]bool{}
	for _, run := range f.shapes[f.tables[t].shapes[row]] {
		for _, slot := range f.takes[run.signature] {
			need[f.streams[slot].part()] = true
		}
		if f.signatures[run.signature].where(shiftRIDs) == stored {
			need[Rest] = true
		}
	}
	return need
}

// All calls f for each row of a table, in order, until it says false.
func (r *Reader) All(t Table, f func(number uint64, events []esa.Event) bool) error {
	numbers, err := r.Numbers(t)
	if err != nil {
		return err
	}
	var d *rowReader
	for row, n := range numbers {
		if d == nil || d.frame.through(t, row)%BlockRows == 0 {
			if d, err = r.rows(t, row, nil); err != nil {
				return err
			}
		}
		events, err := d.events(t, row)
		if err != nil {
			return err
		}
		if !f(n, events) {
			return nil
		}
	}
	return nil
}

// rows reads rows from one on, up to the end of its block; if need is not nil, only
// those that need no more than these parts.
func (r *Reader) rows(t Table, row int, need map[Part]bool) (*rowReader, error) {
	f, err := r.getFrame()
	if err != nil {
		return nil, err
	}
	d := &rowReader{reader: r, frame: f, parts: map[Part]map[streamID]*column{}, at: make([]int, len(f.streams)), lists: map[streamID]int{}}
	place := f.through(t, row)
	for p := Frame; p < endOfParts; p += 1 << 8 {
		if need != nil && !need[p] {
			continue
		}
		part := p
		if p.inBlocks() {
			part += Part(place / BlockRows)
		}
		if d.parts[p], err = r.columns(part); err != nil {
			return nil, err
		}
	}
	d.seek(place)
	return d, d.err
}

// rowReader puts the events of a row together.
type rowReader struct {
	frame  *frame
	reader *Reader
	parts  map[Part]map[streamID]*column // of those in blocks, the row's
	at     []int                         // the next value of each stream, by its slot
	lists  map[streamID]int              // the next value of each stream of lists of recipients
	err    error

	implied int // see mostImplied
}

// mostImplied bounds the recipients that events list without naming them, in a
// block, and mostExpanded a text: a defence against damage.
const (
	mostImplied  = 1 << 24
	mostExpanded = 64 << 20
)

// seek counts what the rows before this one, of the block or of all, have taken
// from each stream. Streams of lists of recipients are walked, because a list's
// length is in it.
func (d *rowReader) seek(place int) {
	f := d.frame
	block := place / BlockRows * BlockRows
	d.count(f.uses(0, place), false)
	d.count(f.uses(block, place), true)
}

func (d *rowReader) count(uses []int, inBlocks bool) {
	for slot, n := range d.frame.taken(uses) {
		if d.frame.blocked[slot] == inBlocks {
			d.at[slot] = n
		}
	}
	if !inBlocks || d.parts[Rest] == nil { // lists are, and there
		return
	}
	for s, n := range uses {
		if n == 0 {
			continue
		}
		for _, r := range d.frame.shapes[s] {
			if g := d.frame.signatures[r.signature]; g.where(shiftRIDs) == stored {
				d.skipLists(id(g.kind(), fRIDs), n*int(r.n))
			}
		}
	}
}

func (d *rowReader) skipLists(of streamID, n int) {
	for i := 0; i < n && d.err == nil; i++ {
		d.lists[of] += 1 + int(d.peek(of))
	}
}

// place is where the next value of a stream is noted.
func (d *rowReader) place(of streamID) int {
	if of.field() == fRIDs {
		return d.lists[of]
	}
	return d.at[d.frame.slots[of]]
}

func (d *rowReader) advance(of streamID) {
	if of.field() == fRIDs {
		d.lists[of]++
	} else {
		d.at[d.frame.slots[of]]++
	}
}

func (d *rowReader) column(of streamID) *column { return d.parts[of.part()][of] }

func (d *rowReader) peek(of streamID) int64 {
	col := d.column(of)
	if at := d.place(of); col != nil && at >= 0 && at < col.n {
		return col.numbers[at]
	}
	d.fail(of)
	return 0
}

func (d *rowReader) fail(of streamID) {
	if d.err == nil {
		d.err = fmt.Errorf("%w: stream %d ends too early", ErrDamaged, of)
	}
}

func (d *rowReader) number(of streamID) int64 {
	v := d.peek(of)
	d.advance(of)
	return v
}

func (d *rowReader) text(of streamID) string {
	col := d.column(of)
	at := d.place(of)
	if col == nil || at >= col.n {
		d.fail(of)
		return ""
	}
	d.advance(of)
	v, err := col.text(at)
	if d.err == nil {
		d.err = err
	}
	return v
}

// said is a text, with what it repeats of its row.
func (d *rowReader) said(c *context, of streamID) string {
	v := d.text(of)
	if of.refersTo() != nil {
		if c.words.expanded(v) > mostExpanded {
			d.fail(of)
			return ""
		}
		v = c.words.expand(v)
	}
	return v
}

func (d *rowReader) events(t Table, row int) ([]esa.Event, error) {
	ft := &d.frame.tables[t]
	c := context{table: t, number: ft.numbers[row]}
	if t == Connections {
		c.icid = esa.ICID(c.number)
	}
	starts, err := ft.times(d.reader.packer)
	if err != nil {
		return nil, err
	}
	at := starts[row]
	var out []esa.Event
	for _, run := range d.frame.shapes[ft.shapes[row]] {
		g := d.frame.signatures[run.signature]
		for range run.n {
			if g.has(hasTime) {
				at += d.number(id(g.kind(), fTime))
			}
			out = append(out, d.event(&c, g, at))
			c.after(&out[len(out)-1])
			if d.err != nil {
				return nil, d.err
			}
		}
	}
	return out, nil
}

func (d *rowReader) event(c *context, g signature, at int64) esa.Event {
	k := g.kind()
	e := esa.Event{Kind: k, Time: time.UnixMilli(at).UTC(), Engine: esa.Engine(g >> 8), Verdict: esa.Verdict(g >> 16),
		Direction: esa.Direction(g >> 24)}
	e.MID = esa.MID(d.known(g.where(shiftMID), c.number, id(k, fMID)))
	e.ICID = esa.ICID(d.known(g.where(shiftICID), uint64(c.icid), id(k, fICID)))
	e.DCID = esa.DCID(d.known(g.where(shiftDCID), uint64(c.dcid), id(k, fDCID)))
	e.RIDs = d.rids(g.where(shiftRIDs), c, id(k, fRIDs))
	switch g.where(shiftSource) {
	case asRow:
		e.Source = c.source
	case stored:
		src, err := readSource(d.text(id(0, fSource)), d.reader.profile)
		if err != nil && d.err == nil {
			d.err = err
		}
		e.Source = src
	}
	d.fields(&e, c, g, at)
	return e
}

func (d *rowReader) known(where int, known uint64, of streamID) uint64 {
	switch where {
	case absent:
		return 0
	case asRow:
		return known
	}
	return uint64(d.number(of))
}

func (d *rowReader) rids(where int, c *context, of streamID) []esa.RID {
	n, each := 0, false
	switch where {
	case absent:
		return nil
	case next:
		return []esa.RID{esa.RID(c.recipients)}
	case all:
		n = c.recipients
		if d.implied += n; d.implied > mostImplied {
			d.fail(of)
			return nil
		}
	default:
		each = true
		n = int(d.number(of))
		if col := d.column(of); d.err != nil || n < 0 || n > col.n {
			d.fail(of)
			return nil
		}
	}
	out := make([]esa.RID, n)
	for i := range out {
		if out[i] = esa.RID(i); each {
			out[i] = esa.RID(d.number(of))
		}
	}
	return out
}

// fields fills those that are there or not.
func (d *rowReader) fields(e *esa.Event, c *context, g signature, at int64) {
	k := e.Kind
	if g.has(hasOther) {
		e.Other = esa.MID(c.number) + esa.MID(d.number(id(k, fOther)))
	}
	if g.has(hasSize) {
		e.Size = d.number(id(k, fSize))
	}
	if g.has(hasUntil) {
		e.Until = time.UnixMilli(at + d.number(id(k, fUntil))).UTC()
	}
	if g.has(hasAddress) {
		e.Address = d.said(c, id(k, fAddress))
	}
	if g.has(hasName) {
		e.Name = d.said(c, id(k, fName))
	} else if h := g.where(shiftHeader); h != 0 {
		e.Name = headers[h]
	}
	if g.has(hasText) {
		e.Text = d.said(c, id(k, g.text()))
	}
	if g.has(hasAttachment) {
		e.Attachment = &esa.Attachment{Name: d.text(id(k, fFileName)), Type: d.text(id(k, fFileType)),
			Size: d.number(id(k, fFileSize)), SHA256: readSHA(d.text(id(k, fFileSHA)))}
	}
}

package segment

import (
	"fmt"
	"time"

	"esasim/esa"
)

// rowReader puts the events of a row together. Streams go by their slots in the
// frame.
type rowReader struct {
	frame   *frame
	reader  *Reader
	columns []*column // those in blocks are the row's block; nil: not needed, or none
	at      []int     // the next value of each
	err     error

	rest  columns          // those of the row's block
	lists map[streamID]int // the next value of each stream of lists of recipients

	implied int // see mostImplied
}

// mostImplied bounds the recipients that events list without naming them, in a
// block, and mostExpanded a text: a defence against damage.
const (
	mostImplied  = 1 << 24
	mostExpanded = 64 << 20
)

// use takes values from the columns of a part.
func (d *rowReader) use(p Part, list columns) {
	for _, col := range list {
		if col.slot >= 0 {
			d.columns[col.slot] = col
		}
	}
	if p == Rest {
		d.rest = list
	}
}

// seek counts what the rows before this one, of the block or of all, have taken
// from each stream. Streams of lists of recipients are walked, because a list's
// length is in it.
func (d *rowReader) seek(place int) {
	f := d.frame
	block := place / BlockRows
	uses := f.uses(block*BlockRows, place)
	before, taken := f.before(block), f.taken(uses)
	for slot, n := range taken {
		if d.at[slot] = n; !f.blocked[slot] {
			d.at[slot] += before[slot]
		}
	}
	if d.rest == nil || !f.lists {
		return
	}
	for s, n := range uses {
		if n == 0 {
			continue
		}
		for _, r := range f.shapes[s] {
			if g := f.signatures[r.signature]; g.where(shiftRIDs) == stored {
				d.skipLists(id(g.kind(), fRIDs), n*int(r.n))
			}
		}
	}
}

func (d *rowReader) skipLists(of streamID, n int) {
	for i := 0; i < n && d.err == nil; i++ {
		length := d.listed(of)
		if d.err == nil {
			d.lists[of] += int(length)
		}
	}
}

// listed is the next number of a stream of lists.
func (d *rowReader) listed(of streamID) int64 {
	if d.lists == nil {
		d.lists = map[streamID]int{}
	}
	col, at := d.rest.get(of), d.lists[of]
	if col == nil || at < 0 || at >= col.n {
		d.fail(of)
		return 0
	}
	d.lists[of]++
	return col.numbers[at]
}

func (d *rowReader) fail(of streamID) {
	if d.err == nil {
		d.err = fmt.Errorf("%w: stream %d ends too early", ErrDamaged, of)
	}
}

// next is the place of the next value of a stream, and its column; nil if there is
// no further one.
func (d *rowReader) next(slot int16) (col *column, at int) {
	col, at = d.columns[slot], d.at[slot]
	if col == nil || at >= col.n {
		d.fail(d.frame.streams[slot])
		return nil, 0
	}
	d.at[slot]++
	return col, at
}

func (d *rowReader) number(slot int16) int64 {
	if col, at := d.next(slot); col != nil {
		return col.numbers[at]
	}
	return 0
}

func (d *rowReader) text(slot int16) string {
	col, at := d.next(slot)
	if col == nil {
		return ""
	}
	v, err := col.text(at)
	if d.err == nil {
		d.err = err
	}
	return v
}

// said is a text, with what it repeats of its row.
func (d *rowReader) said(c *context, slot int16) string {
	v := d.text(slot)
	if len(literal(v)) == len(v) || d.frame.streams[slot].refersTo() == nil {
		return v
	}
	if c.words.expanded(v) > mostExpanded {
		d.fail(d.frame.streams[slot])
		return ""
	}
	return c.words.expand(v)
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
	runs := d.frame.shapes[ft.shapes[row]]
	out := make([]esa.Event, 0, len(runs)+1)
	for _, run := range runs {
		g, slots := d.frame.signatures[run.signature], &d.frame.slotOf[run.signature]
		for range run.n {
			if g.has(hasTime) {
				at += d.number(slots[fTime])
			}
			out = append(out, d.event(&c, g, slots, at))
			c.after(&out[len(out)-1])
			if d.err != nil {
				return nil, d.err
			}
		}
	}
	return out, nil
}

func (d *rowReader) event(c *context, g signature, slots *slots, at int64) esa.Event {
	e := esa.Event{Kind: g.kind(), Time: time.UnixMilli(at).UTC(), Engine: esa.Engine(g >> 8), Verdict: esa.Verdict(g >> 16),
		Direction: esa.Direction(g >> 24)}
	e.MID = esa.MID(d.known(g.where(shiftMID), c.number, slots[fMID]))
	e.ICID = esa.ICID(d.known(g.where(shiftICID), uint64(c.icid), slots[fICID]))
	e.DCID = esa.DCID(d.known(g.where(shiftDCID), uint64(c.dcid), slots[fDCID]))
	e.RIDs = d.rids(g.where(shiftRIDs), c, id(g.kind(), fRIDs))
	switch g.where(shiftSource) {
	case asRow:
		e.Source = c.source
	case stored:
		src, err := readSource(d.text(slots[fSource]), d.reader.profile)
		if err != nil && d.err == nil {
			d.err = err
		}
		e.Source = src
	}
	d.fields(&e, c, g, slots)
	return e
}

func (d *rowReader) known(where int, known uint64, slot int16) uint64 {
	switch where {
	case absent:
		return 0
	case asRow:
		return known
	}
	return uint64(d.number(slot))
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
		n = int(d.listed(of))
		if d.err != nil || n < 0 || n > d.rest.get(of).n {
			d.fail(of)
			return nil
		}
	}
	out := make([]esa.RID, n)
	for i := range out {
		if out[i] = esa.RID(i); each {
			out[i] = esa.RID(d.listed(of))
		}
	}
	return out
}

// fields fills those that are there or not.
func (d *rowReader) fields(e *esa.Event, c *context, g signature, slots *slots) {
	if g.has(hasOther) {
		e.Other = esa.MID(c.number) + esa.MID(d.number(slots[fOther]))
	}
	if g.has(hasSize) {
		e.Size = d.number(slots[fSize])
	}
	if g.has(hasUntil) {
		e.Until = time.UnixMilli(e.Time.UnixMilli() + d.number(slots[fUntil])).UTC()
	}
	if g.has(hasAddress) {
		e.Address = d.said(c, slots[fAddress])
	}
	if g.has(hasName) {
		e.Name = d.said(c, slots[fName])
	} else if h := g.where(shiftHeader); h != 0 {
		e.Name = headers[h]
	}
	if g.has(hasText) {
		e.Text = d.said(c, slots[g.text()])
	}
	if g.has(hasAttachment) {
		e.Attachment = &esa.Attachment{Name: d.text(slots[fFileName]), Type: d.text(slots[fFileType]),
			Size: d.number(slots[fFileSize]), SHA256: readSHA(d.text(slots[fFileSHA]))}
	}
}

package segment

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"esasim/esa"
)

// rowReader puts the events of a row together. Streams go by their slots in the
// frame.
type rowReader struct {
	frame   *frame
	reader  *Reader
	columns []*column // those in blocks are the row's block; nil: not needed, or none
	at      []int     // the next value of each; of what is not wanted it stays where it was
	err     error

	want  []how     // of each signature; nil: all is read
	lists []int     // the next value of each stream of lists of recipients, by its place in the frame
	list  []*column // and these; nil: none

	implied int // see mostImplied
}

// mostImplied bounds the recipients that events list without naming them, in a
// block, and mostExpanded a text: a defence against damage.
const (
	mostImplied  = 1 << 24
	mostExpanded = 64 << 20
)

// use takes values from the columns of a part.
func (d *rowReader) use(list columns) {
	for _, col := range list {
		if col.slot >= 0 {
			d.columns[col.slot] = col
		}
		if col.of.field() == fRIDs {
			if i := slices.Index(d.frame.lists, col.of); i >= 0 {
				d.list[i] = col
			}
		}
	}
}

// seek counts what the rows before this one, of the block or of all, have taken
// from each stream.
func (d *rowReader) seek(place int) {
	f := d.frame
	m := f.marksOf(place / BlockRows)
	taken := m.taken(f, place)
	for slot := range f.streams {
		if d.at[slot] = int(taken[slot]); !f.blocked[slot] {
			d.at[slot] += m.before[slot]
		}
	}
	for i, n := range taken[len(f.streams):] {
		if col := d.list[i]; col != nil && n > 0 {
			list := d.ints(col)
			at := 0
			for ; n > 0 && at < len(list) && list[at] >= 0 && list[at] < int64(len(list)); n-- {
				at += 1 + int(list[at])
			}
			d.lists[i] = at
		}
	}
}

// listed is the next number of a stream of lists.
func (d *rowReader) listed(list int16) int64 {
	if list < 0 {
		d.err = cmp.Or(d.err, fmt.Errorf("%w: no lists", ErrDamaged))
		return 0
	}
	col, at := d.list[list], d.lists[list]
	if col == nil || at < 0 || at >= col.n {
		d.fail(d.frame.lists[list])
		return 0
	}
	d.lists[list]++
	return d.ints(col)[at]
}

// ints are the numbers of a column; zeros if they cannot be read.
func (d *rowReader) ints(col *column) []int64 {
	list, err := col.ints()
	if err != nil {
		d.err = cmp.Or(d.err, err)
		return make([]int64, col.n)
	}
	return list
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
		return d.ints(col)[at]
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
		r := d.reading(run.signature)
		if r.how == passed {
			if at += d.pass(&c, &r, int(run.n)); d.err != nil {
				return nil, d.err
			}
			continue
		}
		for range run.n {
			if r.g.has(hasTime) {
				at += d.number(r.slots[fTime])
			}
			out = append(out, d.event(&c, &r, at))
			c.after(&out[len(out)-1])
			if d.err != nil {
				return nil, d.err
			}
		}
	}
	return out, nil
}

func (d *rowReader) event(c *context, r *read, at int64) esa.Event {
	g, slots := r.g, r.slots
	e := esa.Event{Kind: g.kind(), Time: time.UnixMilli(at).UTC(), Engine: esa.Engine(g >> 8), Verdict: esa.Verdict(g >> 16),
		Direction: esa.Direction(g >> 24)}
	e.MID = esa.MID(d.known(g.where(shiftMID), c.number, slots[fMID]))
	e.ICID = esa.ICID(d.known(g.where(shiftICID), uint64(c.icid), slots[fICID]))
	e.DCID = esa.DCID(d.known(g.where(shiftDCID), uint64(c.dcid), slots[fDCID]))
	e.RIDs = d.rids(g.where(shiftRIDs), c, r.list)
	switch g.where(shiftSource) {
	case asRow:
		e.Source = d.sourceOf(c)
	case stored:
		e.Source, c.passed = d.source(d.text(slots[fSource])), nil
	}
	d.fields(&e, c, r)
	return e
}

func (d *rowReader) source(kept string) *esa.Source {
	src, err := readSource(kept, d.reader.profile)
	d.err = cmp.Or(d.err, err)
	return src
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

func (d *rowReader) rids(where int, c *context, list int16) []esa.RID {
	n, each := 0, false
	switch where {
	case absent:
		return nil
	case next:
		return []esa.RID{esa.RID(c.recipients)}
	case all:
		n = c.recipients
		if d.implied += n; d.implied > mostImplied {
			d.err = cmp.Or(d.err, fmt.Errorf("%w: too many recipients", ErrDamaged))
			return nil
		}
	default:
		each = true
		n = int(d.listed(list))
		if d.err != nil || n < 0 || n > d.list[list].n {
			d.err = cmp.Or(d.err, fmt.Errorf("%w: a list of recipients", ErrDamaged))
			return nil
		}
	}
	out := make([]esa.RID, n)
	for i := range out {
		if out[i] = esa.RID(i); each {
			out[i] = esa.RID(d.listed(list))
		}
	}
	return out
}

// fields fills those that are there or not.
func (d *rowReader) fields(e *esa.Event, c *context, r *read) {
	g, slots := r.g, r.slots
	if g.has(hasOther) {
		e.Other = esa.MID(c.number) + esa.MID(d.number(slots[fOther]))
	}
	if g.has(hasSize) {
		e.Size = d.number(slots[fSize])
	}
	if g.has(hasUntil) {
		e.Until = time.UnixMilli(e.Time.UnixMilli() + d.number(slots[fUntil])).UTC()
	}
	if h := g.where(shiftHeader); h != 0 && !g.has(hasName) {
		e.Name = headers[h]
	}
	if r.how == whole {
		d.texts(e, c, g, slots)
	}
}

func (d *rowReader) texts(e *esa.Event, c *context, g signature, slots *slots) {
	if g.has(hasAddress) {
		e.Address = d.said(c, slots[fAddress])
	}
	if g.has(hasName) {
		e.Name = d.said(c, slots[fName])
	}
	if g.has(hasText) {
		e.Text = d.said(c, slots[g.text()])
	}
	if g.has(hasAttachment) {
		e.Attachment = &esa.Attachment{Name: d.text(slots[fFileName]), Type: d.text(slots[fFileType]),
			Size: d.number(slots[fFileSize]), SHA256: readSHA(d.text(slots[fFileSHA]))}
	}
}

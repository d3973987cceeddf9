package tracking

import (
	"slices"
	"sync/atomic"
	"time"

	"esasim/esa"
	"esasim/tracking/segment"
)

// openRow is a message or a connection of which something is not in a segment:
// all of it, or what happened after it was sealed. A row never changes: what
// happens next makes another one, so readers need no lock.
type openRow struct {
	number uint64
	late   bool          // it is sealed, or its neighbours are: parts is what came after
	parts  [][]esa.Event // its events, those of one entry together
	first  uint64        // the number of the first event of its first entry
	last   uint64        // and of the last event of its last
	weight int           // about what it takes in memory
	open   bool          // to be taken up by a restart: see stillOpen
	done   bool          // finished; of a connection: closed
	began  time.Time     // of the first event of parts
	at     time.Time     // of the last event

	folded atomic.Pointer[esa.Message] // without events; made when first asked for
}

// with is the row after one more entry, of which part is what concerns the row.
func (r *openRow) with(e esa.Entry, part []esa.Event) *openRow {
	out := &openRow{number: r.number, late: r.late, first: r.first, last: e.Seq, open: r.open, done: r.done,
		parts: append(r.parts, part), weight: r.weight + weight(part), began: r.began, at: part[len(part)-1].Time}
	if len(r.parts) == 0 {
		out.began = part[0].Time
	}
	if out.first == 0 {
		out.first = e.Seq - uint64(len(e.Events)) + 1
	}
	if open, known := stillOpen(part); known {
		out.open = open
	}
	for i := range part {
		out.done = out.done || part[i].Kind == esa.MessageFinished || part[i].Kind == esa.ConnectionClosed
	}
	return out
}

// after is what a row knows beyond what was sealed of it; nil if nothing.
func (r *openRow) after(sealed *openRow) *openRow {
	parts := r.parts[len(sealed.parts):]
	if len(parts) == 0 {
		return nil
	}
	out := &openRow{number: r.number, late: true, parts: slices.Clone(parts), first: r.first, last: r.last, open: r.open, done: r.done, began: parts[0][0].Time, at: r.at}
	for _, p := range parts {
		out.weight += weight(p)
	}
	return out
}

// events are all events of a row that is not sealed, or those after.
func (r *openRow) events() []esa.Event {
	n := 0
	for _, p := range r.parts {
		n += len(p)
	}
	return r.appendTo(make([]esa.Event, 0, n))
}

func (r *openRow) appendTo(out []esa.Event) []esa.Event {
	for _, p := range r.parts {
		out = append(out, p...)
	}
	return out
}

// openTable holds the open rows of a table, by number, rising. Store.mu guards
// it.
type openTable struct {
	rows       []*openRow // the late ones first: they are below the bound of what is sealed
	weight     int
	late       int // so many are late,
	lateWeight int // and weigh so much
}

// set puts other rows in the place of all.
func (t *openTable) set(rows []*openRow) {
	*t = openTable{rows: rows}
	for _, r := range rows {
		t.count(r, 1)
	}
}

// count counts a row once more, or once less.
func (t *openTable) count(r *openRow, n int) {
	t.weight += n * r.weight
	if r.late {
		t.late += n
		t.lateWeight += n * r.weight
	}
}

func (t *openTable) find(number uint64) (int, bool) {
	if n := len(t.rows); n == 0 || t.rows[n-1].number < number {
		return n, false
	}
	return slices.BinarySearchFunc(t.rows, number, func(r *openRow, n uint64) int {
		switch {
		case r.number < n:
			return -1
		case r.number > n:
			return 1
		}
		return 0
	})
}

// add notes what an entry says of a row.
func (t *openTable) add(number uint64, late bool, e esa.Entry, part []esa.Event) {
	i, ok := t.find(number)
	if !ok {
		t.rows = slices.Insert(t.rows, i, &openRow{number: number, late: late})
		t.count(t.rows[i], 1)
	}
	t.count(t.rows[i], -1)
	t.rows[i] = t.rows[i].with(e, part)
	t.count(t.rows[i], 1)
}

// remove takes the rows for which gone is true.
func (t *openTable) remove(gone func(*openRow) bool) {
	kept := make([]*openRow, 0, len(t.rows))
	for _, r := range t.rows {
		if !gone(r) {
			kept = append(kept, r)
		}
	}
	t.set(kept)
}

// rowPart is what an entry says of a message or a connection.
type rowPart struct {
	table  segment.Table
	number uint64
	events []esa.Event
}

// rowsOf divides an entry among the messages and connections that it speaks of. To
// a message belong its own events and those of the delivery connections in the same
// entry; to a connection those without a message.
func rowsOf(events []esa.Event) (out []rowPart) {
	var mid esa.MID
	var icid esa.ICID
	for i := range events {
		e := &events[i]
		if e.MID != 0 && e.MID != mid && !before(events[:i], func(b *esa.Event) bool { return b.MID == e.MID }) {
			mid = e.MID
			out = append(out, rowPart{segment.Messages, uint64(mid), partOf(events, func(e *esa.Event) bool {
				return e.MID == mid || e.MID == 0 && e.DCID != 0
			})})
		}
		if e.MID == 0 && e.ICID != 0 && e.ICID != icid && !before(events[:i], func(b *esa.Event) bool { return b.MID == 0 && b.ICID == e.ICID }) {
			icid = e.ICID
			out = append(out, rowPart{segment.Connections, uint64(icid), partOf(events, func(e *esa.Event) bool {
				return e.MID == 0 && e.ICID == icid
			})})
		}
	}
	return out
}

func before(events []esa.Event, is func(*esa.Event) bool) bool {
	for i := range events {
		if is(&events[i]) {
			return true
		}
	}
	return false
}

// partOf gives those of the events that belong; most often they stand together,
// and then nothing is copied.
func partOf(events []esa.Event, belongs func(*esa.Event) bool) []esa.Event {
	first, last, n := -1, -1, 0
	for i := range events {
		if belongs(&events[i]) {
			if first < 0 {
				first = i
			}
			last = i
			n++
		}
	}
	if n == last-first+1 {
		return events[first : last+1 : last+1]
	}
	out := make([]esa.Event, 0, n)
	for i := range events {
		if belongs(&events[i]) {
			out = append(out, events[i])
		}
	}
	return out
}

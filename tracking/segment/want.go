package segment

import (
	"cmp"
	"slices"

	"esasim/esa"
)

// Want says what of a message's events is read; nil: all of them, whole. Others may
// be read besides, where those that are wanted refer to them. What belongs to a row as
// a whole, such as the time of an event, is right whatever is left out.
type Want struct {
	Whole   []esa.Kind // the events of these kinds,
	Bare    []esa.Kind // and of these, without Address, Name, Text and Attachment
	Headers []string   // of HeaderSeen, if that is among the whole, only these; nil: all
}

// how an event is read.
type how uint8

const (
	passed how = iota // not at all
	bare
	whole
)

// kinds tells of each kind how it is read.
func (w *Want) kinds() (out [256]how) {
	for _, k := range w.Bare {
		out[k] = bare
	}
	list := append([]esa.Kind{esa.MessageStarted}, w.Whole...)
	for i := 0; i < len(list); i++ { // it grows
		k := list[i]
		if out[k] == whole {
			continue
		}
		out[k] = whole
		for f := fAddress; f <= fDate; f++ {
			list = append(list, speakers(id(k, f).refersTo())...)
		}
	}
	return out
}

// speakers are the events that say words.
func speakers(of []int) (out []esa.Kind) {
	for _, word := range of {
		switch word {
		case theSender, theDomain:
			out = append(out, esa.SenderGiven)
		case theMessageID:
			out = append(out, esa.MessageIDSeen)
		case theHost:
			out = append(out, esa.MessageStarted, esa.ConnectionOpened)
		}
	}
	return out
}

// signatures tells of each signature how it is read.
func (w *Want) signatures(f *frame) []how {
	if w == nil {
		return nil
	}
	kinds := w.kinds()
	out := make([]how, len(f.signatures))
	for i, g := range f.signatures {
		out[i] = kinds[g.kind()]
		if h := g.where(shiftHeader); h != 0 && w.Headers != nil && out[i] == whole && !slices.Contains(w.Headers, headers[h]) {
			out[i] = passed
		}
	}
	return out
}

// partsOf are the parts that are needed to read a row so: times, and the numbers of
// connections, are always.
func (f *frame) partsOf(t Table, row int, want []how) (need parts) {
	for _, run := range f.shapes[f.tables[t].shapes[row]] {
		g := f.signatures[run.signature]
		switch {
		case want == nil || want[run.signature] == whole:
			need |= f.parts[run.signature]
		case want[run.signature] == bare || g.has(hasTime) || g.where(shiftICID) == stored || g.where(shiftDCID) == stored:
			need |= Rest.bit() | Frame.bit()
		}
		if g.where(shiftSource) == stored {
			need |= Sources.bit()
		}
	}
	return need
}

// read is a signature, and how its events are read.
type read struct {
	g     signature
	slots *slots
	list  int16 // see frame.listed
	how   how
}

func (d *rowReader) reading(signature uint32) read {
	r := read{d.frame.signatures[signature], &d.frame.slotOf[signature], d.frame.listed[signature], whole}
	if d.want != nil {
		r.how = d.want[signature]
	}
	return r
}

// pass passes over n events, and tells how much later the last one was. What later
// events refer to is noted.
func (d *rowReader) pass(c *context, r *read, n int) (later int64) {
	if r.g.kind() == esa.RecipientGiven {
		c.recipients += n
	}
	for range n {
		if r.g.has(hasTime) {
			later += d.number(r.slots[fTime])
		}
		if r.g.where(shiftICID) == stored {
			c.icid = esa.ICID(d.number(r.slots[fICID]))
		}
		if r.g.where(shiftDCID) == stored {
			c.dcid = esa.DCID(d.number(r.slots[fDCID]))
		}
		if r.g.where(shiftSource) == stored {
			at := d.at[r.slots[fSource]]
			d.at[r.slots[fSource]]++
			c.passed = &passedSource{r.slots[fSource], at}
		}
		if d.err != nil {
			return 0
		}
	}
	return later
}

// passedSource is where a source is that was passed over.
type passedSource struct {
	slot int16
	at   int
}

// sourceOf is the last source of a row.
func (d *rowReader) sourceOf(c *context) *esa.Source {
	if p := c.passed; p != nil {
		c.passed = nil
		if col := d.columns[p.slot]; col != nil && p.at < col.n {
			kept, err := col.text(p.at)
			d.err = cmp.Or(d.err, err)
			c.source = d.source(kept)
		}
	}
	return c.source
}

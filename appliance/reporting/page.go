package reporting

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
)

// cell is one counter of a row.
type cell struct {
	c Counter
	n uint64
}

// row is what is counted of one key. Few counters of a row are ever met, so it is a
// list and no array.
type row struct {
	cells []cell
	last  string // what was last known of a sending host, see [Host]
}

func (r *row) add(c Counter, n uint64) {
	if n == 0 {
		return
	}
	for i := range r.cells {
		if r.cells[i].c == c {
			r.cells[i].n += n
			return
		}
	}
	r.cells = append(r.cells, cell{c, n})
}

func (r *row) get(c Counter) uint64 {
	for i := range r.cells {
		if r.cells[i].c == c {
			return r.cells[i].n
		}
	}
	return 0
}

// merge adds what another one, which is not older, has.
func (r *row) merge(o *row) {
	for _, c := range o.cells {
		r.add(c.c, c.n)
	}
	if o.last != "" {
		r.last = o.last
	}
}

// weight tells rows that matter from those that do not.
func (r *row) weight() (n uint64) {
	for _, c := range r.cells {
		n += c.n
	}
	return n
}

// page is a table in one bucket of time: its rows by key.
type page map[string]*row

// rest is the key under which what was counted of keys that are no longer told apart
// is kept. No key begins so: they are made printable.
const rest = "\x00rest"

// mostKey bounds the octets of a key: senders choose them.
const mostKey = 256

// key makes what senders chose a key.
func key(s string) string {
	if len(s) > mostKey {
		s = s[:mostKey]
	}
	for i := 0; i < len(s); i++ {
		if s[i] < ' ' || s[i] >= 0x7F {
			return printable(s)
		}
	}
	return s
}

func printable(s string) string {
	out := make([]rune, 0, len(s))
	for _, r := range s {
		switch {
		case r == '\uFFFD': // half a rune, where it was cut
		case r < ' ' || r == 0x7F:
			out = append(out, ' ')
		default:
			out = append(out, r)
		}
	}
	return string(out)
}

func (p page) row(key string) *row {
	r := p[key]
	if r == nil {
		r = &row{}
		p[key] = r
	}
	return r
}

func (p page) merge(o page) {
	for k, r := range o {
		p.row(k).merge(r)
	}
}

// bound keeps the keys with the largest counts, when there are twice as many as may
// be, and adds the others together: so each key costs little, and what is large stays.
func (p page) bound(most int) {
	if len(p) <= 2*most {
		return
	}
	keys := slices.Collect(maps.Keys(p))
	slices.SortFunc(keys, func(a, b string) int {
		return cmp.Or(cmp.Compare(p[b].weight(), p[a].weight()), cmp.Compare(a, b))
	})
	other := p.row(rest)
	for _, k := range keys[most:] {
		if k != rest {
			other.merge(&row{cells: p[k].cells})
			delete(p, k)
		}
	}
}

// append writes the page, rows by key so that the same page is the same octets.
func (p page) append(b []byte) []byte {
	b = binary.AppendUvarint(b, uint64(len(p)))
	for _, k := range slices.Sorted(maps.Keys(p)) {
		r := p[k]
		b = appendText(appendText(b, k), r.last)
		b = binary.AppendUvarint(b, uint64(len(r.cells)))
		for _, c := range r.cells {
			b = binary.AppendUvarint(append(b, byte(c.c)), c.n)
		}
	}
	return b
}

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

var errPage = errors.New("damaged page of counters")

// reader reads what append wrote. After the first fault it reads zeros.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) number() uint64 {
	n, size := binary.Uvarint(r.b)
	if size <= 0 {
		r.bad, r.b = true, nil
		return 0
	}
	r.b = r.b[size:]
	return n
}

func (r *reader) text() string {
	n := r.number()
	if n > uint64(len(r.b)) {
		r.bad, r.b = true, nil
		return ""
	}
	s := string(r.b[:n])
	r.b = r.b[n:]
	return s
}

// readPage hands out the rows of a page. They are the caller's.
func readPage(b []byte, yield func(key string, r *row)) error {
	r := reader{b: b}
	for range r.number() {
		if r.bad {
			break
		}
		k, one := r.text(), &row{}
		one.last = r.text()
		for range r.number() {
			if len(r.b) < 2 {
				r.bad = true
				break
			}
			c := Counter(r.b[0])
			r.b = r.b[1:]
			one.cells = append(one.cells, cell{c, r.number()})
		}
		if !r.bad {
			yield(k, one)
		}
	}
	if r.bad || len(r.b) > 0 {
		return fmt.Errorf("%w: %d octets", errPage, len(b))
	}
	return nil
}

package ctia

import (
	"cmp"
	"errors"
	"slices"
	"strconv"
	"strings"

	"esasim/cloud/store"
)

// hit is what is kept of an entity that was found: where it is, and what it is
// ordered by.
type hit struct {
	seq  uint64
	keys []sortKey
}

// sortKey is a value that hits are ordered by. An absent one comes last, whatever
// the order.
type sortKey struct {
	given  string
	text   string // without case
	number float64
	absent bool
}

// natural is the field of the order in which entities were made.
const natural = "_doc"

// top keeps the hits of one page and those before it, and counts all.
type top struct {
	sort    []Sort
	numbers []bool // which of sort are numbers
	keep    int    // hits; the others are let go now and then
	after   *hit   // only what comes behind it counts for the page
	hits    []hit
	total   int
	behind  int // hits that count for the page
}

func (in *Intel) newTop(kind string, q Query) (*top, error) {
	t := &top{sort: q.Sort, keep: q.Offset + q.Limit}
	for _, s := range q.Sort {
		shape := in.types[kind].at(s.Field)
		t.numbers = append(t.numbers, s.Field == natural || shape != nil && (shape.kind == aWhole || shape.kind == aNumber || shape.kind == aCode))
	}
	if q.After != nil {
		t.keep = q.Limit
		if len(q.After) != len(q.Sort)+1 {
			return nil, invalidSearch("search_after has " + strconv.Itoa(len(q.After)) + " value(s) but sort has " + strconv.Itoa(len(q.Sort)+1) + ".")
		}
		seq, err := strconv.ParseUint(q.After[len(q.Sort)], 10, 64)
		if err != nil {
			return nil, invalidSearch("Failed to parse search_after value for field [_doc].")
		}
		t.after = &hit{seq: seq}
		for i := range q.Sort {
			t.after.keys = append(t.after.keys, t.key(i, q.After[i]))
		}
	}
	return t, nil
}

func (t *top) key(i int, text string) sortKey {
	k := sortKey{given: text, text: strings.ToLower(text), absent: text == ""}
	if t.numbers[i] {
		k.number, _ = strconv.ParseFloat(text, 64)
	}
	return k
}

func (t *top) add(r *record, e *entry) {
	t.total++
	h := hit{seq: r.seq}
	for i, s := range t.sort {
		h.keys = append(h.keys, t.keyOf(i, s, r.seq, e))
	}
	if t.after != nil && t.compare(h, *t.after) <= 0 {
		return
	}
	t.behind++
	if t.hits = append(t.hits, h); len(t.hits) >= 2*t.keep+1000 {
		t.settle()
	}
}

// keyOf gives what an entity is ordered by: of several values the first in the
// order asked for.
func (t *top) keyOf(i int, s Sort, seq uint64, e *entry) sortKey {
	if s.Field == natural {
		return t.key(i, strconv.FormatUint(seq, 10))
	}
	best := sortKey{absent: true}
	for _, l := range e.leaves {
		if l.path != s.Field {
			continue
		}
		if k := t.key(i, l.value); best.absent || t.compareKeys(i, k, best) < 0 {
			best = k
		}
	}
	return best
}

func (t *top) compareKeys(i int, a, b sortKey) int {
	switch {
	case a.absent || b.absent:
		return order(a.absent, b.absent)
	case t.numbers[i] && t.sort[i].Down:
		return cmp.Compare(b.number, a.number)
	case t.numbers[i]:
		return cmp.Compare(a.number, b.number)
	case t.sort[i].Down:
		return strings.Compare(b.text, a.text)
	}
	return strings.Compare(a.text, b.text)
}

func order(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

func (t *top) compare(a, b hit) int {
	for i := range t.sort {
		if c := t.compareKeys(i, a.keys[i], b.keys[i]); c != 0 {
			return c
		}
	}
	return cmp.Compare(a.seq, b.seq)
}

// settle puts the hits in order and lets go of those behind the page.
func (t *top) settle() {
	slices.SortFunc(t.hits, t.compare)
	t.hits = t.hits[:min(len(t.hits), t.keep)]
}

// page reads the hits of the page once more: they may be gone, or changed.
func (in *Intel) page(who Caller, kind string, t *top, q Query) (Page, error) {
	t.settle()
	hits := t.hits
	if t.after == nil {
		hits = hits[min(len(hits), q.Offset):]
	}
	p := Page{Docs: []Document{}, Total: t.total}
	for _, h := range hits {
		r, err := in.row(kind, h.seq)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return Page{}, err
		}
		if !who.mayRead(r.Doc) {
			continue
		}
		p.Docs = append(p.Docs, only(in.shown(r), q.Fields))
	}
	seen := len(hits)
	if t.after == nil {
		seen = q.Offset + len(hits)
	}
	if len(hits) > 0 {
		p.Last, p.More = t.mark(hits[len(hits)-1]), seen < t.behind
	}
	return p, nil
}

// mark writes where a hit stands in the order.
func (t *top) mark(h hit) []string {
	var out []string
	for _, k := range h.keys {
		out = append(out, k.given)
	}
	return append(out, strconv.FormatUint(h.seq, 10))
}

// only leaves of a document the fields that were asked for, and its id.
func only(d Document, fields []string) Document {
	if len(fields) == 0 {
		return d
	}
	out := Document{"id": d["id"]}
	for _, f := range fields {
		pick(out, d, strings.Split(f, "."))
	}
	return out
}

// pick copies what is at a path, with what is around it.
func pick(out, from Document, path []string) {
	v, there := from[path[0]]
	if !there {
		return
	}
	if len(path) == 1 {
		out[path[0]] = v
		return
	}
	switch v := v.(type) {
	case Document:
		below, ok := out[path[0]].(Document)
		if !ok {
			below = Document{}
		}
		pick(below, v, path[1:])
		out[path[0]] = below
	case []any:
		out[path[0]] = pickEach(out[path[0]], v, path[1:])
	}
}

func pickEach(already any, all []any, path []string) []any {
	out, ok := already.([]any)
	if !ok {
		out = make([]any, len(all))
	}
	for i, item := range all {
		d, isDoc := item.(Document)
		below, ok := out[i].(Document)
		if !ok {
			below = Document{}
		}
		if isDoc {
			pick(below, d, path)
		}
		out[i] = below
	}
	return out
}

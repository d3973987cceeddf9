package ctia

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"esasim/cloud/store"
)

// Window is how far into its hits a search can be asked for: those behind are
// reached by Query.After. Source: public code.
const Window = 10_000

// DefaultLimit is how many hits an answer has that was asked for no number.
const DefaultLimit = 100

// Query is a search over the entities of one type. All of it must hold.
type Query struct {
	Lucene, Simple string              // in either language; empty: none
	In             []string            // the fields that a value without a field is looked for in; none: all
	From, To       time.Time           // of the moment when it was made: from <= made < to; zero: open
	Filters        map[string][]string // field -> one of these values
	Limit, Offset  int
	Sort           []Sort   // none: in the order in which they were made
	After          []string // where the page before this one ended ([Page.Last]); Offset is then not used
	Fields         []string // of the documents; none: all. The id is always there

	also func(Document) bool // what else must hold; nil: nothing
}

// Sort is one field that hits are ordered by.
type Sort struct {
	Field string
	Down  bool
}

// Page is a page of hits.
type Page struct {
	Docs  []Document
	Total int      // of all hits
	Last  []string // what the last hit is ordered by: for Query.After of the next page; nil when there is no hit
	More  bool     // there is a next page
}

// Search gives a page of the entities that the caller may read. The error is a
// [*Fault] when the query cannot be read or asks too far.
func (in *Intel) Search(ctx context.Context, who Caller, kind string, q Query) (Page, error) {
	if q.After == nil && q.Offset+q.Limit > Window {
		return Page{}, invalidSearch(fmt.Sprintf("Result window is too large, from + size must be less than or equal to: [%d] but was [%d]", Window, q.Offset+q.Limit))
	}
	if q.Limit > Window {
		return Page{}, invalidSearch(fmt.Sprintf("Result window is too large, from + size must be less than or equal to: [%d] but was [%d]", Window, q.Limit))
	}
	top, err := in.newTop(kind, q)
	if err != nil {
		return Page{}, err
	}
	err = in.each(ctx, who, kind, q, func(r *record, e *entry) error {
		top.add(r, e)
		return nil
	})
	if err != nil {
		return Page{}, err
	}
	return in.page(who, kind, top, q)
}

// Count gives how many entities a search finds.
func (in *Intel) Count(ctx context.Context, who Caller, kind string, q Query) (int, error) {
	n := 0
	err := in.each(ctx, who, kind, q, func(*record, *entry) error { n++; return nil })
	return n, err
}

// Each calls f with every entity that a search finds and the caller may read, in
// the order in which they were made, without pages. It ends with f's error. f must
// not search: it holds one of the few places of those who do.
func (in *Intel) Each(ctx context.Context, who Caller, kind string, q Query, f func(d Document, made time.Time) error) error {
	return in.each(ctx, who, kind, q, func(r *record, _ *entry) error {
		made, err := time.Parse(time.RFC3339, r.Created)
		if err != nil {
			return fmt.Errorf("read %s: %w", r.id(), err)
		}
		return f(in.shown(r), made)
	})
}

// each reads what the index leaves of a type and calls f with what the query holds of.
func (in *Intel) each(ctx context.Context, who Caller, kind string, q Query, f func(*record, *entry) error) error {
	n, err := in.question(kind, q, time.Now())
	if err != nil {
		return err
	}
	select {
	case in.searching <- struct{}{}:
		defer func() { <-in.searching }()
	case <-ctx.Done():
		return fmt.Errorf("wait for other searches: %w", ctx.Err())
	}
	t := in.types[kind]
	return in.rows(ctx, kind, leading(n), func(r *record) error {
		if !who.mayRead(r.Doc) || q.also != nil && !q.also(r.Doc) {
			return nil
		}
		e := &entry{t: t, leaves: append(leavesOf(r.Doc), leaf{"created", r.Created}, leaf{"modified", r.Modified})}
		if !n.match(e) {
			return nil
		}
		return f(r, e)
	})
}

// question makes one node of all that a query asks.
func (in *Intel) question(kind string, q Query, now time.Time) (node, error) {
	var all allOf
	for name, values := range q.Filters {
		var one anyOf
		for _, v := range values {
			one = append(one, where{[]string{name}, newPhrase(v)})
		}
		all = append(all, one)
	}
	if !q.From.IsZero() || !q.To.IsZero() {
		r := interval{openUpTo: true}
		if !q.From.IsZero() {
			r.from = stamp(q.From)
		}
		if !q.To.IsZero() {
			r.to = stamp(q.To)
		}
		all = append(all, where{[]string{"created"}, r})
	}
	if strings.TrimSpace(q.Lucene) != "" {
		n, err := parseQuery(q.Lucene, q.In, now)
		if err != nil {
			return nil, err
		}
		all = append(all, n)
	}
	if q.Simple != "" {
		n, err := parseSimple(q.Simple, q.In)
		if err != nil {
			return nil, err
		}
		all = append(all, n)
	}
	return all, nil
}

// leading gives terms of the index one of which every hit has; nil when the
// query names none and all must be read.
func leading(n node) []uint64 {
	switch n := n.(type) {
	case allOf:
		for _, one := range n {
			if terms := leading(one); terms != nil {
				return terms
			}
		}
	case anyOf:
		var out []uint64
		for _, one := range n {
			terms := leading(one)
			if terms == nil {
				return nil
			}
			out = append(out, terms...)
		}
		return out
	case where:
		p, ok := n.test.(phrase)
		if ok && len(n.paths) == 1 && indexed(n.paths[0]) {
			return []uint64{term(n.paths[0], p.text)}
		}
	}
	return nil
}

// rows calls f with the entities that have one of the terms, or with all, in the
// order in which they were made.
func (in *Intel) rows(ctx context.Context, kind string, terms []uint64, f func(*record) error) error {
	if terms == nil {
		return in.allRows(ctx, kind, f)
	}
	seqs, err := in.having(kind, terms)
	if err != nil {
		return err
	}
	return in.rowsOf(kind, seqs, func(r *record) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		return f(r)
	})
}

// rowsOf calls f with the entities of some numbers; those that are gone are left out.
func (in *Intel) rowsOf(kind string, seqs []uint64, f func(*record) error) error {
	for _, seq := range seqs {
		r, err := in.row(kind, seq)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err == nil {
			err = f(r)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (in *Intel) allRows(ctx context.Context, kind string, f func(*record) error) error {
	from, to := store.Entities(kind)
	return in.scan(from, to, func(key, value []byte) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		r, err := readRow(kind, store.Seq(key), value)
		if err != nil {
			return err
		}
		return f(r)
	})
}

// having gives the numbers of the entities that have one of the terms.
func (in *Intel) having(kind string, terms []uint64) ([]uint64, error) {
	var out []uint64
	for _, t := range terms {
		from, to := store.EntitiesOf(kind, t)
		err := in.scan(from, to, func(key, _ []byte) error {
			out = append(out, binary.BigEndian.Uint64(key[len(key)-8:]))
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// scan calls f with each key of a range and its value, which f must not keep.
func (in *Intel) scan(from, to []byte, f func(key, value []byte) error) error {
	return in.use(func(db *pebble.DB) error {
		it, err := db.NewIter(&pebble.IterOptions{LowerBound: from, UpperBound: to})
		if err != nil {
			return fmt.Errorf("read entities: %w", err)
		}
		for it.First(); it.Valid() && err == nil; it.Next() {
			err = f(it.Key(), it.Value())
		}
		return errors.Join(err, it.Close())
	})
}

// ByExternalID gives the entities of a type that have an external id, in the order
// in which they were made.
func (in *Intel) ByExternalID(ctx context.Context, who Caller, kind, id string) ([]Document, error) {
	page, err := in.Search(ctx, who, kind, Query{Filters: map[string][]string{"external_ids": {id}}, Limit: Window})
	return page.Docs, err
}

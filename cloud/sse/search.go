package sse

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/go-json-experiment/json"

	"esasim/cloud/ctim"
	"esasim/cloud/store"
)

// Search asks for the sightings of one device in which any of some observables
// was seen.
type Search struct {
	DeviceID    string
	Observables []ctim.Observable
	Since       time.Time // start of the observed time, to the millisecond
	PerEach     int       // at most so many sightings for one observable
	InAll       int       // and so many altogether
}

// Found are the sightings, newest first. The observables of each are those
// asked for that it matched: its own type, the value as asked.
type Found struct {
	Sightings []ctim.Sighting
	More      []ctim.Observable // asked for, and matched by more than the limits allow
}

// Sightings searches. Each limit holds for the newest.
func (x *Exchange) Sightings(ctx context.Context, q Search) (Found, error) {
	dev, err := x.record(q.DeviceID)
	if err != nil {
		return Found{}, err
	}
	f := finder{ctx: ctx, dev: dev.Number, query: q, place: map[uint64]int{}}
	err = x.store.Use(func(db *pebble.DB) error {
		f.db = db
		for _, o := range q.Observables {
			if err := f.find(o); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return Found{}, fmt.Errorf("search device %s: %w", q.DeviceID, err)
	}
	slices.SortStableFunc(f.found.Sightings, func(a, b ctim.Sighting) int {
		return b.ObservedTime.Start.Compare(a.ObservedTime.Start.Time)
	})
	return f.found, nil
}

// finder is one search under way.
type finder struct {
	ctx   context.Context
	db    *pebble.DB
	dev   uint32
	query Search
	place map[uint64]int // sequence number → index in found.Sightings
	found Found
	kept  [][]ctim.Observable // beside found.Sightings: their own observables
}

// find adds the sightings of one observable.
func (f *finder) find(o ctim.Observable) error {
	from, to := store.TermSince(f.dev, term(o), f.query.Since)
	it, err := f.db.NewIterWithContext(f.ctx, &pebble.IterOptions{LowerBound: from, UpperBound: to})
	if err != nil {
		return err
	}
	n := 0
	for it.First(); it.Valid() && err == nil; it.Next() {
		if err = f.ctx.Err(); err != nil {
			break
		}
		seq := store.Seq(it.Key())
		_, known := f.place[seq]
		if n == f.query.PerEach || (!known && len(f.found.Sightings) == f.query.InAll) {
			f.found.More = append(f.found.More, o)
			break
		}
		var matched bool
		if matched, err = f.match(seq, o); matched {
			n++
		}
	}
	return errors.Join(err, it.Close())
}

// match reads a sighting, unless it was read already, and notes the observable
// on it if it really has it: the index only knows hashes, and the row may have
// been replaced since.
func (f *finder) match(seq uint64, o ctim.Observable) (bool, error) {
	i, known := f.place[seq]
	var s ctim.Sighting
	own := []ctim.Observable(nil)
	if known {
		own = f.kept[i]
	} else {
		v, closer, err := f.db.Get(store.Sighting(f.dev, seq))
		if errors.Is(err, pebble.ErrNotFound) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		err = errors.Join(json.Unmarshal(v, &s), closer.Close())
		if err != nil {
			return false, err
		}
		own = s.Observables
	}
	at := slices.IndexFunc(own, func(have ctim.Observable) bool { return same(have, o) })
	if at < 0 {
		return false, nil
	}
	if !known {
		i = len(f.found.Sightings)
		s.Observables = nil
		f.place[seq] = i
		f.found.Sightings = append(f.found.Sightings, s)
		f.kept = append(f.kept, own)
	}
	asked := ctim.Observable{Type: own[at].Type, Value: o.Value}
	if all := &f.found.Sightings[i].Observables; !slices.Contains(*all, asked) {
		*all = append(*all, asked)
	}
	return true, nil
}

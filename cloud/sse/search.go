package sse

import (
	"bytes"
	"cmp"
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
	Until       time.Time // likewise; zero: no bound
	PerEach     int       // at most so many sightings for one observable
	InAll       int       // and so many altogether
	Bytes       int       // and so many bytes of JSON as stored
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
	f := finder{ctx: ctx, dev: dev.Number, query: q, room: q.Bytes, place: map[uint64]int{}}
	if err := x.store.Use(f.run); err != nil {
		return Found{}, fmt.Errorf("search device %s: %w", q.DeviceID, err)
	}
	slices.SortStableFunc(f.found.Sightings, func(a, b ctim.Sighting) int {
		return b.ObservedTime.Start.Compare(a.ObservedTime.Start.Time)
	})
	return f.found, nil
}

// ErrUnknownSighting says that a device has pushed no such sighting.
var ErrUnknownSighting = errors.New("unknown sighting")

// Sighting gives a sighting of a device by its external id, as it was pushed
// last; ErrUnknownSighting or ErrUnknownDevice.
func (x *Exchange) Sighting(_ context.Context, deviceID, externalID string) (s ctim.Sighting, err error) {
	dev, err := x.record(deviceID)
	if err != nil {
		return s, err
	}
	err = x.store.Use(func(db *pebble.DB) error {
		at, closer, err := db.Get(store.ExternalID(dev.Number, externalID))
		if err != nil {
			return err
		}
		row := store.Sighting(dev.Number, store.Seq(at))
		if err := closer.Close(); err != nil {
			return err
		}
		raw, closer, err := db.Get(row)
		if err != nil {
			return err
		}
		return errors.Join(json.Unmarshal(raw, &s), closer.Close())
	})
	if errors.Is(err, pebble.ErrNotFound) {
		err = ErrUnknownSighting
	}
	if err != nil {
		return s, fmt.Errorf("sighting %.200q of device %s: %w", externalID, deviceID, err)
	}
	return s, nil
}

// finder is one search under way.
type finder struct {
	ctx   context.Context
	db    *pebble.DB
	terms *pebble.Iterator // over all terms of the device
	dev   uint32
	era   uint32 // the newest
	query Search
	room  int            // how many bytes more may be found; -1: one was too many
	place map[uint64]int // sequence number → index in found.Sightings
	found Found
	kept  [][]ctim.Observable // beside found.Sightings: their own observables
}

func (f *finder) run(db *pebble.DB) error {
	f.db = db
	last, err := lastSeq(db, f.dev)
	if err != nil {
		return err
	}
	f.era = store.Era(last)
	from, to := store.Terms(f.dev)
	f.terms, err = db.NewIterWithContext(f.ctx, &pebble.IterOptions{LowerBound: from, UpperBound: to})
	if err != nil {
		return err
	}
	for _, o := range f.query.Observables {
		if err = f.find(o); err != nil {
			break
		}
	}
	return errors.Join(err, f.terms.Close())
}

// entry is one entry of the index: the smaller its time, the newer it is.
type entry struct{ time, seq uint64 }

// entries gives the index entries of an observable, the newest first: one more
// than a search may give back, so that the caller sees that there are more.
func (f *finder) entries(o ctim.Observable) ([]entry, error) {
	var out []entry
	t := term(o)
	for era := int64(f.era); era >= 0; era-- {
		if err := f.ctx.Err(); err != nil {
			return nil, err
		}
		from, to := store.TermBetween(f.dev, uint32(era), t, f.query.Since, f.query.Until)
		n := 0
		for ok := f.terms.SeekGE(from); ok && n <= f.query.PerEach && bytes.Compare(f.terms.Key(), to) < 0; ok = f.terms.Next() {
			at, seq := store.TermTail(f.terms.Key())
			out = append(out, entry{at, seq})
			n++
		}
	}
	slices.SortFunc(out, func(a, b entry) int { return cmp.Or(cmp.Compare(a.time, b.time), cmp.Compare(b.seq, a.seq)) })
	return out[:min(len(out), f.query.PerEach+1)], f.terms.Error()
}

// find adds the sightings of one observable.
func (f *finder) find(o ctim.Observable) error {
	entries, err := f.entries(o)
	if err != nil {
		return err
	}
	for n, e := range entries {
		_, known := f.place[e.seq]
		full := n == f.query.PerEach || !known && (len(f.found.Sightings) == f.query.InAll || f.room < 0)
		if !full {
			err = errors.Join(f.ctx.Err(), f.match(e.seq, o))
		}
		if full || errors.Is(err, errNoRoom) {
			f.found.More = append(f.found.More, o)
			return nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// match reads a sighting, unless it was read already, and notes the observable
// on it if it really has it: the index only knows hashes, and the row may have
// been replaced since.
func (f *finder) match(seq uint64, o ctim.Observable) error {
	i, known := f.place[seq]
	var s ctim.Sighting
	var own []ctim.Observable
	var size int
	if known {
		own = f.kept[i]
	} else {
		var err error
		if s, size, err = f.read(seq); err != nil {
			return err
		}
		own = s.Observables
	}
	at := slices.IndexFunc(own, func(have ctim.Observable) bool { return same(have, o) })
	if at < 0 {
		return nil
	}
	if !known {
		i = len(f.found.Sightings)
		s.Observables = nil
		f.room -= size
		f.place[seq] = i
		f.found.Sightings = append(f.found.Sightings, s)
		f.kept = append(f.kept, own)
	}
	asked := ctim.Observable{Type: own[at].Type, Value: o.Value}
	if all := &f.found.Sightings[i].Observables; !slices.Contains(*all, asked) {
		*all = append(*all, asked)
	}
	return nil
}

// errNoRoom says that a sighting would make the answer too large.
var errNoRoom = errors.New("the answer is full")

// read gives a stored sighting and the length of its JSON; a zero one when its
// device was deleted since; errNoRoom when it is longer than there is room for,
// and from then on there is none for any other.
func (f *finder) read(seq uint64) (s ctim.Sighting, size int, err error) {
	v, closer, err := f.db.Get(store.Sighting(f.dev, seq))
	if errors.Is(err, pebble.ErrNotFound) {
		return s, 0, nil
	}
	if err != nil {
		return s, 0, err
	}
	if size = len(v); size > f.room {
		f.room, err = -1, errNoRoom
	} else {
		err = json.Unmarshal(v, &s)
	}
	return s, size, errors.Join(err, closer.Close())
}

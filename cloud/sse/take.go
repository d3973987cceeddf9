package sse

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/cockroachdb/pebble/v2"
	"github.com/go-json-experiment/json/jsontext"

	"esasim/cloud/store"
)

// take keeps what is good in a batch and says why the rest is not. When it
// returns without an error, what it took is on disk. Of two sightings with the
// same external id, the later one holds.
func (x *Exchange) take(dev *record, raw []jsontext.Value) (sightingsResponse, error) {
	resp := sightingsResponse{Refused: []refusedSighting{}}
	good := make([]arrival, 0, len(raw))
	place := make(map[string]int, len(raw)) // external id → its place in good
	for i, b := range raw {
		a, err := readSighting(b)
		if err != nil {
			resp.Refused = append(resp.Refused, refusedSighting{i, a.external, err.Error()})
			continue
		}
		resp.Taken++
		if j, seen := place[a.external]; seen {
			good[j] = a
			continue
		}
		place[a.external] = len(good)
		good = append(good, a)
	}
	if len(good) == 0 {
		return resp, nil
	}
	if err := x.keep(dev, good); err != nil {
		return resp, fmt.Errorf("sightings of device %s: %w", dev.ID, err)
	}
	return resp, nil
}

// keep writes arrivals in one batch and waits until they are on disk.
func (x *Exchange) keep(dev *record, good []arrival) error {
	in := x.inbox(dev.Number)
	return x.store.Use(func(db *pebble.DB) error {
		b := db.NewBatch()
		defer b.Close()
		if err := in.apply(db, b, dev, good); err != nil {
			return err
		}
		return b.SyncWait()
	})
}

// apply makes the arrivals visible, without waiting for the disk.
func (in *inbox) apply(db *pebble.DB, b *pebble.Batch, dev *record, good []arrival) error {
	in.mu.Lock()
	defer in.mu.Unlock()
	// Deleted since the call was let in: nothing may be written into its range.
	if _, closer, err := db.Get(store.Device(dev.ID)); errors.Is(err, pebble.ErrNotFound) {
		return ErrUnknownDevice
	} else if err != nil {
		return err
	} else if err := closer.Close(); err != nil {
		return err
	}
	if err := in.resume(db, dev.Number); err != nil {
		return err
	}
	if err := in.addAll(db, b, dev.Number, good); err != nil {
		return err
	}
	if b.Empty() {
		// All of it was there before, perhaps in a batch whose sync is still
		// under way: an empty record in the log, synced, waits for that one too.
		if err := b.LogData(nil, nil); err != nil {
			return err
		}
	}
	return db.ApplyNoSyncWait(b, pebble.Sync)
}

// resume finds the last sequence number given out, once.
func (in *inbox) resume(db *pebble.DB, dev uint32) (err error) {
	if in.last == 0 {
		in.last, err = lastSeq(db, dev)
	}
	return err
}

// lastSeq reads the last sequence number given out to a device's sightings; 0
// when there is none.
func lastSeq(db *pebble.DB, dev uint32) (seq uint64, err error) {
	from, to := store.Sightings(dev)
	it, err := db.NewIter(&pebble.IterOptions{LowerBound: from, UpperBound: to})
	if err != nil {
		return 0, err
	}
	if it.Last() {
		seq = store.Seq(it.Key())
	}
	return seq, it.Close()
}

// addAll puts arrivals with different external ids into the batch. Going
// through them in the order of the keys makes each look-up a short step of one
// iterator; a Get for each costs five times as much (measured).
func (in *inbox) addAll(db *pebble.DB, b *pebble.Batch, dev uint32, good []arrival) error {
	from, to := store.ExternalIDs(dev)
	it, err := db.NewIter(&pebble.IterOptions{LowerBound: from, UpperBound: to})
	if err != nil {
		return err
	}
	slices.SortFunc(good, func(a, b arrival) int { return strings.Compare(a.external, b.external) })
	for i := range good {
		key := store.ExternalID(dev, good[i].external)
		if it.SeekGE(key) && bytes.Equal(it.Key(), key) {
			err = replace(db, b, dev, store.Seq(it.Value()), &good[i])
		} else if err = it.Error(); err == nil {
			in.last++
			err = errors.Join(
				b.Set(key, binary.BigEndian.AppendUint64(nil, in.last), nil),
				write(b, dev, in.last, &good[i], nil),
			)
		}
		if err != nil {
			break
		}
	}
	return errors.Join(err, it.Close())
}

// replace puts an arrival in the place of the row that there is, unless they
// are the same.
func replace(db *pebble.DB, b *pebble.Batch, dev uint32, seq uint64, a *arrival) error {
	old, closer, err := db.Get(store.Sighting(dev, seq))
	if err != nil {
		return fmt.Errorf("sighting %s: %w", a.external, err)
	}
	defer closer.Close()
	if bytes.Equal(old, a.raw) {
		return nil
	}
	was, err := readSighting(old)
	if err != nil {
		return fmt.Errorf("sighting %s as stored: %w", a.external, err)
	}
	return write(b, dev, seq, a, &was)
}

// write puts a sighting's row and terms into the batch and takes out the terms
// that only the old one had.
func write(b *pebble.Batch, dev uint32, seq uint64, a, was *arrival) error {
	if was != nil {
		moved := !was.at.Equal(a.at) // the time is part of a term's key
		for _, t := range was.terms {
			if !moved && slices.Contains(a.terms, t) {
				continue
			}
			if err := b.Delete(store.Term(dev, t, was.at, seq), nil); err != nil {
				return err
			}
		}
	}
	for _, t := range a.terms {
		if err := b.Set(store.Term(dev, t, a.at, seq), nil, nil); err != nil {
			return err
		}
	}
	return b.Set(store.Sighting(dev, seq), a.raw, nil)
}

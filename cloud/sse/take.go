package sse

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/cockroachdb/pebble/v2"

	"esasim/cloud/store"
)

// take keeps what is good in a batch and says why the rest is not. When it
// returns without an error, what it took is on disk. Of two sightings with the
// same external id, the later one holds.
func (x *Exchange) take(dev *record, all []arrival) (sightingsResponse, error) {
	resp := sightingsResponse{Refused: []refusedSighting{}}
	good := make([]arrival, 0, len(all))
	place := make(map[string]int, len(all)) // external id → its place in good
	for i, a := range all {
		if a.fault != nil {
			resp.Refused = append(resp.Refused, refusedSighting{i, a.external, a.fault.Error()})
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
		// Pebble gives the memory of a batch to the next one, of whatever store and
		// however small, which would hold a megabyte for a few bytes.
		b := db.NewBatchWithSize(roomFor(good), pebble.WithMaxRetainedSizeBytes(64<<10))
		defer b.Close()
		if err := in.apply(db, b, dev, good); err != nil {
			return err
		}
		return b.SyncWait()
	})
}

// roomFor is about what a batch of new arrivals takes: a batch that grows is
// copied each time.
func roomFor(good []arrival) (bytes int) {
	for i := range good {
		bytes += len(good[i].raw) + 2*len(good[i].external) + 40*(len(good[i].terms)+2)
	}
	return bytes
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

// addAll puts arrivals with different external ids into the batch. Two orders
// save time (measured): going through the arrivals in the order of their keys
// makes each look-up a short step of one iterator, a fifth of a Get; and
// writing the keys of one kind together, in their order, lets the memtable
// insert each beside the one before.
func (in *inbox) addAll(db *pebble.DB, b *pebble.Batch, dev uint32, good []arrival) error {
	slices.SortFunc(good, func(a, b arrival) int { return strings.Compare(a.external, b.external) })
	fresh, err := in.place(db, b, dev, good)
	if err != nil {
		return err
	}
	var keys []store.TermKey
	for _, a := range fresh {
		key := store.Sighting(dev, a.seq)
		row := b.SetDeferred(len(key), len(a.raw)) // as the text is no slice, which Set would want
		copy(row.Key, key)
		copy(row.Value, a.raw)
		if err := row.Finish(); err != nil {
			return err
		}
		for _, t := range a.terms {
			keys = append(keys, store.NewTermKey(t, a.at, a.seq))
		}
	}
	slices.SortFunc(keys, store.TermKey.Compare)
	var key []byte
	for _, k := range keys {
		key = k.Append(key[:0], dev)
		if err := b.Set(key, nil, nil); err != nil {
			return err
		}
	}
	return nil
}

// place gives each arrival its sequence number, the old one's if there is one,
// and returns those that are new or differ from the old one, whose terms it
// takes out.
func (in *inbox) place(db *pebble.DB, b *pebble.Batch, dev uint32, good []arrival) ([]*arrival, error) {
	from, to := store.ExternalIDs(dev)
	it, err := db.NewIter(&pebble.IterOptions{LowerBound: from, UpperBound: to})
	if err != nil {
		return nil, err
	}
	fresh := make([]*arrival, 0, len(good))
	for i := range good {
		a, changed := &good[i], true
		key := store.ExternalID(dev, a.external)
		if it.SeekGE(key) && bytes.Equal(it.Key(), key) {
			a.seq = store.Seq(it.Value())
			changed, err = supersede(db, b, dev, a)
		} else if err = it.Error(); err == nil {
			in.last++
			a.seq = in.last
			err = b.Set(key, binary.BigEndian.AppendUint64(nil, a.seq), nil)
		}
		if err != nil {
			break
		}
		if changed {
			fresh = append(fresh, a)
		}
	}
	return fresh, errors.Join(err, it.Close())
}

// supersede takes the terms of the row that an arrival replaces out of the
// index. It is false when the two are the same, so that nothing changes.
func supersede(db *pebble.DB, b *pebble.Batch, dev uint32, a *arrival) (bool, error) {
	old, closer, err := db.Get(store.Sighting(dev, a.seq))
	if err != nil {
		return false, fmt.Errorf("sighting %s: %w", a.external, err)
	}
	defer closer.Close()
	if string(old) == a.raw {
		return false, nil
	}
	was := readSighting(old)
	if was.fault != nil {
		return false, fmt.Errorf("sighting %s as stored: %w", a.external, was.fault)
	}
	for _, t := range was.terms {
		if err := b.Delete(store.Term(dev, t, was.at, a.seq), nil); err != nil {
			return false, err
		}
	}
	return true, nil
}

package tracking

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/objstorage/objstorageprovider"
	"github.com/cockroachdb/pebble/v2/sstable"

	"esasim/esa"
	"esasim/tracking/segment"
)

// ErrNotEmpty says that a store already has messages.
var ErrNotEmpty = errors.New("tracking data is there already")

// Backfill writes a past straight into sealed form: no log, and so nothing for
// followers. Segments may be made side by side (Builder), and are put in order
// (Add), group by group as files that the database takes as they are, so that
// nothing is written twice. Not for use by several goroutines, except Builder.
type Backfill struct {
	s        *Store
	next     uint64 // the number of the next segment
	bounds   [2]uint64
	group    *segment.Trigrams
	pending  []*sealedSegment
	parts    []map[segment.Part][]byte
	open     []esa.MID
	messages uint64
}

// NewBackfill opens a store that has no messages yet.
func NewBackfill(o Options) (*Backfill, error) {
	s, err := openStore(o)
	if err != nil {
		return nil, err
	}
	if s.last > 0 || len(s.segments) > 0 {
		return nil, errors.Join(fmt.Errorf("fill %s: %w", o.Dir, ErrNotEmpty), s.Close())
	}
	return &Backfill{s: s, next: 1, group: &segment.Trigrams{}}, nil
}

// Builder makes segments for Add. It may be called by several goroutines.
func (b *Backfill) Builder() *segment.Builder { return segment.NewBuilder(b.s.packer) }

// Part is a segment's worth of the past.
type Part struct {
	Segment segment.Segment
	Open    []esa.MID // its messages that are accepted, not finished and not held
}

// Add puts the next part of the past behind those before it.
func (b *Backfill) Add(p Part) error {
	seg := p.Segment
	for t := range b.bounds {
		if seg.Directory.Rows[t] == 0 {
			continue
		}
		if seg.Directory.First[t] <= b.bounds[t] {
			return fmt.Errorf("fill: segment %d begins at %d, the one before ends at %d", b.next, seg.Directory.First[t], b.bounds[t])
		}
		b.bounds[t] = seg.Directory.Last[t]
	}
	if b.next/groupSize != (b.next-1)/groupSize && len(b.pending) > 0 {
		if err := b.flush(); err != nil {
			return err
		}
	}
	b.group.Add(seg.Trigrams)
	b.pending = append(b.pending, &sealedSegment{b.next, &seg.Directory})
	b.parts = append(b.parts, seg.Parts)
	b.open = append(b.open, p.Open...)
	b.messages += uint64(seg.Directory.Rows[segment.Messages])
	b.next++
	return nil
}

// flush writes a group: its directories, its trigrams and its parts, each in a
// file of their own, because files that do not overlap need never be merged.
func (b *Backfill) flush() error {
	if len(b.pending) == 0 {
		return nil
	}
	n := b.pending[0].number / groupSize
	var paths []string
	file := func(name string, fill func(set func(k, v []byte))) error {
		path := b.s.o.FS.PathJoin(b.s.o.Dir, fmt.Sprintf("fill-%s-%d.tmp", name, n))
		paths = append(paths, path)
		return b.write(path, fill)
	}
	err := errors.Join(
		file("directory", func(set func(k, v []byte)) {
			for _, g := range b.pending {
				set(key(prefixDirectory, g.number), segment.AppendDirectory(nil, g.dir))
			}
		}),
		file("group", func(set func(k, v []byte)) {
			set(key(prefixGroup, n), b.group.Append(nil, b.s.packer))
		}),
		file("parts", func(set func(k, v []byte)) {
			for i, g := range b.pending {
				for _, p := range g.dir.Parts() {
					set(keyPart(g.number, p), b.parts[i][p])
				}
			}
		}))
	if err == nil {
		err = b.s.db.Ingest(context.Background(), paths)
	}
	if err != nil {
		return fmt.Errorf("fill group %d: %w", n, err)
	}
	b.pending, b.parts, b.group = nil, nil, &segment.Trigrams{}
	return nil
}

// write writes a file of sorted keys.
func (b *Backfill) write(path string, fill func(set func(k, v []byte))) (err error) {
	f, err := b.s.o.FS.Create(path, "fill")
	if err != nil {
		return err
	}
	o := pebbleOptions(b.s.o)
	o.EnsureDefaults()
	w := sstable.NewWriter(objstorageprovider.NewFileWritable(f), o.MakeWriterOptions(6, b.s.db.TableFormat()))
	fill(func(k, v []byte) {
		if err == nil {
			err = w.Set(k, v)
		}
	})
	return errors.Join(err, w.Close())
}

// Messages is how many have been added.
func (b *Backfill) Messages() uint64 { return b.messages }

// Numbers are the highest numbers of the past, above which those of the future
// begin.
type Numbers struct {
	MID  esa.MID
	ICID esa.ICID
	DCID esa.DCID
}

// Finish writes what is left, and what a store must know to go on from here. Then
// it closes the store.
func (b *Backfill) Finish(n Numbers) error {
	if err := b.flush(); err != nil {
		return errors.Join(err, b.s.Close())
	}
	batch := b.s.db.NewBatch()
	defer batch.Close()
	state := sealState{nextSegment: b.next, from: 1, bounds: b.bounds}
	_ = batch.Set([]byte{prefixState}, state.append(nil), nil)
	for _, mid := range b.open {
		_ = batch.Set(key(prefixOpen, uint64(mid)), nil, nil)
	}
	for given, last := range map[*numbers]uint64{&b.s.mid: uint64(n.MID), &b.s.icid: uint64(n.ICID), &b.s.dcid: uint64(n.DCID)} {
		given.next, given.reserved = last+1, last+1
		_ = batch.Set(keyName(prefixNumber, given.name), binary.AppendUvarint(nil, last+1), nil)
	}
	if err := b.s.db.Apply(batch, pebble.Sync); err != nil {
		return errors.Join(fmt.Errorf("fill: %w", err), b.s.Close())
	}
	return b.s.Close()
}

// Abort closes the store without what is needed to use what has been added; it
// must be thrown away.
func (b *Backfill) Abort() error { return b.s.Close() }

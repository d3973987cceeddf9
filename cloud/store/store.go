// Package store is the one durable store of a cloud region: a Pebble database
// whose every key is described in keys.go.
//
// Pebble panics when it is used after Close, so nobody holds the database: each
// use goes through [Store.Use] or one of the calls made of it, is counted, and
// answers [ErrClosed] once closing has begun. Close waits for the uses that are
// under way.
package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

var (
	// ErrClosed says that the store is closed or closing.
	ErrClosed = errors.New("the cloud's store is closed")
	// ErrNotFound says that there is nothing under a key.
	ErrNotFound = errors.New("not found")
	// ErrForeign says that the directory belongs to another region or was
	// written in another layout.
	ErrForeign = errors.New("the directory holds another store")
)

// Options say where a store is.
type Options struct {
	FS     vfs.FS // nil: the file system of the machine
	Dir    string
	Region string
	Logger *slog.Logger
}

// Store is an open store.
type Store struct {
	db *pebble.DB

	mu     sync.Mutex // guards closed, and users.Add against users.Wait
	closed bool
	users  sync.WaitGroup
}

// Open opens the store of a region, making it when it is not there.
func Open(o Options) (*Store, error) {
	if o.FS == nil {
		o.FS = vfs.Default
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	db, err := openPebble(o)
	if err != nil {
		return nil, fmt.Errorf("open cloud store %s: %w", o.Dir, err)
	}
	s := &Store{db: db}
	if err := s.claim(o.Region); err != nil {
		return nil, errors.Join(fmt.Errorf("open cloud store %s: %w", o.Dir, err), db.Close())
	}
	return s, nil
}

// openPebble opens the database, and a new one twice: the first write-ahead log
// of a database is begun before its format is raised, and only a log of the
// newest format detects a flipped byte (observed).
func openPebble(o Options) (*pebble.DB, error) {
	if err := o.FS.MkdirAll(o.Dir, 0o755); err != nil {
		return nil, err
	}
	desc, err := pebble.Peek(o.Dir, o.FS)
	if err != nil {
		return nil, err
	}
	db, err := pebble.Open(o.Dir, pebbleOptions(o))
	if err != nil || desc.Exists {
		return db, err
	}
	if err := db.Close(); err != nil {
		return nil, err
	}
	return pebble.Open(o.Dir, pebbleOptions(o))
}

func pebbleOptions(o Options) *pebble.Options {
	return &pebble.Options{
		FS:                 o.FS,
		FormatMajorVersion: pebble.FormatNewest,
		CacheSize:          8 << 20,
		MemTableSize:       16 << 20, // twice the largest batch of sightings
		Logger:             logger{o.Logger},
		// Sightings come in by the thousand and are looked up now and then: more
		// files to look into, fewer times that a row is written again. Against
		// Pebble's 4 and 12 this saves a quarter of the CPU time of a sighting
		// (measured: BenchmarkPush).
		L0CompactionThreshold: 16,
		L0StopWritesThreshold: 64,
	}
}

// claim writes region and layout into a new store and holds an old one to them.
func (s *Store) claim(region string) error {
	for key, want := range map[string]string{keyFormat: format, keyRegion: region} {
		got, err := s.Bytes([]byte(key))
		switch {
		case errors.Is(err, ErrNotFound):
			err = s.db.Set([]byte(key), []byte(want), pebble.Sync)
		case err == nil && string(got) != want:
			err = fmt.Errorf("%w: %s is %q, want %q", ErrForeign, key, got, want)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Close waits for all uses to end and closes the database. Closing twice is
// harmless.
func (s *Store) Close() error {
	s.mu.Lock()
	closed := s.closed
	s.closed = true
	s.mu.Unlock()
	s.users.Wait()
	if closed {
		return nil
	}
	if err := s.db.Close(); err != nil {
		return fmt.Errorf("close cloud store: %w", err)
	}
	return nil
}

// Use runs f with the database, which f must not keep. It returns ErrClosed
// when the store is closed, else what f returns.
func (s *Store) Use(f func(*pebble.DB) error) error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return ErrClosed
	}
	s.users.Add(1)
	s.mu.Unlock()
	defer s.users.Done()
	return f(s.db)
}

// Bytes gives a copy of the value under a key, or ErrNotFound.
func (s *Store) Bytes(key []byte) (value []byte, err error) {
	err = s.Use(func(db *pebble.DB) error {
		v, closer, err := db.Get(key)
		if errors.Is(err, pebble.ErrNotFound) {
			return ErrNotFound
		}
		if err != nil {
			return fmt.Errorf("read %s: %w", key, err)
		}
		value = append([]byte(nil), v...)
		return closer.Close()
	})
	return value, err
}

// Get reads the JSON under a key into v, or returns ErrNotFound.
func (s *Store) Get(key []byte, v any) error {
	b, err := s.Bytes(key)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(b, v); err != nil {
		return fmt.Errorf("read %s: %w", key, err)
	}
	return nil
}

// Write lets f fill a batch and commits it, synced: once Write has returned
// nil, the batch is there after a crash.
func (s *Store) Write(f func(*pebble.Batch) error) error {
	return s.Use(func(db *pebble.DB) error {
		b := db.NewBatch()
		defer b.Close()
		if err := f(b); err != nil {
			return err
		}
		return b.Commit(pebble.Sync)
	})
}

// Put writes v as JSON under a key, synced.
func (s *Store) Put(key []byte, v any) error {
	return s.Write(func(b *pebble.Batch) error { return Set(b, key, v) })
}

// Set adds v as JSON to a batch.
func Set(b *pebble.Batch, key []byte, v any) error {
	value, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("write %s: %w", key, err)
	}
	return b.Set(key, value, nil)
}

// Last is Each for the last n values at most, from the end backwards.
func (s *Store) Last(prefix []byte, n int, f func(value []byte) error) error {
	to := append([]byte(nil), prefix...)
	to[len(to)-1]++
	return s.LastBefore(prefix, to, n, f)
}

// Each calls f with every value whose key begins with the prefix, in the order
// of the keys. f must not keep the value.
func (s *Store) Each(prefix []byte, f func(value []byte) error) error {
	return s.Use(func(db *pebble.DB) error {
		to := append([]byte(nil), prefix...)
		to[len(to)-1]++ // every prefix of keys.go ends in '/'
		it, err := db.NewIter(&pebble.IterOptions{LowerBound: prefix, UpperBound: to})
		if err != nil {
			return fmt.Errorf("read %s: %w", prefix, err)
		}
		for it.First(); it.Valid() && err == nil; it.Next() {
			err = f(it.Value())
		}
		return errors.Join(err, it.Close())
	})
}

// LastBefore calls f with the values whose keys begin with the prefix and lie before a
// key, at most limit, the last key first. f must not keep the value.
func (s *Store) LastBefore(prefix, before []byte, limit int, f func(value []byte) error) error {
	return s.Use(func(db *pebble.DB) error {
		it, err := db.NewIter(&pebble.IterOptions{LowerBound: prefix, UpperBound: before})
		if err != nil {
			return fmt.Errorf("read %s: %w", prefix, err)
		}
		for ok := it.Last(); ok && limit > 0 && err == nil; ok = it.Prev() {
			err = f(it.Value())
			limit--
		}
		return errors.Join(err, it.Close())
	})
}

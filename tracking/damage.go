package tracking

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// ErrDamaged says that files of the store are not as they were written.
var ErrDamaged = errors.New("damaged tracking store")

// openPebble opens the database. What Pebble makes of damage there is an error
// or, of some kinds of it, a panic; nothing has been promised to anyone yet, so
// both are an error here.
//
// Later it is not that simple. Damage that a reader meets is the reader's error.
// Damage that a compaction meets ends the store (watch). What Pebble itself calls
// fatal, all of it about what it cannot write, still ends the process: in its own
// goroutines nobody can do anything about that, and nobody should (storeLog).
func openPebble(dir string, o *pebble.Options) (db *pebble.DB, err error) {
	defer func() {
		if r := recover(); r != nil {
			db, err = nil, fmt.Errorf("%w: %v", ErrDamaged, r)
		}
	}()
	db, err = pebble.Open(dir, o)
	return db, damaged(err)
}

// damaged marks what Pebble knows to be damage.
func damaged(err error) error {
	if err != nil && pebble.IsCorruptionError(err) && !errors.Is(err, ErrDamaged) {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return err
}

// watch is told by the database what goes on in its background.
type watch struct {
	fail    func(error)   // ends the store
	changed chan struct{} // holds one token when tables have changed since the floor was written

	mu      sync.Mutex // guards the rest
	sound   bool       // the store has been looked at
	waiting []string   // files to be removed when it has been
}

func newWatch(fail func(error)) *watch {
	return &watch{fail: fail, changed: make(chan struct{}, 1)}
}

// attach makes the options tell the watch.
func (w *watch) attach(o *pebble.Options, log *slog.Logger) {
	l := storeLog{log: log, fail: w.fail}
	o.Logger, o.FS = l, sparing{o.FS, w}
	o.EventListener = &pebble.EventListener{
		// Whoever reads is told by the error. The default would end the process.
		// In its own words it would come with a stack for each cause.
		DataCorruption: func(i pebble.DataCorruptionInfo) { l.Errorf("damaged file %s: %s", i.Path, oneLine(i.Details)) },
		BackgroundError: func(err error) {
			l.Errorf("background error: %s", err)
			// A compaction that cannot read will never end, and without compactions
			// writes are sooner or later kept waiting for ever: better to say so now.
			if pebble.IsCorruptionError(err) {
				w.fail(damaged(err))
			}
		},
		FlushEnd:      func(pebble.FlushInfo) { token(w.changed) },
		CompactionEnd: func(pebble.CompactionInfo) { token(w.changed) },
	}
}

// sparing is the database's file system. What the database no longer needs is
// removed, but not before the store was found sound: with a damaged manifest
// Pebble opens an older state of itself, and takes everything newer for rubbish.
// (Its own hook for this, the Cleaner, cannot be written outside of Pebble.)
type sparing struct {
	vfs.FS
	*watch
}

func (s sparing) Unwrap() vfs.FS { return s.FS }

// Remove puts off what cannot be undone: tables, logs and manifests. Their
// numbers are not used again.
func (s sparing) Remove(path string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	name := s.PathBase(path)
	if s.sound || !strings.HasSuffix(name, ".sst") && !strings.HasSuffix(name, ".log") && !strings.HasPrefix(name, "MANIFEST-") {
		return s.FS.Remove(path)
	}
	s.waiting = append(s.waiting, path)
	return nil
}

// setSound says that the store was found sound.
func (w *watch) setSound(fs vfs.FS) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sound = true
	for _, path := range w.waiting {
		_ = fs.Remove(path) // what stays is found again at the next start
	}
	w.waiting = nil
}

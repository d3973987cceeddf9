package tracking

import (
	"fmt"
	"log/slog"

	"github.com/cockroachdb/pebble/v2"
)

// pebbleOptions are sized for an appliance on a laptop: up to 32 MiB for
// the newest writes under load, little for reading.
//
// FormatNewest always: with Pebble's default a flipped byte in a write-ahead
// log can open silently with fewer records, and several stores in one
// testing/synctest process disturb each other.
func pebbleOptions(o Options) *pebble.Options {
	return &pebble.Options{
		FS:                 o.FS,
		FormatMajorVersion: pebble.FormatNewest,
		// Grows to this under load only. Twice as much made no fewer bytes to write, but
		// took 40 MiB more, each page of which has to be got from the system first.
		MemTableSize: 16 << 20,
		CacheSize:    16 << 20,
		// Most of what is written is mail that is read once, soon: moving it
		// through the levels early is work for nothing.
		L0CompactionThreshold: 16,
		L0StopWritesThreshold: 64,
		LBaseMaxBytes:         512 << 20,
		Logger:                storeLog{log: o.Logger},
	}
}

// storeLog passes Pebble's words on. What Pebble calls info is of no interest
// to an administrator.
type storeLog struct {
	log  *slog.Logger
	fail func(error) // ends the store; nil: nobody has it yet
}

func (l storeLog) Infof(string, ...any) {}

func (l storeLog) Errorf(format string, args ...any) {
	if l.log != nil {
		l.log.Error("tracking store: " + fmt.Sprintf(format, args...))
	}
}

// Fatalf never returns: were it to, Pebble would go on and report lost data as
// written. Should somebody above recover from the panic, as servers do of their
// requests, the store has ended all the same: nothing is taken any more.
func (l storeLog) Fatalf(format string, args ...any) {
	l.Errorf(format, args...)
	err := fmt.Errorf("tracking store: "+format, args...)
	if l.fail != nil {
		l.fail(err)
	}
	panic(err.Error())
}

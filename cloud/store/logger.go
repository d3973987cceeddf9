package store

import (
	"fmt"
	"log/slog"
)

// logger passes Pebble's words on. Pebble calls Fatalf when it cannot keep a
// promise (a full disk under the log), and goes on as if all were well should
// it return; so it never does.
type logger struct{ *slog.Logger }

func (l logger) Infof(string, ...any) {} // tables flushed and compacted: nothing for an operator

func (l logger) Errorf(f string, args ...any) { l.Error("cloud store: " + fmt.Sprintf(f, args...)) }

func (l logger) Fatalf(f string, args ...any) {
	l.Errorf(f, args...)
	panic("cloud store: " + fmt.Sprintf(f, args...))
}

package logs

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"sync/atomic"
)

// Written are the files that a subscription has written and still has, the oldest
// first; the last is being written, if anything is. They are named without what says
// whether they are finished.
func (o *Files) Written() ([]string, error) {
	names, err := (&files{o: *o}).files()
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", o.Dir, err)
	}
	for i, name := range names {
		names[i] = stemOf(name)
	}
	return names, nil
}

// Open opens one of the files that are written. It may be read while it is written,
// and while it is finished.
func (o *Files) Open(file string) (io.ReadCloser, error) {
	var err error
	for _, ending := range []string{writing, finished} { // a file is finished only once
		f, e := o.FS.Open(o.FS.PathJoin(o.Dir, file+ending))
		if e == nil {
			return f, nil
		}
		err = e
	}
	return nil, fmt.Errorf("open log file %s: %w", file, err)
}

// pulse wakes those who wait for more to be written. The zero value is ready.
type pulse struct{ next atomic.Pointer[chan struct{}] }

// changed is closed at the next beat.
func (p *pulse) changed() <-chan struct{} {
	for {
		if c := p.next.Load(); c != nil {
			return *c
		}
		c := make(chan struct{})
		p.next.CompareAndSwap(nil, &c)
	}
}

// beat costs next to nothing when nobody waits.
func (p *pulse) beat() {
	if p.next.Load() == nil {
		return
	}
	if c := p.next.Swap(nil); c != nil {
		close(*c)
	}
}

// Changed is closed when the writer has written more than it had when it was asked
// for, or is closed. It may be asked for from any goroutine.
func (w *Writer) Changed() <-chan struct{} { return w.pulse.changed() }

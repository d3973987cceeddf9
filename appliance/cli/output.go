package cli

import (
	"bytes"
	"context"
	"errors"
	"strings"
)

// more is what stands at the foot of a full screen. Source: public clients of the
// command line, which answer it.
const more = "-Press Any Key For More-"

// errStopped says that somebody has seen enough.
var errStopped = errors.New("stopped")

// most octets that wait to be shown.
const mostUnshown = 8 << 10

// output is what a command shows. On a screen it stops when that is full.
type output struct {
	to      Terminal
	fresh   bool // what was typed ahead answers no full screen
	unpaged bool
	cancel  context.CancelFunc // ends the command
	buf     []byte
	line    int // on the screen
	err     error
}

func newOutput(to Terminal, fresh bool, cancel context.CancelFunc) *output {
	return &output{to: to, fresh: fresh, cancel: cancel}
}

// Write shows b. An error ends the command, too, so that commands need not look at
// each.
func (o *output) Write(b []byte) (int, error) {
	n := len(b)
	rows := 0
	if !o.unpaged {
		rows = o.to.Rows()
	}
	for len(b) > 0 && o.err == nil {
		line := b
		if rows > 1 {
			if i := bytes.IndexByte(b, '\n'); i >= 0 {
				line = b[:i+1]
			}
			if o.line >= rows-1 {
				o.pause()
			}
			if line[len(line)-1] == '\n' {
				o.line++
			}
		}
		if o.err == nil {
			o.buf = append(o.buf, line...)
		}
		b = b[len(line):]
		if len(o.buf) >= mostUnshown {
			o.flush()
		}
	}
	if o.err != nil {
		return 0, o.err
	}
	return n, nil
}

// pause waits for a key.
func (o *output) pause() {
	o.buf = append(o.buf, more...)
	o.flush()
	if o.err != nil {
		return
	}
	key, err := o.to.ReadKey(o.fresh)
	if err == nil && (key == 'q' || key == 'Q') {
		err = errStopped
	}
	o.buf = append(o.buf, "\r"+strings.Repeat(" ", len(more))+"\r"...)
	o.line = 0
	o.flush()
	if err != nil {
		o.fail(errStopped) // nobody is there to press a key, or has pressed Ctrl-C
	}
}

func (o *output) flush() {
	if len(o.buf) == 0 {
		return
	}
	_, err := o.to.Write(o.buf)
	o.buf = o.buf[:0]
	if err != nil {
		o.fail(err)
	}
}

func (o *output) fail(err error) {
	if o.err == nil {
		o.err = err
		o.cancel()
	}
}

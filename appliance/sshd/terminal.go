package sshd

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"unicode"

	"golang.org/x/term"
)

// ErrInterrupted says that somebody pressed Ctrl-C instead of answering. It is
// context.Canceled, too.
var ErrInterrupted = fmt.Errorf("interrupted: %w", context.Canceled)

// errGone says that the session was closed from the other side.
var errGone = errors.New("the session is closed")

// errLong ends a session of which a line does not end.
var errLong = errors.New("the line is too long")

const (
	mostTyped  = 64 << 10 // octets that are typed ahead
	mostLine   = 4096     // octets of a line
	mostScreen = 1000     // columns and rows of a screen
	ctrlC      = 3
	nextLine   = "\x15\x0b\r" // empties the line, whatever is in it, and ends it
)

// Terminal is what a session is seen on: a screen with a keyboard, or lines that a
// program reads and writes. Its methods are for one goroutine; what is typed comes
// from another.
type Terminal struct {
	out  io.Writer
	line *term.Terminal // nil: no screen

	mu      sync.Mutex // guards what follows
	typing  sync.Cond  // something of it has changed
	typed   []byte     // and not read yet
	err     error      // nothing more will be typed
	reading bool       // somebody waits for what is typed
	broken  bool       // Ctrl-C was pressed, and nobody was told yet
	cancel  context.CancelFunc
	columns int
	rows    int
}

func newTerminal() *Terminal {
	t := &Terminal{}
	t.typing.L = &t.mu
	return t
}

// screen gives the terminal a screen.
func (t *Terminal) screen(out io.Writer, columns, rows int) {
	t.out = out
	line := term.NewTerminal(struct {
		io.Reader
		io.Writer
	}{reader{t}, out}, "")
	t.mu.Lock()
	defer t.mu.Unlock()
	t.line = line
	t.size(columns, rows)
}

// plain has it read and write lines.
func (t *Terminal) plain(out io.Writer) { t.out = out }

// resize notes another size of the screen. The editor learns it at the next line: it
// is locked while it writes, and who does not read must not hold up whoever resizes.
func (t *Terminal) resize(columns, rows int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.size(columns, rows)
}

// size is resize while t.mu is held.
func (t *Terminal) size(columns, rows int) {
	if columns > 0 {
		t.columns = min(columns, mostScreen)
	}
	t.rows = min(max(rows, 0), mostScreen)
}

// Rows are those of the screen; 0: there is none.
func (t *Terminal) Rows() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.line == nil {
		return 0
	}
	return t.rows
}

// Write shows what it is given.
func (t *Terminal) Write(b []byte) (int, error) { return t.out.Write(b) }

// ReadLine asks for a line. The error is io.EOF when nothing more will be typed,
// or ErrInterrupted. What is not printable is left out of the line.
func (t *Terminal) ReadLine(prompt string) (string, error) {
	line, err := t.readLine(prompt)
	if t.wasBroken() {
		return "", ErrInterrupted
	}
	if err != nil {
		return "", err
	}
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, line), nil
}

func (t *Terminal) readLine(prompt string) (string, error) {
	if t.line == nil {
		if _, err := io.WriteString(t.out, prompt); err != nil {
			return "", err
		}
		return t.nextLine()
	}
	t.mu.Lock()
	columns, rows := t.columns, t.rows
	t.mu.Unlock()
	if columns > 0 {
		_ = t.line.SetSize(columns, max(rows, 1)) // who has left is noticed when the line is read
	}
	t.line.SetPrompt(prompt)
	line, err := t.line.ReadLine()
	if errors.Is(err, term.ErrPasteIndicator) {
		err = nil
	}
	return line, err
}

// nextLine is the next line of what a program sends.
func (t *Terminal) nextLine() (string, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.reading = true
	defer func() { t.reading = false }()
	for {
		if line, rest, ok := bytes.Cut(t.typed, []byte("\n")); ok {
			t.take(rest)
			return strings.TrimSuffix(string(line), "\r"), nil
		}
		switch {
		case len(t.typed) > mostLine:
			return "", errLong
		case t.broken:
			return "", ErrInterrupted
		case t.err != nil && len(t.typed) > 0: // a last line without end
			line := string(t.typed)
			t.take(nil)
			return line, nil
		case t.err != nil:
			return "", t.err
		}
		t.typing.Wait()
	}
}

// take leaves what is not read yet. t.mu is held.
func (t *Terminal) take(rest []byte) {
	if t.typed = rest; len(rest) == 0 {
		t.typed = nil
	}
	t.typing.Broadcast()
}

// ReadKey waits for any key. With fresh it is one that is pressed from now on. The
// errors are those of ReadLine.
func (t *Terminal) ReadKey(fresh bool) (byte, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if fresh {
		t.take(nil)
	}
	for {
		switch {
		case t.broken:
			t.broken = false
			return 0, ErrInterrupted
		case len(t.typed) > 0:
			k := t.typed[0]
			t.take(t.typed[1:])
			return k, nil
		case t.err != nil:
			return 0, t.err
		}
		t.typing.Wait()
	}
}

// Interruptible runs f with a context that ends when Ctrl-C is pressed.
func (t *Terminal) Interruptible(ctx context.Context, f func(context.Context)) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	t.mu.Lock()
	t.broken = false
	t.cancel = func() { cancel(ErrInterrupted) }
	t.mu.Unlock()
	defer func() {
		t.mu.Lock()
		t.cancel, t.broken = nil, false
		t.mu.Unlock()
	}()
	f(ctx)
}

func (t *Terminal) wasBroken() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	was := t.broken
	t.broken = false
	return was
}

// interrupt is Ctrl-C: what was typed before is forgotten.
func (t *Terminal) interrupt() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.breakOff()
}

func (t *Terminal) breakOff() {
	t.broken, t.typed = true, nil
	if t.reading && t.line != nil {
		t.typed = []byte(nextLine)
	}
	if t.cancel != nil {
		t.cancel()
	}
	t.typing.Broadcast()
}

// listen takes what is typed, until the session ends.
func (t *Terminal) listen(in io.Reader) {
	b := make([]byte, 1024)
	for {
		n, err := in.Read(b)
		if !t.feed(b[:n]) {
			return
		}
		if err != nil {
			t.end(err)
			return
		}
	}
}

// feed keeps what was typed. A screen forgets what is too much for it, as long as
// nobody reads; a program waits.
func (t *Terminal) feed(b []byte) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.line != nil {
		if i := bytes.LastIndexByte(b, ctrlC); i >= 0 {
			t.breakOff()
			b = b[i+1:]
		}
	}
	for len(t.typed)+len(b) > mostTyped && (t.reading || t.line == nil) && t.err == nil {
		t.typing.Wait()
	}
	if t.err != nil {
		return false
	}
	t.typed = append(t.typed, b[:min(len(b), mostTyped-len(t.typed))]...)
	t.typing.Broadcast()
	return true
}

// end says that nothing more will be typed.
func (t *Terminal) end(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.err == nil {
		t.err = err
	}
	if t.cancel != nil && !errors.Is(err, io.EOF) {
		t.cancel()
	}
	t.typing.Broadcast()
}

// reader is the keyboard as the editor of lines has it.
type reader struct{ t *Terminal }

func (r reader) Read(p []byte) (int, error) {
	t := r.t
	if len(p) == 0 { // the editor holds a sequence that does not end
		return 0, errLong
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.reading = true
	defer func() { t.reading = false }()
	for len(t.typed) == 0 && t.err == nil {
		t.typing.Wait()
	}
	if len(t.typed) == 0 {
		return 0, t.err
	}
	n := copy(p, t.typed)
	t.take(t.typed[n:])
	return n, nil
}

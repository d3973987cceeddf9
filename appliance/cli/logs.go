package cli

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// mostLine is how many octets of a line of a log are looked at.
const mostLine = 64 << 10

// chooseLog asks for a log, by its number or its name. Source of the words: AsyncOS
// user guide, "Log Subscriptions", tail and grep.
func (c *call) chooseLog(what string) (Subscription, error) {
	var b strings.Builder
	b.WriteString("\nCurrently configured logs:\n")
	for i, l := range c.Logs {
		fmt.Fprintf(&b, "%d. \"%s\" Type: \"%s\" Retrieval: %s\n", i+1, clean(l.Name), l.Type, l.Retrieval)
	}
	fmt.Fprintf(&b, "Enter the number of the log you wish to %s.\n", what)
	answer, err := c.ask(b.String(), "")
	if err != nil {
		return Subscription{}, err
	}
	return c.logNamed(answer)
}

func (c *call) logNamed(name string) (Subscription, error) {
	i := slices.IndexFunc(c.Logs, func(l Subscription) bool { return l.Name == name })
	if n, err := strconv.Atoi(name); err == nil && i < 0 {
		i = n - 1
	}
	if i < 0 || i >= len(c.Logs) {
		return Subscription{}, failed(`The log subscription "%s" does not exist.`, clean(name))
	}
	if c.Logs[i].Log == nil {
		return Subscription{}, failed(`The log subscription "%s" is not written to files.`, clean(c.Logs[i].Name))
	}
	return c.Logs[i], nil
}

// each reads the lines of files one after another, until yield has had enough or the
// command ends. A file that was removed meanwhile is left out.
func (c *call) each(l Log, files []string, yield func(line []byte) bool) error {
	for _, name := range files {
		f, err := l.Open(name)
		if err != nil {
			continue
		}
		more, err := c.eachOf(bufio.NewReaderSize(f, mostLine), yield)
		if err = errors.Join(err, f.Close()); err != nil || !more {
			return err
		}
	}
	return nil
}

func (c *call) eachOf(r *bufio.Reader, yield func(line []byte) bool) (more bool, err error) {
	for n := 0; ; n++ {
		if n%256 == 0 && c.ctx.Err() != nil {
			return false, nil
		}
		line, err := r.ReadSlice('\n')
		cut := errors.Is(err, bufio.ErrBufferFull)
		if len(line) > 0 && !yield(bytes.TrimSuffix(line, []byte("\n"))) {
			return false, nil
		}
		for cut {
			_, err = r.ReadSlice('\n')
			cut = errors.Is(err, bufio.ErrBufferFull)
		}
		if errors.Is(err, io.EOF) {
			return true, nil
		}
		if err != nil {
			return false, err
		}
	}
}

// tailLines are how many lines a tail begins with.
const tailLines = 10

// tail shows the last lines of a log, and those that are written, until Ctrl-C is
// pressed.
func tail(c *call) error {
	l, err := c.chooseLog("tail")
	if err != nil {
		return err
	}
	if err := c.noMore(); err != nil {
		return err
	}
	c.say("\nPress Ctrl-C to stop.\n")
	return c.follow(l, tailLines, func(line []byte) { c.say("%s\n", line) })
}

// follow hands out the last lines of a log, and then those that are written, until the
// command ends or there is no such log any more.
func (c *call) follow(l Subscription, last int, show func(line []byte)) error {
	files, err := l.Log.Written()
	if err != nil {
		return err
	}
	f := &following{call: c, show: show}
	defer func() { _ = f.close() }()
	changed := l.Log.Changed()
	if len(files) > 0 {
		if err := f.begin(l.Log, files[len(files)-1], last); err != nil {
			return err
		}
	}
	for {
		if err := f.on(l.Log); err != nil {
			return err
		}
		c.out.flush()
		select {
		case <-c.ctx.Done():
			return nil
		case <-changed:
		}
		i := slices.IndexFunc(c.cli.box().Logs, func(now Subscription) bool { return now.Name == l.Name && now.Log != nil })
		if i < 0 {
			return failed(`The log subscription "%s" does not exist any more.`, clean(l.Name))
		}
		changed = l.Log.Changed()
	}
}

// following is a log that is being followed.
type following struct {
	*call
	show func(line []byte)
	file string // that is read; "": none yet
	in   io.ReadCloser
	r    *bufio.Reader
	rest []byte // of a line that is not whole yet
}

// begin shows the last lines of a file.
func (f *following) begin(l Log, file string, last int) error {
	if err := f.open(l, file); err != nil {
		return err
	}
	var lines [][]byte
	show := f.show
	f.show = func(line []byte) {
		if lines = append(lines, bytes.Clone(line)); len(lines) > last {
			lines = lines[1:]
		}
	}
	err := f.read()
	f.show = show
	for _, line := range lines {
		show(line)
	}
	return err
}

func (f *following) open(l Log, file string) (err error) {
	if err := f.close(); err != nil {
		return err
	}
	f.in, err = l.Open(file)
	if err != nil {
		return err
	}
	f.file, f.r = file, bufio.NewReaderSize(f.in, mostLine)
	return nil
}

func (f *following) close() error {
	if f.in == nil {
		return nil
	}
	err := f.in.Close()
	f.in = nil
	return err
}

// on reads what has been written meanwhile, in this file and those that follow it.
func (f *following) on(l Log) error {
	for {
		files, err := l.Written() // before reading: what is finished then is read to its end
		if err != nil {
			return err
		}
		if f.in != nil {
			if err := f.read(); err != nil {
				return err
			}
		}
		i := slices.IndexFunc(files, func(name string) bool { return name > f.file })
		if i < 0 || f.ctx.Err() != nil {
			return nil
		}
		if err := f.open(l, files[i]); err != nil {
			return err
		}
	}
}

// read reads to the end of what is there.
func (f *following) read() error {
	for f.ctx.Err() == nil {
		piece, err := f.r.ReadSlice('\n')
		whole := err == nil
		if room := mostLine - len(f.rest); len(piece) > room {
			piece = piece[:room]
		}
		f.rest = append(f.rest, piece...)
		switch {
		case whole:
			f.show(bytes.TrimSuffix(f.rest, []byte("\n")))
			f.rest = f.rest[:0]
		case errors.Is(err, io.EOF):
			return nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return err
		}
	}
	return nil
}

package maillog

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// The names of the files: mail.current is being written; a finished one is
// named after the moment it was finished and ends in ".s" (AsyncOS user guide,
// "Logging").
const (
	current  = "mail.current"
	finished = "mail.@20060102T150405"
)

// begin starts a new current file with the header that each has.
func (w *Writer) begin() error {
	f, err := w.o.FS.Create(w.path(current), vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	now := time.Now().In(w.o.Location)
	_, offset := now.Zone()
	var b []byte
	b = line(b, now, "Begin Logfile")
	b = line(b, now, fmt.Sprintf("Version: %s SN: %s", w.o.Version, w.o.Serial))
	b = line(b, now, fmt.Sprintf("Time offset from UTC: %d seconds", offset))
	if _, err := f.Write(b); err != nil {
		return errors.Join(err, f.Close())
	}
	w.file, w.size = f, int64(len(b))
	return w.place()
}

// roll finishes the current file and begins the next.
func (w *Writer) roll() error {
	if err := errors.Join(w.file.Sync(), w.file.Close()); err != nil {
		return fmt.Errorf("finish mail log: %w", err)
	}
	if err := w.finish(w.size); err != nil {
		return err
	}
	return w.begin()
}

// finish renames the current file, if there is one, leaving out what lies
// behind size.
func (w *Writer) finish(size int64) error {
	info, err := w.o.FS.Stat(w.path(current))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if info.Size() > size {
		if err := w.cut(size); err != nil {
			return err
		}
	}
	name, err := w.freeName()
	if err != nil {
		return err
	}
	if err := w.o.FS.Rename(w.path(current), w.path(name)); err != nil {
		return err
	}
	return w.expire()
}

// cut shortens the current file by copying what is to stay: the file system
// abstraction cannot truncate.
func (w *Writer) cut(size int64) error {
	from, err := w.o.FS.Open(w.path(current))
	if err != nil {
		return err
	}
	defer from.Close()
	to, err := w.o.FS.Create(w.path("mail.cut"), vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	if _, err := io.Copy(to, io.LimitReader(from, size)); err != nil {
		return errors.Join(err, to.Close())
	}
	if err := errors.Join(to.Sync(), to.Close()); err != nil {
		return err
	}
	return w.o.FS.Rename(w.path("mail.cut"), w.path(current))
}

// freeName is the name for a file finished now; several in one second are told
// apart by a number.
func (w *Writer) freeName() (string, error) {
	names, err := w.o.FS.List(w.o.Dir)
	if err != nil {
		return "", err
	}
	stem := time.Now().In(w.o.Location).Format(finished)
	for i := 0; ; i++ {
		name := stem + ".s"
		if i > 0 {
			name = fmt.Sprintf("%s.%04d.s", stem, i)
		}
		if !slices.Contains(names, name) {
			return name, nil
		}
	}
}

// expire removes the oldest finished files beyond those to keep.
func (w *Writer) expire() error {
	names, err := w.o.FS.List(w.o.Dir)
	if err != nil {
		return err
	}
	names = slices.DeleteFunc(names, func(n string) bool {
		return !strings.HasPrefix(n, "mail.@") || !strings.HasSuffix(n, ".s")
	})
	slices.Sort(names)
	for len(names) > w.o.Keep {
		if err := w.o.FS.Remove(w.path(names[0])); err != nil {
			return err
		}
		names = names[1:]
	}
	return nil
}

func (w *Writer) path(name string) string { return w.o.FS.PathJoin(w.o.Dir, name) }

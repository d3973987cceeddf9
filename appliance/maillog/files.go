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

// The names of the files (AsyncOS user guide, "Logging"): a file is named after
// the moment it was begun, ends in ".c" while it is being written and in ".s"
// when it is finished. mail.current is another name of the one being written.
const (
	current  = "mail.current"
	begun    = "mail.@20060102T150405"
	writing  = ".c"
	finished = ".s"
)

// begin starts a new file with the header that each has. When it returns, the
// file is on disk and the cursor speaks of it (the cursor is not synced: should
// a crash take it, the file is taken back, too).
func (w *Writer) begin() error {
	stem, err := w.newStem()
	if err != nil {
		return err
	}
	f, err := w.o.FS.Create(w.path(stem+writing), vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	w.file, w.stem = f, stem
	now := time.Now().In(w.o.Location)
	_, offset := now.Zone()
	var b []byte
	b = line(b, now, "Begin Logfile")
	b = line(b, now, fmt.Sprintf("Version: %s SN: %s", w.o.Version, w.o.Serial))
	b = line(b, now, fmt.Sprintf("Time offset from UTC: %d seconds", offset))
	w.size = int64(len(b))
	if _, err := f.Write(b); err != nil {
		return errors.Join(err, f.Close())
	}
	if err := errors.Join(f.Sync(), w.point(), w.syncDir(w.o.Dir)); err != nil {
		return errors.Join(err, f.Close())
	}
	return w.place()
}

// point makes mail.current the name of the file being written. A file system
// without links has to do without it.
func (w *Writer) point() error {
	if err := w.o.FS.Remove(w.path(current)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	_ = w.o.FS.Link(w.path(w.stem+writing), w.path(current))
	return nil
}

// syncDir puts the names in a directory on disk.
func (w *Writer) syncDir(dir string) error {
	d, err := w.o.FS.OpenDir(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// roll finishes the file and begins the next.
func (w *Writer) roll() error {
	if err := errors.Join(w.file.Sync(), w.file.Close()); err != nil {
		return fmt.Errorf("finish mail log: %w", err)
	}
	if err := w.rename(w.stem); err != nil {
		return err
	}
	if err := w.expire(); err != nil {
		return err
	}
	return w.begin()
}

// recover puts the directory back to what the cursor says: its file ends where
// the cursor was, and files begun later never were. Their lines come again.
func (w *Writer) recover(p place) error {
	files, err := w.files()
	if err != nil {
		return err
	}
	for _, name := range files {
		switch stem := stemOf(name); {
		case stem > p.File:
			err = w.o.FS.Remove(w.path(name))
		case stem == p.File:
			if err = w.cut(name, p.Size); err == nil && strings.HasSuffix(name, writing) {
				err = w.rename(stem)
			}
		}
		if err != nil {
			return err
		}
	}
	return w.expire()
}

func (w *Writer) rename(stem string) error {
	return w.o.FS.Rename(w.path(stem+writing), w.path(stem+finished))
}

// cut shortens a file by copying what is to stay: the file system abstraction
// cannot truncate.
func (w *Writer) cut(name string, size int64) error {
	info, err := w.o.FS.Stat(w.path(name))
	if err != nil || info.Size() <= size {
		return err
	}
	from, err := w.o.FS.Open(w.path(name))
	if err != nil {
		return err
	}
	to, err := w.o.FS.Create(w.path("cut"), vfs.WriteCategoryUnspecified)
	if err != nil {
		return errors.Join(err, from.Close())
	}
	// Both are closed before the one takes the other's name: Windows wants it.
	_, err = io.Copy(to, io.LimitReader(from, size))
	if err := errors.Join(err, to.Sync(), to.Close(), from.Close()); err != nil {
		return err
	}
	return w.o.FS.Rename(w.path("cut"), w.path(name))
}

// newStem is the name, without its ending, of a file begun now. Later files
// have later names: several in one second are told apart by a number.
func (w *Writer) newStem() (string, error) {
	files, err := w.files()
	if err != nil {
		return "", err
	}
	stem := time.Now().In(w.o.Location).Format(begun)
	if len(files) == 0 {
		return stem, nil
	}
	last := stemOf(files[len(files)-1])
	if stem > last {
		return stem, nil
	}
	base, n := last, 0
	if i := strings.LastIndexByte(last, '.'); i > len("mail.") {
		base = last[:i]
		_, _ = fmt.Sscanf(last[i+1:], "%d", &n)
	}
	return fmt.Sprintf("%s.%04d", base, n+1), nil
}

// files lists the log's files, the oldest first.
func (w *Writer) files() ([]string, error) {
	names, err := w.o.FS.List(w.o.Dir)
	if err != nil {
		return nil, err
	}
	names = slices.DeleteFunc(names, func(n string) bool {
		return !strings.HasPrefix(n, "mail.@") || !strings.HasSuffix(n, writing) && !strings.HasSuffix(n, finished)
	})
	slices.SortFunc(names, func(a, b string) int { return strings.Compare(stemOf(a), stemOf(b)) })
	return names, nil
}

func stemOf(name string) string { return name[:len(name)-len(writing)] }

// expire removes the oldest files beyond those to keep.
func (w *Writer) expire() error {
	names, err := w.files()
	if err != nil {
		return err
	}
	for len(names) > w.o.Keep {
		if err := w.o.FS.Remove(w.path(names[0])); err != nil {
			return err
		}
		names = names[1:]
	}
	return nil
}

func (w *Writer) path(name string) string { return w.o.FS.PathJoin(w.o.Dir, name) }

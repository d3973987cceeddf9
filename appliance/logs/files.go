package logs

import (
	"cmp"
	"context"
	"encoding/json"
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
	current   = ".current"
	begunMark = ".@"
	begun     = begunMark + "20060102T150405"
	writing   = ".c"
	finished  = ".s"
)

// Files say how a subscription is kept in files.
type Files struct {
	FS       vfs.FS
	Dir      string // the subscription's directory, "mail_logs"
	Stem     string // what the names of its files begin with, "mail"
	Version  string // "13.0.0-392"
	Serial   string
	RollSize int64 // bytes after which a new file begins; 0: 10 MiB, the appliance's default
	Keep     int   // finished files kept; 0: 10, the appliance's default
}

// files are the files of one subscription.
type files struct {
	o    Files
	in   *time.Location
	file vfs.File
	stem string // the file's name without its ending
	size int64
}

// place is the cursor's note: in which file, and where in it, the lines of the
// last event ended.
type place struct {
	File string `json:"file"` // its name without the ending
	Size int64  `json:"size"`
}

func newFiles(o *Files, in *time.Location) *files {
	w := &files{o: *o, in: cmp.Or(in, time.UTC)}
	w.o.RollSize = cmp.Or(w.o.RollSize, 10<<20)
	w.o.Keep = cmp.Or(w.o.Keep, 10)
	return w
}

func (w *files) open(note []byte) error {
	if err := w.o.FS.MkdirAll(w.o.Dir, 0o755); err != nil {
		return err
	}
	if err := w.syncDir(w.o.FS.PathDir(w.o.Dir)); err != nil {
		return err
	}
	var p place
	if len(note) > 0 {
		if err := json.Unmarshal(note, &p); err != nil {
			return fmt.Errorf("read place: %w", err)
		}
	}
	if err := w.recover(p); err != nil {
		return err
	}
	return w.begin()
}

// write appends lines to the file, and begins another when it is long enough.
func (w *files) write(_ context.Context, lines []byte) (settled bool, err error) {
	if _, err := w.file.Write(lines); err != nil {
		return false, err
	}
	if w.size += int64(len(lines)); w.size < w.o.RollSize {
		return false, nil
	}
	return true, w.roll()
}

func (w *files) sync() (note []byte, err error) {
	if err := w.file.Sync(); err != nil {
		return nil, err
	}
	return json.Marshal(place{File: w.stem, Size: w.size})
}

func (w *files) close() error {
	if w.file == nil {
		return nil
	}
	err := w.file.Close()
	w.file = nil
	return err
}

// begin starts a new file with the header that each has. When it returns, the
// file is on disk. The cursor must speak of it next (the cursor is not synced:
// should a crash take it, the file is taken back, too).
func (w *files) begin() error {
	stem, err := w.newStem()
	if err != nil {
		return err
	}
	f, err := w.o.FS.Create(w.path(stem+writing), vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	w.file, w.stem = f, stem
	now := time.Now().In(w.in)
	_, offset := now.Zone()
	head := NewLines(w.in)
	head.Say(now, Info, "Begin Logfile")
	head.Say(now, Info, fmt.Sprintf("Version: %s SN: %s", w.o.Version, w.o.Serial))
	head.Say(now, Info, fmt.Sprintf("Time offset from UTC: %d seconds", offset))
	w.size = int64(len(head.Buf))
	if _, err := f.Write(head.Buf); err != nil {
		return err
	}
	return errors.Join(f.Sync(), w.point(), w.syncDir(w.o.Dir))
}

// point makes .current the name of the file being written. A file system
// without links has to do without it.
func (w *files) point() error {
	if err := w.o.FS.Remove(w.path(w.o.Stem + current)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	_ = w.o.FS.Link(w.path(w.stem+writing), w.path(w.o.Stem+current))
	return nil
}

// syncDir puts the names in a directory on disk.
func (w *files) syncDir(dir string) error {
	d, err := w.o.FS.OpenDir(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// roll finishes the file and begins the next.
func (w *files) roll() error {
	if err := errors.Join(w.file.Sync(), w.file.Close()); err != nil {
		return fmt.Errorf("finish %s: %w", w.stem, err)
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
// the cursor was, and files begun later never were. Their lines come again. What was
// there before a subscription was set to write files stays.
func (w *files) recover(p place) error {
	files, err := w.files()
	if err != nil {
		return err
	}
	for _, name := range files {
		switch stem := stemOf(name); {
		case !strings.HasPrefix(p.File, w.o.Stem+begunMark): // the cursor is not of these files
			if strings.HasSuffix(name, writing) {
				err = w.rename(stem)
			}
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

func (w *files) rename(stem string) error {
	return w.o.FS.Rename(w.path(stem+writing), w.path(stem+finished))
}

// cut shortens a file by copying what is to stay: the file system abstraction
// cannot truncate.
func (w *files) cut(name string, size int64) error {
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
func (w *files) newStem() (string, error) {
	files, err := w.files()
	if err != nil {
		return "", err
	}
	stem := w.o.Stem + time.Now().In(w.in).Format(begun)
	if len(files) == 0 {
		return stem, nil
	}
	last := stemOf(files[len(files)-1])
	if stem > last {
		return stem, nil
	}
	base, n := last, 0
	if i := strings.LastIndexByte(last, '.'); i > len(w.o.Stem+".") {
		base = last[:i]
		_, _ = fmt.Sscanf(last[i+1:], "%d", &n)
	}
	return fmt.Sprintf("%s.%04d", base, n+1), nil
}

// files lists the log's files, the oldest first.
func (w *files) files() ([]string, error) {
	names, err := w.o.FS.List(w.o.Dir)
	if err != nil {
		return nil, err
	}
	names = slices.DeleteFunc(names, func(n string) bool {
		return !strings.HasPrefix(n, w.o.Stem+begunMark) || !strings.HasSuffix(n, writing) && !strings.HasSuffix(n, finished)
	})
	slices.SortFunc(names, func(a, b string) int { return strings.Compare(stemOf(a), stemOf(b)) })
	return names, nil
}

func stemOf(name string) string { return name[:len(name)-len(writing)] }

// expire removes the oldest files beyond those to keep.
func (w *files) expire() error {
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

func (w *files) path(name string) string { return w.o.FS.PathJoin(w.o.Dir, name) }

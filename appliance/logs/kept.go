package logs

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// Kept is one file of a subscription that is kept.
type Kept struct {
	Name    string // "mail.@20200120T144106.s"
	Size    int64
	Changed time.Time
}

// Kept are the files that are kept just now, the oldest first.
func (f *Files) Kept() ([]Kept, error) {
	names, err := newFiles(f, nil).files()
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", f.Dir, err)
	}
	out := make([]Kept, 0, len(names))
	for _, name := range names {
		info, err := f.FS.Stat(f.FS.PathJoin(f.Dir, name))
		if errors.Is(err, fs.ErrNotExist) { // it was finished, or removed, just now
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("list %s: %w", f.Dir, err)
		}
		out = append(out, Kept{name, info.Size(), info.ModTime()})
	}
	return out, nil
}

// Named opens one of the files that Kept gives, or the one that is being written by
// its other name, mail.current. Any other name is fs.ErrNotExist: it does not become
// part of a path.
func (f *Files) Named(name string) (file vfs.File, size int64, err error) {
	names, err := newFiles(f, nil).files()
	if err != nil {
		return nil, 0, fmt.Errorf("open %s: %w", f.Dir, err)
	}
	if name != f.Stem+current && !slices.Contains(names, name) {
		return nil, 0, fs.ErrNotExist
	}
	if file, err = f.FS.Open(f.FS.PathJoin(f.Dir, name)); err != nil {
		return nil, 0, err
	}
	info, err := file.Stat()
	if err != nil {
		return nil, 0, errors.Join(err, file.Close())
	}
	return file, info.Size(), nil
}

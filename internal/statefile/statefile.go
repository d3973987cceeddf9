// Package statefile keeps small facts in files: written whole, to a temporary
// name, synced, then renamed, so that a crash leaves the old file or the new
// one and never half of either. What a crash leaves under the temporary name,
// the file's and ".new", the next write replaces.
package statefile

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// File is one value kept as JSON. Two saves of one file must not overlap: whoever
// owns the value sees to that.
type File struct {
	FS  vfs.FS
	Dir string // must exist
	Key string // the file's name
}

// Load reads the value into v; found is false when it was never saved.
func (f File) Load(v any) (found bool, err error) {
	b, err := Read(f.FS, f.FS.PathJoin(f.Dir, f.Key))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if err := json.Unmarshal(b, v); err != nil {
		return false, fmt.Errorf("read %s: %w", f.FS.PathJoin(f.Dir, f.Key), err)
	}
	return true, nil
}

// Save replaces the value.
func (f File) Save(v any) error {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("write %s: %w", f.Key, err)
	}
	return Write(f.FS, f.Dir, f.Key, append(b, '\n'))
}

// Read reads a whole file.
func Read(fsys vfs.FS, path string) ([]byte, error) {
	file, err := fsys.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	b, err := io.ReadAll(file)
	if err = errors.Join(err, file.Close()); err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return b, nil
}

// Write replaces a whole file; the bytes and the name are on disk when it
// returns.
func Write(fsys vfs.FS, dir, name string, b []byte) error {
	path, tmp := fsys.PathJoin(dir, name), fsys.PathJoin(dir, name+".new")
	if err := put(fsys, tmp, b); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := fsys.Rename(tmp, path); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	d, err := fsys.OpenDir(dir)
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := errors.Join(d.Sync(), d.Close()); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

func put(fsys vfs.FS, path string, b []byte) error {
	file, err := fsys.Create(path, vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	// A vfs.File may scribble over what it is given (Pebble's in memory does,
	// in tests), and b is the caller's.
	if _, err := file.Write(bytes.Clone(b)); err != nil {
		return errors.Join(err, file.Close())
	}
	return errors.Join(file.Sync(), file.Close())
}

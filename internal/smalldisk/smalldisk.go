// Package smalldisk is a disk that tests can fill: a file system with a
// settable number of free bytes.
package smalldisk

import (
	"io/fs"
	"sync"
	"syscall"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// FS is a file system that has room for so many bytes more. What is written
// takes of them, and where they end a write is cut short with ENOSPC, as a
// real disk does it. Removing a file gives nothing back: only SetFree does.
type FS struct {
	vfs.FS

	mu   sync.Mutex // guards free
	free int64
}

// New puts a limit on a file system.
func New(inner vfs.FS, free int64) *FS { return &FS{FS: inner, free: free} }

// SetFree makes room, or takes it away.
func (d *FS) SetFree(n int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.free = n
}

// Free is how many bytes there is room for.
func (d *FS) Free() int64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.free
}

// take takes n bytes, or as many as there are.
func (d *FS) take(n int) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	n = int(min(int64(n), d.free))
	d.free -= int64(n)
	return n
}

// GetDiskUsage tells of the free bytes alone.
func (d *FS) GetDiskUsage(string) (vfs.DiskUsage, error) {
	return vfs.DiskUsage{AvailBytes: uint64(d.Free()), TotalBytes: 1 << 40}, nil
}

// Create makes a file that takes its room from the disk's.
func (d *FS) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	return d.wrap(name)(d.FS.Create(name, c))
}

// OpenReadWrite opens a file that takes its room from the disk's.
func (d *FS) OpenReadWrite(name string, c vfs.DiskWriteCategory, o ...vfs.OpenOption) (vfs.File, error) {
	return d.wrap(name)(d.FS.OpenReadWrite(name, c, o...))
}

// ReuseForWrite counts what is written as if the old file had held no room.
func (d *FS) ReuseForWrite(oldname, newname string, c vfs.DiskWriteCategory) (vfs.File, error) {
	return d.wrap(newname)(d.FS.ReuseForWrite(oldname, newname, c))
}

func (d *FS) wrap(name string) func(vfs.File, error) (vfs.File, error) {
	return func(f vfs.File, err error) (vfs.File, error) {
		if err != nil {
			return nil, err
		}
		return &file{File: f, disk: d, name: name}, nil
	}
}

type file struct {
	vfs.File
	disk *FS
	name string
}

func (f *file) Write(p []byte) (int, error) {
	return f.within(p, f.File.Write)
}

func (f *file) WriteAt(p []byte, off int64) (int, error) {
	return f.within(p, func(p []byte) (int, error) { return f.File.WriteAt(p, off) })
}

// within writes what there is room for.
func (f *file) within(p []byte, write func([]byte) (int, error)) (int, error) {
	room := f.disk.take(len(p))
	n, err := write(p[:room])
	if err == nil && room < len(p) {
		err = &fs.PathError{Op: "write", Path: f.name, Err: syscall.ENOSPC}
	}
	return n, err
}

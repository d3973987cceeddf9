package main

import (
	"fmt"
	"io"
	"os"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// endsWhenFull ends the program at the first write that the disk has no room
// for. Mail is refused long before (tracking.Room), so this is another
// program's doing, or min_free is 0.
//
// It ends there and then, as kill -9 would, which loses nothing that was
// acknowledged. There is no orderly way: a store whose log cannot be written
// cannot go on, nor be closed, because closing writes; and were it told of the
// error, it would panic. What still panics is a file system that takes a write
// and finds at the sync that it has no room, as a network's may.
func endsWhenFull(disk vfs.FS, dir string, w io.Writer) vfs.FS {
	return vfs.OnDiskFull(disk, func() {
		fmt.Fprintf(w, "esasim: tracking store: disk full: %s: no room left; every acknowledged message is kept: make room and start again with --data %s\n", dir, dir)
		os.Exit(1)
	})
}

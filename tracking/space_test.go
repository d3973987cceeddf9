package tracking

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"esasim/internal/smalldisk"
)

// The answers follow the free bytes down and up again.
func TestRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := smalldisk.New(vfs.NewMem(), 0)
		var out bytes.Buffer
		r := NewRoom(disk, "data", 1000, slog.New(slog.NewTextHandler(&out, nil)))
		for i, step := range []struct {
			free          int64
			begin, goesOn bool
			said          int // lines in the log so far
		}{
			{2000, true, true, 0},
			{1000, true, true, 0},
			{999, false, true, 1},
			{500, false, true, 1},
			{499, false, false, 1},
			{0, false, false, 1},
			{1249, false, true, 1}, // above the mark, but it would flap
			{1250, true, true, 2},
			{1000, true, true, 2},
			{999, false, true, 3},
		} {
			disk.SetFree(step.free)
			time.Sleep(lookAgain)
			if begin, goesOn := r.MayBegin(), r.MayGoOn(1); begin != step.begin || goesOn != step.goesOn {
				t.Errorf("step %d, %d free: begin %t, go on %t", i, step.free, begin, goesOn)
			}
			if n := strings.Count(out.String(), "level=WARN"); n != step.said {
				t.Errorf("step %d: %d warnings, want %d:\n%s", i, n, step.said, out.String())
			}
		}
	})
}

// counting counts how often the file system is asked.
type counting struct {
	*smalldisk.FS
	asked int
}

func (c *counting) GetDiskUsage(dir string) (vfs.DiskUsage, error) {
	c.asked++
	return c.FS.GetDiskUsage(dir)
}

// The file system is asked now and then, and sooner when much is written.
func TestRoomLooksSeldom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := &counting{FS: smalldisk.New(vfs.NewMem(), 1<<30)}
		r := NewRoom(disk, "data", 16<<20, nil)
		for range 1000 {
			r.MayBegin()
			r.MayGoOn(100)
		}
		if disk.asked != 1 {
			t.Errorf("asked %d times for 1000 small messages", disk.asked)
		}
		disk.SetFree(0)
		if !r.MayBegin() {
			t.Error("asked although neither time has passed nor much was written")
		}
		for range 8 {
			r.MayGoOn(128 << 10)
		}
		if r.MayGoOn(0) || disk.asked != 2 {
			t.Errorf("not seen after a megabyte; asked %d times", disk.asked)
		}
		time.Sleep(lookAgain)
		if r.MayBegin(); disk.asked != 3 {
			t.Errorf("asked %d times, want 3", disk.asked)
		}
	})
}

// Without a mark, and where a file system does not tell, there is room.
func TestRoomUnknown(t *testing.T) {
	for name, r := range map[string]*Room{
		"no mark":       NewRoom(smalldisk.New(vfs.NewMem(), 0), "data", 0, nil),
		"does not tell": NewRoom(vfs.NewMem(), "data", 1<<20, nil),
	} {
		if !r.MayBegin() || !r.MayGoOn(1<<30) {
			t.Errorf("%s: no room", name)
		}
	}
}

package lab_test

import (
	"context"
	"errors"
	"io/fs"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"esasim/lab"
	"esasim/tracking"
	"esasim/traffic/mix"
)

func past(messages uint64, days int) mix.Past {
	return mix.Past{Seed: 1, Messages: messages, Days: days, End: time.Date(2020, 5, 14, 13, 24, 0, 0, time.UTC)}
}

// Tracking data that is there already stays as it is, whatever it is: also a store
// that cannot be opened.
func TestSeedLeavesWhatIsThere(t *testing.T) {
	for _, there := range []string{"", "broken"} {
		fsys := vfs.NewMem()
		if err := lab.Seed(t.Context(), lab.SeedOptions{FS: fsys, Dir: "data", Past: past(100, 1)}); err != nil {
			t.Fatal(err)
		}
		names, err := fsys.List("data/tracking")
		if err != nil {
			t.Fatal(err)
		}
		if there == "broken" {
			for _, name := range names {
				if len(name) > 8 && name[:8] == "MANIFEST" {
					if err := fsys.Remove("data/tracking/" + name); err != nil {
						t.Fatal(err)
					}
				}
			}
			names, _ = fsys.List("data/tracking")
		}
		err = lab.Seed(t.Context(), lab.SeedOptions{FS: fsys, Dir: "data", Past: past(100, 1)})
		if !errors.Is(err, tracking.ErrNotEmpty) {
			t.Errorf("%q: %v, want %v", there, err, tracking.ErrNotEmpty)
		}
		if after, err := fsys.List("data/tracking"); err != nil || len(after) != len(names) {
			t.Errorf("%q: %d files of %d are left, %v", there, len(after), len(names), err)
		}
	}
}

// A call that is interrupted leaves nothing, and what one that was killed left is
// no hindrance.
func TestSeedInterrupted(t *testing.T) {
	fsys := vfs.NewMem()
	ctx, cancel := context.WithCancel(t.Context())
	err := lab.Seed(ctx, lab.SeedOptions{FS: fsys, Dir: "data", Past: past(100_000, 1), Told: func(uint64) { cancel() }})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("%v, want %v", err, context.Canceled)
	}
	for _, dir := range []string{"data/tracking", "data/tracking.seed"} {
		if _, err := fsys.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %v", dir, err)
		}
	}
	if err := fsys.MkdirAll("data/tracking.seed/half", 0o700); err != nil {
		t.Fatal(err)
	}
	if err := lab.Seed(t.Context(), lab.SeedOptions{FS: fsys, Dir: "data", Past: past(100, 1)}); err != nil {
		t.Fatal(err)
	}
	r, err := lab.VerifyTracking(t.Context(), fsys, "data", nil)
	if err != nil || r.Messages != 100 || r.Problem() > 0 {
		t.Errorf("%+v, %v", r, err)
	}
}

// A past that cannot be is told with what can, and no directory is made for it.
func TestSeedImpossible(t *testing.T) {
	for _, p := range []mix.Past{past(0, 1), past(1, 0), past(1, -1), past(1, 100_000), past(1<<50, 1), past(1, 100*366)} {
		fsys := vfs.NewMem()
		err := lab.Seed(t.Context(), lab.SeedOptions{FS: fsys, Dir: "data", Past: p})
		if !errors.Is(err, mix.ErrPast) {
			t.Errorf("%+v: %v", p, err)
		}
		if _, err := fsys.Stat("data"); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%+v: a directory was made, %v", p, err)
		}
	}
}

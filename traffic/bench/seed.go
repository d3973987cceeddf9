package main

import (
	"fmt"
	"io/fs"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"esasim/traffic/mix"
)

const (
	days = 30 // of the past
	seed = 1
)

// history is the past of so many messages, as `esasim seed` makes it.
func (b *bench) history(messages uint64) (*mix.History, error) {
	return mix.NewHistory(mix.Past{Seed: seed, Messages: messages, Days: days, End: b.end})
}

// past is a data directory with so many messages, made when it is first asked
// for.
func (b *bench) past(messages uint64) (dir string, err error) {
	if dir, ok := b.pasts[messages]; ok {
		return dir, nil
	}
	dir, _, err = b.seed(messages)
	return dir, err
}

// seed makes it.
func (b *bench) seed(messages uint64) (dir string, took time.Duration, err error) {
	dir = filepath.Join(b.dir, fmt.Sprintf("past-%d", messages))
	cmd := exec.Command(b.exe, "seed", "--data", dir, "--messages", strconv.FormatUint(messages, 10), "--days", strconv.Itoa(days),
		"--seed", strconv.Itoa(seed), "--end", b.end.Format(time.RFC3339))
	began := time.Now()
	out, err := cmd.CombinedOutput()
	if err != nil {
		return dir, 0, fmt.Errorf("seed: %w\n%s", err, out)
	}
	took = time.Since(began)
	tell("seed: %s", out)
	b.pasts[messages] = dir
	return dir, took, nil
}

// backfill measures the making of the large past, and its place on the disk.
func (b *bench) backfill() error {
	dir, took, err := b.seed(b.messages)
	if err != nil {
		return err
	}
	octets, err := sizeOf(trackingData(dir))
	if err != nil {
		return err
	}
	b.table.add("backfill, msg/s", atLeast(float64(b.messages)/took.Seconds(), 400_000))
	b.table.add("  on disk, octets a message", atMost(float64(octets)/float64(b.messages), 120))
	return nil
}

// trackingData is where a data directory has its tracking data.
func trackingData(dir string) string { return filepath.Join(dir, "tracking") }

// sizeOf is the length of all files below a directory: of a write-ahead log
// what was written to it, not what the file system keeps free behind that.
func sizeOf(dir string) (octets int64, err error) {
	err = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			octets += info.Size()
		}
		return err
	})
	return octets, err
}

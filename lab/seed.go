package lab

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"

	"github.com/cockroachdb/pebble/v2/vfs"

	"esasim/tracking"
	"esasim/traffic/backfill"
	"esasim/traffic/mix"
)

// SeedOptions say what past a data directory is to have.
type SeedOptions struct {
	FS     vfs.FS // nil: the disk
	Dir    string // made if missing; no lab may have run on it yet
	Past   mix.Past
	Logger *slog.Logger
	Told   func(messages uint64) // told how many messages have been written; nil: nobody wants to know
}

// Seed gives a data directory a past. The appliance that runs on it next finds
// the messages in its tracking data, sealed, and goes on with the numbers above
// theirs; mail logs and the cloud know nothing of them.
//
// The past gets its place when it is complete: half a past is none, because MIDs
// would be given out a second time. What an interrupted call left is thrown away,
// by itself or, if it was killed, by the next one. Tracking data that is there
// already is never touched, be it empty or damaged: the error is
// tracking.ErrNotEmpty.
func Seed(ctx context.Context, o SeedOptions) (err error) {
	if o.FS == nil {
		o.FS = vfs.Default
	}
	if err := o.Past.Check(); err != nil { // before a directory is made
		return fmt.Errorf("seed %s: %w", o.Dir, err)
	}
	lock, err := openDir(o.FS, o.Dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	if err := seed(ctx, o); err != nil {
		return fmt.Errorf("seed %s: %w", o.Dir, err)
	}
	return nil
}

// seed makes the past beside the place where it will be.
func seed(ctx context.Context, o SeedOptions) error {
	dir, unfinished := o.FS.PathJoin(o.Dir, trackingDir), o.FS.PathJoin(o.Dir, trackingDir+".seed")
	if _, err := o.FS.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		return cmp.Or(err, fmt.Errorf("%w: want a new directory", tracking.ErrNotEmpty))
	}
	if err := o.FS.RemoveAll(unfinished); err != nil { // of a call that was killed
		return err
	}
	err := backfill.Run(ctx, tracking.Options{FS: o.FS, Dir: unfinished, Logger: o.Logger}, o.Past, o.Told)
	if err != nil {
		return errors.Join(err, o.FS.RemoveAll(unfinished))
	}
	if err := o.FS.Rename(unfinished, dir); err != nil {
		return err
	}
	d, err := o.FS.OpenDir(o.Dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// trackingDir is where an appliance keeps its tracking data, below the data
// directory.
const trackingDir = "tracking"

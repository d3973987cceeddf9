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
	Told   func(messages uint64) // told how many messages have been written, and then how many the cloud was told of; nil: nobody wants to know
	// Sightings registers the appliance with the lab's cloud and tells that of the
	// past, too.
	Sightings bool
}

// ErrUntold says that a past is there, but that the cloud knows a part of it only.
var ErrUntold = errors.New("the messages are there, but the cloud does not know all of them")

// Seed gives a data directory a past. The appliance that runs on it next finds
// the messages in its tracking data, sealed, and goes on with the numbers above
// theirs. Mail logs know nothing of them, nor does the cloud unless it is told.
//
// The past gets its place when it is complete: half a past is none, because MIDs
// would be given out a second time. What an interrupted call left is thrown away,
// by itself or, if it was killed, by the next one. Tracking data that is there
// already is never touched, be it empty or damaged: the error is
// tracking.ErrNotEmpty.
func Seed(ctx context.Context, o SeedOptions) error {
	if err := fill(ctx, o); err != nil || !o.Sightings {
		return err
	}
	if err := tellPast(ctx, o); err != nil {
		return fmt.Errorf("seed %s: %w: %w", o.Dir, ErrUntold, err)
	}
	return nil
}

// fill makes the directory and the past.
func fill(ctx context.Context, o SeedOptions) (err error) {
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

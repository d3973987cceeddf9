package lab

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/cockroachdb/pebble/v2/vfs"

	"esasim/tracking"
	"esasim/traffic/backfill"
	"esasim/traffic/mix"
)

// SeedOptions say what past a data directory is to have.
type SeedOptions struct {
	FS     vfs.FS // nil: the disk
	Dir    string // made if missing; must have no tracking data yet
	Past   mix.Past
	Logger *slog.Logger
	Told   func(messages uint64) // told how many messages have been written; nil: nobody wants to know
}

// Seed gives a data directory a past. The appliance that runs on it next finds
// the messages in its tracking data, sealed, and goes on with the numbers above
// theirs; mail logs and the cloud know nothing of them.
func Seed(ctx context.Context, o SeedOptions) (err error) {
	if o.FS == nil {
		o.FS = vfs.Default
	}
	lock, err := openDir(o.FS, o.Dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	dir := o.FS.PathJoin(o.Dir, trackingDir)
	err = backfill.Run(ctx, tracking.Options{FS: o.FS, Dir: dir, Logger: o.Logger}, o.Past, o.Told)
	if err == nil {
		return nil
	}
	if errors.Is(err, tracking.ErrNotEmpty) || errors.Is(err, mix.ErrPast) {
		return fmt.Errorf("seed %s: %w", o.Dir, err)
	}
	// Half a past is none: MIDs would be given out a second time.
	return errors.Join(fmt.Errorf("seed %s: %w", o.Dir, err), o.FS.RemoveAll(dir))
}

// trackingDir is where an appliance keeps its tracking data, below the data
// directory.
const trackingDir = "tracking"

package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"

	"github.com/cockroachdb/pebble/v2/vfs"

	"esasim/internal/web"
	"esasim/tracking"
)

// Offline is the tracking data of a directory that no lab runs on.
type Offline struct {
	lock  io.Closer
	store *tracking.Store
	api   http.Handler
	log   *slog.Logger
}

// OpenOffline opens the tracking data of a data directory. The error is ErrInUse
// while a lab runs on it. Nothing is removed that a lab would remove because it is
// old or much.
func OpenOffline(fsys vfs.FS, dir string, logger *slog.Logger) (*Offline, error) {
	where := fsys.PathJoin(dir, trackingDir)
	if _, err := fsys.Stat(where); err != nil { // opening would make it
		return nil, fmt.Errorf("data directory %s has no tracking data: %w", dir, err)
	}
	lock, err := openDir(fsys, dir)
	if err != nil {
		return nil, err
	}
	store, err := tracking.Open(tracking.Options{FS: fsys, Dir: where, Logger: logger,
		Keep: tracking.Keep{Size: -1, ContentAge: -1, ContentSize: -1}})
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	mux := http.NewServeMux()
	call := caller(mux)
	t := &tracker{store, DefaultConfig().Appliance.Hostname, logger}
	for name, h := range t.routes() {
		call("GET", name, h)
	}
	return &Offline{lock: lock, store: store, api: web.Recover(mux, logger), log: logger}, nil
}

// Serve answers the tracking calls of the emulator's own API until ctx ends.
func (o *Offline) Serve(ctx context.Context, ln net.Listener) error {
	return web.Serve(ctx, ln, o.api, o.log)
}

// Close gives the directory back. Serve must have returned.
func (o *Offline) Close() error { return errors.Join(o.store.Close(), o.lock.Close()) }

package lab

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"path/filepath"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"

	"esasim/internal/statefile"
	"esasim/tracking"
)

// VerifyTracking reads all tracking data of a data directory that no lab runs on
// (the error is ErrInUse), changes nothing, and tells what is wrong with it. told,
// if set, is told how many of how many segments have been read.
func VerifyTracking(ctx context.Context, fsys vfs.FS, dir string, told func(done, of int)) (r tracking.Report, err error) {
	where, lock, err := lockTracking(fsys, dir)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	return tracking.Verify(ctx, tracking.Options{FS: fsys, Dir: where}, told)
}

// lockTracking locks a data directory that has tracking data.
func lockTracking(fsys vfs.FS, dir string) (where string, lock io.Closer, err error) {
	where = fsys.PathJoin(dir, trackingDir)
	if _, err := fsys.Stat(where); err != nil {
		return "", nil, fmt.Errorf("data directory %s has no tracking data: %w", dir, err)
	}
	lock, err = lockDir(fsys, dir)
	if errors.Is(err, ErrInUse) {
		err = fmt.Errorf("%w; end the lab that runs on it", err)
	}
	return where, lock, err
}

// BackupTracking copies the tracking data of a data directory that no lab runs on
// into a new data directory, which must not exist.
func BackupTracking(fsys vfs.FS, dir, to string, logger *slog.Logger) (err error) {
	where, lock, err := lockTracking(fsys, dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	return backup(fsys, dir, to, func(copy string) error {
		return tracking.BackupOffline(tracking.Options{FS: fsys, Dir: where, Logger: logger}, copy)
	})
}

// backup makes the new data directory: tracking data with the messages as
// received, and the serial number. Registration and credentials stay where they
// are: an appliance on the copy registers as another device. What marks a data
// directory as ours is written last, so that half a copy is none.
func backup(fsys vfs.FS, dir, to string, tracked func(dir string) error) (err error) {
	if _, err := fsys.Stat(to); !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("backup to %s: %w; want a directory that does not exist yet", to, cmp.Or(err, fs.ErrExist))
	}
	if err := fsys.MkdirAll(to, 0o700); err != nil {
		return fmt.Errorf("backup to %s: %w", to, err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("backup to %s: %w", to, err), fsys.RemoveAll(to))
		}
	}()
	if err := tracked(fsys.PathJoin(to, trackingDir)); err != nil {
		return err
	}
	const serial = "serial.json"
	switch b, err := statefile.Read(fsys, fsys.PathJoin(dir, serial)); {
	case err == nil:
		if err := statefile.Write(fsys, to, serial, b); err != nil {
			return err
		}
	case !errors.Is(err, fs.ErrNotExist): // one that was only seeded has none
		return err
	}
	return (statefile.File{FS: fsys, Dir: to, Key: "esasim.json"}).Save(dataInfo{Program: "esasim", Format: dataFormat})
}

// backupBody is what the call wants and what it answers with.
type backupBody struct {
	To string `json:"to"`
}

// serveBackup copies the tracking data while the lab runs.
func (l *Lab) serveBackup(w http.ResponseWriter, r *http.Request) {
	var req backupBody
	status, problem := readBody(w, r, &req)
	if problem == "" && !filepath.IsAbs(req.To) {
		status, problem = http.StatusBadRequest, fmt.Sprintf("%.200q is not an absolute path", req.To)
	}
	if problem != "" {
		answer(w, status, apiError{`want {"to": "/path/of/a/new/directory"}: ` + problem})
		return
	}
	l.backups.Lock() // two to the same place would spoil each other
	err := backup(l.o.FS, l.o.Dir, req.To, l.appliance.Tracking().Backup)
	l.backups.Unlock()
	switch {
	case err == nil:
		answer(w, http.StatusOK, req)
	case errors.Is(err, fs.ErrExist):
		answer(w, http.StatusConflict, apiError{err.Error()})
	case errors.Is(err, fs.ErrPermission):
		answer(w, http.StatusForbidden, apiError{err.Error()})
	default:
		l.o.Logger.Error("no backup", "error", err)
		answer(w, http.StatusBadGateway, apiError{err.Error()})
	}
}

// RequestBackup makes a backup of the lab whose console is at the URL, on its
// machine.
func RequestBackup(ctx context.Context, console, to string) error {
	body, err := json.Marshal(backupBody{to})
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimSuffix(console, "/")+apiPrefix+"tracking/backup", bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	client := tokenClient()
	client.Timeout = 0 // it may be much to copy
	defer client.CloseIdleConnections()
	resp, err := client.Do(req)
	if err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusOK {
		return nil
	}
	var refused apiError
	b, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err == nil {
		err = json.Unmarshal(b, &refused)
	}
	if err != nil || refused.Error == "" {
		return fmt.Errorf("backup: the answer (%d) is not an esasim lab's", resp.StatusCode)
	}
	return errors.New(refused.Error)
}

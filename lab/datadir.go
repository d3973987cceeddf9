package lab

import (
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/cockroachdb/pebble/v2/vfs"

	"esasim/internal/statefile"
)

// The data directory:
//
//	esasim.json          what this directory is, and the version of its format
//	LOCK                 held while a lab runs on it
//	serial.json          the appliance's serial number, made at the first start
//	tokens.json          the key of the API's tokens, likewise
//	ssh_host_key.pem     the command line's host key, likewise
//	slbl.json            the end users' safelists and blocklists
//	certificate.pem      the listener's certificate, likewise
//	client.json          the lab's API client with its password, in clear
//	registration.json    the appliance's registration with the cloud, with its credential
//	changes.json         what administrators have committed, and the history of it
//	tracking/            the event log and its index (Pebble)
//	tracking.seed/       a past that is being made, or that was not finished
//	mail_logs/           the text mail logs, and likewise a directory for each other log
//	cloud/<REGION>/      a region's store (Pebble)
const dataFormat = 1

type dataInfo struct {
	Program string `json:"program"`
	Format  int    `json:"format"`
}

// ErrInUse says that another process works on the data directory.
var ErrInUse = errors.New("in use by another esasim")

// openDir makes or checks the data directory and locks it.
func openDir(fsys vfs.FS, dir string) (io.Closer, error) {
	// Nobody else's: it holds mail and credentials.
	if err := fsys.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("data directory %s: %w", dir, err)
	}
	lock, err := lockDir(fsys, dir)
	if err != nil {
		return nil, err
	}
	info := dataInfo{Program: "esasim", Format: dataFormat}
	if err := (statefile.File{FS: fsys, Dir: dir, Key: "esasim.json"}).Save(info); err != nil {
		return nil, errors.Join(fmt.Errorf("data directory %s: %w", dir, err), lock.Close())
	}
	return lock, nil
}

// lockDir locks a directory that is ours, or empty.
func lockDir(fsys vfs.FS, dir string) (io.Closer, error) {
	if err := ours(fsys, dir); err != nil {
		return nil, fmt.Errorf("data directory %s: %w", dir, err)
	}
	lock, err := fsys.Lock(fsys.PathJoin(dir, "LOCK"))
	if err != nil {
		if errors.Is(err, fs.ErrPermission) || errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("data directory %s: %w", dir, err)
		}
		return nil, fmt.Errorf("data directory %s: %w (%v)", dir, ErrInUse, err)
	}
	return lock, nil
}

// ours refuses a directory that holds something else, or a format we cannot
// read. An empty directory becomes ours.
func ours(fsys vfs.FS, dir string) error {
	var info dataInfo
	found, err := (statefile.File{FS: fsys, Dir: dir, Key: "esasim.json"}).Load(&info)
	if err != nil {
		return err
	}
	if found {
		if info.Program != "esasim" || info.Format != dataFormat {
			return fmt.Errorf("format %d of %q: this esasim reads format %d", info.Format, info.Program, dataFormat)
		}
		return nil
	}
	names, err := fsys.List(dir)
	if err != nil {
		return err
	}
	for _, n := range names {
		if n != "LOCK" && n != "esasim.json.new" {
			return fmt.Errorf("not an esasim data directory (it holds %s); name an empty or a new one", n)
		}
	}
	return nil
}

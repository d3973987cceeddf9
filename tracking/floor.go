package tracking

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"esasim/internal/statefile"
)

// floor is what a store has surely come to, in a file beside the database.
//
// Pebble reads a damaged manifest, its list of tables, up to the damage, and goes
// on without the tables that came after: whole, but with holes. It must, because
// a crash may leave half a line at the end. So the floor keeps the checksum of
// what is surely on disk of the manifest. It keeps the end of the log, too, for
// the manifest that is gone altogether.
//
// It is written when the store was opened, after each change of the tables, and
// at the end. A crash leaves an older one, which is as true.
type floor struct {
	Last     uint64 `json:"last_event"`
	Manifest string `json:"manifest"` // its name
	Octets   int64  `json:"octets"`   // so many of it are on disk
	CRC      uint32 `json:"crc"`      // of them
}

func floorFile(fs vfs.FS, dir string) statefile.File {
	return statefile.File{FS: fs, Dir: dir, Key: "floor.json"}
}

// readFloor is the floor of a store; nothing if there is none.
func readFloor(fs vfs.FS, dir string) (f floor, err error) {
	if _, err := floorFile(fs, dir).Load(&f); err != nil {
		return f, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return f, nil
}

// checkManifest holds the manifest of a store that is not open against its floor.
func checkManifest(fs vfs.FS, dir string) error {
	f, err := readFloor(fs, dir)
	if err != nil || f.Manifest == "" {
		return err
	}
	now := floor{}
	if err := now.read(fs, dir, f.Octets); err != nil {
		return err
	}
	if now.Manifest != f.Manifest {
		return nil // it was begun after the floor was written
	}
	if now.Octets < f.Octets || now.CRC != f.CRC {
		return fmt.Errorf("%w: %s is not as it was written", ErrDamaged, f.Manifest)
	}
	return nil
}

// checkLast holds the end of the log against the floor.
func checkLast(fs vfs.FS, dir string, last uint64) error {
	f, err := readFloor(fs, dir)
	if err == nil && last < f.Last {
		err = fmt.Errorf("%w: the log ends with event %d, but had reached %d", ErrDamaged, last, f.Last)
	}
	return err
}

// read goes on reading the manifest where the floor ends, up to limit octets of
// it, and sees to it that they are on disk.
func (f *floor) read(fs vfs.FS, dir string, limit int64) (err error) {
	about, err := pebble.Peek(dir, fs)
	if err != nil || !about.Exists {
		return damaged(err)
	}
	if name := fs.PathBase(about.ManifestFilename); name != f.Manifest {
		*f = floor{Last: f.Last, Manifest: name}
	}
	file, err := fs.OpenReadWrite(fs.PathJoin(dir, f.Manifest), "floor") // some systems sync only what may be written
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	b, err := io.ReadAll(io.NewSectionReader(file, f.Octets, limit-f.Octets))
	if err != nil {
		return err
	}
	f.Octets += int64(len(b))
	f.CRC = crc32.Update(f.CRC, crc32.MakeTable(crc32.Castagnoli), b)
	return file.Sync()
}

// write brings the floor up to date.
func (f *floor) write(fs vfs.FS, dir string, last uint64) error {
	f.Last = last
	err := f.read(fs, dir, 1<<62)
	if err == nil {
		err = floorFile(fs, dir).Save(*f)
	}
	if err != nil {
		return fmt.Errorf("write floor of tracking store %s: %w", dir, err)
	}
	return nil
}

// floorLoop writes the floor after each change of the tables.
func (s *Store) floorLoop() {
	for {
		select {
		case <-s.ctx.Done():
			return
		case <-s.watch.changed:
		}
		durable, _ := s.mark()
		if err := s.floor.write(s.o.FS, s.o.Dir, durable); err != nil && s.o.Logger != nil {
			s.o.Logger.Error(err.Error())
		}
	}
}

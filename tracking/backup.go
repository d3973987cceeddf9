package tracking

import (
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// Backup makes a copy of the store, while it is used, in a directory that must
// not exist. Everything is in it that Append or Commit had returned for. Where the
// file system has hard links, tables are linked and not copied, so a backup on the
// same disk takes little room and time; it is a copy against mistakes, not against
// the disk's end.
func (s *Store) Backup(dir string) error {
	last := s.Last() // the copy has at least that
	err := s.db.Checkpoint(dir, pebble.WithFlushedWAL())
	if err != nil {
		return fmt.Errorf("backup to %s: %w", dir, err)
	}
	return backupFloor(s.o.FS, dir, last)
}

// BackupOffline is Backup of a store that nobody has open.
func BackupOffline(o Options, dir string) error {
	about, err := pebble.Peek(o.Dir, o.FS)
	if err == nil && !about.Exists { // opening would make it
		err = ErrNotFound
	}
	if err != nil {
		return fmt.Errorf("backup of tracking store %s: %w", o.Dir, err)
	}
	s, err := openStore(o)
	if err != nil {
		return err
	}
	return errors.Join(s.Backup(dir), s.Close())
}

// backupFloor gives a copy its floor.
func backupFloor(fs vfs.FS, dir string, last uint64) error {
	if err := (&floor{}).write(fs, dir, last); err != nil {
		return errors.Join(err, fs.RemoveAll(dir))
	}
	return nil
}

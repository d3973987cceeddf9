package tracking

import (
	"cmp"
	"log/slog"
	"math"
	"sync"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// Room tells how much more mail the disk can take. A store that finds the disk
// full can only end (see storeLog), so mail must be refused before:
//
//   - with less than the mark free, no message may begin;
//   - with less than half the mark, those that have begun may not go on. This
//     half is for what was accepted: its way through the appliance, its log
//     lines and sightings, and what the stores write once more when they empty
//     their memory.
//
// Mail is taken again only when a quarter more than the mark is free, so that
// the answer does not change with every file the stores remove.
//
// There is no ballast, a file to be removed when the disk is full (Pebble's
// vfs.OnDiskFull is made for it). The mark keeps the same bytes free without
// one. Against another program that fills the disk a ballast does not help:
// that program takes the bytes as soon as they are free. And the work it would
// win time for is not lost: it is taken up again at the next start.
type Room struct {
	fs   vfs.FS
	dir  string
	mark uint64
	log  *slog.Logger

	mu      sync.Mutex // guards the rest
	looked  time.Time
	free    uint64 // bytes, then
	granted uint64 // octets since then
	full    bool   // mail is refused
}

// lookAgain is for how long what was seen of the disk counts.
const lookAgain = 100 * time.Millisecond

// NewRoom watches the file system that dir is on. mark is in bytes; 0 takes mail
// whatever is free. A nil logger is silent.
func NewRoom(fs vfs.FS, dir string, mark int64, log *slog.Logger) *Room {
	return &Room{fs: fs, dir: dir, mark: uint64(max(mark, 0)), log: cmp.Or(log, slog.New(slog.DiscardHandler))}
}

// MayBegin says whether there is room for a new message.
func (r *Room) MayBegin() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.look()
	return !r.full
}

// MayGoOn says whether a message that has begun may take so many octets more.
func (r *Room) MayGoOn(octets int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.granted += uint64(octets)
	r.look()
	return r.free >= r.mark/2
}

// look asks the file system, but not for every message: only after some time,
// or when a part of the reserve may have been used. The call takes about a
// microsecond.
func (r *Room) look() {
	now := time.Now()
	if !r.looked.IsZero() && now.Sub(r.looked) < lookAgain && r.granted < r.mark/16 {
		return
	}
	r.looked, r.granted, r.free = now, 0, math.MaxUint64
	// Where nothing can be learnt, as of a file system in memory, there is room.
	if u, err := r.fs.GetDiskUsage(r.dir); err == nil {
		r.free = u.AvailBytes
	}
	switch {
	case !r.full && r.free < r.mark:
		r.full = true
		r.log.Warn("the disk is nearly full: mail is refused", "directory", r.dir, "free", r.free, "min_free", r.mark)
	case r.full && r.free >= r.mark+r.mark/4:
		r.full = false
		r.log.Warn("the disk has room again: mail is taken", "directory", r.dir, "free", r.free, "min_free", r.mark)
	}
}

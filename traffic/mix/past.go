package mix

import (
	"errors"
	"fmt"
	"math"
	"time"

	"esasim/esa"
)

// Past describes what an appliance went through.
type Past struct {
	Seed     uint64
	Messages uint64    // MIDs 1 to Messages
	Days     int       // before End
	End      time.Time // what would have happened later has not happened yet
	Company  string    // mail domain of the company; "": example.com
}

// ChunkSize is how many MIDs a chunk has; the last one may have fewer.
const ChunkSize = 2048

// Numbers of connections that each chunk has for itself, so that chunks can be
// made in any order. They rise, but not all are used.
const (
	icidsPerChunk = 2 * ChunkSize
	dcidsPerChunk = 4 * ChunkSize // the upper half is for attempts long after the message came
	lateDCIDs     = dcidsPerChunk / 2
)

// History tells a past. It is read-only: any number of goroutines may ask it for
// chunks at the same time.
type History struct {
	past Past
	mix  *Mix
	days calendar
	end  int64

	later, never []refusal
}

// ErrPast says that a past cannot be told.
var ErrPast = errors.New("impossible past")

// Limits of a past.
const (
	mostMessages = 1 << 40
	mostDays     = 100 * 366
)

// Check tells whether the past can be told, and if not, why: the error is ErrPast.
func (p Past) Check() error {
	switch {
	case p.Messages == 0 || p.Messages > mostMessages:
		return fmt.Errorf("%w: %d messages: want 1 to %d", ErrPast, p.Messages, uint64(mostMessages))
	case p.Days < 1 || p.Days > mostDays:
		return fmt.Errorf("%w: %d days: want 1 to %d", ErrPast, p.Days, mostDays)
	case p.End.UnixMicro() < int64(p.Days)*24*hourLong:
		return fmt.Errorf("%w: %d days before %s: want a beginning after 1970", ErrPast, p.Days, p.End.Format(time.RFC3339))
	}
	return nil
}

// NewHistory prepares a past: tables that take some tens of milliseconds and
// megabytes, however long it is.
func NewHistory(p Past) (*History, error) {
	if err := p.Check(); err != nil {
		return nil, err
	}
	if p.Company == "" {
		p.Company = "example.com"
	}
	p.End = p.End.UTC()
	begin := p.End.Add(-time.Duration(p.Days) * 24 * time.Hour)
	return &History{past: p, mix: New(p.Seed, p.Company), days: newCalendar(p.Seed, p.Messages, begin, p.End), end: p.End.UnixMicro(),
		later: later(), never: never()}, nil
}

// Chunks is how many chunks the past has.
func (h *History) Chunks() int { return int((h.past.Messages + ChunkSize - 1) / ChunkSize) }

// LastICID is above every ICID of the past, for what comes after it.
func (h *History) LastICID() esa.ICID { return esa.ICID(h.Chunks() * icidsPerChunk) }

// LastDCID is above every DCID of the past, for what comes after it.
func (h *History) LastDCID() esa.DCID { return esa.DCID(h.Chunks() * dcidsPerChunk) }

// Told is all that happened to one message, or on one connection until and
// after its messages, oldest first. Events of delivery connections are with the
// message they were made for, as the appliance logs them.
type Told struct {
	MID    esa.MID  // 0: this is a connection
	ICID   esa.ICID // 0: the appliance made the message itself, from another
	Events []esa.Event

	fate  fate
	whole bool // nothing of it would have happened after the end
}

// Chunk tells chunk i, from 0, until yield says false: messages in the order of
// their MIDs, and each connection after its messages. When they began rises with
// the numbers; later events overlap with those of the next ones, as life has it.
//
// The list of events is used again as soon as yield returns. What the events
// point to is not: texts, sources, attachments and RIDs may be kept.
func (h *History) Chunk(i int, yield func(Told) bool) {
	first := uint64(i) * ChunkSize
	if i < 0 || first >= h.past.Messages {
		return
	}
	t := &teller{
		h: h, gen: generator{mix: h.mix}, yield: yield, next: first, last: min(first+ChunkSize, h.past.Messages),
		icid: uint64(i) * icidsPerChunk, dcid: uint64(i) * dcidsPerChunk, hour: h.days.of(first),
		events: make([]esa.Event, 0, 64), limit: math.MaxInt64,
	}
	t.dice.reset(h.past.Seed^0x636f6e6e, first)
	for t.next < t.last && t.connection() {
	}
}

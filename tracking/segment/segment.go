// Package segment is the sealed form of tracking data: a few thousand messages,
// and the connections that ended meanwhile, as columns.
//
// Nothing is stored that is not in the events, and each fact only once. The
// events of a row (a message or a connection) are split up: what kinds they are
// and which fields they fill is the row's shape, of which there are few; what the
// fields hold goes to one stream for each kind and field. So the stream of
// addresses of the kind SenderGiven is the column of envelope senders, which a
// search reads alone, and all streams together give the events back exactly.
//
// A segment is a directory, which stays in memory (counts, ranges, a filter of
// the values that are searched for by "is"), and parts, which are read when
// needed. The package knows nothing of where they are kept.
package segment

import (
	"errors"
	"strconv"
	"time"

	"esasim/esa"
)

// ErrDamaged says that bytes are no segment of ours.
var ErrDamaged = errors.New("damaged segment")

// mostRows bounds the rows of a table: a segment has at most 256 blocks.
const mostRows = 127 * BlockRows

// MostRows is how many rows a table of a segment can have.
const MostRows = mostRows

// Table says what a row is.
type Table uint8

const (
	Messages    Table = iota // a row is a message; its number is its MID
	Connections              // a row is a connection; its number is its ICID
	tables
)

// Part names one of the pieces that a segment is kept in. They are read
// separately, so what is searched together is together. What is read when a single
// row is wanted is kept in blocks of [BlockRows] rows, each a part of its own. The
// numbers are part of keys on disk.
type Part uint16

const (
	Frame       Part = (iota + 1) << 8 // numbers, times, shapes and states of the rows
	Sources                            // who sent: addresses, sender groups
	Senders                            // envelope senders
	Recipients                         // envelope recipients
	Subjects                           // subjects
	MessageIDs                         // message-ids, in blocks
	ReplyTos                           // Reply-To headers
	Attachments                        // their names, types, sizes, SHA-256
	Names                              // mail policies, quarantines, what engines found
	Rest                               // everything else, in blocks
	endOfParts
)

// BlockRows is how many rows a block has: messages first, then connections.
const BlockRows = 512

// Kind is the part without its block.
func (p Part) Kind() Part { return p &^ 0xff }

// Block is the block of a part that is kept in blocks.
func (p Part) Block() int { return int(p & 0xff) }

func (p Part) inBlocks() bool { return p.Kind() == MessageIDs || p.Kind() == Rest }

// Name is the part's name without its block.
func (p Part) Name() string {
	if p.Kind() < Frame || p.Kind() >= endOfParts {
		return "unknown part"
	}
	return [...]string{"frame", "sources", "senders", "recipients", "subjects", "message-ids",
		"reply-tos", "attachments", "names", "rest"}[p.Kind()>>8-1]
}

func (p Part) String() string {
	if p.inBlocks() {
		return p.Name() + " " + strconv.Itoa(p.Block())
	}
	return p.Name()
}

// Parts lists the parts of the segment.
func (d *Directory) Parts() (out []Part) {
	for p := Frame; p < endOfParts; p += 1 << 8 {
		if !p.inBlocks() {
			out = append(out, p)
			continue
		}
		for b := range d.blocks() {
			out = append(out, p+Part(b))
		}
	}
	return out
}

func (d *Directory) blocks() int {
	return (d.Rows[Messages] + d.Rows[Connections] + BlockRows - 1) / BlockRows
}

// Directory is what is known of a segment without reading its parts.
type Directory struct {
	Rows    [tables]int    // messages, connections
	First   [tables]uint64 // the lowest MID and ICID of the rows; 0: none
	Last    [tables]uint64 // the highest
	Oldest  time.Time      // when the first of the messages was received; zero: no messages
	Newest  time.Time      // when the last was
	ICIDs   [2]esa.ICID    // the lowest and the highest that a message came by
	Odd     int            // messages that columns do not tell all about: see Reader.Odd
	States  uint32         // the states of the messages: bit 1<<State
	Size    int64          // octets of the parts as kept
	Version int            // how often it has been written: 1 when sealed, more when merged
	Filter  Filter         // of the values that are looked for as a whole
}

// Holds tells whether a row of that number may be in the segment.
func (d *Directory) Holds(t Table, number uint64) bool {
	return d.Rows[t] > 0 && d.First[t] <= number && number <= d.Last[t]
}

package tracking

import (
	"encoding/binary"

	"esasim/esa"
	"esasim/tracking/segment"
)

// The keys of the store. A key that is not on this page does not exist.
// Numbers are big-endian, so that keys sort as the numbers do.
//
//	key                         value                   why
//	f                           format version          a newer or older directory is refused, not misread
//	l/<event 8>                 one entry of the log    the durable truth until it is sealed; the number is that of its last event
//	d/<segment 8>               its directory           what is sealed in it, and a filter; all of them stay in memory
//	s/<segment 8><part 2>       one part                its columns
//	g/<group 8>                 trigrams                which words a group of segments has; all of them stay in memory
//	p/<table 1><number 8><event 8>  events             of a message or connection that is sealed already; folded in when read, and at the merge
//	q/<mid 8>                   -                       sealed, accepted, not finished, not held: what a restart must take up again
//	h                           see state.go            where the log that is not sealed begins
//	n/<name>                    number, uvarint         no number below this is given out again
//	c/<follower>                event 8, note           how far a follower has come; the note is its own
//	r/<follower>/<key>          its own                 what a follower keeps of what it has read, changed in one batch with its place (shelf.go)
//	b/<mid 8><chunk 4>          up to 128 KiB           the message as received
const (
	prefixFormat    = 'f'
	prefixLog       = 'l'
	prefixDirectory = 'd'
	prefixSegment   = 's'
	prefixGroup     = 'g'
	prefixLate      = 'p'
	prefixOpen      = 'q'
	prefixState     = 'h'
	prefixNumber    = 'n'
	prefixCursor    = 'c'
	prefixShelf     = 'r'
	prefixContent   = 'b'
)

func key(prefix byte, n uint64) []byte {
	return binary.BigEndian.AppendUint64([]byte{prefix, '/'}, n)
}

func keyName(prefix byte, name string) []byte { return append([]byte{prefix, '/'}, name...) }

func keyPart(seg uint64, p segment.Part) []byte {
	return binary.BigEndian.AppendUint16(key(prefixSegment, seg), uint16(p))
}

func keyLate(t segment.Table, number, seq uint64) []byte {
	k := binary.BigEndian.AppendUint64([]byte{prefixLate, '/', byte(t)}, number)
	return binary.BigEndian.AppendUint64(k, seq)
}

func keyChunk(mid esa.MID, chunk uint32) []byte {
	return binary.BigEndian.AppendUint32(key(prefixContent, uint64(mid)), chunk)
}

// number reads the 8-byte number behind the prefix of a key.
func number(k []byte) uint64 { return binary.BigEndian.Uint64(k[2:]) }

// lateKey reads a key made by keyLate.
func lateKey(k []byte) (t segment.Table, number, seq uint64) {
	return segment.Table(k[2]), binary.BigEndian.Uint64(k[3:]), binary.BigEndian.Uint64(k[11:])
}

// upper is the end of all keys with the prefix.
func upper(prefix byte) []byte { return []byte{prefix, '/' + 1} }

package tracking

import (
	"encoding/binary"

	"esasim/esa"
)

// The keys of the store. A key that is not on this page does not exist.
// Numbers are big-endian, so that keys sort as the numbers do.
//
//	key                      value                    why
//	f                        format version           a newer or older directory is refused, not misread
//	l/<seq 8>                one entry of the log     the durable truth; everything else can be made from it
//	m/<mid 8><seq 8>         -                        the entries that speak of a message; written with the entry
//	i/<icid 8><seq 8>        -                        the entries that speak of a connection alone
//	q/<mid 8>                -                        accepted and not finished: what a restart must take up again
//	n/<name>                 number, uvarint          no number below this is given out again
//	c/<follower>             seq 8, note              how far a follower has come; the note is its own
//	b/<mid 8><chunk 4>       up to 128 KiB            the message as received
const (
	prefixFormat     = 'f'
	prefixLog        = 'l'
	prefixMessage    = 'm'
	prefixConnection = 'i'
	prefixOpen       = 'q'
	prefixNumber     = 'n'
	prefixCursor     = 'c'
	prefixContent    = 'b'
)

func key(prefix byte, n uint64) []byte {
	return binary.BigEndian.AppendUint64([]byte{prefix, '/'}, n)
}

func key2(prefix byte, n, seq uint64) []byte {
	return binary.BigEndian.AppendUint64(key(prefix, n), seq)
}

func keyName(prefix byte, name string) []byte { return append([]byte{prefix, '/'}, name...) }

func keyChunk(mid esa.MID, chunk uint32) []byte {
	return binary.BigEndian.AppendUint32(key(prefixContent, uint64(mid)), chunk)
}

// number reads the n-th 8-byte number behind the prefix of a key.
func number(k []byte, n int) uint64 { return binary.BigEndian.Uint64(k[2+8*n:]) }

// upper is the end of all keys with the prefix.
func upper(prefix byte) []byte { return []byte{prefix, '/' + 1} }

package segment

import (
	"cmp"
	"encoding/binary"
	"math/bits"
	"net/netip"
	"slices"
	"strings"

	"github.com/FastFilter/xorfilter"
	"github.com/cespare/xxhash/v2"
)

// Column is something that a search can look for.
type Column uint8

const (
	Sender Column = iota + 1
	Recipient
	Subject
	Attachment
	ReplyTo
	Domain
	MessageID
	SHA256
	RemoteIP
	SubjectDigits // six digits in a row
)

// Filter tells of a value that it is not in a segment, or that it may be. Of values
// that are not there one in 250 seems to be; of those that only one message has
// (message-ids, files) one in 65,000: each that seems to be costs a look at a
// segment, and they are looked for in all of them.
type Filter struct {
	values xorfilter.BinaryFuse[uint8]
	unique xorfilter.BinaryFuse[uint16]
}

// May is false when the value with the hash is certainly not in the segment.
func (f *Filter) May(h uint64) bool {
	if h&isUnique != 0 {
		return len(f.unique.Fingerprints) > 0 && f.unique.Contains(h)
	}
	return len(f.values.Fingerprints) > 0 && f.values.Contains(h)
}

// Size is what the filter takes in memory, in octets.
func (f *Filter) Size() int64 {
	return int64(len(f.values.Fingerprints) + 2*len(f.unique.Fingerprints))
}

// isUnique is the bit of a hash that says which of the two filters has it.
const isUnique = 1

// Hash is what the filter knows of a value: folded, a message-id without its
// brackets.
func Hash[T string | []byte](c Column, folded T) uint64 {
	return hashOf(c, xxhash.Sum64String(string(folded)))
}

// hashOf is Hash of a value whose xxhash is known.
func hashOf(c Column, hash uint64) uint64 {
	h := (hash ^ uint64(c)) * 0xbf58476d1ce4e5b9
	if c == MessageID || c == SHA256 {
		return h | isUnique
	}
	return h &^ isUnique
}

// newFilter makes the filter of the values with these hashes, whose order it
// changes.
func newFilter(hashes []uint64, work *xorfilter.BinaryFuseBuilder) (f Filter) {
	// Each only once: a filter of values that come twice fails until chance helps it.
	slices.SortFunc(hashes, func(a, b uint64) int { return cmp.Or(cmp.Compare(a&isUnique, b&isUnique), cmp.Compare(a, b)) })
	hashes = slices.Compact(hashes)
	n := slices.IndexFunc(hashes, func(h uint64) bool { return h&isUnique != 0 })
	if n < 0 {
		n = len(hashes)
	}
	// An error means that there are no values, or that hashes collide as they do
	// once in the life of the universe.
	if n > 0 {
		f.values, _ = xorfilter.BuildBinaryFuse[uint8](work, hashes[:n])
		f.values.Fingerprints = slices.Clone(f.values.Fingerprints) // they are the builder's
	}
	if n < len(hashes) {
		f.unique, _ = xorfilter.BuildBinaryFuse[uint16](work, hashes[n:])
		f.unique.Fingerprints = slices.Clone(f.unique.Fingerprints)
	}
	return f
}

func (f *Filter) append(b []byte) []byte {
	b = appendFuse(b, &f.values)
	b = append(b, f.values.Fingerprints...)
	b = appendFuse(b, &f.unique)
	for _, v := range f.unique.Fingerprints {
		b = binary.LittleEndian.AppendUint16(b, v)
	}
	return b
}

func appendFuse[T xorfilter.Unsigned](b []byte, f *xorfilter.BinaryFuse[T]) []byte {
	b = binary.LittleEndian.AppendUint64(b, f.Seed)
	for _, n := range [...]int{int(f.SegmentLength), int(f.SegmentCount), len(f.Fingerprints)} {
		b = binary.AppendUvarint(b, uint64(n))
	}
	return b
}

// readFilter reads what append wrote.
func readFilter(c *cursor) (f Filter) {
	n := readFuse(c, &f.values, 1)
	f.values.Fingerprints = slices.Clone(c.take(n))
	raw := c.take(2 * readFuse(c, &f.unique, 2))
	f.unique.Fingerprints = make([]uint16, 0, len(raw)/2)
	for i := 0; i < len(raw); i += 2 {
		f.unique.Fingerprints = append(f.unique.Fingerprints, binary.LittleEndian.Uint16(raw[i:]))
	}
	return f
}

// readFuse reads a filter but for its fingerprints, and tells how many there must
// be, so that no question can go beyond them.
func readFuse[T xorfilter.Unsigned](c *cursor, f *xorfilter.BinaryFuse[T], width uint64) (n uint64) {
	if seed := c.take(8); c.err == nil {
		f.Seed = binary.LittleEndian.Uint64(seed)
	}
	length, count, n := c.uvarint(), c.uvarint(), c.uvarint()
	if n == 0 || c.err != nil {
		return 0
	}
	if bits.OnesCount64(length) != 1 || length > 1<<18 || count == 0 || count > 1<<20 || (count+2)*length > n || n > uint64(c.left())/width {
		c.fail("filter of %d times %d", count, length)
		return 0
	}
	f.SegmentLength, f.SegmentLengthMask = uint32(length), uint32(length-1)
	f.SegmentCount, f.SegmentCountLength = uint32(count), uint32(count*length)
	return n
}

// HashAddr is the hash of an address.
func HashAddr(a netip.Addr) uint64 {
	b := a.Unmap().As16()
	return Hash(RemoteIP, b[:])
}

// TrimID takes blanks and the angle brackets off a message-id: people search for it with
// and without.
func TrimID(s string) string {
	s = strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(s), "<"), ">")
	return strings.TrimSpace(s)
}

// DomainOf is what follows the last @ of an address; empty if there is none.
func DomainOf(address string) string {
	i := strings.LastIndexByte(address, '@')
	if i < 0 {
		return ""
	}
	return address[i+1:]
}

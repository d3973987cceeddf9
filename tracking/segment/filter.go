package segment

import (
	"math/bits"
	"net/netip"
	"strings"

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
	SubjectDigits // five digits in a row
)

// Filter tells of a value that it is not in a segment, or that it may be: a
// Bloom filter of all columns together, in blocks of 512 bits, so that a question
// costs one line of the processor's cache. Of values that are not there about
// one in a hundred seems to be. Own code: it is asked thousands of times in a
// search and this is four times as fast as the common library, which hashes twice
// and touches a cache line for each bit (BenchmarkFilter).
type Filter []uint64

const (
	bitsEach   = 12 // of the filter, for a value
	probes     = 6
	blockWords = 8
)

// newFilter makes the filter of the values with these hashes.
func newFilter(hashes []uint64) Filter {
	blocks := (len(hashes)*bitsEach + 511) / 512
	f := make(Filter, blocks*blockWords)
	for _, h := range hashes {
		block := f.block(h)
		for i := range uint64(probes) {
			bit := h >> (9 * i) & 511
			block[bit>>6] |= 1 << (bit & 63)
		}
	}
	return f
}

// May is false when the value with the hash is certainly not in the segment.
func (f Filter) May(h uint64) bool {
	if len(f) == 0 {
		return false
	}
	block := f.block(h)
	for i := range uint64(probes) {
		bit := h >> (9 * i) & 511
		if block[bit>>6]&(1<<(bit&63)) == 0 {
			return false
		}
	}
	return true
}

func (f Filter) block(h uint64) []uint64 {
	n, _ := bits.Mul64(h*0x9e3779b97f4a7c15, uint64(len(f)/blockWords))
	return f[n*blockWords:][:blockWords]
}

// Hash is what the filter knows of a value: folded, a message-id without its
// brackets.
func Hash[T string | []byte](c Column, folded T) uint64 {
	h := xxhash.Sum64String(string(folded))
	return (h ^ uint64(c)) * 0xbf58476d1ce4e5b9
}

// HashAddr is the hash of an address.
func HashAddr(a netip.Addr) uint64 {
	b := a.Unmap().As16()
	return Hash(RemoteIP, b[:])
}

// TrimID takes the angle brackets off a message-id: people search for it with
// and without.
func TrimID(s string) string {
	return strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(s), "<"), ">")
}

// DomainOf is what follows the last @ of an address; empty if there is none.
func DomainOf(address string) string {
	i := strings.LastIndexByte(address, '@')
	if i < 0 {
		return ""
	}
	return address[i+1:]
}

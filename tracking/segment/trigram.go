package segment

import "encoding/binary"

// trigramColumns are the columns with a filter for parts of words.
var trigramColumns = [...]Column{Sender, Recipient, Subject, Attachment, ReplyTo}

const (
	trigramBits  = 18
	trigramWords = 1 << trigramBits / 64

	trigramFactor = 0x9e3779b1 // spreads them
)

// Trigrams tells of a text that no value of a column contains it, or that one
// may: a bit for each three octets in a row that occur in the folded values.
// One set serves many segments: the words that people use are soon all there.
type Trigrams struct {
	bits [len(trigramColumns)][]uint64 // nil until something is added
}

func (t *Trigrams) reset() {
	for i := range t.bits {
		clear(t.bits[i])
	}
}

// column finds a column's bits; -1 if it has none.
func trigramIndex(c Column) int {
	for i := range trigramColumns {
		if trigramColumns[i] == c {
			return i
		}
	}
	return -1
}

func trigram(a, b, c byte) uint32 {
	return (uint32(a) | uint32(b)<<8 | uint32(c)<<16) * trigramFactor >> (32 - trigramBits)
}

// add notes a folded value.
func (t *Trigrams) add(c Column, folded []byte) {
	i := trigramIndex(c)
	if t.bits[i] == nil {
		t.bits[i] = make([]uint64, trigramWords)
	}
	set := (*[trigramWords]uint64)(t.bits[i]) // so that nothing need be checked
	if len(folded) < 3 {
		return
	}
	three := uint32(folded[0])<<8 | uint32(folded[1])<<16
	for _, c := range folded[2:] {
		three = three>>8 | uint32(c)<<16
		h := three * trigramFactor >> (32 - trigramBits)
		set[h>>6] |= 1 << (h & 63)
	}
}

// Add makes t the filter of what either of the two knows.
func (t *Trigrams) Add(other *Trigrams) {
	for i, theirs := range other.bits {
		if theirs == nil {
			continue
		}
		if t.bits[i] == nil {
			t.bits[i] = make([]uint64, trigramWords)
		}
		for j, w := range theirs {
			t.bits[i][j] |= w
		}
	}
}

// May is false when no value of the column contains the folded text.
func (t *Trigrams) May(c Column, folded string) bool {
	i := trigramIndex(c)
	if i < 0 || len(folded) < 3 {
		return true
	}
	set := t.bits[i]
	if set == nil {
		return false
	}
	for j := 2; j < len(folded); j++ {
		h := trigram(folded[j-2], folded[j-1], folded[j])
		if set[h>>6]&(1<<(h&63)) == 0 {
			return false
		}
	}
	return true
}

// Append writes the set.
func (t *Trigrams) Append(b []byte, p *Packer) []byte {
	var raw []byte
	for i := range t.bits {
		raw = raw[:0]
		for _, w := range t.bits[i] {
			raw = binary.LittleEndian.AppendUint64(raw, w)
		}
		b = p.pack(b, raw)
	}
	return b
}

// ReadTrigrams reads what Append wrote.
func ReadTrigrams(b []byte, p *Packer) (*Trigrams, error) {
	t := &Trigrams{}
	c := cursor{b: b}
	for i := range t.bits {
		raw := p.unpack(&c)
		if len(raw) != 0 && len(raw) != 8*trigramWords {
			c.fail("trigrams of %d octets", len(raw))
		}
		if c.err != nil {
			return nil, c.err
		}
		for j := 0; j < len(raw); j += 8 {
			t.bits[i] = append(t.bits[i], binary.LittleEndian.Uint64(raw[j:]))
		}
	}
	return t, nil
}

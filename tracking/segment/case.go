package segment

import "encoding/binary"

// Texts that are searched for parts are kept folded, so that a search compares
// octets and folds nothing. Beside each value stands what folding took from it:
//
//	0        nothing
//	1 text   everything: the value as it was
//	1+n ...  n capital letters of ASCII: how many octets lie before each since the one before
//
// Most values have one capital letter at their beginning, or none.

// searched tells whether the texts of a stream are kept folded.
func (s streamID) searched() bool {
	switch s.part() {
	case Senders, Recipients, Subjects, ReplyTos:
		return true
	}
	return s.field() == fFileName
}

// appendCase writes what folding took from a value.
func appendCase(b []byte, v string, folded []byte) []byte {
	n := 0
	simple := len(v) == len(folded)
	for i := 0; simple && i < len(v); i++ {
		if v[i] != folded[i] {
			simple = 'A' <= v[i] && v[i] <= 'Z' && folded[i] == v[i]+'a'-'A'
			n++
		}
	}
	if !simple {
		b = append(b, 1)
		return append(binary.AppendUvarint(b, uint64(len(v))), v...)
	}
	if n == 0 {
		return append(b, 0)
	}
	b = binary.AppendUvarint(b, uint64(n)+1)
	last := 0
	for i := range len(v) {
		if v[i] != folded[i] {
			b = binary.AppendUvarint(b, uint64(i-last))
			last = i + 1
		}
	}
	return b
}

// readCase gives a value back, and the rest of what stands beside the values.
func (c *cursor) readCase(folded string) string {
	n := c.uvarint()
	switch n {
	case 0:
		return folded
	case 1:
		return string(c.take(c.uvarint()))
	}
	b := []byte(folded)
	at := uint64(0)
	for range n - 1 {
		at += c.uvarint()
		if c.err != nil || at >= uint64(len(b)) || b[at] < 'a' || b[at] > 'z' {
			c.fail("a capital letter")
			return ""
		}
		b[at] -= 'a' - 'A'
		at++
	}
	return string(b)
}

// skipCase passes over what stands beside a value of that length.
func (c *cursor) skipCase(length int) {
	n := c.uvarint()
	if n == 1 {
		c.take(c.uvarint())
		return
	}
	if n > uint64(length)+1 {
		c.fail("%d capital letters in %d octets", n-1, length)
		return
	}
	for range max(n, 1) - 1 {
		c.uvarint()
	}
}

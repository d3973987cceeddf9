package ctim

import "math/bits"

// plainBytes is how many bytes at the beginning of a text stand for themselves in a JSON
// string: those before a quote, a backslash, a control character or what is not
// ASCII. It looks at eight of them at a time: a sighting is two thousand bytes of
// strings, and this is most of what reading and writing it takes.
func plainBytes(s string) int {
	const (
		each = 0x0101010101010101
		high = 0x80 * each
	)
	i := 0
	for ; i+8 <= len(s); i += 8 {
		w := eight(s[i:])
		quote, slash := w^each*'"', w^each*'\\'
		// x-each&^x has the high bit of each byte that is zero, and perhaps of later ones;
		// w-each*' '&^w that of each byte below a blank.
		if odd := (w | (w-each*' ')&^w | (quote-each)&^quote | (slash-each)&^slash) & high; odd != 0 {
			return i + bits.TrailingZeros64(odd)/8
		}
	}
	for ; i < len(s); i++ {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' || c >= 0x80 {
			break
		}
	}
	return i
}

// eight is the first eight bytes as a number, the first the lowest.
func eight(s string) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

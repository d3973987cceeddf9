// Package fold takes the case off text, for comparing without regard to it:
// Unicode full case folding, byte for byte what golang.org/x/text/cases.Fold
// makes, so that "STRASSE" and "Straße" are one word. Bytes that are not UTF-8
// stay as they are.
//
// A search folds every text it looks at, so folding is its pace. Measured on one
// core of the two-core reference machine, busy otherwise (BenchmarkFold, MB/s):
//
//	text                    Append   String  cases.Fold
//	ASCII, mixed case        1,700      580          52
//	ASCII, lower case        2,700    3,600          64
//	German                     300      200          53
//	Russian                    170      110          64
//	Greek                      220      160          91
//	Chinese                    630      730         130
//	Japanese                   590      630         160
//	Korean                     410      520         140
//	Thai                       700      860          87
//	Arabic                     300      300          95
//
// The first text outside ASCII waits for the table; see table.go.
package fold

import (
	"encoding/binary"
	"slices"
	"unicode/utf8"
)

// String folds s. It gives back s itself, and allocates nothing, when there is
// nothing to change.
func String(s string) string {
	n := folded(s)
	if n == len(s) {
		return s
	}
	var short [128]byte // most texts fit, and need no buffer from the heap
	return string(Append(append(short[:0], s[:n]...), s[n:]))
}

// Append appends the folded s to dst.
func Append(dst []byte, s string) []byte {
	dst = slices.Grow(dst, len(s))
	for {
		dst, s = appendASCII(dst, s)
		if s == "" {
			return dst
		}
		dst, s = appendOther(dst, s)
	}
}

// ASCII tells whether all of s is ASCII: such text folds byte by byte, 'A' to
// 'Z' become 'a' to 'z', and its length stays.
func ASCII(s string) bool {
	for len(s) >= 8 {
		if word(s)&high != 0 {
			return false
		}
		s = s[8:]
	}
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// folded is how many bytes at the start of s folding leaves alone.
func folded(s string) int {
	for i := 0; i < len(s); {
		if len(s)-i >= 8 {
			if w := word(s[i:]); w&high == 0 && capitals(w) == 0 {
				i += 8
				continue
			}
		}
		if s[i] < utf8.RuneSelf {
			if lower(s[i]) != s[i] {
				return i
			}
			i++
			continue
		}
		n, more := foldedOther(s[i:])
		if i += n; !more {
			return i
		}
	}
	return len(s)
}

// foldedOther is how many bytes of the run of other than ASCII at the start of s
// folding leaves alone; more is false when it ends at a letter to be folded.
func foldedOther(s string) (n int, more bool) {
	t := folds()
	for n < len(s) && s[n] >= utf8.RuneSelf {
		if t.quiet[s[n]] {
			n++
			continue
		}
		r, size := utf8.DecodeRuneInString(s[n:])
		if t.of(r) != same {
			return n, false
		}
		n += size
	}
	return n, true
}

// appendASCII appends the ASCII at the start of s, folded, and gives the rest.
func appendASCII(dst []byte, s string) ([]byte, string) {
	for len(s) >= 8 {
		w := word(s)
		if w&high != 0 {
			break
		}
		// What makes 'A' (0x41) into 'a' (0x61) is a quarter of the mark 0x80.
		dst = binary.LittleEndian.AppendUint64(dst, w|capitals(w)>>2)
		s = s[8:]
	}
	i := 0
	for ; i < len(s) && s[i] < utf8.RuneSelf; i++ {
		dst = append(dst, lower(s[i]))
	}
	return dst, s[i:]
}

// appendOther appends the run of other than ASCII at the start of s, folded, and
// gives the rest. What has no case is copied together.
func appendOther(dst []byte, s string) ([]byte, string) {
	t := folds()
	from, i := 0, 0 // s[from:i] waits to be copied
	for i < len(s) && s[i] >= utf8.RuneSelf {
		if t.quiet[s[i]] {
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:]) // a stray byte gives U+FFFD, which has no case
		if to := t.of(r); to != same {
			dst = to.append(append(dst, s[from:i]...))
			from = i + size
		}
		i += size
	}
	return append(dst, s[from:i]...), s[i:]
}

func lower(c byte) byte {
	if c-'A' < 26 {
		return c + ('a' - 'A')
	}
	return c
}

const (
	ones = 0x0101010101010101
	high = 0x80 * ones
)

// word is the first eight bytes of s, the first one lowest.
func word(s string) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

// capitals marks, by 0x80 in its byte, each of eight ASCII bytes that is 'A' to
// 'Z': adding carries into the top bit from 'A' on, and from '['. No byte
// overflows into the next, for none is above 0x7f.
func capitals(w uint64) uint64 {
	return (w + (0x80-'A')*ones) &^ (w + (0x80-'Z'-1)*ones) & high
}

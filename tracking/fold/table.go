package fold

import (
	"sync"
	"unicode/utf8"

	"golang.org/x/text/cases"
)

// A mapping is what one character folds to: its UTF-8 in the low bytes, the
// first one lowest, and how many they are in the top byte. Six are the most:
// U+0390 becomes three characters of two bytes each.
type mapping uint64

// same is the mapping of a character that stays as it is.
const same mapping = 0

func newMapping(utf8 []byte) mapping {
	m := mapping(len(utf8)) << 56
	for i, c := range utf8 {
		m |= mapping(c) << (8 * i)
	}
	return m
}

func (m mapping) append(dst []byte) []byte {
	for n := m >> 56; n > 0; n-- {
		dst = append(dst, byte(m))
		m >>= 8
	}
	return dst
}

// limit is above every character that folding changes.
const limit = 0x20000

// page is 64 neighbouring characters: those with the same UTF-8 but for the last
// byte.
type page [64]mapping

// table holds the mappings of all characters. Most pages have none and are one:
// pages[0].
type table struct {
	index [limit / 64]uint8
	pages []page
	// quiet tells of each byte outside ASCII that no character which folding
	// changes begins with it: Thai, Arabic and Chinese are all such bytes. They
	// can be passed over one by one without being decoded, for a byte in the
	// middle of a character begins none, and neither does a stray one.
	quiet [256]bool
}

func (t *table) of(r rune) mapping {
	if uint32(r) >= limit {
		return same
	}
	return t.pages[t.index[uint32(r)/64]][uint32(r)%64]
}

// folds makes the table when it is first asked for. It takes 1.5 ms
// (BenchmarkTable), too long for the start of a process that may never see
// anything but ASCII. x/text is asked so that both always know the same version
// of Unicode.
var folds = sync.OnceValue(newTable)

func newTable() *table {
	t := &table{pages: make([]page, 1, 64)}
	for c := utf8.RuneSelf; c < len(t.quiet); c++ {
		t.quiet[c] = true
	}
	f := cases.Fold()
	text := make([]byte, 0, len(page{})*utf8.UTFMax)
	for first := rune(0); first < limit; first += rune(len(page{})) {
		if caseless(first) {
			continue
		}
		text = text[:0]
		for i := range len(page{}) {
			text = utf8.AppendRune(text, first+rune(i))
		}
		if n, err := f.Span(text, true); err == nil && n == len(text) {
			continue // folding changes none of them
		}
		t.quiet[text[0]] = false // all 64 begin with it
		t.index[first/64] = uint8(len(t.pages))
		t.pages = append(t.pages, newPage(f, first))
	}
	return t
}

func newPage(f cases.Caser, first rune) page {
	var p page
	var in [utf8.UTFMax]byte
	out := make([]byte, 8) // more than the six bytes of the longest mapping
	for i := range p {
		src := utf8.AppendRune(in[:0], first+rune(i))
		n, _, err := f.Transform(out, src, true)
		if err == nil && string(out[:n]) != string(src) {
			p[i] = newMapping(out[:n])
		}
	}
	return p
}

// caseless tells of pages, by their first character, that need not be asked for:
// the ideographs, Hangul syllables, surrogates and private use, half of them
// all.
func caseless(first rune) bool {
	return first >= 0x3400 && first < 0xa000 || first >= 0xac00 && first < 0xf900
}

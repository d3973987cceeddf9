package mix

import (
	"slices"
	"time"
	"unsafe"
)

// slabSize is how much text shares one allocation. Who keeps one text of a slab
// keeps the slab.
const slabSize = 64 << 10

// slab makes texts one after another in large allocations. What was made stays
// as it is: a slab is only ever added to, and a full one is left to the texts in
// it.
type slab struct {
	b    []byte
	from int // where the text being made begins
}

// begin begins a text. One longer than what is kept free is no error: append
// then moves on to a larger allocation.
func (s *slab) begin() *slab {
	if cap(s.b)-len(s.b) < 1<<10 {
		s.b = make([]byte, 0, slabSize)
	}
	s.from = len(s.b)
	return s
}

// end is the text since begin.
func (s *slab) end() string {
	text := s.b[s.from:]
	return unsafe.String(unsafe.SliceData(text), len(text)) // nobody writes there again
}

func (s *slab) str(t string) *slab { s.b = append(s.b, t...); return s }

func (s *slab) char(c byte) *slab { s.b = append(s.b, c); return s }

// num writes a number with at least the given number of digits.
func (s *slab) num(n uint64, digits int) *slab {
	var b [20]byte
	i := len(b)
	for n > 0 || digits > 0 {
		i--
		b[i] = byte('0' + n%10)
		n /= 10
		digits--
	}
	s.b = append(s.b, b[i:]...)
	return s
}

const (
	hexDigits = "0123456789abcdef"
	upperHex  = "0123456789ABCDEF"
	letters36 = "0123456789abcdefghijklmnopqrstuvwxyz"
	letters64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
)

// random writes n letters of an alphabet with 16 or 64 letters.
func (s *slab) random(d *dice, n int, alphabet string) *slab {
	mask, shift := uint64(len(alphabet)-1), 6
	if mask == 15 {
		shift = 4
	}
	s.b = slices.Grow(s.b, n)
	for n > 0 {
		u := d.bits()
		for range min(n, 10) {
			s.b = append(s.b, alphabet[u&mask])
			u >>= shift
		}
		n -= 10
	}
	return s
}

// uuid writes a random UUID (RFC 9562, version 4).
func (s *slab) uuid(d *dice) *slab {
	s.random(d, 8, hexDigits).char('-').random(d, 4, hexDigits).str("-4").random(d, 3, hexDigits)
	return s.char('-').char("89ab"[d.below(4)]).random(d, 3, hexDigits).char('-').random(d, 12, hexDigits)
}

// compact writes a moment as 20200514132357.
func (s *slab) compact(t time.Time) *slab {
	y, mo, d := t.Date()
	h, mi, sec := t.Clock()
	var b [14]byte
	put2(b[:], 0, y/100)
	put2(b[:], 2, y%100)
	for i, n := range [...]int{int(mo), d, h, mi, sec} {
		put2(b[:], 4+2*i, n)
	}
	s.b = append(s.b, b[:]...)
	return s
}

func put2(b []byte, at, n int) { b[at], b[at+1] = byte('0'+n/10%10), byte('0'+n%10) }

// day writes 2020-05-14.
func (s *slab) day(t time.Time) *slab {
	y, mo, d := t.Date()
	return s.num(uint64(y), 4).char('-').num(uint64(mo), 2).char('-').num(uint64(d), 2)
}

// date writes the value of a Date header: Thu, 14 May 2020 13:23:57 +0200. The
// zone is in hours.
func (s *slab) date(t time.Time, zone int) *slab {
	t = t.Add(time.Duration(zone) * time.Hour)
	y, mo, d := t.Date()
	h, mi, sec := t.Clock()
	b := [31]byte([]byte("Thu, 14 May 2020 13:23:57 +0200"))
	copy(b[:3], weekdays[3*t.Weekday():])
	put2(b[:], 5, d)
	copy(b[8:11], months[3*(mo-1):])
	put2(b[:], 12, y/100)
	put2(b[:], 14, y%100)
	put2(b[:], 17, h)
	put2(b[:], 20, mi)
	put2(b[:], 23, sec)
	if zone < 0 {
		b[26], zone = '-', -zone
	}
	put2(b[:], 27, zone)
	b[29] = '0'
	s.b = append(s.b, b[:]...)
	return s
}

const (
	weekdays = "SunMonTueWedThuFriSat"
	months   = "JanFebMarAprMayJunJulAugSepOctNovDec"
)

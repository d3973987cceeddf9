package config

import (
	"fmt"
	"strconv"
	"strings"
)

// Size is a number of bytes, written as AsyncOS does: a number, or one with K
// or M behind it (1024 and 1024 x 1024).
type Size int64

// UnmarshalText reads a size: "10M", "512K", "1048576".
func (s *Size) UnmarshalText(b []byte) error {
	text, unit := string(b), int64(1)
	switch {
	case strings.HasSuffix(text, "K"):
		text, unit = text[:len(text)-1], 1<<10
	case strings.HasSuffix(text, "M"):
		text, unit = text[:len(text)-1], 1<<20
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 || n > 1<<40 {
		return fmt.Errorf("size %q: want a number, or one with K or M behind it", b)
	}
	*s = Size(n * unit)
	return nil
}

// MarshalText writes a size in the largest unit that it is a multiple of.
func (s Size) MarshalText() ([]byte, error) {
	switch {
	case s > 0 && s%(1<<20) == 0:
		return fmt.Appendf(nil, "%dM", s>>20), nil
	case s > 0 && s%(1<<10) == 0:
		return fmt.Appendf(nil, "%dK", s>>10), nil
	}
	return strconv.AppendInt(nil, int64(s), 10), nil
}

// Form says how a size is written, in words and as a regular expression.
func (Size) Form() (words, pattern string) { return "bytes, with K or M", "^[0-9]+[KM]?$" }

package ctim

import (
	"math/rand/v2"
	"strings"
	"testing"
)

// Every byte at every place, among such as are plain and such as are not.
func TestPlain(t *testing.T) {
	slow := func(s string) int {
		i := strings.IndexFunc(s, func(r rune) bool { return r < ' ' || r == '"' || r == '\\' || r >= 0x80 })
		if i < 0 {
			return len(s)
		}
		return i
	}
	for c := range 256 {
		for length := range 20 {
			for at := range length {
				b := []byte(strings.Repeat("a", length))
				b[at] = byte(c)
				if got, want := plainBytes(string(b)), slow(string(b)); got != want {
					t.Fatalf("%q: %d, want %d", b, got, want)
				}
			}
		}
	}
	for range 100_000 {
		b := make([]byte, rand.IntN(20))
		for i := range b {
			b[i] = byte(rand.IntN(256))
		}
		if got, want := plainBytes(string(b)), slow(string(b)); got != want {
			t.Fatalf("%q: %d, want %d", b, got, want)
		}
	}
}

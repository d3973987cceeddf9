package segment

import (
	"bytes"
	"encoding/hex"
	"strings"

	"github.com/cespare/xxhash/v2"

	"esasim/esa"
	"esasim/tracking/fold"
)

// index gathers what the filters of a segment are made from: each value once.
type index struct {
	hashes   []uint64
	often    hashes // those that come again and again: domains, digits
	trigrams Trigrams
	buf      []byte // for use within one call
	stale    bool   // the trigrams are those of the segment before
}

// reset forgets everything; the trigrams at the next value only, because they
// have been handed out.
func (x *index) reset() {
	x.hashes = x.hashes[:0]
	x.often.reset()
	x.stale = true
}

func (x *index) add(c Column, hash uint64) { x.hashes = append(x.hashes, hashOf(c, hash)) }

// folded notes a searched value that is new in its stream, and its xxhash. A subject
// is never looked for by its hash: subjects repeat too much for that to tell
// segments apart.
func (x *index) folded(of streamID, folded []byte, hash uint64) {
	if x.stale {
		x.trigrams.reset()
		x.stale = false
	}
	switch of.part() {
	case Senders:
		x.trigrams.add(Sender, folded)
		x.add(Sender, hash)
		at := bytes.LastIndexByte(folded, '@')
		x.domain(folded[at+1:], at >= 0)
	case Recipients:
		x.trigrams.add(Recipient, folded)
		x.add(Recipient, hash)
	case Subjects:
		x.trigrams.add(Subject, folded)
		x.digits(folded)
	case ReplyTos:
		x.trigrams.add(ReplyTo, folded)
	default:
		x.trigrams.add(Attachment, folded)
	}
}

// value notes any other value that is new in its stream.
func (x *index) value(of streamID, v string) {
	switch {
	case of == id(esa.MessageIDSeen, fText):
		x.buf = fold.Append(x.buf[:0], TrimID(v))
		x.add(MessageID, xxhash.Sum64(x.buf))
	case of.field() == fFileSHA:
		x.add(SHA256, xxhash.Sum64String(v))
	}
}

// digitRun is how many digits in a row the filter knows of subjects. All groups of
// three digits are in every subject column sooner or later; of six few are, so a
// ticket's number is found without reading the others.
const digitRun = 6

// digits notes each run of digits.
func (x *index) digits(folded []byte) {
	n := 0
	for i, c := range folded {
		if n++; c < '0' || c > '9' {
			n = 0
		}
		if n >= digitRun {
			x.once(Hash(SubjectDigits, folded[i+1-digitRun:i+1]))
		}
	}
}

// DigitRuns are the hashes of the runs of digits in a folded text, which a
// subject that contains it must have, too.
func DigitRuns(folded string) (hashes []uint64) {
	x := index{}
	x.digits([]byte(folded))
	return x.hashes
}

// once notes a hash that has probably been noted.
func (x *index) once(h uint64) {
	if x.often.add(h) {
		x.hashes = append(x.hashes, h)
	}
}

func (x *index) domain(folded []byte, any bool) {
	if !any {
		folded = nil
	}
	x.once(Hash(Domain, folded))
}

// A SHA-256 is 64 hexadecimal digits; kept as 32 octets behind a mark it takes
// half. What is not one is kept as it is, behind another.
func packSHA(s string) string { return string(appendSHA(nil, s)) }

func appendSHA(b []byte, s string) []byte {
	start := len(b)
	b = append(b, '#')
	for i := 0; len(s) == 64 && i < len(s); i += 2 {
		high, low := hexDigit(s[i]), hexDigit(s[i+1])
		if high|low > 15 {
			break
		}
		b = append(b, high<<4|low)
	}
	if len(b) == start+1+32 {
		return b
	}
	return append(append(b[:start], '='), s...)
}

// hexDigit is the value of a digit as hex.EncodeToString writes it, or more than
// any has.
func hexDigit(c byte) byte {
	switch {
	case c-'0' < 10:
		return c - '0'
	case c-'a' < 6:
		return c - 'a' + 10
	}
	return 0xff
}

func readSHA(v string) string {
	if rest, ok := strings.CutPrefix(v, "#"); ok {
		return hex.EncodeToString([]byte(rest))
	}
	return strings.TrimPrefix(v, "=")
}

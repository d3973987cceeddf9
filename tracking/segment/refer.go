package segment

import (
	"bytes"
	"math/bits"
	"strings"

	"esasim/esa"
)

// Texts often repeat what their row has said before: the remote host's answer
// names the message-id, that names the host it comes from, the From header the
// sender. Where nobody searches for parts of words, such a repetition is kept as
// one octet. On a company's mail this saves a quarter of the whole
// (docs/benchmarks.md).

// The octets that stand for something, and the one that says that the next octet
// stands for itself.
const (
	itself = iota
	theSender
	theMessageID
	theHost
	theDomain // the sender's
	references
)

// shortest is the shortest text that is worth a look whether it is repeated.
const shortest = 6

// words are what later texts of a row may repeat.
type words [references]string

// note keeps what an event says.
func (w *words) note(e *esa.Event) {
	switch e.Kind {
	case esa.SenderGiven:
		w[theSender], w[theDomain] = e.Address, DomainOf(e.Address)
	case esa.MessageIDSeen:
		w[theMessageID] = e.Text
	case esa.MessageStarted, esa.ConnectionOpened:
		if e.Source != nil {
			w[theHost] = e.Source.Host
		}
	}
}

// refersTo lists the words that texts of a stream are likely to repeat; none for
// streams that are kept as they are. They must not be those of columns that are
// searched for parts of words; message-ids are only searched for as a whole. The
// lists are part of the format: what was kept with one is read with it.
func (s streamID) refersTo() []int {
	switch s {
	case id(esa.MessageReady, fAddress):
		return []int{theSender}
	case id(esa.HeaderSeen, fFrom):
		return []int{theSender, theDomain}
	case id(esa.MessageIDSeen, fText):
		return []int{theHost, theDomain}
	case id(esa.RecipientDelivered, fText), id(esa.RecipientDelayed, fText), id(esa.RecipientBounced, fText):
		return []int{theMessageID}
	}
	return nil
}

// literal is what a kept text begins with, up to the first reference.
func literal(kept string) string {
	const ones, high = 0x0101010101010101, 0x8080808080808080
	i := 0
	for ; i+8 <= len(kept); i += 8 {
		w := eight(kept[i:])
		// An octet below references borrows into its top bit; the first to have it
		// is one, those above may have it from the octet below them.
		if below := (w - references*ones) &^ w & high; below != 0 {
			return kept[:i+bits.TrailingZeros64(below)/8]
		}
	}
	for ; i < len(kept); i++ {
		if kept[i] < references {
			return kept[:i]
		}
	}
	return kept
}

// eight are the first octets of a text, the first one lowest.
func eight(s string) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

// shorten replaces some of the row's words in a text. What needs nothing comes back
// as it is; what comes back is valid until the buffer is used again.
func (w *words) shorten(text string, of []int, buf []byte) (string, []byte) {
	n, at := w.find(text, of)
	if n == 0 && len(literal(text)) == len(text) {
		return text, buf
	}
	if n != 0 && len(text) == len(w[n]) {
		return alone[n], buf
	}
	buf = buf[:0]
	for ; n != 0; n, at = w.find(text, of) {
		buf = append(appendLiteral(buf, text[:at]), byte(n))
		text = text[at+len(w[n]):]
	}
	buf = appendLiteral(buf, text)
	return transient(buf), buf
}

// alone are the kept forms of texts that are a word and nothing else.
var alone = [references]string{theSender: "\x01", theMessageID: "\x02", theHost: "\x03", theDomain: "\x04"}

// find gives the first of the words in a text, and where it is; 0 if there is
// none.
func (w *words) find(text string, of []int) (word, at int) {
	for _, n := range of {
		if len(w[n]) < shortest {
			continue
		}
		if i := strings.Index(text, w[n]); i >= 0 && (word == 0 || i < at) {
			word, at = n, i
		}
	}
	return word, at
}

func appendLiteral(b []byte, text string) []byte {
	for {
		n := len(literal(text))
		b = append(b, text[:n]...)
		if n == len(text) {
			return b
		}
		b = append(b, itself, text[n])
		text = text[n+1:]
	}
}

// expanded is how many octets expand gives at most.
func (w *words) expanded(kept string) int {
	n := len(kept)
	for i := range len(kept) {
		if kept[i] < references {
			n += len(w[kept[i]])
		}
	}
	return n
}

// expand puts the row's words back.
func (w *words) expand(kept string) string {
	if len(literal(kept)) == len(kept) {
		return kept
	}
	var b bytes.Buffer
	for i := 0; i < len(kept); i++ {
		switch c := kept[i]; {
		case c == itself && i+1 < len(kept):
			i++
			b.WriteByte(kept[i])
		case c < references:
			b.WriteString(w[c])
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

package maillog

import (
	"bytes"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"esasim/esa"
)

// stamp is the form of a moment in the logs: "Mon Aug 10 09:52:59 2020".
const stamp = "Mon Jan _2 15:04:05 2006"

// lines are lines of the log on their way to the file.
//
// A message is twenty lines. They are written without package fmt, which takes
// three times as long and makes a string of each, and a moment is formatted once
// for all lines of its second.
type lines struct {
	buf   []byte
	in    *time.Location
	begun []byte // what the lines of one second begin with
	at    int64  // which second that is
}

// begin begins a line.
func (l *lines) begin(t time.Time) {
	if at := t.Unix(); l.begun == nil || at != l.at {
		l.begun, l.at = atLevel(l.begun[:0], t.In(l.in), "Info"), at
	}
	l.buf = append(l.buf, l.begun...)
}

// say writes a sentence about an event. In its form %M, %I, %D and %O stand for
// the numbers of the message, the injection and the delivery connection and the
// other message, %R for the recipients, %S for the size, %A, %N and %T for address,
// name and text, %L and %P for our end and the peer's of the connection, and each
// %s for the next of the words. Whatever a sender chose is made safe.
func (l *lines) say(e *esa.Event, form string, words ...string) {
	l.begin(e.Time)
	for {
		i := strings.IndexByte(form, '%')
		if i < 0 {
			break
		}
		l.buf = append(l.buf, form[:i]...)
		if form[i+1] == 's' {
			l.buf, words = appendClean(l.buf, words[0]), words[1:]
		} else {
			l.field(e, form[i+1])
		}
		form = form[i+2:]
	}
	l.buf = append(append(l.buf, form...), '\n')
}

func (l *lines) field(e *esa.Event, letter byte) {
	switch letter {
	case 'M':
		l.buf = strconv.AppendUint(l.buf, uint64(e.MID), 10)
	case 'I':
		l.buf = strconv.AppendUint(l.buf, uint64(e.ICID), 10)
	case 'D':
		l.buf = strconv.AppendUint(l.buf, uint64(e.DCID), 10)
	case 'O':
		l.buf = strconv.AppendUint(l.buf, uint64(e.Other), 10)
	case 'R':
		l.buf = appendRIDs(l.buf, e.RIDs)
	case 'S':
		l.buf = strconv.AppendInt(l.buf, e.Size, 10)
	case 'A':
		l.buf = appendClean(l.buf, e.Address)
	case 'N':
		l.buf = appendClean(l.buf, e.Name)
	case 'T':
		l.buf = appendClean(l.buf, e.Text)
	case 'L':
		l.buf = appendAddr(l.buf, e.Source.Local)
	case 'P':
		l.buf = appendAddr(l.buf, e.Source.Remote)
	default:
		panic("no field %" + string(letter))
	}
}

func appendAddr(b []byte, a netip.Addr) []byte {
	if !a.IsValid() {
		return append(b, a.String()...) // says so
	}
	return a.AppendTo(b)
}

func appendRIDs(b []byte, list []esa.RID) []byte {
	b = append(b, '[')
	for i, r := range list {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = strconv.AppendUint(b, uint64(r), 10)
	}
	return append(b, ']')
}

// appendClean keeps a sender's text on one line: a log line that mail can break in
// two could be forged.
func appendClean(b []byte, s string) []byte {
	for i := range len(s) {
		if s[i] < ' ' || s[i] >= 0x7f {
			return append(b, clean(s)...)
		}
	}
	return append(b, s...)
}

func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if control(r) {
			return '?'
		}
		return r
	}, s)
}

func control(r rune) bool { return r < ' ' || r == 0x7f || r == 0x2028 || r == 0x2029 }

// sentencesOf are the sentences of an event, each without the beginning of its line
// and its end: for those who write no file.
func sentencesOf(e *esa.Event) (out []string) {
	l := lines{in: time.UTC}
	l.sentences(e)
	for text := range bytes.Lines(l.buf) {
		out = append(out, string(text[len(l.begun):len(text)-1]))
	}
	return out
}

// line is a sentence as it stands in the file.
func line(b []byte, t time.Time, text string) []byte {
	return append(append(atLevel(b, t, "Info"), text...), '\n')
}

// warning is one of the level above.
func warning(b []byte, t time.Time, text string) []byte {
	return append(append(atLevel(b, t, "Warning"), text...), '\n')
}

func atLevel(b []byte, t time.Time, level string) []byte {
	b = append(t.AppendFormat(b, stamp), ' ')
	return append(append(b, level...), ": "...)
}

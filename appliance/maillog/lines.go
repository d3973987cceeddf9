package maillog

import (
	"net/netip"
	"strconv"
	"strings"
	"time"

	"esasim/appliance/logs"
	"esasim/esa"
)

// stamp is the form of a moment in the logs.
const stamp = logs.Stamp

// lines are where the sentences go.
type lines struct {
	out     *logs.Lines
	in      *time.Location // of the times in sentences
	wording int            // see [Log]
}

// say writes a sentence about an event. In its form %M, %I, %D and %O stand for
// the numbers of the message, the injection and the delivery connection and the
// other message, %R for the recipients, %S for the size, %A, %N and %T for address,
// name and text, %L and %P for our end and the peer's of the connection, and each
// %s for the next of the words. Whatever a sender chose is made safe.
func (l *lines) say(e *esa.Event, form string, words ...string) {
	l.out.Begin(e.Time, logs.Info)
	for {
		i := strings.IndexByte(form, '%')
		if i < 0 {
			break
		}
		l.out.Buf = append(l.out.Buf, form[:i]...)
		if form[i+1] == 's' {
			l.out.Buf, words = logs.AppendClean(l.out.Buf, words[0]), words[1:]
		} else {
			l.field(e, form[i+1])
		}
		form = form[i+2:]
	}
	l.out.Buf = append(l.out.Buf, form...)
	l.out.End()
}

func (l *lines) field(e *esa.Event, letter byte) {
	switch letter {
	case 'M':
		l.out.Buf = strconv.AppendUint(l.out.Buf, uint64(e.MID), 10)
	case 'I':
		l.out.Buf = strconv.AppendUint(l.out.Buf, uint64(e.ICID), 10)
	case 'D':
		l.out.Buf = strconv.AppendUint(l.out.Buf, uint64(e.DCID), 10)
	case 'O':
		l.out.Buf = strconv.AppendUint(l.out.Buf, uint64(e.Other), 10)
	case 'R':
		l.out.Buf = appendRIDs(l.out.Buf, e.RIDs)
	case 'S':
		l.out.Buf = strconv.AppendInt(l.out.Buf, e.Size, 10)
	case 'A':
		l.out.Buf = logs.AppendClean(l.out.Buf, e.Address)
	case 'N':
		l.out.Buf = logs.AppendClean(l.out.Buf, e.Name)
	case 'T':
		l.out.Buf = logs.AppendClean(l.out.Buf, e.Text)
	case 'L':
		l.out.Buf = appendAddr(l.out.Buf, e.Source.Local)
	case 'P':
		l.out.Buf = appendAddr(l.out.Buf, e.Source.Remote)
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

// sentencesOf are the sentences of an event, each without the beginning of its line
// and its end: for those who write no file.
func sentencesOf(e *esa.Event) []string {
	out := logs.NewLines(time.UTC)
	(&lines{out: out, in: time.UTC}).sentences(e)
	return out.Texts()
}

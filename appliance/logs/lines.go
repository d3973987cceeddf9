package logs

import (
	"bytes"
	"fmt"
	"strings"
	"time"
)

// Stamp is the form of a moment in the logs: "Mon Aug 10 09:52:59 2020".
const Stamp = "Mon Jan _2 15:04:05 2006"

// Level of a line, the most severe first (AsyncOS user guide, "Log levels").
type Level uint8

const (
	Critical Level = iota
	Warning
	Info
	Debug
	Trace
)

// String is the level as a line names it.
func (l Level) String() string {
	return [...]string{"Critical", "Warning", "Info", "Debug", "Trace"}[l]
}

// ParseLevel reads a level's name, in any case of letters.
func ParseLevel(s string) (Level, error) {
	for l := Critical; l <= Trace; l++ {
		if strings.EqualFold(s, l.String()) {
			return l, nil
		}
	}
	return 0, fmt.Errorf("level %q: want critical, warning, info, debug or trace", s)
}

// Lines are lines of a log on their way to where it goes, each with its end. What
// they say is appended to Buf between Begin and End.
//
// A message is twenty lines. They are written without package fmt, which takes
// three times as long and makes a string of each, and a moment is formatted once
// for all lines of its second.
type Lines struct {
	Buf []byte
	In  *time.Location // of the times in lines; nil: UTC

	least Level  // what is less severe is left out
	pri   int    // not 0: as they are pushed to a syslog server, of this facility
	name  string // and of this program
	head  []byte // what the lines of one second and level begin with
	at    int64  // which second that is
	level Level  // and which level
	line  int    // where the last line begins
}

// NewLines are lines as they stand in files, of every level.
func NewLines(in *time.Location) *Lines { return &Lines{In: in, least: Trace} }

// Begin begins a line.
func (l *Lines) Begin(t time.Time, level Level) {
	if at := t.Unix(); l.head == nil || at != l.at || level != l.level {
		l.head, l.at, l.level = l.appendHead(l.head[:0], t, level), at, level
	}
	l.line = len(l.Buf)
	l.Buf = append(l.Buf, l.head...)
}

// End ends the line that was begun.
func (l *Lines) End() {
	if l.level > l.least {
		l.Buf = l.Buf[:l.line]
		return
	}
	l.Buf = append(l.Buf, '\n')
}

// Say writes a line of a text that needs no cleaning.
func (l *Lines) Say(t time.Time, level Level, text string) {
	l.Begin(t, level)
	l.Buf = append(l.Buf, text...)
	l.End()
}

// Texts are the lines, each without its moment, level and end: for lines as they
// stand in files.
func (l *Lines) Texts() (out []string) {
	for line := range bytes.Lines(l.Buf) {
		_, text, _ := strings.Cut(string(line[len(Stamp):]), ": ")
		out = append(out, strings.TrimSuffix(text, "\n"))
	}
	return out
}

// severities are syslog's of our levels (RFC 5424, 6.2.1).
func (l Level) severity() int { return [...]int{2, 4, 6, 7, 7}[l] }

// appendHead is "Mon Aug 10 09:52:59 2020 Info: " in a file, and
// "<22>Aug 10 09:52:59 mail_logs: Info: " for a syslog server.
func (l *Lines) appendHead(b []byte, t time.Time, level Level) []byte {
	if l.In == nil {
		l.In = time.UTC
	}
	t = t.In(l.In)
	if l.name == "" {
		b = append(t.AppendFormat(b, Stamp), ' ')
	} else {
		b = fmt.Appendf(b, "<%d>%s %s: ", l.pri+level.severity(), t.Format(time.Stamp), l.name)
	}
	return append(append(b, level.String()...), ": "...)
}

// AppendClean keeps a sender's text on one line: a log line that mail can break in
// two could be forged.
func AppendClean(b []byte, s string) []byte {
	for i := range len(s) {
		if s[i] < ' ' || s[i] >= 0x7f {
			return append(b, Clean(s)...)
		}
	}
	return append(b, s...)
}

// Clean is a text with a question mark for each character that could end a line.
func Clean(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == 0x85 || r == 0x2028 || r == 0x2029 {
			return '?'
		}
		return r
	}, s)
}

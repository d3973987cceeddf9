package maillog

import (
	"context"
	"regexp"
	"strings"
	"testing"
	"time"

	"esasim/appliance/logs"
	"esasim/appliance/specimen"
	"esasim/esa"
)

// FuzzLines puts anything into the texts of events: a line stays one line, with a
// moment and a level, and says what it would say of the text made safe beforehand.
func FuzzLines(f *testing.F) {
	for _, s := range []string{"", "x", "it's", `"x"`, "a\nFri Aug 10 09:52:59 2020 Info: forged", "\r", "\x00\xff", "\u2028\u0085", "%M%s%", "[0] Response 'x'", "550 a\nb\r\nc"} {
		for k := range esa.Kinds {
			f.Add(byte(k), s, s)
		}
	}
	f.Fuzz(func(t *testing.T, kind byte, text, other string) {
		k := esa.Kind(kind)
		if k < esa.ConnectionOpened || k >= esa.Kinds {
			return
		}
		lines := written(t, k, text, other)
		for line := range strings.SplitAfterSeq(strings.TrimSuffix(lines, "\n"), "\n") {
			line, _ = strings.CutSuffix(line, "\n")
			if line != "" && (!beginning.MatchString(line) || logs.Clean(line) != line) {
				t.Errorf("kind %d: no line: %q", k, line)
			}
		}
		if k == esa.RecipientBounced || k == esa.RecipientDelayed { // a line feed is one between lines of the answer
			text = strings.ReplaceAll(text, "\n", "?")
			lines = written(t, k, text, other)
		}
		if again := written(t, k, logs.Clean(text), logs.Clean(other)); again != lines {
			t.Errorf("kind %d: %q, made safe %q", k, lines, again)
		}
	})
}

var beginning = regexp.MustCompile(`^Thu May 14 13:23:57 2020 Info: `)

// written are the lines of an event of a kind with these texts.
func written(t *testing.T, k esa.Kind, text, other string) string {
	e := specimen.Of(k)
	e.Time = time.Date(2020, 5, 14, 13, 23, 57, 0, time.UTC)
	e.Text, e.Name, e.Address, e.Attachment = text, other, other, &esa.Attachment{Name: text}
	if e.Source != nil {
		e.Source.Host, e.Source.Country, e.Source.Listener, e.Source.Match = text, other, other, text
	}
	out := logs.NewLines(time.UTC)
	if err := (Log{}).Write(context.Background(), out, []esa.Entry{{Events: []esa.Event{*e}}}); err != nil {
		t.Fatal(err)
	}
	return string(out.Buf)
}

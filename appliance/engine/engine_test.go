package engine

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"esasim/appliance/stage"
	"esasim/esa"
)

func factory(t *testing.T) []stage.Stage {
	drop := stage.Treatment{Action: "drop"}
	spam, err := AntiSpam(SpamOptions{Positive: drop, PositiveScore: 90, SuspectScore: 50, MaxSize: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	virus, err := AntiVirus(VirusOptions{Viral: drop})
	if err != nil {
		t.Fatal(err)
	}
	amp, err := AMP(AMPOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return []stage.Stage{spam, virus, amp}
}

// What the stages from the factory find.
func TestDefault(t *testing.T) {
	for _, c := range []struct {
		name    string
		body    string
		files   []esa.Attachment
		verdict map[esa.Engine]esa.Verdict
	}{
		{"clean", "hello", nil, map[esa.Engine]esa.Verdict{esa.AntiSpam: esa.Negative, esa.AntiVirus: esa.Negative, esa.AMP: esa.Skipped}},
		{"attachment", "hello", []esa.Attachment{{Name: "a", SHA256: "00"}},
			map[esa.Engine]esa.Verdict{esa.AntiSpam: esa.Negative, esa.AntiVirus: esa.Negative, esa.AMP: esa.Unknown}},
		{"spam", "x " + gtube + " x", nil, map[esa.Engine]esa.Verdict{esa.AntiSpam: esa.Positive}},
		{"virus", "Content-Type: application/x; name=eicar.com\r\n\r\n" + eicar, []esa.Attachment{{Name: "eicar.com", SHA256: eicarSum}},
			map[esa.Engine]esa.Verdict{esa.AntiSpam: esa.Negative, esa.AntiVirus: esa.Positive}},
		{"content gone", unreadable, nil, map[esa.Engine]esa.Verdict{esa.AntiSpam: esa.Unscannable, esa.AntiVirus: esa.Unscannable, esa.AMP: esa.Skipped}},
	} {
		j := stage.NewJob(body(c.body))
		j.Take(&esa.Message{MID: 1, Attachments: c.files})
		got := map[esa.Engine]esa.Verdict{}
		for _, s := range factory(t) {
			f, err := s.Scan(j)
			if err != nil {
				f = stage.Finding{Verdict: esa.Unscannable}
			}
			if got[s.Engine] = f.Verdict; (f.Want.Drop != "") != (f.Verdict == esa.Positive) {
				t.Errorf("%s: engine %d, verdict %d: drop %q", c.name, s.Engine, f.Verdict, f.Want.Drop)
			}
			if f.Want.Drop != "" {
				break
			}
		}
		for e, v := range c.verdict {
			if got[e] != v {
				t.Errorf("%s: engine %d: %d, want %d", c.name, e, got[e], v)
			}
		}
	}
}

// unreadable is a body that the log cannot give back.
const unreadable = "unreadable"

func body(s string) func(esa.MID) (io.ReadCloser, error) {
	return func(esa.MID) (io.ReadCloser, error) {
		if s == unreadable {
			return nil, errors.New("no content")
		}
		return io.NopCloser(strings.NewReader(s)), nil
	}
}

// The test text is found wherever it lies, however the content comes.
func TestContains(t *testing.T) {
	want := []byte(gtube)
	for _, before := range []int{0, 1, 4000, 8<<10 - 30, 8 << 10, 3 * 8 << 10} {
		text := append(bytes.Repeat([]byte("x"), before), want...)
		for _, r := range []io.Reader{bytes.NewReader(text), iotest.OneByteReader(bytes.NewReader(text)), iotest.DataErrReader(bytes.NewReader(text))} {
			if found, err := contains(r, want, make([]byte, 0, 8<<10)); !found || err != nil {
				t.Errorf("behind %d bytes: %t, %v", before, found, err)
			}
		}
		if found, err := contains(bytes.NewReader(text[:len(text)-1]), want, make([]byte, 0, 8<<10)); found || err != nil {
			t.Errorf("cut off behind %d bytes: %t, %v", before, found, err)
		}
	}
	if _, err := contains(iotest.ErrReader(io.ErrClosedPipe), want, make([]byte, 0, 8<<10)); err == nil {
		t.Error("a broken reader is no error")
	}
}

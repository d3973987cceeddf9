package successor

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"esasim/appliance/letter"
	"esasim/esa"
)

// store is a log whose contents can be written until it is full.
type store struct {
	bytes.Buffer
	full      error
	discarded int
}

func (s *store) NextMID() (esa.MID, error)  { return 2, nil }
func (s *store) NewContent(esa.MID) Content { return s }
func (s *store) Discard() error             { s.discarded++; return nil }
func (s *store) Write(b []byte) (int, error) {
	if s.full != nil {
		return 0, s.full
	}
	return s.Buffer.Write(b)
}

// A message that cannot be read is told from a store that cannot be written: whoever
// has the message go on unchanged must not do so because the disk is full.
func TestWhoseFault(t *testing.T) {
	full, broken := errors.New("disk full"), errors.New("damaged")
	const text = "Subject: hi\r\n\r\nhello\r\n"
	edit := &letter.Edit{Foot: "bye"}
	for name, do := range map[string]func(*Message, *store, io.Reader) error{
		"copy":  func(m *Message, s *store, r io.Reader) error { return m.Copy(s, r, make([]byte, 100)) },
		"write": func(m *Message, s *store, r io.Reader) error { return m.Write(s, r) },
		"edit":  func(m *Message, s *store, r io.Reader) error { return m.Edit(s, r, edit) },
	} {
		m, s := Message{}, &store{}
		if err := do(&m, s, strings.NewReader(text)); err != nil || m.Content == nil || !strings.Contains(s.String(), "hello") || s.discarded != 0 {
			t.Errorf("%s: %v, %q", name, err, s.String())
		}
		m, s = Message{}, &store{full: full}
		if err := do(&m, s, strings.NewReader(text)); !errors.Is(err, full) || errors.Is(err, ErrUnreadable) || s.discarded != 1 || m.Content != nil {
			t.Errorf("%s: full: %v", name, err)
		}
		m, s = Message{}, &store{}
		if err := do(&m, s, io.MultiReader(strings.NewReader(text), iotest.ErrReader(broken))); !errors.Is(err, broken) || !errors.Is(err, ErrUnreadable) || s.discarded != 1 || m.Content != nil {
			t.Errorf("%s: broken: %v", name, err)
		}
	}
}

package gather

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"esasim/esa"
)

// noStore has nothing that could be asked for.
type noStore struct{}

func (noStore) Message(context.Context, esa.MID) (esa.Message, error) {
	return esa.Message{}, ErrGone
}

// A message that is seen from its beginning is put together; one that is not, or
// is let go, is asked for.
func TestMessages(t *testing.T) {
	var g Messages
	g.Add([]esa.Event{{Kind: esa.MessageStarted, MID: 1}, {Kind: esa.SenderGiven, MID: 1, Address: "a@b.example"}})
	g.Add([]esa.Event{{Kind: esa.MessageAborted, MID: 1, Text: "why"}})
	g.Add([]esa.Event{{Kind: esa.MessageQueued, MID: 2}}) // its beginning was not seen
	m, err := g.Of(t.Context(), 1, noStore{})
	if err != nil || m.Sender != "a@b.example" || m.State != esa.Aborted || m.Aborted != "why" {
		t.Errorf("MID 1: %+v, %v", m, err)
	}
	if _, err := g.Of(t.Context(), 2, noStore{}); !errors.Is(err, ErrGone) {
		t.Errorf("MID 2: %v, want to be asked for", err)
	}
	g.Done(1)
	if n, bytes := g.Held(); n != 0 || bytes != 0 {
		t.Errorf("%d messages, %d bytes held", n, bytes)
	}
	for mid := esa.MID(1); mid <= maxOpen+1; mid++ {
		g.Add([]esa.Event{{Kind: esa.MessageStarted, MID: mid}})
		g.Bound()
	}
	if n, _ := g.Held(); n != 0 {
		t.Errorf("%d messages held, want all let go", n)
	}
	g.Add([]esa.Event{{Kind: esa.MessageStarted, MID: 1, Text: strings.Repeat("x", maxBytes)}})
	g.Bound()
	if n, _ := g.Held(); n != 0 {
		t.Errorf("a message of %d bytes is held", maxBytes)
	}
}

// Events are handed out by message, in order, and not beyond an error.
func TestEach(t *testing.T) {
	entry := func(mids ...esa.MID) (e esa.Entry) {
		for _, mid := range mids {
			e.Events = append(e.Events, esa.Event{MID: mid})
		}
		return e
	}
	entries := []esa.Entry{entry(), entry(1, 1, 2), entry(2, 0, 0, 2), entry(3)}
	var got []string
	stop := errors.New("enough")
	take := func(mid esa.MID, events []esa.Event) error {
		if mid == 3 {
			return stop
		}
		got = append(got, fmt.Sprintf("%d*%d", len(events), mid))
		return nil
	}
	if err := Each(append(entries, entry(4)), take); !errors.Is(err, stop) || fmt.Sprint(got) != "[2*1 1*2 1*2 2*0 1*2]" {
		t.Errorf("%v, %v", got, err)
	}
}

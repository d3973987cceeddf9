package gather

import (
	"context"
	"errors"
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

func TestTogether(t *testing.T) {
	for want, mids := range map[int][]esa.MID{0: nil, 1: {1, 2}, 2: {1, 1, 2, 1}, 3: {0, 0, 0}} {
		var events []esa.Event
		for _, mid := range mids {
			events = append(events, esa.Event{MID: mid})
		}
		if got := Together(events); got != want {
			t.Errorf("%v: %d together, want %d", mids, got, want)
		}
	}
}

package tracking

import (
	"io"
	"slices"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"esasim/esa"
)

// A message that the appliance made is taken up again after a restart, with its
// content, although it was never received; an entry that is about no message, as the
// end of a connection that several used, is nothing to stumble over.
func TestAppendMade(t *testing.T) {
	fs := vfs.NewMem()
	s := open(t, fs)
	for range 3 {
		if _, err := s.NextDCID(); err != nil {
			t.Fatal(err)
		}
		if _, err := s.NextMID(); err != nil {
			t.Fatal(err)
		}
	}
	now := time.Now()
	entries := [][]esa.Event{
		{{Kind: esa.RecipientBounced, Time: now, MID: 1, DCID: 3, RIDs: []esa.RID{0}}, {Kind: esa.BounceGenerated, Time: now, MID: 1, Other: 2}},
		{{Kind: esa.MessageStarted, Time: now, MID: 2, Other: 1, Source: &esa.Source{Outgoing: true}}, {Kind: esa.SenderGiven, Time: now, MID: 2},
			{Kind: esa.RecipientGiven, Time: now, MID: 2, RIDs: []esa.RID{0}, Address: "a@b.test"}, {Kind: esa.MessageQueued, Time: now, MID: 2}},
		{{Kind: esa.MessageFinished, Time: now, MID: 1, Text: "done"}},
	}
	if err := s.AppendMade(entries, 2, []byte("Subject: x\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	if err := s.AppendEach([][]esa.Event{{{Kind: esa.DeliveryClosed, Time: now, DCID: 3}}}); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if r := verify(t, Options{FS: fs, Dir: "tracking"}); r.Problem() > 0 {
		t.Errorf("%+v", r)
	}
	s = open(t, fs)
	defer s.Close()
	if left, err := s.Open(t.Context()); err != nil || !slices.Equal(left, []esa.MID{2}) {
		t.Errorf("open: %v, %v", left, err)
	}
	r, err := s.Content(2)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if b, err := io.ReadAll(r); err != nil || string(b) != "Subject: x\r\n\r\n" {
		t.Errorf("content %q, %v", b, err)
	}
	if m, err := s.Message(t.Context(), 2); err != nil || m.State != esa.Queued || m.From != 1 || m.Direction != esa.Outgoing {
		t.Errorf("%+v, %v", m, err)
	}
}

package mailbox

import (
	"context"
	"errors"
	"io"
	"net/netip"
	"strings"
	"testing"
	"time"

	"esasim/esa"
	"esasim/tracking"
)

// log has one message to each MID up to so many; every tenth is delivered by the
// simulated host, the others by another.
type log struct {
	messages esa.MID
	searches int
	broken   error
}

var host = netip.MustParseAddr("203.0.113.7")

func (log) Addr(string) netip.Addr { return host }

func (log) message(mid esa.MID) esa.Message {
	by := netip.MustParseAddr("192.0.2.1")
	if mid%10 == 0 {
		by = host
	}
	events := []esa.Event{{Kind: esa.MessageStarted, MID: mid}, {Kind: esa.RecipientGiven, MID: mid, RIDs: []esa.RID{0}, Address: "a@b.test"},
		{Kind: esa.MessageReady, MID: mid}, {Kind: esa.EngineVerdict, MID: mid, Engine: esa.AMP, Verdict: esa.Unknown}, {Kind: esa.MessageQueued, MID: mid},
		{Kind: esa.DeliveryOpened, DCID: 3, Source: &esa.Source{Remote: by}}, {Kind: esa.DeliveryStarted, MID: mid, DCID: 3, RIDs: []esa.RID{0}},
		{Kind: esa.RecipientDelivered, MID: mid, DCID: 3, RIDs: []esa.RID{0}}, {Kind: esa.VerdictChanged, MID: mid, Engine: esa.AMP, Verdict: esa.Positive}}
	for i := range events {
		events[i].Time = time.Unix(int64(i), 0)
	}
	return esa.Fold(events)
}

func (l *log) Search(_ context.Context, q tracking.Query) (page tracking.Page, err error) {
	l.searches++
	last := l.messages
	if q.Before != 0 {
		last = q.Before - 1
	}
	for mid := last; mid > 0; mid-- {
		if len(page.Messages) == q.Limit {
			page.Next = mid + 1
			break
		}
		page.Messages = append(page.Messages, l.message(mid))
	}
	return page, l.broken
}

func (l *log) Message(_ context.Context, mid esa.MID) (esa.Message, error) {
	return l.message(mid), l.broken
}

func (l *log) Content(esa.MID) (io.ReadCloser, error) {
	return io.NopCloser(strings.NewReader("x")), l.broken
}
func (l *log) Commit([]esa.Event) error { return l.broken }

// Deliver says which verdict it was shown.
func (log) Deliver(m *esa.Message, content io.Reader) io.Reader {
	if m.Verdicts[esa.AMP] == esa.Unknown {
		return io.MultiReader(strings.NewReader("unknown "), content)
	}
	return content
}

// A mailbox with few letters among many messages is read to its end, page by page,
// and no page costs more than so many searches.
func TestListPages(t *testing.T) {
	l := &log{messages: 1000}
	b := &Mailboxes{Log: l, Headers: l, Hosts: l}
	var got []esa.MID
	pages := 0
	for before := esa.MID(0); ; pages++ {
		l.searches = 0
		page, err := b.List(t.Context(), "A@b.test", before, 4)
		if err != nil || len(page.Letters) > 4 || l.searches > mostSearches {
			t.Fatalf("%d letters by %d searches, %v", len(page.Letters), l.searches, err)
		}
		for _, letter := range page.Letters {
			got = append(got, letter.Message.MID)
		}
		if before = page.Next; before == 0 {
			break
		}
	}
	if len(got) != 100 || got[0] != 1000 || got[99] != 10 || pages < 25 {
		t.Errorf("%d letters on %d pages: %v", len(got), pages, got)
	}
}

// A letter is what was delivered: what is found out later is not in it.
func TestLetterAsDelivered(t *testing.T) {
	l := &log{messages: 10}
	b := &Mailboxes{Log: l, Headers: l, Hosts: l}
	letter, err := b.Letter(t.Context(), "a@b.test", 10)
	if err != nil || !letter.Arrived.Equal(time.Unix(7, 0)) {
		t.Fatalf("%+v, %v", letter, err)
	}
	r, err := b.Open(&letter)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if got, err := io.ReadAll(r); err != nil || string(got) != "unknown x" {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := b.Letter(t.Context(), "a@b.test", 9); !errors.Is(err, ErrNone) {
		t.Errorf("one of another host: %v", err)
	}
	l.broken = tracking.ErrNotFound
	if _, err := b.Open(&letter); !errors.Is(err, ErrGone) {
		t.Errorf("without content: %v", err)
	}
	l.broken = errors.New("broken")
	if _, err := b.List(t.Context(), "a@b.test", 0, 0); !errors.Is(err, l.broken) {
		t.Errorf("a log that is broken: %v", err)
	}
	if err := b.Remove(t.Context(), "a@b.test", 10, "x"); !errors.Is(err, l.broken) {
		t.Errorf("a log that is broken: %v", err)
	}
}

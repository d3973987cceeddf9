package console

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"esasim/esa"
	"esasim/tracking"
)

// moment is when the guide's test message came.
var moment = time.Date(2020, 5, 14, 13, 23, 57, 0, time.UTC)

// fakeTracker keeps messages newest first and knows the criteria that the tests
// use. asked is the last query.
type fakeTracker struct {
	messages   []esa.Message
	connection []esa.Event
	broken     error // returned by Search
	brokenAt   int   // only by the nth Search from now, if set
	asked      tracking.Query
	longest    int           // the longest page handed out
	slow       int           // so many messages are looked at in a search's time; 0: all
	uncounted  error         // returned by Count
	counting   time.Duration // how long Count takes
}

var errBroken = errors.New("disk on fire")

func (f *fakeTracker) Search(ctx context.Context, q tracking.Query) (tracking.Page, error) {
	f.asked = q
	if f.brokenAt--; f.broken != nil && f.brokenAt <= 0 {
		return tracking.Page{}, f.broken
	}
	limit := q.Limit
	if limit == 0 {
		limit = tracking.DefaultLimit
	}
	var page tracking.Page
	for i, m := range f.messages {
		if f.slow > 0 && i == f.slow {
			page.Stopped, page.Next = "the time limit of 10s was reached", m.MID+1
			break
		}
		if !fits(&m, q) {
			continue
		}
		if len(page.Messages) == limit {
			page.Next = page.Messages[limit-1].MID
			break
		}
		page.Messages = append(page.Messages, m)
	}
	f.longest = max(f.longest, len(page.Messages))
	return page, ctx.Err()
}

// Each breaks at the nth message, if brokenAt says so.
func (f *fakeTracker) Each(ctx context.Context, q tracking.Query, yield func(*esa.Message) error) error {
	f.asked = q
	n := 0
	for _, m := range f.messages {
		if f.broken != nil && n+1 >= f.brokenAt {
			return f.broken
		}
		if !fits(&m, q) {
			continue
		}
		if err := yield(&m); err != nil {
			return err
		}
		if n++; n == q.Limit {
			break
		}
	}
	if f.broken != nil {
		return f.broken
	}
	return ctx.Err()
}

// Count does what it says, in the simplest way.
func (f *fakeTracker) Count(ctx context.Context, q tracking.Query, limit int) (int, error) {
	n := 0
	time.Sleep(f.counting)
	for _, m := range f.messages {
		if n < limit && fits(&m, q) {
			n++
		}
	}
	return n, cmp.Or(f.uncounted, ctx.Err())
}

func fits(m *esa.Message, q tracking.Query) bool {
	subject, want := strings.ToLower(m.Subject), strings.ToLower(q.Subject.Value)
	ok := strings.HasPrefix(subject, want)
	switch q.Subject.Op {
	case tracking.Is:
		ok = want == "" || subject == want
	case tracking.Contains:
		ok = strings.Contains(subject, want)
	case tracking.Empty:
		ok = subject == ""
	}
	return ok && (q.Before == 0 || m.MID < q.Before) && (q.MID == 0 || m.MID == q.MID) &&
		(q.From.IsZero() || !m.Received.Before(q.From)) && (q.To.IsZero() || m.Received.Before(q.To))
}

func (f *fakeTracker) Message(ctx context.Context, mid esa.MID) (esa.Message, error) {
	for _, m := range f.messages {
		if m.MID == mid {
			return m, nil
		}
	}
	return esa.Message{}, fmt.Errorf("MID %d: %w", mid, tracking.ErrNotFound)
}

func (f *fakeTracker) Oldest(ctx context.Context) (oldest esa.MID, err error) {
	for _, m := range f.messages {
		if oldest == 0 || m.MID < oldest {
			oldest = m.MID
		}
	}
	return oldest, f.broken
}

func (f *fakeTracker) Connection(ctx context.Context, icid esa.ICID) ([]esa.Event, error) {
	if f.connection == nil {
		return nil, fmt.Errorf("ICID %d: %w", icid, tracking.ErrNotFound)
	}
	return f.connection, nil
}

func (f *fakeTracker) Span(context.Context) (first, last time.Time, err error) {
	if n := len(f.messages); n > 0 {
		first, last = f.messages[n-1].Received, f.messages[0].Changed
	}
	return first, last, nil
}

func source() *esa.Source {
	return &esa.Source{Listener: "IncomingMail", Local: netip.MustParseAddr("127.0.0.1"),
		Remote: netip.MustParseAddr("127.0.0.1"), Host: "localhost", Verified: true, Rule: "ACCEPT",
		Group: "UNKNOWNLIST", Match: "ALL", SBRS: "None", Country: "not enabled"}
}

// delivered is a message that took the ordinary way.
func delivered(mid esa.MID, at time.Time, subject string) esa.Message {
	to := []esa.RID{0}
	events := []esa.Event{
		{Kind: esa.MessageStarted, Time: at, MID: mid, ICID: 5, Source: source()},
		{Kind: esa.SenderGiven, Time: at, MID: mid, ICID: 5, Address: "mgmt01@cisco.com"},
		{Kind: esa.RecipientGiven, Time: at, MID: mid, ICID: 5, RIDs: to, Address: "testingBren@cisco.com"},
		{Kind: esa.MessageIDSeen, Time: at, MID: mid, Text: "<20200514.1@cisco.com>"},
		{Kind: esa.SubjectSeen, Time: at, MID: mid, Text: subject},
		{Kind: esa.MessageReady, Time: at, MID: mid, Size: 71983, Address: "mgmt01@cisco.com"},
		{Kind: esa.PolicyMatched, Time: at, MID: mid, Name: "DEFAULT"},
		{Kind: esa.EngineVerdict, Time: at, MID: mid, Engine: esa.AntiSpam, Verdict: esa.Negative},
		{Kind: esa.EngineVerdict, Time: at, MID: mid, Engine: esa.AntiVirus, Verdict: esa.Negative},
		{Kind: esa.MessageQueued, Time: at, MID: mid},
		{Kind: esa.DeliveryStarted, Time: at.Add(time.Second), MID: mid, DCID: 7, RIDs: to},
		{Kind: esa.RecipientDelivered, Time: at.Add(time.Second), MID: mid, DCID: 7, RIDs: to,
			Text: fmt.Sprintf("ok:  Message %d accepted", mid)},
		{Kind: esa.MessageFinished, Time: at.Add(time.Second), MID: mid, Text: "done"},
	}
	return esa.Fold(events)
}

// guide is the appliance of the integration guide: eight messages, of which the
// last one is the test.
func guide() *fakeTracker {
	f := &fakeTracker{messages: []esa.Message{delivered(8, moment, "test test")}}
	for mid := esa.MID(7); mid >= 1; mid-- {
		f.messages = append(f.messages, delivered(mid, moment.Add(-time.Duration(8-mid)*5*time.Minute), fmt.Sprintf("number %d", mid)))
	}
	f.connection = []esa.Event{
		{Kind: esa.ConnectionOpened, Time: moment, ICID: 5, Source: source()},
		{Kind: esa.HATDecided, Time: moment, ICID: 5, Source: source()},
	}
	return f
}

// closedLater is the guide's appliance; the client has closed the connection
// after the message was delivered.
func closedLater() *fakeTracker {
	f := guide()
	f.connection = append(f.connection, esa.Event{Kind: esa.ConnectionClosed, Time: moment.Add(time.Minute), ICID: 5})
	return f
}

// toMany has one message that was delivered to n recipients at once.
func toMany(n int) *fakeTracker {
	m := delivered(8, moment, "to many")
	var events []esa.Event
	var rids []esa.RID
	for _, e := range m.Events {
		if e.Kind == esa.RecipientGiven {
			for i := range n {
				rids = append(rids, esa.RID(i))
				e.RIDs, e.Address = rids[i:], fmt.Sprintf("user%d@many.example", i)
				events = append(events, e)
			}
			continue
		}
		if e.Kind == esa.RecipientDelivered {
			e.RIDs = rids
		}
		events = append(events, e)
	}
	return &fakeTracker{messages: []esa.Message{esa.Fold(events)}}
}

// related has a message that was made from MID 9 and led to MIDs 11 to 130.
func related() *fakeTracker {
	m := delivered(10, moment, "family")
	events := []esa.Event{{Kind: esa.MessageStarted, Time: moment, MID: 10, Other: 9}}
	for n := range esa.MID(119) {
		events = append(events, esa.Event{Kind: esa.MessageSplit, Time: moment, MID: 10, Other: 11 + n, Name: "P"})
	}
	events = append(events, esa.Event{Kind: esa.MessageRewritten, Time: moment, MID: 10, Other: 130, Text: "antispam"})
	return &fakeTracker{messages: []esa.Message{esa.Fold(append(events[:1:1], append(m.Events[1:7:7], events[1:]...)...))}}
}

// many has n messages, one a second, the newest at moment.
func many(n int) *fakeTracker {
	f := &fakeTracker{}
	for i := range n {
		f.messages = append(f.messages, delivered(esa.MID(n-i), moment.Add(-time.Duration(i)*time.Second), "load"))
	}
	return f
}

// get asks the console at the time of the guide's picture, 13:42.
func get(t *testing.T, tracker Tracker, target string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(time.Date(2020, 5, 14, 13, 42, 10, 0, time.UTC)))
		h := New(Options{Tracker: tracker, Host: "esa03.mex-amp.inlab", Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, target, nil))
	})
	return w
}

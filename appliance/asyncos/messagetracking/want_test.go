package messagetracking

import (
	"context"
	"encoding/json"
	"log/slog"
	"testing"
	"time"

	"esasim/appliance/export"
	"esasim/esa"
	"esasim/tracking"
	"esasim/traffic/backfill"
	"esasim/traffic/mix"
)

// counted is a store that notes how many events searches read, whole: of which all
// is read, whatever is wanted.
type counted struct {
	*tracking.Store
	whole  bool
	events int
}

func (c *counted) Search(ctx context.Context, q tracking.Query) (tracking.Page, error) {
	if c.whole {
		q.Want = nil
	}
	page, err := c.Store.Search(ctx, q)
	for i := range page.Messages {
		c.events += len(page.Messages[i].Events)
	}
	return page, err
}

// TestRowsWant: rows that are made of what is wanted of messages are those made of all
// that is known of them.
func TestRowsWant(t *testing.T) {
	a, s := newPastAPI(t)
	store := a.Tracker.(*tracking.Store)
	some, every := &counted{Store: store}, &counted{Store: store, whole: true}
	read := &api{Options: Options{Tracker: some, Location: time.UTC}}
	all := &api{Options: Options{Tracker: every, Location: time.UTC}}
	for name, events := range map[string][]happening{
		"everything": nil, "spam": {found(esa.AntiSpam, "", esa.Positive)}, "dropped, or from Germany": {inState(esa.Dropped), {countries: []string{"Germany"}}},
		"score": {{scores: []int{3}}}, "held": {heldBy(esa.AntiVirus)}, "bounced": {happened(esa.RecipientBounced)}, "in a quarantine": {{held: []string{"policy"}}},
	} {
		s.events = events
		got, n := rowsOf(t, read, s)
		want, _ := rowsOf(t, all, s)
		if got != want || n == 0 && name != "in a quarantine" {
			t.Errorf("%s: %d rows; %.2000s\nwant %.2000s", name, n, got, want)
		}
	}
	if 10*some.events > 9*every.events {
		t.Errorf("%d events were read, of %d", some.events, every.events)
	}
}

// rowsOf are the first thousand rows of a search, in both forms.
func rowsOf(t *testing.T, a *api, s *search) (text string, n int) {
	t.Helper()
	rows, err := a.rows(t.Context(), s, &place{}, 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range rows {
		b, err := json.Marshal([]any{a.flat(l), a.keyed(l)})
		if err != nil {
			t.Fatal(err)
		}
		text += string(b) + "\n"
	}
	return text, len(rows)
}

// TestExport: a file has each row of the search once, whatever page it would be on.
func TestExport(t *testing.T) {
	a, s := newPastAPI(t)
	rows, err := a.rows(t.Context(), s, &place{}, 0, 5000)
	if err != nil || len(rows) <= exportedAtOnce {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	s.limit, s.whole = mostExported, true
	at := 0
	err = a.export(t.Context(), s, func(r export.Row) error {
		if l := rows[at]; r.Message.MID != l.root().MID || len(r.MIDs) != len(l) || len(r.Last.Events) == 0 {
			t.Errorf("row %d: MID %d of %d, want MID %d of %d", at, r.Message.MID, len(r.MIDs), l.root().MID, len(l))
		}
		at++
		return nil
	})
	if err != nil || at != len(rows) {
		t.Errorf("%d rows, want %d; %v", at, len(rows), err)
	}
}

// newPastAPI is the API over the mail of two days, and a search for all of it.
func newPastAPI(t *testing.T) (*api, *search) {
	o := tracking.Options{Dir: t.TempDir(), Logger: slog.New(slog.DiscardHandler)}
	past := mix.Past{Seed: 1, Messages: 2 * mix.ChunkSize, Days: 2, End: time.Date(2020, 5, 14, 0, 0, 0, 0, time.UTC)}
	if err := backfill.Run(t.Context(), o, past, nil); err != nil {
		t.Fatal(err)
	}
	store, err := tracking.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	return &api{Options: Options{Tracker: store, Location: time.UTC}}, &search{query: tracking.Query{From: past.End.AddDate(0, 0, -9), To: past.End}}
}

// TestOffset: a page that nobody has come to by those before it is the one that it
// would be then, and nothing of it is missing.
func TestOffset(t *testing.T) {
	a, s := newPastAPI(t)
	rows, err := a.rows(t.Context(), s, &place{}, 0, 2500)
	if err != nil || len(rows) != 2500 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	for _, offset := range []int{1, 99, 1000, 1001, 2400} {
		page, err := a.rows(t.Context(), s, &place{}, offset, 100)
		if err != nil || len(page) != 100 {
			t.Fatalf("from %d: %d rows, %v", offset, len(page), err)
		}
		for i, l := range page {
			got, err := json.Marshal(a.keyed(l))
			want, err2 := json.Marshal(a.keyed(rows[offset+i]))
			if err != nil || err2 != nil || string(got) != string(want) {
				t.Fatalf("from %d: row %d: %s, want %s", offset, i, got, want)
			}
		}
	}
}

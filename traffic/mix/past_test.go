package mix

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"esasim/esa"
)

var update = flag.Bool("update", false, "rewrite the golden files")

var end = time.Date(2020, 5, 14, 13, 30, 0, 0, time.UTC) // a Thursday

func history(t testing.TB, p Past) *History {
	t.Helper()
	if p.End.IsZero() {
		p.End = end
	}
	h, err := NewHistory(p)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// tell gives every item of the past its own list of events.
func tell(h *History) []Told {
	var out []Told
	for i := range h.Chunks() {
		h.Chunk(i, func(told Told) bool {
			told.Events = slices.Clone(told.Events)
			out = append(out, told)
			return true
		})
	}
	return out
}

func golden(t *testing.T, file string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(want, got) {
		t.Errorf("%s is not what the seed gives now; with -update, git diff shows what changed", file)
	}
}

func write(b *bytes.Buffer, told *Told) {
	fmt.Fprintf(b, "MID %d ICID %d\n", told.MID, told.ICID)
	for _, e := range told.Events {
		fmt.Fprintf(b, "  %s kind %d icid %d mid %d dcid %d other %d rids %v dir %d engine %d verdict %d size %d address %q name %q text %q",
			e.Time.Format("01-02 15:04:05.000000"), e.Kind, e.ICID, e.MID, e.DCID, e.Other, e.RIDs, e.Direction, e.Engine, e.Verdict, e.Size, e.Address, e.Name, e.Text)
		if !e.Until.IsZero() {
			fmt.Fprintf(b, " until %s", e.Until.Format("15:04:05.000000"))
		}
		if e.Source != nil {
			fmt.Fprintf(b, " source %+v", *e.Source)
		}
		if e.Attachment != nil {
			fmt.Fprintf(b, " attachment %+v", *e.Attachment)
		}
		b.WriteByte('\n')
	}
}

// The same seed gives the same past, byte for byte, on every machine.
func TestPastIsTheSame(t *testing.T) {
	var b bytes.Buffer
	for _, told := range tell(history(t, Past{Seed: 1, Messages: 5_000, Days: 30}))[:60] {
		write(&b, &told)
	}
	golden(t, "testdata/past.txt", b.Bytes())
}

// Chunks do not depend on each other, nor on who else is told one.
func TestChunksAlone(t *testing.T) {
	h := history(t, Past{Seed: 3, Messages: 5 * ChunkSize, Days: 3})
	digest := func(i int) string {
		var b bytes.Buffer
		h.Chunk(i, func(told Told) bool { write(&b, &told); return true })
		return b.String()
	}
	got := make([]string, h.Chunks())
	done := make(chan int)
	for i := range got {
		go func() { got[i] = digest(i); done <- i }()
	}
	for range got {
		<-done
	}
	for i := len(got) - 1; i >= 0; i-- {
		if digest(i) != got[i] {
			t.Errorf("chunk %d differs when told again", i)
		}
	}
}

// Numbers and times of messages and connections rise, in every past: crowded,
// sparse, of one message.
func TestPastRises(t *testing.T) {
	for _, p := range []Past{
		{Seed: 1, Messages: 40_000, Days: 30}, {Seed: 2, Messages: 20_000, Days: 1, End: time.Date(2020, 3, 1, 5, 12, 7, 0, time.UTC)},
		{Seed: 3, Messages: 300, Days: 365}, {Seed: 4, Messages: 1, Days: 1}, {Seed: 5, Messages: 3_000_000_000, Days: 1},
	} {
		h := history(t, p)
		var mid esa.MID
		var icid esa.ICID
		var dcid esa.DCID
		var message, connection time.Time
		for i := range min(h.Chunks(), 20) {
			h.Chunk(i, func(told Told) bool {
				checkOrder(t, h, &told)
				if len(told.Events) == 0 {
					return true
				}
				at := told.Events[0].Time
				switch {
				case told.MID == 0 && (told.ICID <= icid || at.Before(connection)):
					t.Errorf("%+v: ICID %d at %s after %d at %s", p, told.ICID, at, icid, connection)
				case told.MID == 0:
					icid, connection = told.ICID, at
				case told.MID != mid+1 || at.Before(message):
					t.Errorf("%+v: MID %d at %s after %d at %s", p, told.MID, at, mid, message)
				default:
					mid, message = told.MID, at
				}
				for _, e := range told.Events {
					if e.Kind == esa.DeliveryOpened && e.Time.Sub(at) < 10*time.Second {
						if e.DCID <= dcid {
							t.Errorf("%+v: MID %d: DCID %d after %d", p, told.MID, e.DCID, dcid)
						}
						dcid = e.DCID
					}
				}
				return !t.Failed()
			})
		}
		if want := min(p.Messages, 20*ChunkSize); mid != esa.MID(want) {
			t.Errorf("%+v: %d messages, want %d", p, mid, want)
		}
		if icid >= h.LastICID() || dcid >= h.LastDCID() {
			t.Errorf("%+v: numbers beyond the last ones: %d, %d", p, icid, dcid)
		}
	}
}

// checkOrder: events are of this message or connection, in the order of time, and
// none is after the end.
func checkOrder(t *testing.T, h *History, told *Told) {
	t.Helper()
	var last time.Time
	for _, e := range told.Events {
		if e.Time.Before(last) || e.Time.After(h.past.End) {
			t.Errorf("MID %d: kind %d at %s after %s", told.MID, e.Kind, e.Time, last)
		}
		last = e.Time
		if e.Kind != esa.DeliveryOpened && e.Kind != esa.DeliveryClosed && e.MID != told.MID {
			t.Errorf("MID %d has an event of MID %d", told.MID, e.MID)
		}
	}
}

// Every message comes to the state that it was meant to come to.
func TestPastFolds(t *testing.T) {
	want := map[fate][]esa.State{
		passed: {esa.Delivered}, spamDropped: {esa.Dropped}, spamTagged: {esa.Replaced}, virusDropped: {esa.Dropped}, virusHeld: {esa.Dropped},
		malwareDropped: {esa.Dropped}, filterDropped: {esa.Dropped}, policyHeld: {esa.Dropped, esa.Delivered}, outbreakHeld: {esa.Dropped, esa.Delivered},
		clientGone: {esa.Aborted}, nobodyTaken: {esa.Aborted}, someRejected: {esa.Delivered}, deferred: {esa.Delivered}, refused: {esa.Bounced, esa.Delivered},
	}
	seen := map[fate]int{}
	open := map[esa.State]int{}
	var made esa.MID // the message that the last one became
	for _, told := range tell(history(t, Past{Seed: 1, Messages: 60_000, Days: 20})) {
		if told.MID == 0 {
			continue
		}
		m := esa.Fold(told.Events)
		if made != 0 && (m.MID != made || m.From != made-1 || m.ICID != 0) || made == 0 && m.From != 0 {
			t.Fatalf("MID %d comes from %d, want it to be %d", m.MID, m.From, made)
		}
		if made = 0; len(m.Into) > 0 {
			made = m.Into[0]
		}
		if !told.whole {
			open[m.State]++
			continue
		}
		seen[told.fate]++
		if !slices.Contains(want[told.fate], m.State) || !m.Finished || len(m.Quarantines) > 0 {
			t.Errorf("MID %d: fate %d gave %s, finished %t, held in %v", m.MID, told.fate, m.State, m.Finished, m.Quarantines)
		}
	}
	for f := range fatesEnd {
		if seen[f] == 0 {
			t.Errorf("nobody met fate %d", f)
		}
	}
	if open[esa.Quarantined] < 20 || open[esa.Delayed] < 1 {
		t.Errorf("at the end only %v were open", open)
	}
}

// The shares are those of a company's mail.
func TestPastShares(t *testing.T) {
	count := map[string]int{}
	var hours [24]int
	var days [7]int
	events, n := 0, 0
	senders, subjects, files := map[string]int{}, map[string]int{}, map[string]int{}
	for _, told := range tell(history(t, Past{Seed: 7, Messages: 60_000, Days: 28})) {
		if told.MID == 0 {
			continue
		}
		n++
		m := esa.Fold(told.Events)
		hours[m.Received.Hour()]++
		days[m.Received.Weekday()]++
		senders[m.Sender]++
		subjects[m.Subject]++
		count[m.State.String()]++
		yes := func(name string, ok bool) {
			if ok {
				count[name]++
			}
		}
		yes("outgoing", m.Direction == esa.Outgoing)
		yes("spam", m.Verdicts[esa.AntiSpam] == esa.Positive || m.Verdicts[esa.AntiSpam] == esa.Suspect)
		yes("virus", m.Verdicts[esa.AntiVirus] == esa.Positive)
		yes("attachments", len(m.Attachments) > 0)
		yes("one recipient", len(m.Recipients) == 1)
		yes("crowd", len(m.Recipients) >= 50)
		yes("null sender", m.Sender == "")
		yes("message-id", m.MessageID != "")
		yes("graymail", m.Verdicts[esa.Graymail] != esa.NotEvaluated)
		for _, a := range m.Attachments {
			files[a.SHA256]++
		}
		if m.State == esa.Delivered && len(m.Recipients) == 1 && len(m.Attachments) == 0 {
			count["ordinary"]++
			events += len(told.Events)
		}
	}
	for name, bounds := range map[string][2]float64{
		"outgoing": {20, 30}, "spam": {10, 15}, "virus": {.05, .4}, "attachments": {12, 20}, "one recipient": {80, 95}, "crowd": {.01, .2},
		"null sender": {.5, 3}, "message-id": {95, 100}, "graymail": {5, 16}, "Delivered": {75, 90}, "Dropped": {7, 13}, "Hard Bounced": {.5, 3},
		"Aborted": {.3, 2}, "Rewritten": {1, 4}, "Quarantined": {.01, .5}, "Soft Bounced": {0, .2},
	} {
		if p := 100 * float64(count[name]) / float64(n); p < bounds[0] || p > bounds[1] {
			t.Errorf("%s: %.2f %%, want %v", name, p, bounds)
		}
	}
	if avg := float64(events) / float64(count["ordinary"]); avg < 16 || avg > 21 {
		t.Errorf("%.1f events of an ordinary message", avg)
	}
	if hours[10] < 4*hours[3] || slices.Min(hours[:]) == 0 || days[time.Tuesday] < 2*days[time.Sunday] || days[time.Sunday] == 0 {
		t.Errorf("hours %v, days %v", hours, days)
	}
	if len(senders) < 10_000 || len(subjects) < 20_000 || len(files) < 5_000 {
		t.Errorf("only %d senders, %d subjects, %d files", len(senders), len(subjects), len(files))
	}
	if most := top(senders); most < n/400 {
		t.Errorf("the busiest sender sent %d", most)
	}
	if top(subjects) < 50 || top(files) < 100 {
		t.Errorf("nothing repeats: subjects %d, files %d", top(subjects), top(files))
	}
	t.Logf("%v, %d senders, %d subjects, %d files", count, len(senders), len(subjects), len(files))
}

func top(m map[string]int) (n int) {
	for _, c := range m {
		n = max(n, c)
	}
	return n
}

func TestImpossiblePasts(t *testing.T) {
	for _, p := range []Past{{}, {Messages: 1, End: end}, {Messages: 1, Days: 1}, {Messages: 1 << 50, Days: 1, End: end}, {Messages: 1, Days: 1 << 40, End: end}} {
		if _, err := NewHistory(p); err == nil {
			t.Errorf("%+v is no error", p)
		}
	}
}

func BenchmarkPast(b *testing.B) {
	h := history(b, Past{Seed: 1, Messages: 1 << 30, Days: 90})
	b.ReportAllocs()
	var events, n int
	for b.Loop() {
		if n%ChunkSize == 0 {
			h.Chunk(n/ChunkSize, func(told Told) bool { events += len(told.Events); return true })
		}
		n++
	}
	b.ReportMetric(float64(events)/float64(n), "events/op")
}

func BenchmarkNew(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		New(1, "example.com")
	}
}

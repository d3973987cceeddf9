package esasim_test

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"esasim/cloud/ctim"
	"esasim/esa"
	"esasim/lab"
	"esasim/tracking"
	"esasim/traffic"
)

// killSegment is how many messages the killed labs seal together: with so few, all
// that happens to tracking data happens in each cycle.
const killSegment = 48

// TestKill kills the lab (kill -9) again and again while mail pours in and people
// search. After each start searches find what was acknowledged. In the end every
// acknowledged MID is there once, finished, and is one sighting in the cloud.
func TestKill(t *testing.T) {
	cycles := 8
	if n, err := strconv.Atoi(os.Getenv("ESASIM_CRASH_CYCLES")); err == nil {
		cycles = n
	}
	t.Setenv("ESASIM_SEGMENT_ROWS", strconv.Itoa(killSegment))
	data := t.TempDir()
	acked := map[esa.MID]bool{}
	for i := range cycles {
		p := run(t, ports("--data", data)...)
		p.findsSome(t, acked)
		long := 50*time.Millisecond + rand.N(300*time.Millisecond)
		switch { // long enough for followers to move their cursors, and once for that of reports
		case i == 3:
			long += 10500 * time.Millisecond
		case i%4 == 3:
			long += 1200 * time.Millisecond
		}
		for _, mid := range underLoad(t, p, long) {
			if acked[mid] {
				t.Fatalf("cycle %d: MID %d given out again", i, mid)
			}
			acked[mid] = true
		}
		if t.Failed() {
			t.Fatalf("cycle %d: the lab said\n%s", i, p.out.String())
		}
	}
	if len(acked) < cycles {
		t.Fatalf("only %d messages acknowledged in %d cycles", len(acked), cycles)
	}
	p := run(t, ports("--data", data)...)
	p.findsAll(t, acked)
	p.kill()
	v := reopen(t, data)
	sightings := 0
	for mids := range batches(acked) {
		sightings += v.check(t, mids)
	}
	segments, cut := v.steps(t)
	if len(acked) > 100*killSegment && (segments < cycles || cut == 0) {
		t.Errorf("%d segments, log cut off before event %d: the store did not do what was to be tested", segments, cut)
	}
	t.Logf("%d cycles, %d messages acknowledged, %d sightings of them, %d segments, log begins behind event %d", cycles, len(acked), sightings, segments, cut)
}

// steps tells how often the store has sealed, and how much of the log it has cut
// off.
func (v reopened) steps(t *testing.T) (segments int, cut uint64) {
	t.Helper()
	page, err := v.Appliance().Tracking().Search(t.Context(), tracking.Query{MID: 1})
	if err != nil {
		t.Fatal(err)
	}
	lost := (*esa.Overtaken)(nil)
	if _, err := v.Appliance().Tracking().Follow(0).Next(t.Context()); errors.As(err, &lost) {
		cut = lost.Events
	} else if err != nil {
		t.Fatal(err)
	}
	return page.Explain.Segments, cut
}

// killSessions is how many senders a load has.
const killSessions = 20

// underLoad sends mail and searches until the process is killed after some time,
// and gives back the MIDs it acknowledged.
func underLoad(t *testing.T, p *process, long time.Duration) []esa.MID {
	t.Helper()
	var mu sync.Mutex
	var mids []esa.MID
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		defer cancel()
		select {
		case <-time.After(long):
		case <-t.Context().Done():
		}
		p.kill()
	}()
	var searchers sync.WaitGroup
	for range 3 {
		searchers.Go(func() { p.searches(t, ctx) })
	}
	load := traffic.Load{Server: p.addresses.SMTP, Sessions: killSessions, Size: 1000, Duration: time.Minute, Accepted: func(reply string) {
		var mid esa.MID
		if _, err := fmt.Sscanf(reply, "250 ok:  Message %d accepted", &mid); err != nil {
			t.Errorf("reply %q", reply)
		}
		mu.Lock()
		defer mu.Unlock()
		mids = append(mids, mid)
	}}
	_, _ = load.Run(ctx) // it ends because the server goes away
	<-ctx.Done()
	searchers.Wait()
	return mids
}

const trackingPage = "/monitor/message_tracking"

// searches asks one thing after another until ctx ends. Whatever the lab answers
// before it is killed is an answer, not an error.
func (p *process) searches(t *testing.T, ctx context.Context) {
	for ctx.Err() == nil {
		n := rand.IntN(killSessions)
		paths := []string{
			fmt.Sprintf(trackingPage+"?sender=sender%d@example.com&sender_match=match_is", n),
			fmt.Sprintf(trackingPage+"?subject=of+session+%d&subject_match=match_contains&pageSize=20", n),
			fmt.Sprintf(trackingPage+"?mid=%d", 1+rand.IntN(5000)),
			fmt.Sprintf(trackingPage+"?message_id=%d.%d@load.esasim.test", rand.IntN(20), n),
			fmt.Sprintf(trackingPage+"/export?scope=all&sender=sender%d@&recipient=rcpt1", n),
			"/_esasim/v1/link",
		}
		path := paths[rand.IntN(len(paths))]
		if status, body, err := p.get(ctx, path); err == nil && status != http.StatusOK {
			t.Errorf("GET %s: %d\n%s", path, status, body)
		}
	}
}

// get gets a page of the console.
func (p *process) get(ctx context.Context, path string) (status int, body string, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.addresses.Console+path, nil)
	if err != nil {
		return 0, "", err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(b), err
}

// export gives the MIDs that a search finds, and the sender of each.
func (p *process) export(t *testing.T, query string) map[esa.MID]string {
	t.Helper()
	status, body, err := p.get(t.Context(), trackingPage+"/export?scope=all&"+query)
	if err != nil || status != http.StatusOK {
		t.Fatalf("export %s: %d %s, %v", query, status, body, err)
	}
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(body, "\ufeff"))).ReadAll()
	if err != nil || len(rows) == 0 || rows[0][1] != "MID" || rows[0][3] != "Sender" {
		t.Fatalf("export %s: %v\n%s", query, err, body)
	}
	out := map[esa.MID]string{}
	for _, row := range rows[1:] {
		n, err := strconv.ParseUint(row[1], 10, 64)
		if _, twice := out[esa.MID(n)]; err != nil || twice {
			t.Fatalf("export %s: MID %q, again: %t, %v", query, row[1], twice, err)
		}
		out[esa.MID(n)] = row[3]
	}
	return out
}

// findsSome looks up some of the messages by MID and by sender, and counts them.
func (p *process) findsSome(t *testing.T, acked map[esa.MID]bool) {
	t.Helper()
	n := 0
	for mid := range acked {
		found := p.export(t, fmt.Sprintf("mid=%d", mid))
		sender, ok := found[mid]
		if !ok || len(found) != 1 {
			t.Errorf("acknowledged MID %d: found %v", mid, found)
			continue
		}
		if _, ok := p.export(t, "sender_match=match_is&sender="+sender)[mid]; !ok {
			t.Errorf("acknowledged MID %d is not among those from %s", mid, sender)
		}
		if n++; n == 3 {
			break
		}
	}
	_, body, err := p.get(t.Context(), trackingPage+"?sender=sender&sender_match=match_begins")
	m := regexp.MustCompile(`Displaying \d+ — \d+ of (\d+)`).FindStringSubmatch(body)
	if err != nil || m == nil {
		t.Fatalf("count: %v\n%s", err, body)
	}
	// Some are there of which the client was never told.
	if count, _ := strconv.Atoi(m[1]); count < min(len(acked), 1000) {
		t.Errorf("%d messages counted, %d acknowledged", count, len(acked))
	}
}

// findsAll looks for all of them by their senders.
func (p *process) findsAll(t *testing.T, acked map[esa.MID]bool) {
	t.Helper()
	all := map[esa.MID]string{}
	for n := range killSessions + 1 {
		sender := fmt.Sprintf("sender%d@example.com", n)
		for mid, got := range p.export(t, "sender_match=match_is&sender="+sender) {
			if got != sender || all[mid] != "" {
				t.Errorf("MID %d from %s, found as from %s, and before as from %q", mid, got, sender, all[mid])
			}
			all[mid] = got
		}
	}
	for mid := range acked {
		if all[mid] == "" {
			t.Errorf("acknowledged MID %d is not found by its sender", mid)
		}
	}
}

// batches cuts the MIDs into lists that one investigation takes.
func batches(mids map[esa.MID]bool) func(yield func([]esa.MID) bool) {
	return func(yield func([]esa.MID) bool) {
		var list []esa.MID
		for mid := range mids {
			if list = append(list, mid); len(list) == 100 {
				if !yield(list) {
					return
				}
				list = nil
			}
		}
		if len(list) > 0 {
			yield(list)
		}
	}
}

// reopened is the lab on the data that the killed ones left.
type reopened struct{ *lab.Lab }

// reopen starts a lab on the data and waits until it has caught up.
func reopen(t *testing.T, data string) reopened {
	t.Helper()
	o := lab.Options{Config: lab.DefaultConfig(), Dir: data}
	o.Config.SMTP, o.Config.Console, o.Config.Cloud = "127.0.0.1:0", "127.0.0.1:0", lab.Regions{lab.Americas: "127.0.0.1:0"}
	// The appliance was registered with the cloud at the address of its first
	// start.
	l, err := lab.New(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- l.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	<-l.Ready()
	deadline := time.Now().Add(2 * time.Minute)
	for caught := false; !caught; {
		open, err := l.Appliance().Tracking().Open(ctx)
		if err != nil {
			t.Fatal(err)
		}
		s := l.Appliance().Link().Status()
		caught = len(open) == 0 && s.Seq == l.Appliance().Tracking().Last()
		if time.Now().After(deadline) {
			t.Fatalf("not caught up: %d messages open, link %+v, log at %d", len(open), s, l.Appliance().Tracking().Last())
		}
		select {
		case <-time.After(10 * time.Millisecond):
		case <-ctx.Done():
		}
	}
	return reopened{l}
}

// check looks each message up on both sides and gives back how many sightings
// there are.
func (v reopened) check(t *testing.T, mids []esa.MID) int {
	t.Helper()
	asked := make([]ctim.Observable, 0, len(mids))
	for _, mid := range mids {
		m, err := v.Appliance().Tracking().Message(t.Context(), mid)
		if err != nil {
			t.Errorf("acknowledged MID %d: %v", mid, err)
			continue
		}
		oneStory(t, &m, true)
		asked = append(asked, ctim.Observable{Type: ctim.CiscoMID, Value: mid.String()})
	}
	env, err := v.Cloud(lab.Americas).CTR().Observe(t.Context(), asked)
	if err != nil || len(env.Data) != 1 || len(env.Data[0].Data.Sightings()) == 0 {
		t.Fatalf("investigate: %+v, %v", env, err)
	}
	seen := map[string]int{}
	for _, s := range env.Data[0].Data.Sightings() {
		for _, o := range s.Observables {
			seen[o.Value]++
		}
	}
	for _, mid := range mids {
		if n := seen[mid.String()]; n != 1 {
			t.Errorf("MID %d: %d sightings, want 1", mid, n)
		}
	}
	return len(env.Data[0].Data.Sightings())
}

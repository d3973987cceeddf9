package esasim_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"esasim/cloud/ctim"
	"esasim/esa"
	"esasim/lab"
	"esasim/traffic"
)

// TestKill kills the lab (kill -9) again and again while mail pours in. In the
// end every acknowledged MID is there once, finished, and is one sighting in
// the cloud.
func TestKill(t *testing.T) {
	cycles := 50
	if n, err := strconv.Atoi(os.Getenv("ESASIM_CRASH_CYCLES")); err == nil {
		cycles = n
	}
	data := t.TempDir()
	acked := map[esa.MID]bool{}
	for i := range cycles {
		p := run(t, ports("--data", data)...)
		for _, mid := range underLoad(t, p) {
			if acked[mid] {
				t.Fatalf("cycle %d: MID %d given out again", i, mid)
			}
			acked[mid] = true
		}
	}
	if len(acked) < cycles {
		t.Fatalf("only %d messages acknowledged in %d cycles", len(acked), cycles)
	}
	v := reopen(t, data)
	sightings := 0
	for mids := range batches(acked) {
		sightings += v.check(t, mids)
	}
	t.Logf("%d cycles, %d messages acknowledged, %d sightings of them", cycles, len(acked), sightings)
}

// underLoad sends mail until the process is killed at some moment, and gives
// back the MIDs it acknowledged.
func underLoad(t *testing.T, p *process) []esa.MID {
	t.Helper()
	var mu sync.Mutex
	var mids []esa.MID
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		defer cancel()
		select {
		case <-time.After(50*time.Millisecond + rand.N(200*time.Millisecond)):
		case <-t.Context().Done():
		}
		p.kill()
	}()
	load := traffic.Load{Server: p.addresses.SMTP, Sessions: 20, Size: 1000, Duration: time.Minute, Accepted: func(reply string) {
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
	return mids
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
	if err != nil || len(env.Data) != 1 || env.Data[0].Data.Sightings == nil {
		t.Fatalf("investigate: %+v, %v", env, err)
	}
	seen := map[string]int{}
	for _, s := range env.Data[0].Data.Sightings.Docs {
		for _, o := range s.Observables {
			seen[o.Value]++
		}
	}
	for _, mid := range mids {
		if n := seen[mid.String()]; n != 1 {
			t.Errorf("MID %d: %d sightings, want 1", mid, n)
		}
	}
	return len(env.Data[0].Data.Sightings.Docs)
}

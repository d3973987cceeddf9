package tracking

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"esasim/esa"
)

// Connections that were refused are found, the newest first and page by page,
// whether they are sealed or not, and however late they ended.
func TestConnections(t *testing.T) {
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 7))
	s, err := Open(Options{FS: vfs.NewMem(), Dir: "tracking", SegmentRows: 16, Keep: Keep{LogTail: 16}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	begin := time.Date(2020, 5, 14, 13, 0, 0, 0, time.UTC)
	rules := []string{"ACCEPT", "ACCEPT", "ACCEPT", "REJECT", "TCPREFUSE"}
	var all []esa.Source // by ICID
	var ends [][]esa.Event
	for i := range 300 {
		icid, now := esa.ICID(i+1), begin.Add(time.Duration(i)*time.Minute)
		src := esa.Source{Listener: "IncomingMail", Remote: pick(r, addrs), Rule: pick(r, rules)}
		if i > 100 && i < 200 { // segments without any
			src.Rule = "ACCEPT"
		}
		all = append(all, src)
		events := []esa.Event{{Kind: esa.ConnectionOpened, Time: now, ICID: icid, Source: &src}, {Kind: esa.HATDecided, Time: now, ICID: icid, Source: &src}}
		end := []esa.Event{{Kind: esa.ConnectionClosed, Time: now.Add(time.Second), ICID: icid}}
		if r.IntN(5) == 0 {
			ends = append(ends, end) // late
			end = nil
		}
		mid := esa.MID(i + 1)
		message := []esa.Event{{Kind: esa.MessageStarted, Time: now, MID: mid, ICID: icid, Source: &src}, {Kind: esa.MessageAborted, Time: now, MID: mid, ICID: icid},
			{Kind: esa.MessageFinished, Time: now, MID: mid, Text: "aborted"}}
		if err := s.AppendEach([][]esa.Event{append(events, end...), message}); err != nil {
			t.Fatal(err)
		}
		for i%40 == 39 {
			sealed, err := s.seal()
			if err != nil {
				t.Fatal(err)
			}
			if !sealed {
				break
			}
		}
		if i == 250 {
			for _, late := range ends {
				if err := s.AppendEach([][]esa.Event{late}); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	if len(s.view().segments) < 5 {
		t.Fatalf("%d segments: nothing of this is sealed", len(s.view().segments))
	}
	for _, c := range []struct {
		rules    []string
		ip       netip.Prefix
		from, to int // minutes; to 0: no end
	}{
		{rules: []string{"REJECT", "TCPREFUSE"}}, {rules: []string{"TCPREFUSE"}}, {rules: []string{"REJECT"}, from: 20, to: 90},
		{rules: []string{"REJECT"}, from: 95, to: 205}, {rules: []string{"REJECT"}, ip: netip.MustParsePrefix("10.0.0.0/8")}, {rules: []string{"RELAY"}},
	} {
		q := Connections{Rules: c.rules, SenderIP: c.ip, From: begin.Add(time.Duration(c.from) * time.Minute), Limit: 7}
		if c.to > 0 {
			q.To = begin.Add(time.Duration(c.to) * time.Minute)
		}
		var want []esa.ICID
		for i := len(all) - 1; i >= 0; i-- {
			if slices.Contains(c.rules, all[i].Rule) && i >= c.from && (c.to == 0 || i < c.to) && (!c.ip.IsValid() || c.ip.Contains(all[i].Remote)) {
				want = append(want, esa.ICID(i+1))
			}
		}
		var got []esa.ICID
		for {
			page, err := s.Connections(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			for _, events := range page {
				got = append(got, events[0].ICID)
				whole, err := s.Connection(t.Context(), events[0].ICID)
				if err != nil || len(whole) != len(events) {
					t.Errorf("seed %d: ICID %d has %d events, found with %d; %v", seed, events[0].ICID, len(whole), len(events), err)
				}
			}
			if len(page) < q.Limit {
				break
			}
			q.Before = got[len(got)-1]
		}
		if !slices.Equal(got, want) {
			t.Errorf("seed %d: %+v\n got %v\nwant %v", seed, c, got, want)
		}
	}
}

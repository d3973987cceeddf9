package esasim_test

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"esasim/esa"
)

// flowStory is what became of all messages.
type flowStory struct {
	all   map[esa.MID]esa.Message
	heirs map[esa.MID][]esa.MID // what a message became; what goes on in its place
	aside map[esa.MID][]esa.MID // copies, notifications and bounce messages
}

func newFlowStory(all map[esa.MID]esa.Message) *flowStory {
	s := &flowStory{all: all, heirs: map[esa.MID][]esa.MID{}, aside: map[esa.MID][]esa.MID{}}
	for mid, m := range all {
		for _, e := range m.Events {
			switch e.Kind {
			case esa.MessageRewritten, esa.MessageSplit, esa.MessageReinjected:
				s.heirs[mid] = append(s.heirs[mid], e.Other)
			case esa.MessageGenerated, esa.BounceGenerated:
				s.aside[mid] = append(s.aside[mid], e.Other)
			}
		}
	}
	return s
}

// check looks at all messages, and at what became of those that were acknowledged.
func (s *flowStory) check(t *testing.T, acked map[esa.MID]string) {
	t.Helper()
	s.checkFamilies(t)
	for mid, kind := range acked {
		s.checkOutcome(t, mid, kind)
	}
}

// checkFamilies looks whether what was made is there, once, and each message has one
// beginning and one end.
func (s *flowStory) checkFamilies(t *testing.T) {
	t.Helper()
	for mid, m := range s.all {
		n := map[esa.Kind]int{}
		for _, e := range m.Events {
			n[e.Kind]++
		}
		if n[esa.MessageStarted] != 1 || n[esa.MessageFinished] != 1 {
			t.Errorf("MID %d: %d beginnings, %d ends, %s", mid, n[esa.MessageStarted], n[esa.MessageFinished], m.State)
		}
		made := slices.Concat(s.heirs[mid], s.aside[mid])
		for _, other := range made {
			if child, ok := s.all[other]; !ok || child.From != mid {
				t.Errorf("MID %d has made MID %d: there %t, from MID %d", mid, other, ok, child.From)
			}
		}
		if parent := s.all[m.From]; m.From != 0 && count(slices.Concat(s.heirs[m.From], s.aside[m.From]), mid) != 1 {
			t.Errorf("MID %d is from MID %d, which is %s and has made %v", mid, m.From, parent.State, parent.Into)
		}
	}
}

func count(list []esa.MID, mid esa.MID) (n int) {
	for _, one := range list {
		if one == mid {
			n++
		}
	}
	return n
}

// ends adds the ends that the recipients of a message and its heirs came to.
func (s *flowStory) ends(mid esa.MID, to map[string][]esa.State) (aside int) {
	m := s.all[mid]
	delivered := map[esa.RID]int{}
	for _, e := range m.Events {
		if e.Kind == esa.RecipientDelivered {
			for _, rid := range e.RIDs {
				delivered[rid]++
			}
		}
	}
	for _, r := range m.Recipients {
		switch {
		case r.State == esa.Replaced, m.State == esa.Replaced:
		case m.State == esa.Dropped:
			to[r.Address] = append(to[r.Address], esa.Dropped)
		default:
			to[r.Address] = append(to[r.Address], r.State)
		}
		if delivered[r.RID] > 1 {
			to[r.Address] = append(to[r.Address], esa.Delivered)
		}
	}
	for _, e := range m.Events {
		if e.Kind == esa.MessageGenerated {
			aside++
		}
	}
	for _, heir := range s.heirs[mid] {
		aside += s.ends(heir, to)
	}
	return aside
}

// checkOutcome looks what became of a message that was acknowledged.
func (s *flowStory) checkOutcome(t *testing.T, mid esa.MID, kind string) {
	t.Helper()
	if m, ok := s.all[mid]; !ok || m.Subject != kind {
		t.Errorf("MID %d, acknowledged: there %t, %q, want %q", mid, ok, m.Subject, kind)
		return
	}
	to := map[string][]esa.State{}
	aside := s.ends(mid, to)
	want := map[string]esa.State{}
	for _, r := range flowRecipients() {
		want[r] = esa.Delivered
		if r == "bounce@esasim.test" || kind == "bounced" || kind == "back" && r != "b@fin.example" {
			want[r] = esa.Bounced
		}
		if kind == "dropped" {
			want[r] = esa.Dropped
		}
	}
	if kind == "other" {
		want = map[string]esa.State{"other@x.example": esa.Delivered}
	}
	for r, state := range want {
		if !slices.Equal(to[r], []esa.State{state}) {
			t.Errorf("MID %d, %s, to %s: %v, want %s once", mid, kind, r, to[r], state)
		}
	}
	if len(to) != len(want) || aside != flowKinds()[kind] {
		t.Errorf("MID %d, %s: recipients %v, %d copies and notifications, want %d", mid, kind, to, aside, flowKinds()[kind])
	}
}

// checkEnds looks whether each recipient of what was acknowledged has one end, be it
// which it may.
func (s *flowStory) checkEnds(t *testing.T, acked map[esa.MID]string) {
	t.Helper()
	s.checkFamilies(t)
	for mid, kind := range acked {
		to := map[string][]esa.State{}
		s.ends(mid, to)
		want := flowRecipients()
		if kind == "other" && to["other@x.example"] != nil {
			want = []string{"other@x.example"}
		}
		for _, r := range want {
			if len(to[r]) != 1 || to[r][0] != esa.Delivered && to[r][0] != esa.Bounced && to[r][0] != esa.Dropped {
				t.Errorf("MID %d, %s, to %s: %v, want one end", mid, kind, r, to[r])
			}
		}
		if len(to) != len(want) {
			t.Errorf("MID %d, %s: recipients %v, want %v", mid, kind, to, want)
		}
	}
}

// checkLogs looks whether each log tells once what it has to tell of each message.
// They are up to a second behind.
func (s *flowStory) checkLogs(t *testing.T, data string) {
	t.Helper()
	eventually(t, "the logs to tell all", func() error {
		begun, ended := counted(t, data, "mail_logs/mail", `Info: Start MID (\d+) `), counted(t, data, "mail_logs/mail", `Info: Message finished MID (\d+) `)
		events, bounces := counted(t, data, "events/consolidated_event", ` ESAMID=(\d+) `), counted(t, data, "bounces/bounces", `Info: Bounced: (\d+):`)
		for mid, m := range s.all {
			wantEvents, wantBounces := s.lines(&m)
			for what, got := range map[string][2]int{"beginnings": {begun[mid], 1}, "ends": {ended[mid], 1}, "events": {events[mid], wantEvents}, "bounces": {bounces[mid], wantBounces}} {
				if got[0] != got[1] {
					return fmt.Errorf("MID %d (%s): %d %s, want %d", mid, m.State, got[0], what, got[1])
				}
			}
		}
		return nil
	})
}

// lines are how many the Consolidated Event Log and the bounce log have of a message:
// one when it is held, one when it ends unless another goes on in its place; one for
// each recipient that bounced.
func (s *flowStory) lines(m *esa.Message) (events, bounces int) {
	if m.State != esa.Replaced {
		events++
	}
	if slices.ContainsFunc(m.Events, func(e esa.Event) bool { return e.Kind == esa.MessageQuarantined }) {
		events++
	}
	for _, r := range m.Recipients {
		if r.State == esa.Bounced {
			bounces++
		}
	}
	return events, bounces
}

// counted counts the lines of a log by the MID that a pattern finds.
func counted(t *testing.T, data, log, pattern string) map[esa.MID]int {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(data, log+".@*"))
	if err != nil || len(names) == 0 {
		t.Fatalf("%s: %v, %v", log, names, err)
	}
	out, find := map[esa.MID]int{}, regexp.MustCompile(pattern)
	for _, name := range names {
		for line := range strings.Lines(readFile(t, name)) {
			if found := find.FindStringSubmatch(line); found != nil {
				n, err := strconv.ParseUint(found[1], 10, 64)
				if err != nil {
					t.Fatal(err)
				}
				out[esa.MID(n)]++
			}
		}
	}
	return out
}

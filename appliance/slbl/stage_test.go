package slbl

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/go-cmp/cmp"

	"esasim/appliance/stage"
	"esasim/esa"
)

// guarded is the stage before an antispam that finds everything suspect.
func guarded(t *testing.T, action string, safelist, blocklist map[string]string) (stage.Stage, *Lists) {
	t.Helper()
	l := open(t, vfs.NewMem())
	for list, rows := range map[List]map[string]string{Safelist: safelist, Blocklist: blocklist} {
		for recipient, senders := range rows {
			if senders == "" {
				continue
			}
			if err := l.Append(list, []string{recipient}, strings.Fields(senders)); err != nil {
				t.Fatal(err)
			}
		}
	}
	return l.Guard(stage.Stage{Engine: esa.AntiSpam, Scan: func(*stage.Job) (stage.Finding, error) {
		return stage.Finding{Verdict: esa.Suspect}, nil
	}}, action), l
}

func message(sender, from string, recipients ...string) *esa.Message {
	m := &esa.Message{MID: 1, Sender: sender, HeaderFrom: from}
	for i, r := range recipients {
		m.Recipients = append(m.Recipients, esa.Recipient{RID: esa.RID(i), Address: r})
	}
	return m
}

// What is said of senders, by how they are written and where they stand.
func TestMatch(t *testing.T) {
	for _, c := range []struct{ safelist, blocklist, sender, from, want string }{
		{"a@b.example", "", "a@b.example", "", "safe"},
		{"A@B.example", "", "a@b.EXAMPLE", "", "safe"},
		{"a@b.example", "", "c@b.example", "", ""},
		{"b.example", "", "c@B.example", "", "safe"},
		{"b.example", "", "c@mail.b.example", "", ""},
		{"b.example", "", "c@notb.example", "", ""},
		{"mail.b.example", "", "c@mail.b.example", "", "safe"},
		{"[192.0.2.1]", "", "c@[192.0.2.1]", "", "safe"},
		{"c@[192.0.2.1]", "", "c@[192.0.2.1]", "", "safe"},
		{"[ipv6:2001:db8::1]", "", "c@[IPv6:2001:DB8:0::1]", "", "safe"},
		{"a@b.example", "", "x@y.example", `"A, of B" <a@b.example>`, "safe"},
		{"a@b.example", "", "x@y.example", `A, of B <a@b.example>`, "safe"},
		{"a@b.example", "", "x@y.example", "a@b.example", "safe"},
		{"a@b.example", "", "x@y.example", "z@z.example, a@b.example", "safe"},
		{"a@b.example", "", "x@y.example", "a@b.example <x@y.example>", ""},
		{"a@b.example", "", "", "a@b.example", "safe"},
		{"b.example", "", "", "", ""},
		{"", "a@b.example", "a@b.example", "", "blocked"},
		{"b.example", "george@b.example", "george@b.example", "", "blocked"},
		{"b.example", "george@b.example", "mary@b.example", "", "safe"},
		{"george@b.example", "b.example", "george@b.example", "", "safe"},
		{"a@b.example", "c@d.example", "a@b.example", "c@d.example", "blocked"},
		{"b.example", "d.example", "a@b.example", "c@d.example", "blocked"},
		{"a@b.example", "d.example", "a@b.example", "c@d.example", "safe"},
		{"b.example", "", `"a b"@b.example`, "", "safe"},
	} {
		s, _ := guarded(t, Delete, map[string]string{"u@x.example": c.safelist}, map[string]string{"other@x.example": "a@b.example", "u@x.example": c.blocklist})
		j := stage.NewJob(nil)
		j.Take(message(c.sender, c.from, "U@X.example"))
		f, err := s.Scan(j)
		if err != nil {
			t.Fatal(err)
		}
		if got := map[esa.Verdict]string{esa.Negative: "safe", esa.Positive: "blocked"}[f.Verdict]; got != c.want {
			t.Errorf("safelist %q, blocklist %q, MAIL %q, From %q: %q, want %q", c.safelist, c.blocklist, c.sender, c.from, got, c.want)
		}
	}
}

// Recipients with different lists are apart; those that another message has are left
// out.
func TestApart(t *testing.T) {
	s, _ := guarded(t, Quarantine, map[string]string{"safe@x.example": "b.example", "too@x.example": "b.example"}, map[string]string{"block@x.example": "b.example", "other@x.example": "c.example"})
	for _, c := range []struct {
		to   string
		want [][]esa.RID
	}{
		{"a@x.example other@x.example", nil},
		{"safe@x.example too@x.example", nil},
		{"a@x.example safe@x.example block@x.example too@x.example b@x.example", [][]esa.RID{{1, 3}, {2}}},
		{"block@x.example a@x.example", [][]esa.RID{{1}}},
		{"", nil},
	} {
		j := stage.NewJob(nil)
		j.Take(message("a@b.example", "", strings.Fields(c.to)...))
		if diff := cmp.Diff(c.want, s.Apart(j)); diff != "" {
			t.Errorf("%s: %s", c.to, diff)
		}
		for i := range j.Message.Recipients { // as the work queue does it
			if slices.ContainsFunc(c.want, func(g []esa.RID) bool { return slices.Contains(g, esa.RID(i)) }) {
				j.Message.Recipients[i].State = esa.Replaced
			}
		}
		if again := s.Apart(j); again != nil {
			t.Errorf("%s: then %v", c.to, again)
		}
	}
}

// What is wanted of a message, by the list and the action; a change holds for the
// next message, and lists that differ after all leave it to antispam.
func TestGuard(t *testing.T) {
	for _, action := range []string{Quarantine, Delete} {
		s, l := guarded(t, action, map[string]string{"safe@x.example": "b.example"}, map[string]string{"block@x.example": "b.example"})
		scan := func(to ...string) stage.Finding {
			j := stage.NewJob(nil)
			j.Take(message("a@b.example", "", to...))
			f, err := s.Scan(j)
			if err != nil {
				t.Fatal(err)
			}
			return f
		}
		want := stage.Finding{Verdict: esa.Positive, Text: esa.SLBL, Want: stage.Want{Drop: "Dropped by SLBL"}}
		if action == Quarantine {
			want.Want = stage.Want{Hold: []stage.Hold{{Quarantine: stage.SpamQuarantine}}}
		}
		if diff := cmp.Diff(want, scan("block@x.example")); diff != "" {
			t.Errorf("%s: %s", action, diff)
		}
		if f := scan("safe@x.example"); f.Verdict != esa.Negative || f.Text != esa.SLBL || !slices.Contains(f.Want.Skip, esa.AntiSpam) {
			t.Errorf("safelist: %+v", f)
		}
		for _, to := range [][]string{{"u@x.example"}, {"safe@x.example", "block@x.example"}, {"safe@x.example", "u@x.example"}, {"u@x.example", "block@x.example"}, nil} {
			if f := scan(to...); f.Verdict != esa.Suspect {
				t.Errorf("%v: %+v", to, f)
			}
		}
		if _, err := l.RemoveSenders(Safelist, []string{"b.example"}); err != nil {
			t.Fatal(err)
		}
		if f := scan("safe@x.example"); f.Verdict != esa.Suspect {
			t.Errorf("after the entry is gone: %+v", f)
		}
	}
}

// Without any entry, and without lists of its recipients, a message costs nothing.
func TestCosts(t *testing.T) {
	s, l := guarded(t, Quarantine, nil, nil)
	j := stage.NewJob(nil)
	j.Take(message("a@b.example", "A <a@b.example>", "u@x.example", "v@x.example"))
	ask := func() {
		_, err := s.Scan(j)
		if s.Apart(j) != nil || err != nil {
			t.Fatal(errors.Join(err, errors.New("apart")))
		}
	}
	if n := testing.AllocsPerRun(100, ask); n > 0 {
		t.Errorf("%v allocations without entries", n)
	}
	if err := l.Append(Safelist, []string{"w@x.example"}, []string{"b.example"}); err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(100, ask); n > 20 {
		t.Errorf("%v allocations with entries of others", n)
	}
}

// Hostile header fields: nothing but time can be lost.
func FuzzFrom(f *testing.F) {
	for _, s := range []string{"A <a@b.example>", "<<<>>>", "a@b.example, c@d.example", "=?utf-8?q?x?= <a@b>", "\x00\xff@", "g:a@b.example;"} {
		f.Add(s, s)
	}
	b := &book{rows{"u@x.example": {"b.example"}}, rows{"u@x.example": {"a@b.example"}}}
	f.Fuzz(func(t *testing.T, sender, from string) {
		m := message(sender, from, "u@x.example", sender)
		if w := b.of(m); w < nothing || w > blocked {
			t.Errorf("%d", w)
		}
		for _, g := range b.apart(m) {
			if len(g) != 1 {
				t.Errorf("%v", g)
			}
		}
	})
}

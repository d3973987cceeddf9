package quarantine

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"esasim/esa"
)

const day = 24 * time.Hour

// Thirty days: from each quarantine of the factory messages leave when their time is
// over, by its action, also after a restart, and if the log was cut off before it was
// read.
func TestRetention(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, o := newMemory(), Options{Quarantines: BuiltIn()}
		_, _, stop := run(t, l, o)
		mids := map[esa.MID]Quarantine{}
		for _, q := range o.Quarantines {
			mids[l.hold(t, &o, 100, q.Name)] = q
		}
		both := l.hold(t, &o, 100, Policy, FileAnalysis)
		stop()
		_, f, stop := run(t, l, o)
		time.Sleep(time.Minute)
		f.fall()
		late := l.hold(t, &o, 100, FileAnalysis) // the follower never hears of it
		for range 31 * 24 * 60 {
			time.Sleep(time.Minute)
			for mid, q := range mids {
				m, _ := l.Message(t.Context(), mid)
				if over := time.Since(m.Received) >= q.Retention; over == (m.State == esa.Quarantined) {
					synctest.Wait()
					if m, _ = l.Message(t.Context(), mid); over == (m.State == esa.Quarantined) {
						t.Fatalf("%s: after %s %s", q.Name, time.Since(m.Received), m.State)
					}
				}
			}
		}
		stop()
		for mid, q := range mids {
			want := fmt.Sprintf("%sd %s (expired) t=%d; %[1]sd  () t=0; ", q.Action, q.Name, int(q.Retention.Seconds()))
			if q.Action == Delete {
				want += "done; "
			}
			if got := l.told(mid); got != want {
				t.Errorf("%s: %s\nwant %s", q.Name, got, want)
			}
		}
		if got, want := l.told(both), "released File Analysis (expired) t=3600; deleted Policy (expired) t=864000; deleted  () t=0; done; "; got != want {
			t.Errorf("held by two: %s", got)
		}
		if got, want := l.told(late), "released File Analysis (expired) t=3600; released  () t=0; "; got != want {
			t.Errorf("overtaken: %s", got)
		}
	})
}

// That the keeper was overtaken is noticed, too, when a message leaves just then.
func TestOvertakenLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, o := newMemory(), Options{Quarantines: BuiltIn()}
		_, f, stop := run(t, l, o)
		f.late = true
		first := l.hold(t, &o, 100, FileAnalysis)
		time.Sleep(time.Minute)
		f.fall()
		second := l.hold(t, &o, 100, FileAnalysis) // the follower never hears of it
		time.Sleep(2 * time.Hour)
		stop()
		for _, mid := range []esa.MID{first, second} {
			if m, _ := l.Message(t.Context(), mid); m.State == esa.Quarantined {
				t.Errorf("MID %d is held still", mid)
			}
		}
	})
}

// What operations tell, and which messages they refuse.
func TestOperations(t *testing.T) {
	o := Options{Quarantines: append(BuiltIn(), Quarantine{Name: "Mine", Retention: day, Action: Release})}
	type result struct {
		Result
		err error
	}
	do := func(r Result, err error) result { return result{r, err} }
	for _, c := range []struct {
		name string
		held []string
		do   func(*Keeper, []esa.MID) result
		want string // told of the message; or ! and why it is refused
		in   string // that hold it then
	}{
		{"release", []string{Policy}, func(k *Keeper, m []esa.MID) result { return do(k.Release(t.Context(), m, Policy)) }, "released Policy (manual) t=60; released  () t=0; ", ""},
		{"release from one of two", []string{Policy, Virus}, func(k *Keeper, m []esa.MID) result { return do(k.Release(t.Context(), m, Virus)) }, "released Virus (manual) t=60; ", "Policy"},
		{"release from all", []string{Policy, Virus}, func(k *Keeper, m []esa.MID) result { return do(k.Release(t.Context(), m, "")) }, "released Policy (manual) t=60; released Virus (manual) t=60; released  () t=0; ", ""},
		{"release from another", []string{Policy}, func(k *Keeper, m []esa.MID) result { return do(k.Release(t.Context(), m, Virus)) }, "!MID 1: not in the quarantine", "Policy"},
		{"delete from one of two", []string{Policy, Virus}, func(k *Keeper, m []esa.MID) result { return do(k.Delete(t.Context(), m, Virus)) }, "deleted Virus (manual) t=60; ", "Policy"},
		{"delete from all", []string{Policy, Virus}, func(k *Keeper, m []esa.MID) result { return do(k.Delete(t.Context(), m, "")) }, "deleted Policy (manual) t=60; deleted Virus (manual) t=60; deleted  () t=0; done; ", ""},
		{"move", []string{Policy}, func(k *Keeper, m []esa.MID) result { return do(k.Move(t.Context(), m, Policy, "Mine")) }, "moved Policy Mine; ", "Mine"},
		{"move together", []string{Policy, Virus}, func(k *Keeper, m []esa.MID) result { return do(k.Move(t.Context(), m, Policy, Virus)) }, "moved Policy Virus; ", "Virus"},
		{"move from all", []string{Policy}, func(k *Keeper, m []esa.MID) result { return do(k.Move(t.Context(), m, "", "Mine")) }, "!cannot be done without the name of the quarantine that has the messages", "Policy"},
		{"move to none", []string{Policy}, func(k *Keeper, m []esa.MID) result { return do(k.Move(t.Context(), m, Policy, "None")) }, `!"None": no such quarantine`, "Policy"},
		{"move spam", []string{Spam}, func(k *Keeper, m []esa.MID) result { return do(k.Move(t.Context(), m, Spam, Policy)) }, "!cannot be done with the spam quarantine", Spam},
		{"copy", []string{Policy}, func(k *Keeper, m []esa.MID) result { return do(k.Copy(t.Context(), m, Policy, "Mine")) }, "", "Policy,Mine"},
		{"copy again", []string{Policy, "Mine"}, func(k *Keeper, m []esa.MID) result { return do(k.Copy(t.Context(), m, Policy, "Mine")) }, "!MID 1: in the quarantine already", "Policy,Mine"},
		{"delay by nothing", []string{Policy}, func(k *Keeper, m []esa.MID) result { return do(k.Delay(t.Context(), m, Policy, 0)) }, "!a delay of 0s cannot be done: want 1s to 87600h0m0s", "Policy"},
		{"release spam", []string{Spam}, func(k *Keeper, m []esa.MID) result { return do(k.Release(t.Context(), m, "")) }, "reinjected as 2; done; ", ""},
		{"delete spam", []string{Spam}, func(k *Keeper, m []esa.MID) result { return do(k.Delete(t.Context(), m, Spam)) }, "deleted Spam Quarantine (manual) t=60; deleted  () t=0; done; ", ""},
		{"send", []string{Policy}, func(k *Keeper, m []esa.MID) result {
			return do(k.SendCopy(t.Context(), m, Policy, []string{"admin@to.test"}))
		}, `2 generated by copy from quarantine "Policy"; `, "Policy"},
		{"send to nobody", []string{Policy}, func(k *Keeper, m []esa.MID) result {
			return do(k.SendCopy(t.Context(), m, Policy, []string{"a b@c"}))
		}, `!a copy to "a b@c" cannot be done: want an address`, "Policy"},
	} {
		synctest.Test(t, func(t *testing.T) {
			l := newMemory()
			k, _, stop := run(t, l, o)
			defer stop()
			mid := l.hold(t, &o, 100, c.held...)
			time.Sleep(time.Minute)
			r := c.do(k, []esa.MID{mid})
			got := l.told(mid)
			switch {
			case r.err != nil:
				got = "!" + r.err.Error()
			case len(r.Refused) > 0:
				got = "!" + r.Refused[0].Error()
			}
			if got != c.want {
				t.Errorf("%s: %s\nwant %s", c.name, got, c.want)
			}
			m, _ := l.Message(t.Context(), mid)
			if in := strings.Join(m.Quarantines, ","); in != c.in {
				t.Errorf("%s: in %s, want %s", c.name, in, c.in)
			}
		})
	}
}

// What is made of a held message knows what was known of it, and goes to where it is
// to go.
func TestMade(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, o := newMemory(), Options{Quarantines: []Quarantine{
			{Name: Policy, Retention: 2 * day, Action: Release, Release: Change{Subject: "[late] ", Header: "X-A: 1"}},
			{Name: Outbreak, Retention: day, Action: Release, Release: Change{Header: "X-B: 2"}},
			{Name: Spam, Retention: day, Action: Release}}}
		_, _, stop := run(t, l, o)
		defer stop()
		one, spam := l.hold(t, &o, 100, Policy, Outbreak), l.hold(t, &o, 100, Spam)
		time.Sleep(2 * day)
		synctest.Wait()
		if got, want := l.told(one), "released Outbreak (expired) t=86400; released Policy (expired) t=172800; rewritten to 4 by quarantine; done; "; got != want {
			t.Errorf("told %s\nwant %s", got, want)
		}
		m, _ := l.Message(t.Context(), 4)
		if m.From != one || m.State != esa.Processing || m.Caught != esa.AntiVirus || m.Passed != esa.AntiVirus || m.Policy != "Sales" || m.Source.Group != "G" || m.Verdicts[esa.AntiVirus] != esa.Positive || m.Verdicts[esa.OutbreakFilters] != esa.Negative || m.Recipients[0].Address != "u1@to.test" {
			t.Errorf("made: %+v", m)
		}
		if last := m.Events[len(m.Events)-1]; last.Kind != esa.MessageReleased || last.Name != "" {
			t.Errorf("the work queue does not take up what ends with %+v", last)
		}
		if got, want := l.contents[4].String(), "Subject: [late] number 1\r\nX-B: 2\r\nX-A: 1\r\n\r\nhello\r\n"; got != want || m.Subject != "[late] number 1" || m.Size != int64(len(want)) {
			t.Errorf("content %q, want %q; subject %q, %d octets", got, want, m.Subject, m.Size)
		}
		if got, want := l.told(spam), "reinjected as 3; done; "; got != want {
			t.Errorf("spam: %s, want %s", got, want)
		}
		if m, _ := l.Message(t.Context(), 3); m.State != esa.Queued || m.From != spam || m.Size != 100 || l.contents[3].String() != l.contents[spam].String() {
			t.Errorf("injected again: %+v", m)
		}
	})
}

// A quarantine takes attachments out of what it releases by itself, not of what an
// administrator releases; a message that cannot be read is released as it is.
func TestStrip(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, o := newMemory(), Options{Quarantines: []Quarantine{{Name: Virus, Retention: day, Action: Release, Release: Change{Strip: true}}}}
		k, _, stop := run(t, l, o)
		defer stop()
		late, early, plain, lost := l.hold(t, &o, 100, Virus), l.hold(t, &o, 100, Virus), l.hold(t, &o, 100, Virus), l.hold(t, &o, 100, Virus)
		for _, mid := range []esa.MID{late, early} {
			l.contents[mid].Reset()
			l.contents[mid].WriteString("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\ntext\r\n--b\r\nContent-Type: a/b; name=evil.exe\r\n\r\nMZ evil\r\n--b--\r\n")
		}
		delete(l.contents, lost)
		if r, err := k.Release(t.Context(), []esa.MID{early}, Virus); err != nil || len(r.Done) != 1 {
			t.Fatal(r, err)
		}
		time.Sleep(day)
		synctest.Wait()
		for mid, want := range map[esa.MID]string{
			late:  "released Virus (expired) t=86400; rewritten to 5 by quarantine; done; ",
			early: "released Virus (manual) t=0; released  () t=0; ",
			plain: "released Virus (expired) t=86400; released  () t=0; ",
			lost:  "released Virus (expired) t=86400; released  () t=0; ",
		} {
			if got := l.told(mid); got != want {
				t.Errorf("MID %d: %s\nwant %s", mid, got, want)
			}
		}
		if c := l.contents[5].String(); strings.Contains(c, "evil") || !strings.Contains(c, "text") {
			t.Errorf("content %q", c)
		}
		if got, want := l.told(5), "released  (attachments stripped) t=0; "; got != want {
			t.Errorf("told %s", got)
		}
	})
}

// The oldest leave when there is no more room, in any order of what came and went.
func TestSpace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, o := newMemory(), Options{Space: 1000, SpamSpace: 300, Quarantines: append(BuiltIn(), Quarantine{Name: "Kept", Retention: 90 * day, Action: Delete, KeepWhenFull: true})}
		k, _, stop := run(t, l, o)
		defer stop()
		var policy, kept, spam []esa.MID
		add := func(list *[]esa.MID, names ...string) {
			*list = append(*list, l.hold(t, &o, 100, names...))
			time.Sleep(time.Second)
		}
		for range 5 {
			add(&policy, Policy, Virus)
			add(&kept, "Kept")
			add(&spam, Spam)
		}
		synctest.Wait()
		in := func(mids []esa.MID) (out string) {
			for _, mid := range mids {
				m, _ := l.Message(t.Context(), mid)
				out += fmt.Sprint(len(m.Quarantines))
			}
			return out
		}
		if a, b, c := in(policy), in(kept), in(spam); a != "22222" || b != "11111" || c != "00111" {
			t.Errorf("full: %s %s %s", a, b, c)
		}
		for range 7 {
			add(&kept, "Kept")
		}
		synctest.Wait()
		if a, b := in(policy), in(kept); a != "00000" || b != "111111111111" {
			t.Errorf("more than full: %s %s", a, b)
		}
		if got, want := l.told(policy[0]), "deleted Policy (queue full) t=15; deleted Virus (queue full) t=15; deleted  () t=0; done; "; got != want {
			t.Errorf("told %s", got)
		}
		for _, s := range k.List() {
			if want := map[string]int{"Kept": 12, Spam: 3}[s.Name]; s.Messages != want || s.Size != int64(100*want) {
				t.Errorf("%s: %d messages, %d octets", s.Name, s.Messages, s.Size)
			}
		}
	})
}

// Whatever is done, in any order, the messages are where a simple model says, and
// what is held in memory is what a restart would find.
func TestModel(t *testing.T) {
	names := []string{Policy, Virus, "Mine"}
	o := Options{Quarantines: append(BuiltIn(), Quarantine{Name: "Mine", Retention: 3 * day, Action: Release})}
	for seed := range uint64(30) {
		synctest.Test(t, func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 0))
			l := newMemory()
			k, f, stop := run(t, l, o)
			defer func() { stop() }()
			model := map[esa.MID]map[string]time.Time{} // where it is, until when
			for range 300 {
				time.Sleep(time.Duration(r.IntN(int(4 * time.Hour))))
				now := time.Now()
				for _, in := range model {
					for name, until := range in {
						if !until.After(now) {
							delete(in, name)
						}
					}
				}
				mid, a, b := esa.MID(1+r.IntN(40)), names[r.IntN(3)], names[r.IntN(3)]
				in := model[mid]
				until, there := in[a]
				_, also := in[b]
				one := []esa.MID{mid}
				ctx := t.Context()
				var res Result
				var err error
				want := there
				switch r.IntN(8) {
				case 0, 1:
					if len(model) < 40 {
						mid = l.hold(t, &o, 100, a)
						model[mid] = map[string]time.Time{a: now.Add(o.of(a).Retention)}
					}
					continue
				case 2:
					res, err = k.Release(ctx, one, a)
					delete(in, a)
				case 3:
					res, err = k.Delete(ctx, one, a)
					delete(in, a)
				case 4:
					if a == b {
						continue
					}
					if res, err = k.Move(ctx, one, a, b); there {
						if delete(in, a); until.After(in[b]) {
							in[b] = until
						}
					}
				case 5:
					if a == b {
						continue
					}
					res, err = k.Copy(ctx, one, a, b)
					if want = there && !also; want {
						in[b] = now.Add(o.of(b).Retention)
					}
				case 6:
					d := time.Duration(1+r.IntN(72)) * time.Hour
					if res, err = k.Delay(ctx, one, a, d); there {
						in[a] = until.Add(d)
					}
				case 7:
					if f.fall(); r.IntN(4) == 0 {
						stop()
						k, f, stop = run(t, l, o)
					}
					continue
				}
				if err != nil || want != (len(res.Done) == 1) {
					t.Fatalf("seed %d: MID %d in %v: %+v, %v", seed, mid, in, res, err)
				}
				synctest.Wait()
				compareModel(t, l, k, model)
			}
		})
	}
}

// compareModel fails unless messages are where the model says.
func compareModel(t *testing.T, l *memory, k *Keeper, model map[esa.MID]map[string]time.Time) {
	t.Helper()
	counts := map[string]int{}
	for mid, in := range model {
		m, _ := l.Message(t.Context(), mid)
		stays := k.Options.Load().stays(&m)
		for _, s := range stays {
			if until, ok := in[s.Quarantine]; !ok || !until.Equal(s.Until) {
				t.Fatalf("MID %d in %s until %s, want %v", mid, s.Quarantine, s.Until, in)
			}
			counts[s.Quarantine]++
		}
		if len(stays) != len(in) || slices.Equal(m.Quarantines, nil) != (len(in) == 0) {
			t.Fatalf("MID %d: %v, want %v", mid, stays, in)
		}
	}
	for _, s := range k.List() {
		if s.Messages != counts[s.Name] {
			t.Fatalf("%s: %d messages in memory, %d in the log", s.Name, s.Messages, counts[s.Name])
		}
	}
}

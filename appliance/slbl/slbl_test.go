package slbl

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/go-cmp/cmp"

	"esasim/internal/smalldisk"
	"esasim/internal/statefile"
)

func open(t testing.TB, fs vfs.FS) *Lists {
	t.Helper()
	l, err := Open(statefile.File{FS: fs, Dir: "", Key: "slbl.json"})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// model is what the lists should be, in the plainest way there is.
type model [2]map[[2]string]bool // recipient, sender

// edit makes a change of the model; it says why not.
func (m *model) edit(list List, most int, gone func(recipient, sender string) bool, recipients, senders []string) (ok bool) {
	next := maps.Clone(m[list])
	maps.DeleteFunc(next, func(k [2]string, _ bool) bool { return gone(k[0], k[1]) })
	for _, r := range recipients {
		for _, s := range senders {
			next[[2]string{r, s}] = true
		}
	}
	have := map[string]int{}
	for k := range next {
		have[k[0]]++
		if !m[list][k] && m[list.Other()][k] {
			return false
		}
	}
	for _, n := range have {
		if n > most {
			return false
		}
	}
	m[list] = next
	return true
}

func (m *model) all(list List) map[string][]string {
	out := map[string][]string{}
	for k := range m[list] {
		out[k[0]] = append(out[k[0]], k[1])
	}
	for _, senders := range out {
		slices.Sort(senders)
	}
	return out
}

// Changes do what the model does, and what was said to be done is there after the
// machine went down; so is nothing else.
func TestModel(t *testing.T) {
	const most = 4
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 1))
		fs := vfs.NewCrashableMem()
		l := open(t, fs)
		l.Limit(most)
		m := model{{}, {}}
		some := func(form string, n int) (out []string) {
			for range 1 + r.IntN(2) {
				out = append(out, fmt.Sprintf(form, r.IntN(n)))
			}
			return out
		}
		for i := range 200 {
			list, recipients, senders := List(r.IntN(2)), some("u%d@x.example", 4), some("s%d.example", 7)
			ofRecipient := func(r, _ string) bool { return slices.Contains(recipients, r) }
			ofSender := func(_, s string) bool { return slices.Contains(senders, s) }
			var err error
			ok := true
			switch r.IntN(6) {
			case 0, 1:
				ok = m.edit(list, most, func(string, string) bool { return false }, recipients, senders)
				err = l.Append(list, recipients, senders)
			case 2:
				ok = m.edit(list, most, ofRecipient, recipients, senders)
				err = l.SetSenders(list, recipients, senders)
			case 3:
				ok = m.edit(list, most, ofSender, recipients, senders)
				err = l.SetRecipients(list, senders, recipients)
			case 4:
				m.edit(list, most, ofRecipient, nil, nil)
				_, err = l.RemoveRecipients(list, recipients)
			default:
				m.edit(list, most, ofSender, nil, nil)
				_, err = l.RemoveSenders(list, senders)
			}
			if reason := Refused(""); (err == nil) != ok || err != nil && !errors.As(err, &reason) {
				t.Fatalf("seed %d step %d: %v, the model says %t", seed, i, err, ok)
			}
			if r.IntN(10) == 0 { // the machine goes down
				fs = fs.CrashClone(vfs.CrashCloneCfg{})
				l = open(t, fs)
				l.Limit(most)
			}
			for _, list := range []List{Safelist, Blocklist} {
				if diff := cmp.Diff(m.all(list), l.All(list)); diff != "" {
					t.Fatalf("seed %d step %d: %s (-want +got):\n%s", seed, i, list, diff)
				}
			}
		}
	}
}

// How many were removed is how many were there.
func TestRemoved(t *testing.T) {
	l := open(t, vfs.NewMem())
	if err := l.Append(Safelist, []string{"A@x.example", "b@x.example"}, []string{"S.example", "t.example"}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		remove func(List, []string) (int, error)
		list   List
		names  []string
		want   int
	}{
		{l.RemoveSenders, Safelist, []string{"s.example", "S.EXAMPLE", "z.example"}, 1},
		{l.RemoveSenders, Blocklist, []string{"t.example"}, 0},
		{l.RemoveRecipients, Safelist, []string{"a@X.example", "c@x.example"}, 1},
	} {
		if n, err := c.remove(c.list, c.names); n != c.want || err != nil {
			t.Errorf("%v: %d %v, want %d", c.names, n, err, c.want)
		}
	}
	want := map[string][]string{"b@x.example": {"t.example"}}
	if diff := cmp.Diff(want, l.All(Safelist)); diff != "" {
		t.Error(diff)
	}
}

// A change that cannot be kept is not made.
func TestFullDisk(t *testing.T) {
	disk := smalldisk.New(vfs.NewMem(), 1000)
	l := open(t, disk)
	if err := l.Append(Safelist, []string{"a@x.example"}, []string{"s.example"}); err != nil {
		t.Fatal(err)
	}
	disk.SetFree(10)
	before := l.All(Safelist)
	if err := l.Append(Safelist, []string{"b@x.example"}, []string{"s.example"}); err == nil {
		t.Fatal("kept on a full disk")
	}
	if diff := cmp.Diff(before, l.All(Safelist)); diff != "" {
		t.Error(diff)
	}
	disk.SetFree(1000)
	if diff := cmp.Diff(before, open(t, disk).All(Safelist)); diff != "" {
		t.Error(diff)
	}
}

// Lists are bounded, of one user and in all; what is above a bound that was lowered
// stays and can shrink.
func TestBounds(t *testing.T) {
	l := open(t, vfs.NewMem())
	var users, senders []string
	for i := range 1000 {
		users = append(users, fmt.Sprintf("u%d@x.example", i))
	}
	for i := range 100 {
		senders = append(senders, fmt.Sprintf("s%d.example", i))
	}
	if err := l.Append(Safelist, users, senders); err != nil {
		t.Fatal(err)
	}
	refuse := func(want string, err error) {
		t.Helper()
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	refuse("all lists together", l.Append(Blocklist, users[:1], []string{"z.example"}))
	refuse("all lists together", l.Append(Blocklist, append(users, "z@x.example"), senders))
	if err := l.SetSenders(Safelist, users[1:], senders[:10]); err != nil {
		t.Fatal(err)
	}
	l.Limit(10)
	refuse("u1@x.example can have 10 entries", l.Append(Safelist, users[1:3], []string{"z.example"}))
	if _, err := l.RemoveSenders(Safelist, senders[:1]); err != nil {
		t.Error(err)
	}
	refuse("the safelist of u1@x.example has s5.example already", l.Append(Blocklist, users[1:3], senders[5:6]))
	for _, err := range []error{l.Append(Safelist, nil, senders), l.Append(Safelist, users, nil), l.SetSenders(Safelist, users, []string{"."}), l.SetRecipients(Safelist, senders, []string{"x"})} {
		if reason := Refused(""); !errors.As(err, &reason) {
			t.Errorf("%v", err)
		}
	}
}

// A file that somebody has spoiled is told of by its name, and not used.
func TestSpoiled(t *testing.T) {
	for _, text := range []string{"{", `{"safelist": {"A@x.example": ["s.example"]}}`, `{"safelist": {"a@x.example": ["S.example"]}}`,
		`{"blocklist": {"a@x.example": []}}`, `{"blocklist": {"x": ["s.example"]}}`, `{"blocklist": []}`} {
		fs := vfs.NewMem()
		if err := statefile.Write(fs, "", "slbl.json", []byte(text)); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(statefile.File{FS: fs, Key: "slbl.json"}); err == nil || !strings.Contains(err.Error(), "slbl.json") {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// Who reads while others change sees lists that were there, for the race detector.
func TestTogether(t *testing.T) {
	l := open(t, vfs.NewMem())
	var done sync.WaitGroup
	for i := range 4 {
		done.Go(func() {
			for j := range 50 {
				if err := l.Append(List(i%2), []string{fmt.Sprintf("u%d@x.example", i)}, []string{fmt.Sprintf("s%d.example", j)}); err != nil {
					t.Error(err)
				}
			}
		})
		done.Go(func() {
			for range 200 {
				for r, senders := range l.All(Safelist) {
					if !slices.IsSorted(senders) || len(senders) == 0 {
						t.Errorf("%s has %v", r, senders)
					}
				}
			}
		})
	}
	done.Wait()
	if n := l.now.Load().entries(); n != 200 {
		t.Errorf("%d entries, want 200", n)
	}
}

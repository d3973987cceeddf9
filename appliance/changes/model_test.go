package changes

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"esasim/appliance/config"
)

// The model: what a configuration has at some keys, "" for an entry that is not there.
// An entry is known by its retention.
type values map[string]string

// state is what a layer has of a key: the value of the whole, and one below an entry,
// which needs something to be below.
type state struct{ whole, part string }

const (
	gone = "-" // of whole: removed
	back = "<" // likewise, of a draft: as the file says
)

func (s state) over(base string) (value string, ok bool) {
	switch {
	case s.whole == gone:
		base = ""
	case s.whole != "" && s.whole != back:
		base = s.whole
	}
	if s.part == "" {
		return base, true
	}
	return s.part, base != ""
}

// then is a layer's state with a draft's on top.
func (s state) then(d state) state {
	switch d.whole {
	case back:
		s = state{}
	case "":
	default:
		s = state{whole: d.whole}
	}
	if d.part != "" {
		s.part = d.part
	}
	return s
}

type model struct {
	base   values
	layer  map[string]state
	drafts map[string]map[string]state
	commit int
}

func (m *model) running() (values, bool) { return m.with(nil) }

// with is the base with the layer and a draft over it; it does not fit if a part has no
// whole.
func (m *model) with(draft map[string]state) (values, bool) {
	out, fits := values{}, true
	for key, base := range m.base {
		v, ok := m.layer[key].then(draft[key]).over(base)
		out[key], fits = v, fits && ok
	}
	return out, fits
}

// submit adds to a draft, unless it changes nothing.
func (m *model) submit(user, key string, d state) bool {
	draft := maps.Clone(m.drafts[user])
	if draft == nil {
		draft = map[string]state{}
	}
	now, _ := m.with(draft)
	without := state{}
	if d.part != "" {
		without = state{whole: draft[key].whole}
	}
	draft[key] = without
	before, fits := m.with(draft)
	draft[key] = state{cmp.Or(d.whole, without.whole), d.part}
	next, ok := m.with(draft)
	if !ok {
		return false
	}
	if d.whole != back && next[key] == now[key] {
		return true
	}
	if d.whole == back && m.layer[key] == (state{}) || d.whole != back && fits && next[key] == before[key] {
		draft[key] = without
	}
	if draft[key] == (state{}) {
		delete(draft, key)
	}
	m.drafts[user] = draft
	return true
}

var scalars = []string{"appliance.listener.max_hops", "appliance.listener.max_connections", "appliance.all_listeners.max_connections"}
var entries = []string{"appliance.quarantines[A]", "appliance.quarantines[B]", "appliance.quarantines[C]"}

// random is a configuration from the factory, and what the model has of it.
func random(r *rand.Rand) (config.Appliance, values) {
	c, v := config.Default(), values{}
	for _, key := range scalars {
		n := 1 + r.IntN(3)
		v[key] = fmt.Sprint(n)
		at, _ := find(&c, mustParse(key))
		at.v.SetInt(int64(n))
	}
	for _, key := range entries {
		if v[key] = ""; r.IntN(2) == 0 {
			hours := 1 + r.IntN(3)
			v[key] = fmt.Sprintf("%dh0m0s", hours)
			c.Quarantines = append(c.Quarantines, config.Quarantine{Name: key[len(key)-2 : len(key)-1], Retention: time.Duration(hours) * time.Hour})
		}
	}
	return c, v
}

func mustParse(key string) path {
	p, err := parse(key)
	if err != nil {
		panic(err)
	}
	return p
}

// read is what the model knows of, of a user's draft.
func (c *Changes) read(user string) (values, error) {
	out := values{}
	for _, key := range append(append([]string{}, scalars...), entries...) {
		v, err := c.Value(user, key)
		if err == nil && v != "" && strings.HasSuffix(key, "]") {
			v, err = c.Value(user, key+".retention")
		}
		if err != nil {
			return nil, err
		}
		out[key] = v
	}
	return out, nil
}

// Whatever is done in whatever order: drafts, what is in force and the history are as
// in a model that is a few maps.
func TestModel(t *testing.T) {
	for seed := range uint64(10) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { walk(t, rand.New(rand.NewPCG(seed, 1))) })
	}
}

func walk(t *testing.T, r *rand.Rand) {
	fs := vfs.NewMem()
	base, known := random(r)
	m := &model{base: known, layer: map[string]state{}, drafts: map[string]map[string]state{}}
	c := start(t, fs, base)
	users := []string{"ann", "joe"}
	for step := range 150 {
		user := users[r.IntN(2)]
		said := ""
		want, err := true, error(nil)
		_, draftFits := m.with(m.drafts[user])
		switch what := r.IntN(20); {
		case what < 5:
			key, v := scalars[r.IntN(3)], fmt.Sprint(1+r.IntN(3))
			said = fmt.Sprintf("%s sets %s = %s", user, key, v)
			err, want = c.Set(user, key, v), draftFits && m.submit(user, key, state{whole: v})
		case what < 9:
			key, v := entries[r.IntN(3)], fmt.Sprintf("%dh0m0s", 1+r.IntN(3))
			said = fmt.Sprintf("%s sets %s = %s", user, key, v)
			err, want = c.Set(user, key, "{retention: "+v+"}"), draftFits && m.submit(user, key, state{whole: v})
		case what < 12:
			key, v := entries[r.IntN(3)], fmt.Sprintf("%dh0m0s", 1+r.IntN(3))
			said = fmt.Sprintf("%s sets %s.retention = %s", user, key, v)
			err, want = c.Set(user, key+".retention", v), draftFits && m.submit(user, key, state{part: v})
		case what < 14:
			key := entries[r.IntN(3)]
			said = fmt.Sprintf("%s removes %s", user, key)
			drafted, _ := m.with(m.drafts[user])
			err, want = c.Remove(user, key), draftFits && drafted[key] != "" && m.submit(user, key, state{whole: gone})
		case what < 15:
			key := append(append([]string{}, scalars...), entries...)[r.IntN(6)]
			said = fmt.Sprintf("%s resets %s", user, key)
			if err = c.Reset(user, key); err == nil || draftFits {
				want = m.submit(user, key, state{whole: back})
			} else {
				want = false // a draft that does not fit may fit without this key, or not
			}
		case what < 17:
			said = user + " commits"
			_, err = c.Commit(t.Context(), user, said)
			if want = draftFits && len(m.drafts[user]) > 0; want {
				for key, d := range m.drafts[user] {
					m.layer[key] = m.layer[key].then(d)
					if m.layer[key].whole == gone && m.base[key] == "" {
						m.layer[key] = state{part: m.layer[key].part}
					}
				}
				m.commit++
				delete(m.drafts, user)
			}
		case what < 18:
			said = user + " clears"
			c.Clear(user)
			delete(m.drafts, user)
		case what < 19:
			said = "restart"
			c, m.drafts = start(t, fs, base), map[string]map[string]state{}
		default:
			said = "reload"
			other, v := random(r)
			before := m.base
			m.base = v
			if _, want = m.running(); !want {
				m.base = before
			} else {
				base = other
			}
			err = c.Rebase(other)
			if layer := (*LayerError)(nil); err != nil && !errors.As(err, &layer) {
				t.Fatal(err)
			}
		}
		if (err == nil) != want {
			t.Fatalf("step %d: %s: %v, want %t", step, said, err, want)
		}
		m.compare(t, c, fmt.Sprintf("step %d: %s", step, said))
	}
}

func (m *model) compare(t *testing.T, c *Changes, said string) {
	t.Helper()
	now, _ := m.running()
	if got, err := c.read("nobody"); err != nil || !reflect.DeepEqual(got, now) {
		t.Fatalf("%s: in force is %v, %v; want %v", said, got, err, now)
	}
	for _, user := range []string{"ann", "joe"} {
		want, fits := m.with(m.drafts[user])
		got, err := c.read(user)
		if (err == nil) != fits || fits && !reflect.DeepEqual(got, want) {
			t.Fatalf("%s: %s has %v, %v; want %v\nlayer %v\n   or %v\ndraft %v\n   or %v", said, user, got, err, want, c.kept.Layer, m.layer, c.drafts[user], m.drafts[user])
		}
		changed := map[string]bool{}
		for _, ch := range c.Pending(user) {
			changed[strings.TrimSuffix(ch.Key, ".retention")] = true
		}
		for key := range want {
			if fits && changed[key] != (want[key] != now[key]) {
				t.Fatalf("%s: %s has pending %v", said, user, c.Pending(user))
			}
		}
	}
	if got := len(c.History()); got != min(m.commit, mostHistory) {
		t.Fatalf("%s: %d commits in the history, want %d", said, got, m.commit)
	}
}

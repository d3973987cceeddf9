package segment

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"esasim/esa"
)

// anyWant asks for a few kinds, whole or bare.
func anyWant(r *rand.Rand) *Want {
	w := &Want{}
	for k := esa.Kind(1); k < esa.Kinds; k++ {
		switch r.IntN(6) {
		case 0:
			w.Whole = append(w.Whole, k)
		case 1:
			w.Bare = append(w.Bare, k)
		}
	}
	if r.IntN(2) == 0 {
		w.Headers = []string{"From", "Reply-To"}
	}
	return w
}

// TestWant: what is wanted of a row is what all of its events say, without those that
// are not wanted.
func TestWant(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 3))
	p := newPacker(t)
	rows := anyRows(r, 1200)
	for i := range rows { // runs of the same, later, and from the same sources
		for j := len(rows[i].events) - 1; j >= 0; j -= 1 + r.IntN(3) {
			again := rows[i].events[j]
			again.Time = again.Time.Add(time.Second)
			if again.Kind = pick(r, again.Kind, esa.DeliveryOpened, esa.HATDecided); again.Kind == esa.HATDecided {
				again.Time = again.Time.Add(time.Second)
			}
			rows[i].events = slices.Insert(rows[i].events, j+1, again, again)
		}
		last := esa.Event{Time: rows[i].events[len(rows[i].events)-1].Time}
		for _, k := range []esa.Kind{esa.SenderGiven, esa.MessageIDSeen, esa.MessageReady, esa.RecipientDelivered} { // what refers to what was said
			last.Kind, last.Address, last.Text = k, "someone@relay.test", "<7@relay.test>"
			rows[i].events = append(rows[i].events, last)
		}
	}
	rd := reader(p, build(NewBuilder(p), rows))
	for range 2000 {
		row := r.IntN(rd.Len(Messages))
		all, err := rd.Events(Messages, row)
		if err != nil {
			t.Fatal(err)
		}
		w := anyWant(r)
		some, err := rd.Some(Messages, row, w)
		if err != nil {
			t.Fatal(err)
		}
		if want := wanted(all, some, w); !cmp.Equal(some, want, cmpopts.EquateEmpty(), cmp.Comparer(func(a, b esa.Source) bool { return a == b })) {
			t.Fatalf("%+v\ngot  %+v\nwant %+v", w, some, want)
		}
	}
}

// wanted are those of the events that are wanted, and those that were read besides.
func wanted(all, read []esa.Event, w *Want) (out []esa.Event) {
	besides := map[esa.Kind]bool{}
	for _, k := range []esa.Kind{esa.MessageStarted, esa.ConnectionOpened, esa.SenderGiven, esa.MessageIDSeen} {
		besides[k] = slices.ContainsFunc(read, func(e esa.Event) bool { return e.Kind == k })
	}
	for _, e := range all {
		switch {
		case e.Kind == esa.HeaderSeen && w.Headers != nil && slices.Contains(w.Whole, e.Kind) && e.Name == "Date":
		case slices.Contains(w.Whole, e.Kind) || besides[e.Kind] && !slices.Contains(w.Bare, e.Kind):
			out = append(out, e)
		case slices.Contains(w.Bare, e.Kind):
			if e.Kind == esa.HeaderSeen && header(e.Name) != 0 {
				e.Address, e.Text, e.Attachment = "", "", nil
			} else {
				e.Address, e.Name, e.Text, e.Attachment = "", "", "", nil
			}
			if at := len(out); besides[e.Kind] && at < len(read) && read[at].Address+read[at].Name+read[at].Text != "" {
				e = read[at]
			}
			out = append(out, e)
		}
	}
	return out
}

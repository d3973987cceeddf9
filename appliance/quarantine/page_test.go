package quarantine

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"esasim/esa"
)

// A page is the same whether its places are known or are found in the log, whatever
// has been done with the messages.
func TestPagesAreAlike(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, o := newMemory(), Options{Quarantines: BuiltIn()}
		k, _, stop := run(t, l, o)
		defer stop()
		r := rand.New(rand.NewPCG(3, 4))
		names := []string{Policy, Virus, Outbreak, Spam}
		var mids []esa.MID
		for range 60 {
			time.Sleep(time.Duration(r.IntN(3)) * time.Minute)
			n := r.IntN(3)
			mids = append(mids, l.hold(t, &o, int64(r.IntN(5)*1000), append([]string{names[n]}, names[:n]...)...))
		}
		synctest.Wait()
		for _, mid := range mids[:40] {
			var err error
			switch r.IntN(4) {
			case 0:
				_, err = k.Delay(t.Context(), []esa.MID{mid}, "", time.Hour)
			case 1:
				_, err = k.Delete(t.Context(), []esa.MID{mid}, Policy)
			case 2:
				_, err = k.Copy(t.Context(), []esa.MID{mid}, Policy, Unclassified)
			default:
				_, err = k.Move(t.Context(), []esa.MID{mid}, Policy, FileAnalysis)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		begin := time.Now().Add(-time.Hour)
		for i := range 500 {
			q := Search{Sort: []string{"", "received", "exit", "size"}[i%4], Ascending: i%3 == 0, Offset: r.IntN(10), Limit: 1 + r.IntN(30)}
			if i%5 > 0 {
				q.Quarantines = []string{names[r.IntN(3)], FileAnalysis}
			}
			if i%7 > 3 {
				q.From = begin.Add(time.Duration(r.IntN(60)) * time.Minute)
			}
			if i%11 > 5 {
				q.To = begin.Add(time.Duration(r.IntN(60)) * time.Minute)
			}
			if !k.placesKnown(&q, &top{order: q.order(), most: 1}) {
				t.Fatalf("%+v is not known", q)
			}
			known, err := k.Search(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			q.Also = func(*Held) bool { return true }
			looked, err := k.Search(t.Context(), q)
			if diff := cmp.Diff(short(looked), short(known)); diff != "" || err != nil {
				t.Fatalf("%+v: %v (-looked at, +known)\n%s", q, err, diff)
			}
		}
	})
}

// short is a page in short.
func short(p Page) []string {
	out := []string{fmt.Sprint(p.Total)}
	for _, h := range p.Held {
		out = append(out, fmt.Sprint(h.Message.MID, h.Stays))
	}
	return out
}

// Texts compare as message tracking compares them.
func TestFolded(t *testing.T) {
	for _, c := range []struct {
		text, in string
		want     bool
	}{{"STRASSE", "die Straße", true}, {"ÄRGER", "ärger", true}, {"abc", "xABCx", true}, {"İ", "i̇", true}, {"b", "a", false}} {
		if got := (Text{Value: c.text}).Match(c.in); got != c.want {
			t.Errorf("%q in %q: %t", c.text, c.in, got)
		}
	}
}

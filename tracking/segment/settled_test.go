package segment

import (
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"

	"esasim/esa"
)

// anyFate is a message that goes on as messages do, in any order, with recipients
// named in any way.
func anyFate(r *rand.Rand, number uint64) testRow {
	row := testRow{table: Messages, number: number}
	at := time.Date(2020, 5, 14, 13, 0, 0, 0, time.UTC)
	add := func(k esa.Kind, rids ...esa.RID) {
		row.events = append(row.events, esa.Event{Kind: k, Time: at, MID: esa.MID(number), RIDs: rids, Name: pick(r, "Policy", "Virus")})
	}
	add(esa.MessageStarted)
	given := r.IntN(3)
	for i := range given {
		add(esa.RecipientGiven, esa.RID(i))
	}
	kinds := []esa.Kind{esa.MessageReady, esa.MessageQueued, esa.RecipientDelivered, esa.RecipientDelayed, esa.RecipientBounced, esa.MessageDropped,
		esa.MessageQuarantined, esa.MessageReleased, esa.QuarantineDeleted, esa.MessageSplit, esa.MessageRewritten, esa.MessageAborted, esa.RecipientGiven}
	for range r.IntN(6) {
		add(pick(r, kinds...), pick(r, nil, []esa.RID{}, []esa.RID{0}, []esa.RID{1}, []esa.RID{0, 1}, []esa.RID{1, 0}, []esa.RID{2})...)
	}
	return row
}

// TestStates: a state that is taken from the shape is the one that folding gives.
func TestStates(t *testing.T) {
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 0))
	p := newPacker(t)
	var list []testRow
	for i := range 20_000 {
		list = append(list, anyFate(r, uint64(i+1)))
	}
	f, err := readFrame(build(NewBuilder(p), list).Parts[Frame], p, new(atomic.Int64))
	if err != nil {
		t.Fatal(err)
	}
	for i, row := range list {
		if got, want := esa.State(f.tables[Messages].states[i]), esa.Fold(row.events).State; got != want {
			t.Fatalf("seed %d: message %d is %s, want %s: %v", seed, row.number, got, want, row.events)
		}
	}
}

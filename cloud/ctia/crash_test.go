package ctia

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"esasim/cloud/store"
)

// promise is what clients were answered of one external id.
type promise struct {
	id    string
	count int
	gone  bool
}

// promises are kept under a lock, so that a crash is between two answers.
type promises struct {
	mu  sync.Mutex
	all map[string]promise
}

func (p *promises) set(external string, now promise) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.all[external] = now
}

// TestPowerLoss: what was answered is there after a crash in the middle of other
// changes, once, and the index leads to what is there and to nothing else.
func TestPowerLoss(t *testing.T) {
	for seed := range uint64(10) {
		disk := vfs.NewCrashableMem()
		in, done := reopened(t, disk)
		p := &promises{all: map[string]promise{}}
		ctx, stop := context.WithCancel(context.Background())
		var clients sync.WaitGroup
		enough := make(chan struct{}, 4)
		for c := range 4 {
			clients.Go(func() { changeMuch(ctx, t, in, c, p, enough) })
		}
		for range 4 {
			<-enough
		}
		p.mu.Lock()
		kept := map[string]promise{}
		for k, v := range p.all {
			kept[k] = v
		}
		crashed := disk.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: int(seed * 10), RNG: rand.New(rand.NewPCG(seed, 1))})
		p.mu.Unlock()
		stop()
		clients.Wait()
		done()
		after, done := reopened(t, crashed)
		holdPromises(t, after, kept)
		holdIndex(t, after)
		done()
	}
}

// changeMuch makes, changes and deletes until it is told to stop.
func changeMuch(ctx context.Context, t *testing.T, in *Intel, client int, p *promises, enough chan<- struct{}) {
	for i := 0; ctx.Err() == nil; i++ {
		external := fmt.Sprintf("x-%d-%d", client, i)
		body := func(count int) Document {
			return doc(t, fmt.Sprintf(`{"observed_time":{"start_time":"2020-05-14T09:31:07Z"},"count":%d,"external_ids":[%q],"observables":[{"type":"ip","value":"192.0.2.%d"}]}`, count, external, (i+count)%256))
		}
		d, err := in.Create(context.Background(), anna(), "sighting", body(1))
		if err != nil {
			t.Error(err)
			return
		}
		id := text(d["id"])
		p.set(external, promise{id: id, count: 1})
		if i%2 == 0 {
			if _, err := in.Update(context.Background(), anna(), "sighting", id, body(2)); err != nil {
				t.Error(err)
			}
			p.set(external, promise{id: id, count: 2})
		}
		if i%3 == 0 {
			if err := in.Delete(context.Background(), anna(), "sighting", id); err != nil {
				t.Error(err)
			}
			p.set(external, promise{id: id, gone: true})
		}
		if i == 30 {
			enough <- struct{}{}
		}
	}
}

// holdPromises looks for what was answered. What was under way at the crash may
// have come to be: a later count, or the end.
func holdPromises(t *testing.T, in *Intel, kept map[string]promise) {
	t.Helper()
	ctx := context.Background()
	if len(kept) < 100 {
		t.Fatalf("only %d promises", len(kept))
	}
	lost := 0
	for external, p := range kept {
		found, err := in.ByExternalID(ctx, anna(), "sighting", external)
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case p.gone && len(found) != 0:
			t.Errorf("%s was deleted and is there", external)
		case len(found) > 1:
			t.Errorf("%s is there %d times", external, len(found))
		case !p.gone && len(found) == 0:
			lost++ // at most the four that were being deleted
		case len(found) == 1 && (text(found[0]["id"]) != p.id || text(found[0]["count"]) < fmt.Sprint(p.count)):
			t.Errorf("%s: %v, want %+v", external, found[0], p)
		}
	}
	if lost > 4 {
		t.Errorf("%d entities are lost", lost)
	}
}

// holdIndex compares the index with the rows, key by key.
func holdIndex(t *testing.T, in *Intel) {
	t.Helper()
	var want, got []string
	err := in.allRows(context.Background(), "sighting", func(r *record) error {
		want = append(want, string(store.EntityID("sighting", r.id())))
		for _, term := range terms(r.Doc) {
			want = append(want, string(store.EntityTerm("sighting", term, r.seq)))
		}
		if r.seq > in.last {
			t.Errorf("entity %d is newer than the last, %d", r.seq, in.last)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	err = in.use(func(db *pebble.DB) error {
		it, err := db.NewIter(&pebble.IterOptions{LowerBound: []byte("e/i/"), UpperBound: []byte("e/u")})
		if err != nil {
			return err
		}
		for it.First(); it.Valid(); it.Next() {
			got = append(got, string(it.Key()))
		}
		return it.Close()
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("the index has %d keys, the rows make %d", len(got), len(want))
	}
}

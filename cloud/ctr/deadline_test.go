package ctr

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"esasim/cloud/ctim"
	"esasim/cloud/sse"
	"esasim/cloud/store"
)

// exchange is an exchange with two devices: one whose sightings never come, and
// one whose store is broken; every other id is a device that answers.
type exchange struct{}

func (exchange) Services(context.Context) (sse.Services, error) {
	return sse.Services{ThreatResponse: true}, nil
}
func (exchange) Device(_ context.Context, id string) (sse.Device, error) {
	return sse.Device{ID: id, Status: sse.Registered, Online: true}, nil
}
func (exchange) Sighting(context.Context, string, string) (ctim.Sighting, error) {
	return ctim.Sighting{}, sse.ErrUnknownSighting
}
func (exchange) Sightings(ctx context.Context, q sse.Search) (sse.Found, error) {
	switch q.DeviceID {
	case "slow":
		<-ctx.Done()
		return sse.Found{}, ctx.Err()
	case "broken":
		return sse.Found{}, errors.New("disk on fire")
	}
	return sse.Found{Sightings: []ctim.Sighting{{ID: q.DeviceID}}}, nil
}

// TestDeadline: a module that does not answer in time is a timeout beside the
// answers of the others, which it does not delay beyond its own deadline; a
// broken one does not tell why to outsiders.
func TestDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, err := store.Open(store.Options{FS: vfs.NewMem(), Dir: "ctr", Region: "AMERICAS"})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		threat, err := Open(Options{Region: "AMERICAS", Store: s, Devices: exchange{}, ModuleDeadline: 3 * time.Second})
		if err != nil {
			t.Fatal(err)
		}
		defer threat.Close()
		for _, id := range []string{"slow", "quick", "broken", "slow"} {
			if _, err := threat.AddModule(t.Context(), Module{Name: id, Type: ESAType, DeviceID: id}); err != nil {
				t.Fatal(err)
			}
		}
		start := time.Now()
		env, err := threat.Observe(t.Context(), []ctim.Observable{{Type: ctim.CiscoMID, Value: "8"}})
		if err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took != 3*time.Second {
			t.Errorf("took %v", took)
		}
		if len(env.Data) != 1 || env.Data[0].Module != "quick" {
			t.Errorf("data %+v", env.Data)
		}
		var codes []string
		for _, e := range env.Errors {
			codes = append(codes, e.Module+" "+e.Code+" "+e.Message)
		}
		want := []string{
			"slow module-timeout There was a timeout in the 'slow' module",
			"broken unknown The module could not answer",
			"slow module-timeout There was a timeout in the 'slow' module",
		}
		if len(codes) != 3 || codes[0] != want[0] || codes[1] != want[1] || codes[2] != want[2] {
			t.Errorf("errors %q", codes)
		}
	})
}

// TestAsking: only so many look something up at a time; who waits leaves when
// its request ends.
func TestAsking(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, err := store.Open(store.Options{FS: vfs.NewMem(), Dir: "ctr", Region: "AMERICAS"})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		threat, err := Open(Options{Region: "AMERICAS", Store: s, Devices: exchange{}, ModuleDeadline: 3 * time.Second})
		if err != nil {
			t.Fatal(err)
		}
		defer threat.Close()
		if _, err := threat.AddModule(t.Context(), Module{Type: ESAType, DeviceID: "slow"}); err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		var done sync.WaitGroup
		var waves [2]atomic.Int32
		for range 2 * maxAsking {
			done.Go(func() {
				if _, err := threat.Observe(t.Context(), []ctim.Observable{{Type: ctim.CiscoMID, Value: "8"}}); err != nil {
					t.Error(err)
				}
				waves[time.Since(start)/(6*time.Second)].Add(1)
			})
		}
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := threat.Observe(ctx, []ctim.Observable{{Type: ctim.CiscoMID, Value: "8"}}); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Second {
			t.Errorf("after %v: %v", time.Since(start), err)
		}
		done.Wait()
		if a, b := waves[0].Load(), waves[1].Load(); a != maxAsking || b != maxAsking {
			t.Errorf("%d at first, then %d", a, b)
		}
	})
}

func (exchange) Proxy(context.Context, string, sse.Request) (sse.Answer, error) {
	return sse.Answer{}, sse.ErrOffline
}

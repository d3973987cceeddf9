package cloud_test

import (
	"fmt"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"esasim/cloud/ctr"
	"esasim/cloud/sse"
)

// tokenAnswer asks for an access token of a new client.
func tokenAnswer(b *box) *httptest.ResponseRecorder {
	c := ctr.NewClient("test", []string{"inspect"})
	if err := b.cloud.CTR().AddClient(b.t.Context(), c); err != nil {
		b.t.Fatal(err)
	}
	return b.do("POST", "/iroh/oauth2/token",
		map[string]string{"grant_type": "client_credentials", "client_id": c.ID, "client_password": c.Password},
		"Content-Type: application/json")
}

// TestTogether lets everything happen at once: several devices push, the same
// sightings twice side by side, while others register, investigate, delete and
// the cloud is closed at last. Every call gets a right answer or 503.
func TestTogether(t *testing.T) {
	b := open(t, "AMERICAS")
	d, _ := b.connect("ESA")
	d2, _ := b.connect("ESA 2")
	now := time.Now()
	var wg sync.WaitGroup
	for _, dev := range []*device{d, d, d2} { // d twice: a batch sent again while the first is under way
		wg.Go(func() {
			for i := range 30 {
				s := sighting(i%10, now.Add(time.Duration(i)*time.Millisecond), ob("cisco_mid", fmt.Sprint(i%10)), ob("email_subject", fmt.Sprint(i)))
				w := dev.call("POST", "/sightings", map[string]any{"sightings": []any{s}})
				if w.Code != 200 {
					t.Errorf("push: %d %s", w.Code, w.Body)
				}
			}
		})
	}
	wg.Go(func() {
		for range 20 {
			if _, err := b.cloud.CTR().Observe(t.Context(), b.cloud.CTR().Inspect(`cisco_mid:"3"`)); err != nil {
				t.Error(err)
			}
		}
	})
	wg.Go(func() {
		for range 10 {
			tokens, err := b.cloud.SSE().GenerateTokens(t.Context(), 2, sse.DefaultExpiry)
			if err != nil {
				t.Error(err)
				return
			}
			if err := b.cloud.SSE().Delete(t.Context(), tokens[0].DeviceID); err != nil {
				t.Error(err)
			}
		}
	})
	wg.Go(func() {
		for range 5 {
			if w := tokenAnswer(b); w.Code != 200 {
				t.Errorf("token: %d %s", w.Code, w.Body)
			}
		}
	})
	wg.Wait()
	// The index holds what the rows hold: no subject finds a sighting that has
	// another one now.
	for i := range 30 {
		env := b.observe(ob("email_subject", fmt.Sprint(i)))
		for _, m := range env.Data {
			if m.Data.Sightings == nil {
				continue
			}
			if m.Data.Sightings.Count != 1 {
				t.Errorf("subject %d: %d sightings", i, m.Data.Sightings.Count)
			}
		}
	}
	for mid := range 10 {
		if got := docs(b.observe(ob("cisco_mid", fmt.Sprint(mid)))); len(got) != 1 {
			t.Errorf("MID %d: %d sightings", mid, len(got))
		}
	}
}

// TestOneTokenOneDevice: of many that use one token at once, one gets in.
func TestOneTokenOneDevice(t *testing.T) {
	b := open(t, "AMERICAS")
	token := b.token()
	codes := make([]int, 8)
	var wg sync.WaitGroup
	for i := range codes {
		wg.Go(func() { codes[i] = b.do("POST", "/providers/sse/v1/register", registration(token)).Code })
	}
	wg.Wait()
	in := 0
	for _, c := range codes {
		switch c {
		case 201:
			in++
		case 403:
		default:
			t.Errorf("status %d", c)
		}
	}
	if in != 1 {
		t.Errorf("%d registered with one token", in)
	}
}

// TestCloseUnderLoad: requests that meet a closing cloud are answered 503, and
// nothing panics.
func TestCloseUnderLoad(t *testing.T) {
	b := open(t, "AMERICAS")
	d, _ := b.connect("ESA")
	started, done := make(chan struct{}, 4), make(chan struct{})
	var wg sync.WaitGroup
	for n := range 4 {
		wg.Go(func() {
			for i := 0; ; i++ {
				w := d.call("POST", "/sightings", map[string]any{"sightings": []any{sighting(i*4+n, time.Now(), ob("cisco_mid", fmt.Sprint(i)))}})
				if i == 0 {
					started <- struct{}{}
				}
				if w.Code == 503 {
					return
				}
				if w.Code != 200 {
					t.Errorf("push: %d %s", w.Code, w.Body)
					return
				}
			}
		})
	}
	for range 4 {
		<-started
	}
	go func() {
		defer close(done)
		if err := b.cloud.Close(); err != nil {
			t.Error(err)
		}
	}()
	wg.Wait()
	<-done
}

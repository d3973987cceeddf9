package cloud_test

import (
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"esasim/cloud/ctim"
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

// TestTogether lets everything happen at once: four calls at a time push the
// same messages of one device, in batches and in different states, a second
// device pushes its own, a third one comes, pushes and is deleted, while others
// investigate and ask for tokens. Every call is answered as if it were alone,
// and in the end the index holds what the rows hold.
func TestTogether(t *testing.T) {
	b := open(t, "AMERICAS")
	d, _ := b.connect("ESA")
	d2, _ := b.connect("ESA 2")
	now := time.Now()
	push := func(dev *device, round int, allowed ...int) {
		var batch []any
		for mid := range 10 {
			n := round * (mid + 1) % 30
			batch = append(batch, sighting(mid, now.Add(time.Duration(n)*time.Millisecond), ob("cisco_mid", fmt.Sprint(mid)), ob("email_subject", fmt.Sprintf("%d of %d", n, mid))))
		}
		if w := dev.call("POST", "/sightings", map[string]any{"sightings": batch}); !slices.Contains(allowed, w.Code) {
			t.Errorf("push: %d %s", w.Code, w.Body)
		}
	}
	var wg sync.WaitGroup
	for k, dev := range []*device{d, d, d, d, d2} {
		wg.Go(func() {
			for i := range 30 {
				push(dev, i+7*k, 200)
			}
		})
	}
	third := b.register()
	wg.Go(func() {
		for i := range 30 {
			push(third, i, 200, 404)
		}
	})
	wg.Go(func() {
		if w := third.call("DELETE", "", nil); w.Code != 204 {
			t.Errorf("delete: %d %s", w.Code, w.Body)
		}
	})
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
	// Each message of each device is found by the one subject it has now.
	for mid := range 10 {
		var subjects []ctim.Observable
		for n := range 30 {
			subjects = append(subjects, ob("email_subject", fmt.Sprintf("%d of %d", n, mid)))
		}
		found := map[string]int{}
		for _, o := range subjects {
			for _, m := range b.observe(o).Data {
				found[m.Module] += len(m.Data.Sightings())
			}
		}
		if found["ESA"] != 1 || found["ESA 2"] != 1 {
			t.Errorf("MID %d: found by %v subjects", mid, found)
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
		body := strings.Replace(registration(token), `"serial":"S"`, fmt.Sprintf(`"serial":"S%d"`, i), 1)
		wg.Go(func() { codes[i] = b.do("POST", "/providers/sse/v1/register", body).Code })
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
	if in != 1 || len(b.heard) != 1 {
		t.Errorf("%d registered with one token, heard of %v", in, b.heard)
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

package cloud_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"esasim/cloud/sse"
)

// errand is a request as a device fetches it.
type errand struct {
	ID      string
	Method  string
	Path    string
	Headers map[string]string
	Body    []byte
	Timeout int `json:"timeout_seconds"`
}

// poll fetches requests; ctx is the connection.
func (d *device) poll(ctx context.Context) *httptest.ResponseRecorder {
	r := httptest.NewRequest("GET", "http://127.0.0.1:9080/providers/sse/v1/devices/"+d.ID+"/requests", nil).WithContext(ctx)
	r.Header.Set("Authorization", "Bearer "+d.Credential)
	w := httptest.NewRecorder()
	d.box.cloud.Handler().ServeHTTP(w, r)
	return w
}

func (d *device) fetch() []errand {
	d.box.t.Helper()
	var got struct{ Requests []errand }
	want(d.box.t, d.poll(context.Background()), 200, &got)
	return got.Requests
}

func (d *device) answer(id, body string) *httptest.ResponseRecorder {
	return d.call("POST", "/requests/"+id+"/answer", body)
}

// proxying asks a device in the background.
func (d *device) proxying(ctx context.Context, r sse.Request) <-chan error {
	done := make(chan error, 1)
	go func() {
		a, err := d.box.cloud.SSE().Proxy(ctx, d.ID, r)
		if err == nil && string(a.Body) != r.Method+" "+r.Path {
			err = fmt.Errorf("the answer of another: %d %q", a.Status, a.Body)
		}
		done <- err
	}()
	return done
}

// echo answers a request with what it asks for.
func echo(e errand) string {
	b, _ := json.Marshal(map[string]any{"status": 200, "body": []byte(e.Method + " " + e.Path)})
	return string(b)
}

// A request goes down by the poll that waits for it, with what is left of its time, and
// its answer comes back to who asked.
func TestProxy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := open(t, "AMERICAS")
		d := b.register()
		begun := time.Now()
		if got := d.fetch(); len(got) != 0 || time.Since(begun) != 20*time.Second {
			t.Errorf("a poll with nothing to do: %v after %s", got, time.Since(begun))
		}
		polled := make(chan []errand, 1)
		go func() { polled <- d.fetch() }()
		synctest.Wait()
		asked := make(chan sse.Answer, 1)
		go func() {
			a, err := b.cloud.SSE().Proxy(t.Context(), d.ID, sse.Request{Method: "POST", Path: "/esa/api/v2.0/x?y=1",
				Header: map[string]string{"Accept": "application/json"}, Body: []byte("{}"), Timeout: 30 * time.Second})
			if err != nil {
				t.Error(err)
			}
			asked <- a
		}()
		got := <-polled
		if len(got) != 1 || got[0].Method != "POST" || got[0].Path != "/esa/api/v2.0/x?y=1" || got[0].Headers["Accept"] != "application/json" ||
			string(got[0].Body) != "{}" || got[0].Timeout != 30 {
			t.Fatalf("fetched %+v", got)
		}
		answer := `{"status":404,"headers":{"Content-Type":"application/json"},"body":"e30="}`
		for range 2 { // the second is of somebody who does not know whether the first arrived
			want(t, d.answer(got[0].ID, answer), 204, nil)
		}
		if a := <-asked; a.Status != 404 || a.Header["Content-Type"] != "application/json" || string(a.Body) != "{}" {
			t.Errorf("answer %+v", a)
		}
		want(t, d.answer("nobody-asked", answer), 204, nil)
		for _, bad := range []string{`{}`, `{"status":100}`, `{"status":600}`, `{"status":200,"x":1}`, `{"status":200,"body":"&"}`, ``} {
			refused(t, d.answer("any", bad), 400, "invalid_request")
		}
		refused(t, d.answer("any", `{"status":200,"headers":{"a b":"c"}}`), 413, "too_large")
		refused(t, d.answer("any", `{"status":200,"body":"`+strings.Repeat("AAAA", 2<<20)+`"}`), 413, "too_large")
	})
}

// Many requests at once: each gets its own answer, whatever their order.
func TestProxyMany(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := open(t, "AMERICAS").register()
		d.fetch()
		var asked []<-chan error
		for i := range 256 {
			asked = append(asked, d.proxying(t.Context(), sse.Request{Method: "GET", Path: fmt.Sprint("/", i)}))
		}
		synctest.Wait()
		if err := <-d.proxying(t.Context(), sse.Request{Method: "GET", Path: "/one-more"}); !errors.Is(err, sse.ErrBusy) {
			t.Errorf("the 257th: %v", err)
		}
		var answering sync.WaitGroup
		for n := 0; n < 256; {
			some := d.fetch()
			if n += len(some); len(some) == 0 || len(some) > 16 {
				t.Fatalf("%d requests in one poll", len(some))
			}
			for _, e := range some {
				answering.Go(func() { want(t, d.answer(e.ID, echo(e)), 204, nil) })
			}
		}
		for _, done := range asked {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
		answering.Wait()
	})
}

// What can become of a request besides its answer, and when whoever asked is told.
func TestProxyFails(t *testing.T) {
	for _, c := range []struct {
		name  string
		do    func(t *testing.T, d *device, ctx context.Context, cancel func())
		want  error
		after time.Duration
	}{
		{"never polled", func(*testing.T, *device, context.Context, func()) {}, sse.ErrOffline, 0},
		{"polled long ago", func(_ *testing.T, d *device, _ context.Context, _ func()) { d.fetch(); time.Sleep(5 * time.Second) }, sse.ErrOffline, 0},
		{"polled a moment ago, and never again", func(_ *testing.T, d *device, _ context.Context, _ func()) { d.fetch() }, sse.ErrOffline, 5 * time.Second},
		{"the connection of its poll breaks", func(t *testing.T, d *device, ctx context.Context, cancel func()) {
			done := make(chan bool)
			go func() { d.poll(ctx); close(done) }()
			synctest.Wait()
			cancel()
			<-done
		}, sse.ErrOffline, 0},
		{"deleted while it is waited for", func(t *testing.T, d *device, _ context.Context, _ func()) {
			d.fetch()
			go func() {
				time.Sleep(time.Second)
				want(t, d.box.do("DELETE", "/sse/api/v1/devices/"+d.ID, nil), 204, nil)
			}()
		}, sse.ErrUnknownDevice, time.Second},
		{"polls, and does not answer", func(t *testing.T, d *device, ctx context.Context, _ func()) {
			go func() {
				for ctx.Err() == nil {
					d.poll(ctx)
				}
			}()
			synctest.Wait()
		}, sse.ErrTimeout, time.Minute},
		{"cannot answer", func(t *testing.T, d *device, ctx context.Context, _ func()) {
			go func() {
				for _, e := range d.fetch() {
					want(t, d.answer(e.ID, `{"failure":"the answer is longer than 4194304 bytes"}`), 204, nil)
				}
			}()
			synctest.Wait()
		}, sse.ErrAnswer, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := open(t, "AMERICAS").register()
				ctx, cancel := context.WithCancel(t.Context())
				defer synctest.Wait()
				defer cancel()
				c.do(t, d, ctx, cancel)
				begun := time.Now()
				err := <-d.proxying(t.Context(), sse.Request{Method: "GET", Path: "/"})
				if !errors.Is(err, c.want) || time.Since(begun) != c.after {
					t.Errorf("%v after %s, want %v after %s", err, time.Since(begun), c.want, c.after)
				}
			})
		})
	}
}

// A device that is deleted, or registers anew, while its poll waits is told by it.
func TestPollEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := open(t, "AMERICAS")
		token := b.token()
		d, again := device{box: b}, device{box: b}
		want(t, b.do("POST", "/providers/sse/v1/register", registration(token)), 201, &d)
		polled := make(chan *httptest.ResponseRecorder, 1)
		begun := time.Now()
		go func() { polled <- d.poll(t.Context()) }()
		synctest.Wait()
		want(t, b.do("POST", "/providers/sse/v1/register", registration(token)), 201, &again)
		refused(t, <-polled, http.StatusUnauthorized, "unauthorized")
		go func() { polled <- again.poll(t.Context()) }()
		synctest.Wait()
		want(t, b.do("DELETE", "/sse/api/v1/devices/"+d.ID, nil), 204, nil)
		refused(t, <-polled, http.StatusNotFound, "unknown_device")
		if took := time.Since(begun); took != 0 {
			t.Errorf("after %s", took)
		}
	})
}

// Requests that cannot be made are refused before anything goes down.
func TestBadErrand(t *testing.T) {
	d := open(t, "AMERICAS").register()
	many := map[string]string{}
	for i := range 33 {
		many[fmt.Sprint("h", i)] = ""
	}
	for name, r := range map[string]sse.Request{
		"method":       {Method: "CONNECT", Path: "/"},
		"split method": {Method: "GET / HTTP/1.1\r\n", Path: "/"},
		"no path":      {},
		"other host":   {Path: "http://other.example/"},
		"relative":     {Path: "esa/api"},
		"long path":    {Path: "/" + strings.Repeat("x", 8<<10)},
		"bad path":     {Path: "/%zz"},
		"long body":    {Path: "/", Body: make([]byte, sse.MaxRequestBody+1)},
		"long time":    {Path: "/", Timeout: time.Hour},
		"past":         {Path: "/", Timeout: -1},
		"header":       {Path: "/", Header: map[string]string{"a": "b\r\nc: d"}},
		"headers":      {Path: "/", Header: many},
	} {
		if _, err := d.box.cloud.SSE().Proxy(t.Context(), d.ID, r); !errors.Is(err, sse.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := d.box.cloud.SSE().Proxy(t.Context(), "nobody", sse.Request{Path: "/"}); !errors.Is(err, sse.ErrUnknownDevice) {
		t.Errorf("no device: %v", err)
	}
}

package cloudlink

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// Bounds of what the cloud may ask for. Those of the cloud itself are smaller, or the
// same; these are for one that does not keep to them.
const (
	maxRequests = 16 << 20 // bytes of an answer to a poll
	maxBody     = 4 << 20  // bytes of an answer of the API
	maxWaiting  = 1000     // requests that are not answered yet
	atOnce      = 16       // requests that are made side by side
	maxPatience = time.Minute
	minPoll     = time.Second // a poll that gives nothing takes so long at least
)

// requests fetches what the cloud wants of the appliance's API, and answers it. One
// request does not hold up another; when ctx ends, those under way are given up.
func (l *Link) requests(ctx context.Context, reg Registration) error {
	var under sync.WaitGroup
	defer under.Wait()
	waiting, turn := make(chan struct{}, maxWaiting), make(chan struct{}, atOnce)
	for {
		begun := time.Now()
		var got requestsResponse
		err := l.retry(ctx, func() error {
			got = requestsResponse{}
			return l.do(ctx, call{
				method: http.MethodGet, url: reg.device() + "/requests", credential: reg.Credential, answer: &got, room: maxRequests,
			})
		})
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, ErrRefused):
			l.o.Logger.Error("the cloud refuses to hand out its requests", "error", err)
			sleep(ctx, maxWait)
		case err != nil:
			return fmt.Errorf("fetch requests: %w", err)
		}
		for _, r := range got.Requests {
			select {
			case waiting <- struct{}{}:
			case <-ctx.Done():
				return nil
			}
			under.Go(func() {
				defer func() { <-waiting }()
				l.serveRequest(ctx, reg, &r, turn)
			})
		}
		if took := time.Since(begun); len(got.Requests) == 0 && took < minPoll {
			sleep(ctx, minPoll-took)
		}
	}
}

// serveRequest makes one call of the API and tells the cloud its answer, as long as
// somebody there waits for it.
func (l *Link) serveRequest(ctx context.Context, reg Registration, r *request, turn chan struct{}) {
	begun := time.Now()
	patience := min(max(time.Duration(r.TimeoutSeconds)*time.Second, time.Second), maxPatience)
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	select {
	case turn <- struct{}{}:
	case <-ctx.Done():
		return
	}
	a := answerRequest{}
	func() {
		defer func() { <-turn }()
		a = l.make(ctx, r)
	}()
	l.o.Logger.Info("the cloud called the API", "region", reg.Region, "request", clip(r.ID), "method", clip(r.Method), "path", clip(r.Path),
		"status", a.Status, "failure", a.Failure, "took", time.Since(begun))
	err := l.retry(ctx, func() error {
		return l.do(ctx, call{
			method: http.MethodPost, url: reg.device() + "/requests/" + url.PathEscape(r.ID) + "/answer", credential: reg.Credential, body: a,
		})
	})
	if err != nil && ctx.Err() == nil {
		l.o.Logger.Error("the cloud does not take the API's answer", "request", clip(r.ID), "error", err)
	}
}

// clip bounds what is told of what the cloud sent.
func clip(s string) string {
	if len(s) > 200 {
		s = s[:200]
	}
	return s
}

// make makes the call.
func (l *Link) make(ctx context.Context, r *request) answerRequest {
	req, err := http.NewRequestWithContext(ctx, r.Method, "http://appliance", bytes.NewReader(r.Body))
	if err != nil {
		return answerRequest{Failure: "the method cannot be read"}
	}
	if req.URL, err = url.ParseRequestURI(r.Path); err != nil || req.URL.Host != "" || !strings.HasPrefix(r.Path, "/") {
		return answerRequest{Failure: "the path cannot be read"}
	}
	req.RequestURI, req.RemoteAddr = r.Path, "cloud"
	for name, value := range r.Headers {
		req.Header.Set(name, value)
	}
	w := &recorder{header: http.Header{}}
	l.o.API.ServeHTTP(w, req)
	switch {
	case w.over:
		return answerRequest{Failure: fmt.Sprintf("the answer is longer than %d bytes", maxBody)}
	case ctx.Err() != nil:
		return answerRequest{Failure: "the API did not answer in time"}
	case w.status == 0:
		w.status = http.StatusOK
	}
	a := answerRequest{Status: w.status, Headers: map[string]string{}, Body: w.body.Bytes()}
	for name, values := range w.header {
		a.Headers[name] = strings.Join(values, ", ")
	}
	return a
}

// recorder takes an answer of the API, up to maxBody.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
	over   bool
}

var errOver = errors.New("the answer is too long for the cloud")

func (w *recorder) Header() http.Header { return w.header }

func (w *recorder) WriteHeader(status int) {
	if w.status == 0 && status >= 200 {
		w.status = status
	}
}

func (w *recorder) Write(b []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	if w.over = w.over || w.body.Len()+len(b) > maxBody; w.over {
		return 0, errOver
	}
	return w.body.Write(b)
}

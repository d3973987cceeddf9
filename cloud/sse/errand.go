package sse

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Request is a call of a device's own API, made for somebody in the cloud.
type Request struct {
	Method string            // empty: GET
	Path   string            // with its query: "/esa/api/v2.0/health"
	Header map[string]string // what the caller has to say; who he is says the device itself
	Body   []byte            // at most MaxRequestBody
	// Timeout is how long the answer may take, in all; 0: MaxTimeout, which is also
	// the longest.
	Timeout time.Duration
}

// Answer is what the device's API said. Its status is that of the API: also a refusal
// is an answer.
type Answer struct {
	Status int
	Header map[string]string
	Body   []byte // at most MaxAnswerBody
}

// Bounds of a request and its answer. The time is that of the vendor's workflow action
// of this purpose (public code); the sizes are ours.
const (
	MaxTimeout     = 60 * time.Second
	MaxRequestBody = 1 << 20
	MaxAnswerBody  = 4 << 20

	maxRequestPath = 8 << 10
	maxHeaders     = 32
	maxHeaderBytes = 8 << 10
)

// check says what is wrong with a request, and fills in what it leaves out.
func (r *Request) check() error {
	if r.Method == "" {
		r.Method = http.MethodGet
	}
	if r.Timeout == 0 {
		r.Timeout = MaxTimeout
	}
	u, err := url.ParseRequestURI(r.Path)
	switch {
	case !slices.Contains([]string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"}, r.Method):
		return fmt.Errorf("%w: method %.20q: want GET, HEAD, POST, PUT, PATCH or DELETE", ErrInvalid, r.Method)
	case len(r.Path) > maxRequestPath:
		return fmt.Errorf("%w: the path is longer than %d bytes", ErrInvalid, maxRequestPath)
	case err != nil || u.Host != "" || !strings.HasPrefix(r.Path, "/"):
		return fmt.Errorf("%w: path %.60q: want one that begins with /", ErrInvalid, r.Path)
	case len(r.Body) > MaxRequestBody:
		return fmt.Errorf("%w: the body is longer than %d bytes", ErrInvalid, MaxRequestBody)
	case r.Timeout < 0 || r.Timeout > MaxTimeout:
		return fmt.Errorf("%w: timeout: want at most %s", ErrInvalid, MaxTimeout)
	}
	return checkHeader(r.Header)
}

func checkHeader(h map[string]string) error {
	size := 0
	for name, value := range h {
		if name == "" || strings.ContainsFunc(name+value, func(c rune) bool { return c < ' ' && c != '\t' || c == 0x7f }) || strings.ContainsAny(name, " :\t") {
			return fmt.Errorf("%w: header %.60q", ErrInvalid, name)
		}
		size += len(name) + len(value)
	}
	if len(h) > maxHeaders || size > maxHeaderBytes {
		return fmt.Errorf("%w: more than %d headers, or %d bytes of them", ErrInvalid, maxHeaders, maxHeaderBytes)
	}
	return nil
}

// Proxy has a device make a call of its own API, and gives its answer. The device must
// be there: the error is ErrOffline at once if it is not, and as soon as it goes away.
// Others are ErrUnknownDevice, ErrTimeout, ErrBusy, ErrAnswer, ErrInvalid and that of
// ctx. After ErrOffline, ErrTimeout and the end of ctx nobody knows whether the call was
// made.
func (x *Exchange) Proxy(ctx context.Context, device string, r Request) (Answer, error) {
	if err := r.check(); err != nil {
		return Answer{}, fmt.Errorf("request to device %.60s: %w", device, err)
	}
	if _, err := x.record(device); err != nil {
		return Answer{}, err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, r.Timeout, ErrTimeout)
	defer cancel()
	a, err := x.send(ctx, device, r)
	if told := x.journal(ctx, device, r, a, err); told != nil {
		return a, errors.Join(err, told)
	}
	if err != nil {
		err = fmt.Errorf("request to device %s: %w", device, err)
	}
	return a, err
}

// journal tells the audit log of a request that may have changed something.
func (x *Exchange) journal(ctx context.Context, device string, r Request, a Answer, err error) error {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return nil
	}
	result := fmt.Sprintf("%s (%d)", success, a.Status)
	if err != nil {
		result = "Failed: " + err.Error()
	} else if a.Status >= 400 {
		result = fmt.Sprintf("Failed: the device answered %d", a.Status)
	}
	path, _, _ := strings.Cut(r.Path, "?")
	return x.tell(ctx, "Request to device", fmt.Sprintf("%s: %s %.200s", device, r.Method, path), result)
}

func (x *Exchange) send(ctx context.Context, device string, r Request) (Answer, error) {
	line := x.lines.find(device)
	if line == nil {
		return Answer{}, ErrOffline
	}
	deadline, _ := ctx.Deadline()
	e, err := line.add(r, deadline)
	if err != nil {
		return Answer{}, err
	}
	defer line.forget(e)
	look := time.NewTicker(grace)
	defer look.Stop()
	for {
		select {
		case got := <-e.done:
			return got.answer, got.err
		case <-line.cut:
			if _, err := x.record(device); err != nil {
				return Answer{}, err
			}
			return Answer{}, ErrOffline // it registered anew
		case <-ctx.Done():
			return Answer{}, context.Cause(ctx)
		case <-look.C:
			if !line.there() {
				return Answer{}, ErrOffline
			}
		}
	}
}

package cloudlink

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"time"
)

// The three kinds of answers that are not good (docs/wire.md).
var (
	// ErrRefused: the cloud will never take this; go on with the next.
	ErrRefused = errors.New("refused by the cloud")
	// ErrToken: the registration token is no good; it is ErrRefused, too.
	ErrToken = fmt.Errorf("%w: invalid token", ErrRefused)
	// ErrNotDevice: the cloud does not, or no longer, know this appliance.
	ErrNotDevice = errors.New("not a registered device")
	// errLater: the same again, later.
	errLater = errors.New("the cloud is not available")
)

// later is errLater with the time that the cloud asked for; 0: it named none.
type later struct {
	after time.Duration
	cause error
}

func (e *later) Error() string        { return fmt.Sprintf("%v: %v", errLater, e.cause) }
func (e *later) Is(target error) bool { return target == errLater }
func (e *later) Unwrap() error        { return e.cause }

// maxAnswer bounds what is read of an answer.
const maxAnswer = 1 << 20

// requestTimeout bounds one call from first byte to last.
const requestTimeout = 30 * time.Second

// maxRetryAfter bounds the wait that the cloud can ask for.
const maxRetryAfter = 10 * time.Minute

// call is one request over the wire.
type call struct {
	method     string
	url        string
	credential string // empty for register
	body       any    // nil: none; a json.RawMessage goes as it is
	pack       bool   // the cloud takes this one packed
	answer     any    // nil: not wanted
	room       int64  // bytes of the answer that are read; 0: maxAnswer
}

// do makes the call and sorts the answer.
func (l *Link) do(ctx context.Context, c call) error {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	req, err := c.request(ctx)
	if err != nil {
		return err
	}
	resp, err := l.http.Do(req)
	if err != nil {
		if ctx.Err() == context.Canceled {
			return context.Cause(ctx)
		}
		return &later{cause: err}
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, cmp.Or(c.room, maxAnswer)))
	if err != nil {
		return &later{cause: fmt.Errorf("read answer: %w", err)}
	}
	if err := sort(resp, b); err != nil {
		return err
	}
	if c.answer == nil {
		return nil
	}
	if err := json.Unmarshal(b, c.answer); err != nil {
		return &later{cause: fmt.Errorf("read answer of %s: %w", c.url, err)}
	}
	return nil
}

func (c call) request(ctx context.Context) (*http.Request, error) {
	var body bytes.Buffer
	packed := false
	if c.body != nil {
		b, whole := c.body.(json.RawMessage)
		if !whole {
			var err error
			if b, err = json.Marshal(c.body); err != nil {
				return nil, fmt.Errorf("write request to %s: %w", c.url, err)
			}
		}
		if packed = c.pack && !onThisHost(c.url); packed {
			z, _ := gzip.NewWriterLevel(&body, gzip.BestSpeed)
			_, _ = z.Write(b) // a bytes.Buffer takes everything
			_ = z.Close()
		} else {
			body = *bytes.NewBuffer(b)
		}
	}
	req, err := http.NewRequestWithContext(ctx, c.method, c.url, &body)
	if err != nil {
		return nil, fmt.Errorf("write request: %w", err)
	}
	if c.body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if packed {
		req.Header.Set("Content-Encoding", "gzip")
	}
	if c.credential != "" {
		req.Header.Set("Authorization", "Bearer "+c.credential)
	}
	return req, nil
}

// onThisHost is true for a loopback address. Packing what never leaves the
// machine would only cost time.
func onThisHost(raw string) bool {
	u, err := url.Parse(raw)
	if err != nil {
		return false
	}
	a, err := netip.ParseAddr(u.Hostname())
	return err == nil && a.IsLoopback() || u.Hostname() == "localhost"
}

// sort puts an answer into one of the kinds; nil is a good one.
func sort(resp *http.Response, body []byte) error {
	if resp.StatusCode/100 == 2 {
		return nil
	}
	var e errorResponse
	text := http.StatusText(resp.StatusCode)
	if json.Unmarshal(body, &e) == nil && e.Message != "" {
		text = e.Message
	}
	cause := fmt.Errorf("%d %s", resp.StatusCode, text)
	switch {
	case resp.StatusCode == http.StatusUnauthorized,
		resp.StatusCode == http.StatusNotFound && e.Error == "unknown_device":
		return fmt.Errorf("%w: %w", ErrNotDevice, cause)
	case resp.StatusCode == http.StatusForbidden && e.Error == "invalid_token":
		return fmt.Errorf("%w: %w", ErrToken, cause)
	case permanent(resp.StatusCode):
		return fmt.Errorf("%w: %w", ErrRefused, cause)
	}
	return &later{after: retryAfter(resp.Header), cause: cause}
}

// retryAfter is the time that the cloud asks for; 0: none that makes sense. It
// is never so long that the appliance would seem to have given up.
func retryAfter(h http.Header) time.Duration {
	s, _ := strconv.Atoi(h.Get("Retry-After")) // out of range: the nearest number
	return time.Duration(min(max(s, 0), int(maxRetryAfter/time.Second))) * time.Second
}

func permanent(status int) bool {
	switch status {
	case http.StatusBadRequest, http.StatusForbidden, http.StatusRequestEntityTooLarge,
		http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity:
		return true
	}
	return false
}

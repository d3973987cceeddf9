package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"esasim/appliance/export"
	"esasim/esa"
	"esasim/internal/memnet"
	"esasim/lab"
	"esasim/tracking"
)

const usualConsole = "http://127.0.0.1:8080"

// asker asks message tracking by the emulator's own API.
type asker struct {
	base   string
	client *http.Client
}

// online asks a running lab. It goes there itself, never through a proxy. There
// is no limit of time but the caller's: a stream may be long.
func online(console string) asker {
	if !strings.Contains(console, "://") { // as of --console of the lab
		console = "http://" + console
	}
	return asker{strings.TrimSuffix(console, "/"), &http.Client{Transport: &http.Transport{Proxy: nil}}}
}

// offline asks the data directory of a lab that is not running: the same API is
// served within this process. done ends that.
func offline(ctx context.Context, dir string, logger *slog.Logger) (a asker, done func() error, err error) {
	data, err := lab.OpenOffline(vfs.Default, dir, logger)
	if err != nil {
		return a, nil, err
	}
	network := &memnet.Network{}
	ln, err := network.Listen("tcp", "offline:80")
	if err != nil {
		return a, nil, errors.Join(err, data.Close())
	}
	ctx, cancel := context.WithCancel(ctx)
	served := make(chan error, 1)
	go func() { served <- data.Serve(ctx, ln) }()
	dial := func(ctx context.Context, n, _ string) (net.Conn, error) { return network.Dial(ctx, n, "offline:80") }
	a = asker{"http://offline", &http.Client{Transport: &http.Transport{DialContext: dial}}}
	return a, func() error {
		a.client.CloseIdleConnections()
		cancel()
		return errors.Join(<-served, data.Close())
	}, nil
}

// answered is an answer of the API that is no success.
type answered struct {
	status int
	text   string
}

func (a answered) Error() string { return a.text }

// get makes a call and gives the body of its answer, to be closed.
func (a asker) get(ctx context.Context, call string, p url.Values) (io.ReadCloser, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, a.base+"/_esasim/v1/tracking/"+call+"?"+p.Encode(), nil)
	if err != nil {
		return nil, err
	}
	resp, err := a.client.Do(req)
	if err != nil {
		return nil, a.unanswered(err)
	}
	if resp.StatusCode == http.StatusOK {
		return resp.Body, nil
	}
	defer resp.Body.Close()
	var e struct{ Error string }
	b, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil || json.Unmarshal(b, &e) != nil || e.Error == "" {
		e.Error = fmt.Sprintf("%s answers %s: not a console of esasim with message tracking", a.base, resp.Status)
	}
	return nil, answered{resp.StatusCode, e.Error}
}

// unanswered says what to look at when nobody is there; whole URLs with queries
// say less.
func (a asker) unanswered(err error) error {
	if refused := (*net.OpError)(nil); errors.As(err, &refused) && refused.Op == "dial" {
		return fmt.Errorf("no lab answers at %s: %w; --console says where the lab is", a.base, refused)
	}
	return err
}

// copy makes a call and copies its answer.
func (a asker) copy(ctx context.Context, w io.Writer, call string, p url.Values) error {
	body, err := a.get(ctx, call, p)
	if err != nil {
		return err
	}
	defer body.Close()
	if _, err = io.Copy(w, body); err != nil {
		return fmt.Errorf("cut short: %w", err)
	}
	return nil
}

// found is a page of messages.
type found struct {
	Messages []export.Message
	Next     esa.MID
	Stopped  string
}

// messages makes a call that answers with one.
func (a asker) messages(ctx context.Context, call string, p url.Values) (f found, err error) {
	body, err := a.get(ctx, call, p)
	if err != nil {
		return f, err
	}
	defer body.Close()
	if err := json.NewDecoder(body).Decode(&f); err != nil {
		return f, fmt.Errorf("answer of %s: %w", a.base, err)
	}
	return f, nil
}

// search are the parameters of a search.
func search(q tracking.Query, format string) url.Values {
	return url.Values{"q": {q.String()}, "format": {format}}
}

// readQuery reads the query that the arguments are.
func readQuery(args []string) (tracking.Query, error) {
	return tracking.ParseQuery(strings.Join(args, " "))
}

// shown is a moment of the API as a person reads it: in UTC, to the second.
func shown(moment string) string {
	t, err := time.Parse(time.RFC3339Nano, moment)
	if err != nil {
		return safe(moment)
	}
	return t.UTC().Format(time.DateTime)
}

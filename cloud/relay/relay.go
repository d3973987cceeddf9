// Package relay calls third parties' modules: HTTP services that answer for
// their products in the form that Threat Response asks for. What comes back is
// held to the public schema (packages ctim and ctia), and each way of going wrong
// becomes the error that Threat Response shows.
//
// [Relay] is one such service; [Kind] makes it a module of package ctr, and
// [Check] tells its author what is wrong with it.
package relay

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"strings"
	"time"

	"esasim/cloud/ctia"
	"esasim/cloud/ctr"
)

// The bounds of what a relay may answer (ours: those of the service are not
// public). maxDocument is for each document.
const (
	maxAnswer   = 4 << 20
	maxHeader   = 64 << 10
	maxDocument = 512 << 10
)

var errNoSigner = errors.New("nobody signs it")

// Relay is a third party's module.
type Relay struct {
	Name     string // of the module, as answers are labelled with
	Settings Settings
	Sign     Signer // for RS256 configuration tokens
	Caller   *Caller
}

// Caller is what all relays of a region are called with.
type Caller struct {
	http   *http.Client
	schema *ctia.Answers
}

// NewCaller makes a caller. It follows no redirection: an answer from elsewhere
// is not the module's, and would be sent its credentials.
func NewCaller() *Caller { return &Caller{newHTTP(), ctia.NewAnswers()} }

// Close lets go of connections that are kept for the next call.
func (c *Caller) Close() { c.http.CloseIdleConnections() }

func newHTTP() *http.Client {
	return &http.Client{
		Transport: &http.Transport{
			DialContext:            (&net.Dialer{Timeout: 10 * time.Second}).DialContext,
			TLSHandshakeTimeout:    10 * time.Second,
			MaxIdleConnsPerHost:    4,
			IdleConnTimeout:        30 * time.Second,
			MaxResponseHeaderBytes: maxHeader,
			ForceAttemptHTTP2:      true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Outcome is what came of a call besides its data.
type Outcome struct {
	Complaints []ctr.Complaint // what Threat Response shows
	Notes      []string        // what the relay's author should know besides; Threat Response takes it
	Status     int             // of the HTTP answer; 0: there was none
}

func (o *Outcome) note(format string, args ...any) {
	if len(o.Notes) < maxTold {
		o.Notes = append(o.Notes, fmt.Sprintf(format, args...))
	}
}

func (o *Outcome) complain(c ctr.Complaint) { o.Complaints = append(o.Complaints, c) }

// maxTold is how many notes and faults are told of one answer.
const maxTold = 10

// post calls a route, and gives the body of a good answer; nil, with a
// complaint, if there is none. A nil body is sent as an empty one.
func (r *Relay) post(ctx context.Context, path string, body any, o *Outcome) []byte {
	req, complaint := r.request(ctx, path, body)
	if complaint != nil {
		o.complain(*complaint)
		return nil
	}
	res, err := r.Caller.http.Do(req)
	if err != nil {
		o.complain(r.unreached(ctx, err))
		return nil
	}
	defer res.Body.Close()
	o.Status = res.StatusCode
	// One byte more tells an answer that is too long from one that just fits.
	raw, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	switch {
	case len(raw) > maxAnswer:
		o.complain(ctr.Complaint{Type: ctr.Fatal, Code: codeUnknown, Message: fmt.Sprintf("The module's answer is longer than %d bytes", maxAnswer)})
		return nil
	case err != nil && (ctx.Err() != nil || !errors.Is(err, io.ErrUnexpectedEOF)):
		o.complain(r.unreached(ctx, err))
		return nil
	case res.StatusCode < 200 || res.StatusCode > 299:
		o.complain(refused(res.StatusCode, raw))
		return nil
	}
	if res.StatusCode != http.StatusOK {
		o.note("status %d: want 200", res.StatusCode)
	}
	if media, _, _ := mime.ParseMediaType(res.Header.Get("Content-Type")); media != "application/json" {
		o.note("Content-Type %.60q: want application/json", res.Header.Get("Content-Type"))
	}
	if !json.Valid(raw) {
		o.complain(notJSON())
		return nil
	}
	return raw
}

// request makes the request for a route. Its body has a known length, so
// Content-Length is sent.
func (r *Relay) request(ctx context.Context, path string, body any) (*http.Request, *ctr.Complaint) {
	base := r.Settings.base()
	if base == "" {
		// Recorded: the path stands alone where the module has no URL.
		return nil, &ctr.Complaint{Type: ctr.Fatal, Code: "malformed-api-url", Message: "Malformed API URL " + path}
	}
	var content io.Reader = http.NoBody
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			return nil, unknown(err)
		}
		content = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, base+path, content)
	if err != nil {
		return nil, unknown(err)
	}
	authorization, err := r.Settings.authorization(r.Sign)
	if err != nil {
		return nil, unknown(err)
	}
	if authorization != "" {
		req.Header.Set("Authorization", authorization)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "esasim")
	return req, nil
}

// unreached is the complaint of a call that got no whole answer.
func (r *Relay) unreached(ctx context.Context, err error) ctr.Complaint {
	var late net.Error
	if ctx.Err() != nil || errors.As(err, &late) && late.Timeout() {
		return ctr.TimedOut(ctr.Module{Name: r.Name})
	}
	// What is around the innermost error has URL and ports in it.
	for inner := errors.Unwrap(err); inner != nil; inner = errors.Unwrap(err) {
		err = inner
	}
	return ctr.Complaint{Type: ctr.Fatal, Code: codeUnknown, Message: "The module cannot be reached: " + shortened(strings.ToValidUTF8(err.Error(), "?"), 200)}
}

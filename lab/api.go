package lab

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"

	"esasim/cloudlink"
)

// The emulator's own API, /_esasim/v1, which has no counterpart in the real
// products. It is served on every face.
//
//	GET  ready        200 when every face answers and the appliance is registered, else 503
//	GET  addresses    what --addresses-file writes
//	POST config/reload  read the configuration again (reload.go)
//	GET  link         how the appliance's registration and its sightings stand
//	POST register     {"region", "token"}: register the appliance, as Network > Cloud Service Settings does
//	POST deregister   the reverse
//	GET  delivery     whether deliveries are suspended, and to whom
//	POST delivery/suspend, delivery/resume, delivery/retry {"domains"}, or no body
//	GET  workqueue    whether the work queue is paused
//	POST workqueue/pause, workqueue/resume
//	GET  listeners    the listeners, and whether they are suspended
//	POST listeners/suspend, listeners/resume {"interface"}, or no body: all
//	GET  tracking/... what message tracking knows (tracking.go)
//	GET  mailbox/...  what is in the mailboxes behind simulated hosts (mailbox.go)
//	GET  quarantines  how the quarantines stand
//	GET  quarantines/messages/... and POST quarantines/...: held messages (quarantine.go)
//	GET  appliance/config and POST appliance/config/...: drafts and commits (changes.go)
//	GET  responses    of a region: what its modules were told to do (cloud/ctr/respond.go)
//	POST tracking/backup {"to"}: copy the tracking data into a new data directory (backup.go)
const apiPrefix = "/_esasim/v1/"

// hosts are the names that a face answers to: the one in its configured
// address, and those it is known by.
func hosts(address string, names []string) func() []string {
	if host, _, err := net.SplitHostPort(address); err == nil {
		names = append([]string{host}, names...)
	}
	return func() []string { return names }
}

// withAPI serves the emulator's own API beside a face, which serves some paths of it
// itself.
func (l *Lab) withAPI(face http.Handler, own ...string) http.Handler {
	mux := http.NewServeMux()
	for _, path := range append(own, "/") {
		mux.Handle(path, face)
	}
	call := caller(mux)
	call("GET", "ready", l.serveReady)
	call("GET", "addresses", l.serveAddresses)
	call("POST", "config/reload", l.serveReload)
	if l.appliance != nil {
		call("GET", "link", l.serveLink)
		call("POST", "register", l.serveRegister)
		call("POST", "deregister", l.serveDeregister)
		call("GET", "delivery", l.serveDelivery)
		d := l.appliance.Delivery()
		call("POST", "delivery/suspend", l.order(d.Suspend))
		call("POST", "delivery/resume", l.order(d.Resume))
		call("POST", "delivery/retry", l.order(d.Retry))
		call("GET", "workqueue", l.serveWorkQueue)
		call("POST", "workqueue/pause", l.servePause)
		call("POST", "workqueue/resume", l.serveUnpause)
		call("GET", "listeners", l.serveListeners)
		call("POST", "listeners/suspend", l.serveSuspendListeners)
		call("POST", "listeners/resume", l.serveResumeListeners)
		t := &tracker{l.appliance.Tracking(), l.o.Config.Appliance.Hostname, l.o.Logger}
		for name, h := range t.routes() {
			call("GET", name, h)
		}
		call("POST", "tracking/backup", l.serveBackup)
		b := &mailboxes{l.appliance.Mailboxes(), l.o.Logger}
		call("GET", "mailbox/{address}", b.serveList)
		call("GET", "mailbox/{address}/{mid}", b.serveLetter)
		call("DELETE", "mailbox/{address}/{mid}", b.serveRemove)
		administration{l.appliance.Changes()}.routes(call)
		(&quarantines{l.appliance.Quarantines(), l.o.Logger}).routes(call)
	}
	return mux
}

// caller gives what adds a call to the API. Other methods than those that were added
// to a path, and calls that were not added, are answered too.
func caller(mux *http.ServeMux) func(method, name string, h http.HandlerFunc) {
	mux.HandleFunc(apiPrefix, func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusNotFound, apiError{"there is no such call; see docs/api.md"})
	})
	methods := map[string][]string{}
	return func(method, name string, h http.HandlerFunc) {
		mux.HandleFunc(method+" "+apiPrefix+name, h)
		if methods[name] = append(methods[name], method); len(methods[name]) > 1 {
			return
		}
		mux.HandleFunc(apiPrefix+name, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Allow", strings.Join(methods[name], ", "))
			answer(w, http.StatusMethodNotAllowed, apiError{"the method must be " + strings.Join(methods[name], " or ")})
		})
	}
}

type apiError struct {
	Error string `json:"error"`
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the client is gone; there is nobody to tell
}

func (l *Lab) serveReady(w http.ResponseWriter, _ *http.Request) {
	select {
	case <-l.ready:
		answer(w, http.StatusOK, map[string]bool{"ready": true})
	default:
		answer(w, http.StatusServiceUnavailable, map[string]bool{"ready": false})
	}
}

func (l *Lab) serveAddresses(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, l.Addresses())
}

type linkStatus struct {
	State     cloudlink.State `json:"state"`
	Enabled   bool            `json:"threat_response"`
	Region    string          `json:"region,omitempty"`
	DeviceID  string          `json:"device_id,omitempty"`
	LastError string          `json:"last_error,omitempty"`
	Pushed    uint64          `json:"sightings_pushed"`
	Refused   uint64          `json:"sightings_refused"`
	Behind    uint64          `json:"log_events_behind"`
	Lost      uint64          `json:"log_events_lost"`
}

func (l *Lab) serveLink(w http.ResponseWriter, _ *http.Request) {
	s := l.appliance.Link().Status()
	last := l.appliance.Tracking().Last()
	answer(w, http.StatusOK, linkStatus{s.State, !s.Disabled, s.Region, s.DeviceID, s.LastError, s.Pushed, s.Refused, last - min(s.Seq, last), s.Lost})
}

func (l *Lab) serveRegister(w http.ResponseWriter, r *http.Request) {
	var req struct {
		Region string `json:"region"`
		Token  string `json:"token"`
	}
	if status, problem := readBody(w, r, &req); problem != "" {
		answer(w, status, apiError{`want {"region": "AMERICAS", "token": "..."}: ` + problem})
		return
	}
	running := l.appliance.Changes().Running()
	err := l.appliance.Link().Register(r.Context(), cmp.Or(req.Region, running.CloudServices.Server), req.Token)
	l.answerLink(w, r, err)
}

// readBody reads a small JSON object into v. What is wrong is said without the
// words of the JSON package, which name our types.
func readBody(w http.ResponseWriter, r *http.Request, v any) (status int, problem string) {
	return readLargeBody(w, r, 64<<10, v)
}

// readLargeBody is readBody for an object of a size that the caller says.
func readLargeBody(w http.ResponseWriter, r *http.Request, most int64, v any) (status int, problem string) {
	b, err := io.ReadAll(http.MaxBytesReader(w, r.Body, most))
	if over := (*http.MaxBytesError)(nil); errors.As(err, &over) {
		return http.StatusRequestEntityTooLarge, fmt.Sprintf("the body is longer than %d bytes", most)
	}
	if err != nil {
		return http.StatusBadRequest, "the body ended early"
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	err = d.Decode(v)
	wrong := (*json.UnmarshalTypeError)(nil)
	switch {
	case err == nil:
		if _, err := d.Token(); err != io.EOF {
			return http.StatusBadRequest, "something follows the object"
		}
		return 0, ""
	case errors.As(err, &wrong):
		return http.StatusBadRequest, fmt.Sprintf("%q must not be a %s", wrong.Field, wrong.Value)
	case strings.HasPrefix(err.Error(), "json: unknown field "):
		return http.StatusBadRequest, "unknown key " + strings.TrimPrefix(err.Error(), "json: unknown field ")
	}
	return http.StatusBadRequest, "the body is not JSON"
}

func (l *Lab) serveDeregister(w http.ResponseWriter, r *http.Request) {
	l.answerLink(w, r, l.appliance.Link().Deregister(r.Context()))
}

func (l *Lab) answerLink(w http.ResponseWriter, r *http.Request, err error) {
	switch {
	case err == nil:
		l.serveLink(w, r)
	case errors.Is(err, cloudlink.ErrRegion):
		answer(w, http.StatusBadRequest, apiError{err.Error()})
	case errors.Is(err, cloudlink.ErrRefused):
		answer(w, http.StatusForbidden, apiError{err.Error()})
	case errors.Is(err, cloudlink.ErrRegistered), errors.Is(err, cloudlink.ErrDisabled), errors.Is(err, cloudlink.ErrNotDevice):
		answer(w, http.StatusConflict, apiError{err.Error()})
	default:
		answer(w, http.StatusBadGateway, apiError{err.Error()})
	}
}

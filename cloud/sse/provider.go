package sse

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"esasim/cloud/route"
)

// The device side, as docs/wire.md has it. The wire is ours: nothing public
// documents how a real appliance talks to the exchange.

func (x *Exchange) serveRegister(w http.ResponseWriter, r *http.Request) {
	var req registerRequest
	if err := readJSON(w, r, &req); err != nil {
		x.fail(w, err)
		return
	}
	// The facts first: a device that cannot describe itself keeps its token.
	if err := req.Device.check(); err != nil {
		x.fail(w, refusal{http.StatusUnprocessableEntity, "invalid_device", err.Error() + "."})
		return
	}
	id, credential, first, err := x.register(r.Context(), req.Token, req.Device)
	if err != nil {
		x.fail(w, err)
		return
	}
	x.log.Info("device registered", "device", id, "name", req.Device.Name, "first", first)
	if first && x.registered != nil {
		x.registered(r.Context(), id)
	}
	route.JSON(w, http.StatusCreated, registerResponse{id, credential, int(HeartbeatEvery / time.Second)})
}

func (x *Exchange) serveHeartbeat(w http.ResponseWriter, r *http.Request) {
	dev, err := x.caller(r)
	if err != nil {
		x.fail(w, err)
		return
	}
	var req heartbeatRequest
	if err := readJSON(w, r, &req); err != nil {
		x.fail(w, err)
		return
	}
	if err := req.Device.check(); err != nil {
		x.fail(w, refusal{http.StatusUnprocessableEntity, "invalid_device", err.Error() + "."})
		return
	}
	if err := x.heartbeat(dev.ID, req.Device); err != nil {
		x.fail(w, err)
		return
	}
	route.JSON(w, http.StatusOK, heartbeatResponse{Registered})
}

func (x *Exchange) serveDeregister(w http.ResponseWriter, r *http.Request) {
	dev, err := x.caller(r)
	if err == nil {
		err = x.Delete(As(r.Context(), "device "+dev.Facts.Name), dev.ID)
	}
	if err != nil {
		x.fail(w, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (x *Exchange) serveSightings(w http.ResponseWriter, r *http.Request) {
	dev, err := x.caller(r)
	if err != nil {
		x.fail(w, err)
		return
	}
	all, err := readBatch(w, r)
	if err != nil {
		x.fail(w, err)
		return
	}
	resp, err := x.take(&dev, all)
	if err != nil {
		x.fail(w, err)
		return
	}
	route.JSON(w, http.StatusOK, resp)
}

// serveRequests is the long poll. A device that is deleted, or has another credential,
// while its poll waits learns it by that very poll.
func (x *Exchange) serveRequests(w http.ResponseWriter, r *http.Request) {
	dev, err := x.caller(r)
	if err != nil {
		x.fail(w, err)
		return
	}
	line := x.lines.open(dev.ID)
	if _, err := x.record(dev.ID); errors.Is(err, ErrUnknownDevice) { // it went before the line was there to be dropped
		x.lines.drop(dev.ID)
	}
	got := line.fetch(r.Context())
	if _, err := x.caller(r); err != nil {
		x.fail(w, err)
		return
	}
	out := requestsResponse{[]errandMessage{}}
	for _, e := range got {
		left := max(1, int(time.Until(e.deadline).Round(time.Second)/time.Second))
		q := e.request
		out.Requests = append(out.Requests, errandMessage{e.id, q.Method, q.Path, q.Header, q.Body, left})
	}
	route.JSON(w, http.StatusOK, out)
}

// maxAnswer is the longest answer as JSON, its body in base64.
const maxAnswer = MaxAnswerBody/3*4 + maxBody

// serveAnswer takes a device's answer. One that nobody waits for any more is good, too:
// the device may send it twice.
func (x *Exchange) serveAnswer(w http.ResponseWriter, r *http.Request) {
	dev, err := x.caller(r)
	if err != nil {
		x.fail(w, err)
		return
	}
	var a answerRequest
	if err := readLong(w, r, maxAnswer, &a); err != nil {
		x.fail(w, err)
		return
	}
	o := outcome{answer: Answer{a.Status, a.Headers, a.Body}}
	switch {
	case a.Failure != "":
		o = outcome{err: fmt.Errorf("%w: %.200s", ErrAnswer, a.Failure)}
	case a.Status < 200 || a.Status > 599:
		x.fail(w, badRequest("status: want a status of HTTP, from 200."))
		return
	case len(a.Body) > MaxAnswerBody || checkHeader(a.Headers) != nil:
		x.fail(w, tooLarge("The answer is too long."))
		return
	}
	if line := x.lines.find(dev.ID); line != nil {
		line.finish(r.PathValue("request"), o)
	}
	w.WriteHeader(http.StatusNoContent)
}

// caller gives the device that a call speaks for. Whoever has no credential at
// all is told that first; a device that was deleted learns it, with whatever
// credential it has.
func (x *Exchange) caller(r *http.Request) (record, error) {
	scheme, credential, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") || credential == "" {
		return record{}, ErrUnauthorized
	}
	dev, err := x.record(r.PathValue("id"))
	if err != nil {
		return record{}, err
	}
	if !dev.holds(credential) {
		return record{}, fmt.Errorf("device %s: %w", dev.ID, ErrUnauthorized)
	}
	return dev, nil
}

package sse

import (
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
	id, credential, first, err := x.register(req.Token, req.Device)
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
		err = x.Delete(r.Context(), dev.ID)
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

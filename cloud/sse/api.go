package sse

import (
	"errors"
	"net/http"

	"esasim/cloud/route"
)

// What the portal can do, as an API of our own: `esasim token` and scripts use
// it. It has no login, as a lab's portal has none; the region's handler refuses
// cross-site calls.

type generateRequest struct {
	Devices *int    `json:"devices"` // absent: 1
	Expiry  *string `json:"expiry"`  // absent: 1h
}

type generateResponse struct {
	Tokens []Token `json:"tokens"`
}

type devicesResponse struct {
	Devices []Device `json:"devices"`
}

func (x *Exchange) serveGenerateTokens(w http.ResponseWriter, r *http.Request) {
	var req generateRequest
	if err := readJSON(w, r, &req); err != nil {
		x.fail(w, err)
		return
	}
	devices, expiry := 1, DefaultExpiry
	if req.Devices != nil {
		devices = *req.Devices
	}
	if req.Expiry != nil {
		expiry = ExpiryOf(*req.Expiry)
	}
	tokens, err := x.GenerateTokens(r.Context(), devices, expiry)
	if err != nil {
		x.fail(w, err)
		return
	}
	route.JSON(w, http.StatusCreated, generateResponse{tokens})
}

func (x *Exchange) serveDevices(w http.ResponseWriter, r *http.Request) {
	devices, err := x.Devices(r.Context())
	if err != nil {
		x.fail(w, err)
		return
	}
	route.JSON(w, http.StatusOK, devicesResponse{devices})
}

func (x *Exchange) serveDevice(w http.ResponseWriter, r *http.Request) {
	d, err := x.Device(r.Context(), r.PathValue("id"))
	if err != nil {
		x.fail(w, err)
		return
	}
	route.JSON(w, http.StatusOK, d)
}

func (x *Exchange) serveEdit(w http.ResponseWriter, r *http.Request) {
	var req struct {
		Name        *string `json:"name"`
		Description *string `json:"description"`
	}
	err := readJSON(w, r, &req)
	var d Device
	if err == nil {
		d, err = x.Edit(r.Context(), r.PathValue("id"), Edit{req.Name, req.Description})
	}
	if err != nil {
		x.fail(w, err)
		return
	}
	route.JSON(w, http.StatusOK, d)
}

// serveRetoken gives a device another token; an empty body means the default expiry.
func (x *Exchange) serveRetoken(w http.ResponseWriter, r *http.Request) {
	var req struct {
		Expiry *string `json:"expiry"`
	}
	var err error
	if r.ContentLength != 0 {
		err = readJSON(w, r, &req)
	}
	expiry := DefaultExpiry
	if req.Expiry != nil {
		expiry = ExpiryOf(*req.Expiry)
	}
	var t Token
	if err == nil {
		t, err = x.Retoken(r.Context(), r.PathValue("id"), expiry)
	}
	if err != nil {
		x.fail(w, err)
		return
	}
	route.JSON(w, http.StatusCreated, t)
}

// serveDeleteSome deletes the selected rows. Those that are gone already are no error.
func (x *Exchange) serveDeleteSome(w http.ResponseWriter, r *http.Request) {
	var req struct {
		IDs []string `json:"ids"`
	}
	if err := readJSON(w, r, &req); err != nil {
		x.fail(w, err)
		return
	}
	for _, id := range req.IDs {
		if err := x.Delete(r.Context(), id); err != nil && !errors.Is(err, ErrUnknownDevice) {
			x.fail(w, err)
			return
		}
	}
	w.WriteHeader(http.StatusNoContent)
}

func (x *Exchange) serveAudit(w http.ResponseWriter, r *http.Request) {
	entries, err := x.Audit(r.Context())
	if err != nil {
		x.fail(w, err)
		return
	}
	route.JSON(w, http.StatusOK, map[string]any{"entries": entries})
}

func (x *Exchange) serveDeleteDevice(w http.ResponseWriter, r *http.Request) {
	if err := x.Delete(r.Context(), r.PathValue("id")); err != nil {
		x.fail(w, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (x *Exchange) serveServices(w http.ResponseWriter, r *http.Request) {
	s, err := x.Services(r.Context())
	if err != nil {
		x.fail(w, err)
		return
	}
	route.JSON(w, http.StatusOK, s)
}

func (x *Exchange) serveSetServices(w http.ResponseWriter, r *http.Request) {
	var req struct {
		ThreatResponse *bool `json:"Cisco Threat Response"`
		Eventing       *bool `json:"Eventing"`
	}
	if err := readJSON(w, r, &req); err != nil {
		x.fail(w, err)
		return
	}
	if req.ThreatResponse == nil && req.Eventing == nil {
		x.fail(w, badRequest("Cisco Threat Response or Eventing is missing: want true or false."))
		return
	}
	s, err := x.Services(r.Context())
	if req.ThreatResponse != nil {
		s.ThreatResponse = *req.ThreatResponse
	}
	if req.Eventing != nil {
		s.Eventing = *req.Eventing
	}
	if err == nil {
		err = x.SetServices(r.Context(), s)
	}
	if err != nil {
		x.fail(w, err)
		return
	}
	route.JSON(w, http.StatusOK, s)
}

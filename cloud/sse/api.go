package sse

import (
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
		expiry = 0
		for _, e := range Expiries() {
			if e.Text == *req.Expiry {
				expiry = e.After
			}
		}
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
	}
	if err := readJSON(w, r, &req); err != nil {
		x.fail(w, err)
		return
	}
	if req.ThreatResponse == nil {
		x.fail(w, badRequest("Cisco Threat Response is missing: want true or false."))
		return
	}
	s := Services{ThreatResponse: *req.ThreatResponse}
	if err := x.SetServices(r.Context(), s); err != nil {
		x.fail(w, err)
		return
	}
	route.JSON(w, http.StatusOK, s)
}

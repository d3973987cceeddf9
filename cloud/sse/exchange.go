// Package sse is Security Services Exchange, the meeting point of appliances
// and cloud services: a device is added here with a token, registers with it,
// and from then on pushes its sightings, which Threat Response reads here.
//
// It has three sides: [Exchange]'s methods, for Threat Response and the
// portal's pages; the API below /sse/api/v1, for what the portal can do; and
// the device side below /providers/sse/v1, which is docs/wire.md.
package sse

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"esasim/cloud/route"
	"esasim/cloud/store"
)

// HeartbeatEvery is how often a device has to give a sign of life. Source: the
// vendor's connector refreshes its registration every 1200 s (public client).
const HeartbeatEvery = 1200 * time.Second

var (
	// ErrUnknownDevice says that there is no device of this id.
	ErrUnknownDevice = errors.New("unknown device")
	// ErrInvalidToken says that a registration token is unknown, lapsed, of
	// another region (vendor's integration guide) or used by another device;
	// nobody is told which (ours).
	ErrInvalidToken = errors.New("the token is invalid or has expired")
	// ErrUnauthorized says that a credential is missing or wrong.
	ErrUnauthorized = errors.New("the credential is missing or wrong")
	// ErrInvalid says that a request asks for something that cannot be.
	ErrInvalid = errors.New("invalid request")
)

// Exchange is the exchange of one region. It keeps nothing in memory but locks,
// counters, and the requests to devices that somebody waits for: the store is
// the truth.
type Exchange struct {
	store      *store.Store
	log        *slog.Logger
	registered func(ctx context.Context, device string) // may be nil

	// mu makes each change of devices, tokens and services one step: it is held
	// from reading the old record until the new one is synced. It is taken
	// before an inbox's lock, never after.
	mu      sync.Mutex
	audited time.Time // of the last entry of the audit log; guarded by mu

	inboxesMu sync.Mutex
	inboxes   map[uint32]*inbox // by device number; guarded by inboxesMu

	lines lines // down to the devices
}

// inbox is where the sightings of one device come in.
type inbox struct {
	// mu makes "read the old sighting, write the new one and its terms" one
	// step. The sync is waited for outside it.
	mu   sync.Mutex
	last uint64 // the last sequence number given out; 0: not read yet
}

// New makes the exchange over a region's store. The store must stay open for
// as long as the exchange is used. registered, if not nil, is called with the
// id of each device that has registered for the first time, before the device
// is answered.
func New(s *store.Store, log *slog.Logger, registered func(ctx context.Context, device string)) *Exchange {
	return &Exchange{store: s, log: log, registered: registered, inboxes: map[uint32]*inbox{}, lines: lines{of: map[string]*line{}}}
}

// Handler serves /sse/api/v1/... and /providers/sse/v1/...
func (x *Exchange) Handler() http.Handler {
	m := route.New(func(w http.ResponseWriter, status int, message string) {
		code := map[int]string{http.StatusBadRequest: "invalid_request", http.StatusMethodNotAllowed: "method_not_allowed"}[status]
		fail(w, refusal{status, cmp.Or(code, "not_found"), message})
	})
	m.HandleFunc("POST /providers/sse/v1/register", x.serveRegister)
	m.HandleFunc("POST /providers/sse/v1/devices/{id}/sightings", x.serveSightings)
	m.HandleFunc("POST /providers/sse/v1/devices/{id}/heartbeat", x.serveHeartbeat)
	m.HandleFunc("DELETE /providers/sse/v1/devices/{id}", x.serveDeregister)
	m.HandleFunc("GET /providers/sse/v1/devices/{id}/requests", x.serveRequests)
	m.HandleFunc("POST /providers/sse/v1/devices/{id}/requests/{request}/answer", x.serveAnswer)

	m.HandleFunc("POST /sse/api/v1/tokens", x.serveGenerateTokens)
	m.HandleFunc("GET /sse/api/v1/devices", x.serveDevices)
	m.HandleFunc("GET /sse/api/v1/devices/{id}", x.serveDevice)
	m.HandleFunc("PATCH /sse/api/v1/devices/{id}", x.serveEdit)
	m.HandleFunc("POST /sse/api/v1/devices/{id}/token", x.serveRetoken)
	m.HandleFunc("DELETE /sse/api/v1/devices/{id}", x.serveDeleteDevice)
	m.HandleFunc("POST /sse/api/v1/devices/delete", x.serveDeleteSome)
	m.HandleFunc("GET /sse/api/v1/audit-log", x.serveAudit)
	m.HandleFunc("GET /sse/api/v1/services", x.serveServices)
	m.HandleFunc("PUT /sse/api/v1/services", x.serveSetServices)
	return m
}

// Services are the switches of the Cloud Services tab. Source: vendor's
// integration guide (name, and that it is off at first).
type Services struct {
	ThreatResponse bool `json:"Cisco Threat Response"` // lets Threat Response see the devices
	// Eventing lets devices send events to other services of the cloud. An Email
	// Security Appliance has none to send, so nothing depends on it (inferred).
	Eventing bool `json:"Eventing"`
}

// Services gives the switches as they stand.
func (x *Exchange) Services(ctx context.Context) (Services, error) {
	var s Services
	err := x.store.Get(store.Services(), &s)
	if errors.Is(err, store.ErrNotFound) {
		return Services{}, nil
	}
	return s, err
}

// SetServices sets the switches.
func (x *Exchange) SetServices(ctx context.Context, s Services) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	what := fmt.Sprintf("Cisco Threat Response: %t, Eventing: %t", s.ThreatResponse, s.Eventing)
	if err := x.change(ctx, store.Services(), s, "Set cloud services", what); err != nil {
		return fmt.Errorf("set cloud services: %w", err)
	}
	return nil
}

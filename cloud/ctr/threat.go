// Package ctr is Cisco Threat Response: API clients and their access tokens,
// inspect (text to observables), enrich (observables to what the configured
// modules know of them), and the module instances.
//
// [Threat] is one region's service. Its HTTP side is [Threat.Handler]; the
// portal's pages ask [Threat.Inspect], [Threat.Observe] and [Threat.Modules]
// in the process.
package ctr

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"esasim/cloud/ctim"
	"esasim/cloud/sse"
	"esasim/cloud/store"
)

// Devices is what Threat Response asks of Security Services Exchange.
type Devices interface {
	Services(ctx context.Context) (sse.Services, error)
	Device(ctx context.Context, id string) (sse.Device, error)
	Sightings(ctx context.Context, q sse.Search) (sse.Found, error)
	Proxy(ctx context.Context, device string, r sse.Request) (sse.Answer, error)
	Sighting(ctx context.Context, deviceID, externalID string) (ctim.Sighting, error)
}

// Options say what a Threat is made of.
type Options struct {
	Region         string
	Organisation   string
	Store          *store.Store
	Devices        Devices
	Exchange       Exchange // what the routes of /iroh/iroh-sse manage
	Logger         *slog.Logger
	ModuleDeadline time.Duration // for each module's answer; 0: DefaultModuleDeadline
	SchemaVersion  string        // of CTIM, as the header X-Ctim-Version has it; empty: ctim.SchemaVersion
	Envelope       string        // one of Envelopes; empty: ByID
	Types          []Type        // of modules, besides the built-in ones; of one of those, its kind
	Access         Access
}

// Access says who may use the service, and how much.
type Access struct {
	OrgLimit   int      // requests in a rolling hour, for the whole organisation; 0: no limit, and the headers tell of OrgLimit
	Remaining  bool     // the header X-Ratelimit-Org-Remaining is sent, as by XDR
	InvalidJWT bool     // a token that is not accepted is answered 400 invalid_jwt, not 401
	Users      []User   // of the organisation, told apart by their addresses; none: one administrator
	Clients    []Client // that are there besides those made meanwhile; UserID is the address of a user
}

// DefaultModuleDeadline is how long a module may take. The real figure is not
// public (inferred).
const DefaultModuleDeadline = 5 * time.Second

// Threat is the Threat Response of one region.
type Threat struct {
	region   string
	store    *store.Store
	devices  Devices
	exchange Exchange
	log      *slog.Logger
	deadline time.Duration
	schema   string
	envelope string
	types    []Type

	limit      limiter // of the organisation's requests
	remaining  bool    // as Access.Remaining
	oldRefusal bool    // as Access.InvalidJWT

	asking  chan struct{}               // holds one for each call that looks something up
	key     func() (*signingKey, error) // made or read once, by whoever asks first
	warming sync.WaitGroup              // the goroutine that asks first

	mu        sync.Mutex // makes each change of clients and modules one step
	journalMu sync.Mutex // gives each response a number of its own

	orgMu   sync.Mutex // guards org; may be taken while mu is held
	org     organisation
	orgName string // as it is configured
}

// Open makes the service over a region's store, which must outlive it.
func Open(o Options) (*Threat, error) {
	t := &Threat{
		region: o.Region, store: o.Store, devices: o.Devices, exchange: o.Exchange, log: o.Logger, deadline: o.ModuleDeadline,
		schema: cmp.Or(o.SchemaVersion, ctim.SchemaVersion), envelope: o.Envelope,
		asking: make(chan struct{}, maxAsking),
		limit:  limiter{max: o.Access.OrgLimit, start: time.Now()}, remaining: o.Access.Remaining, oldRefusal: o.Access.InvalidJWT,
	}
	if t.deadline == 0 {
		t.deadline = DefaultModuleDeadline
	}
	if t.log == nil {
		t.log = slog.New(slog.DiscardHandler)
	}
	t.types = t.builtin(o.Types)
	if err := t.openAccess(o); err != nil {
		return nil, fmt.Errorf("open threat response %s: %w", o.Region, err)
	}
	t.key = sync.OnceValues(func() (*signingKey, error) { return openKey(t.store) })
	// Making an RSA key takes a tenth of a second; the start need not wait.
	t.warming.Go(func() {
		if _, err := t.key(); err != nil && !errors.Is(err, store.ErrClosed) {
			t.log.Error("threat response: no signing key", "error", err)
		}
	})
	return t, nil
}

// Close waits for what the service still does by itself.
func (t *Threat) Close() { t.warming.Wait() }

// Region is the name of the region: AMERICAS, EUROPE.
func (t *Threat) Region() string { return t.region }

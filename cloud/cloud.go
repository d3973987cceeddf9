// Package cloud is the other box: the cloud of one region, to which appliances
// register and in which their sightings are investigated. It holds
// construction, start and stop; what the cloud does is in its children: sse
// (Security Services Exchange), ctr (Threat Response), ctia (private
// intelligence), portal (their pages).
//
// Each region has its own tokens, devices, clients, keys and store, so a token
// of another region fails by itself. Everything durable is in one Pebble store
// (package store); nothing else is written.
package cloud

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"

	"github.com/cockroachdb/pebble/v2/vfs"

	"esasim/cloud/ctia"
	"esasim/cloud/ctr"
	"esasim/cloud/relay"
	"esasim/cloud/sse"
	"esasim/cloud/store"
)

// ErrRegion says that there is no such region.
var ErrRegion = errors.New("unknown region: want AMERICAS, EUROPE or APJC")

// Options say what a region's cloud is made of.
type Options struct {
	Region       string                         // AMERICAS, EUROPE or APJC
	FS           vfs.FS                         // nil: the file system of the machine
	Dir          string                         // of the store; made when it is not there
	Logger       *slog.Logger                   // nil: silent
	Organisation string                         // the one organisation's name
	Schema       string                         // CTIM's version; see ctr.Options
	Envelope     string                         // of answers; likewise
	Access       ctr.Access                     // who may use Threat Response, and how much
	Types        []ctr.Type                     // of modules, besides those that every cloud has
	Portal       func(*ctr.Threat) http.Handler // the pages, at "/"; nil: none
	Registered   func(c *Cloud, device string)  // called once for each device that has registered; nil: nobody wants to know
}

// Cloud is the running cloud of one region.
type Cloud struct {
	store   *store.Store
	sse     *sse.Exchange
	ctr     *ctr.Threat
	relays  *relay.Kind
	ctia    *ctia.Intel
	handler http.Handler
}

// Open starts the cloud of a region.
func Open(o Options) (*Cloud, error) {
	if Hosts(o.Region) == nil {
		return nil, fmt.Errorf("open cloud %q: %w", o.Region, ErrRegion)
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	s, err := store.Open(store.Options{FS: o.FS, Dir: o.Dir, Region: o.Region, Logger: o.Logger})
	if err != nil {
		return nil, fmt.Errorf("open cloud %s: %w", o.Region, err)
	}
	c := &Cloud{store: s}
	exchange := sse.New(s, o.Logger, func(_ context.Context, device string) {
		if o.Registered != nil {
			o.Registered(c, device)
		}
	})
	relays := relay.NewKind(func(claims map[string]any) (string, error) { return c.ctr.Sign(claims) })
	threat, err := ctr.Open(ctr.Options{
		Region: o.Region, Organisation: o.Organisation, Store: s, Devices: exchange, Exchange: exchange, Logger: o.Logger,
		SchemaVersion: o.Schema, Envelope: o.Envelope, Access: o.Access,
		Types: append([]ctr.Type{relays.Type(), c.intelType(o.Logger)}, o.Types...),
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open cloud %s: %w", o.Region, err), s.Close())
	}
	c.sse, c.ctr, c.relays = exchange, threat, relays
	if c.ctia, err = c.openIntel(o); err != nil {
		threat.Close()
		return nil, errors.Join(fmt.Errorf("open cloud %s: %w", o.Region, err), s.Close())
	}
	c.handler = c.routes(o)
	return c, nil
}

// Handler serves all of the region's path families on one port. It does not ask
// who is calling under which name: whoever serves it guards it (Hosts has the
// names).
func (c *Cloud) Handler() http.Handler { return c.handler }

// SSE is the region's Security Services Exchange.
func (c *Cloud) SSE() *sse.Exchange { return c.sse }

// CTR is the region's Threat Response.
func (c *Cloud) CTR() *ctr.Threat { return c.ctr }

// CTIA is the region's private intelligence.
func (c *Cloud) CTIA() *ctia.Intel { return c.ctia }

// Close ends the cloud. Requests still under way are waited for as far as they
// use the store; later ones are answered 503.
func (c *Cloud) Close() error {
	err := c.store.Close()
	c.ctr.Close()
	c.relays.Close()
	return err
}

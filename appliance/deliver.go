package appliance

import (
	"io"
	"sync/atomic"

	"esasim/appliance/config"
	"esasim/appliance/delivery"
	"esasim/appliance/headers"
	"esasim/appliance/mailbox"
	"esasim/esa"
	"esasim/tracking"
)

// adder adds the headers to mail for hosts that the configuration wants just now.
type adder struct{ now atomic.Pointer[headers.Adder] }

func (a *adder) use(c *config.Appliance) {
	a.now.Store(&headers.Adder{Host: c.Hostname, Fields: headers.Fields(c.Headers)})
}

func (a *adder) Deliver(m *esa.Message, content io.Reader) io.Reader {
	return a.now.Load().Deliver(m, content)
}

// Mailboxes are those behind the simulated hosts.
func (a *Appliance) Mailboxes() *mailbox.Mailboxes { return a.mailboxes }

// mailLog is the store as mailboxes see it.
type mailLog struct{ *tracking.Store }

func (m mailLog) Commit(events []esa.Event) error { return m.Store.Commit(events, nil) }

// deliverySettings are how the configuration wants mail delivered.
func (a *Appliance) deliverySettings(c *config.Appliance) delivery.Settings {
	routes := make([]delivery.Route, len(c.Routes))
	for i, r := range c.Routes {
		routes[i] = delivery.Route(r)
	}
	fates := make([]delivery.Fate, len(c.Fates))
	for i, f := range c.Fates {
		fates[i] = delivery.Fate(f)
	}
	return delivery.Settings{Host: delivery.Simulated{Fates: fates}, Routes: routes, Controls: c.Controls(), Profile: c.Delivery.Queue(), Headers: &a.headers}
}

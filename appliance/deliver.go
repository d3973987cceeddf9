package appliance

import (
	"esasim/appliance/delivery"
	"esasim/appliance/headers"
	"esasim/appliance/mailbox"
	"esasim/esa"
	"esasim/tracking"
)

// headers are those that are added to mail for hosts.
func (a *Appliance) headers() headers.Adder {
	return headers.Adder{Host: a.o.Config.Hostname, Fields: headers.Fields(a.o.Config.Headers)}
}

// Mailboxes are those behind the simulated hosts.
func (a *Appliance) Mailboxes() *mailbox.Mailboxes { return a.mailboxes }

// mailLog is the store as mailboxes see it.
type mailLog struct{ *tracking.Store }

func (m mailLog) Commit(events []esa.Event) error { return m.Store.Commit(events, nil) }

// newDelivery is the delivery queue as the configuration wants it.
func (a *Appliance) newDelivery() *delivery.Queue {
	c := &a.o.Config
	routes := make([]delivery.Route, len(c.Routes))
	for i, r := range c.Routes {
		routes[i] = delivery.Route(r)
	}
	fates := make([]delivery.Fate, len(c.Fates))
	for i, f := range c.Fates {
		fates[i] = delivery.Fate(f)
	}
	return &delivery.Queue{
		Log: deliveryLog{a.store}, Host: delivery.Simulated{Fates: fates}, Routes: routes, Dial: a.o.Dial,
		Controls: c.Controls(), Profile: c.Delivery.Queue(),
		Headers: a.headers(),
		Name:    c.Hostname, Logger: a.o.Logger,
	}
}

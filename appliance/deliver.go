package appliance

import (
	"esasim/appliance/delivery"
	"esasim/appliance/headers"
)

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
		Headers: headers.Adder{Host: c.Hostname, Fields: headers.Fields(c.Headers)},
		Name:    c.Hostname, Logger: a.o.Logger,
	}
}

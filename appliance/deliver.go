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
	d := &c.Delivery
	return &delivery.Queue{
		Log: deliveryLog{a.store}, Host: delivery.Simulated{Fates: fates}, Routes: routes, Dial: a.o.Dial,
		Profile: delivery.Profile{InitialRetry: d.InitialRetry, MaxRetry: d.MaxRetry, MaxTime: d.MaxTime, MaxRetries: d.MaxRetries},
		Headers: headers.Adder{Host: c.Hostname, Fields: headers.Fields(c.Headers)},
		Bounces: d.Bounces, Name: c.Hostname, Logger: a.o.Logger,
	}
}

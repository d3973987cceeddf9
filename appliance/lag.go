package appliance

import (
	"context"
	"time"

	"esasim/appliance/delivery"
	"esasim/esa"
)

// deliveryReader is the log as delivery follows it.
func (a *Appliance) deliveryReader() delivery.Reader {
	r := a.store.Follow(a.from)
	if a.o.DeliveryLag == 0 {
		return r
	}
	return lagging{r, a.o.DeliveryLag}
}

// lagging hands out later what a reader has.
type lagging struct {
	delivery.Reader
	lag time.Duration
}

// Next waits until the next entries are as old as the lag. How many there are at a
// time then makes no difference.
func (l lagging) Next(ctx context.Context) ([]esa.Entry, error) {
	entries, err := l.Reader.Next(ctx)
	if err != nil || len(entries) == 0 {
		return entries, err
	}
	last := entries[len(entries)-1].Events
	t := time.NewTimer(time.Until(last[len(last)-1].Time.Add(l.lag)))
	defer t.Stop()
	select {
	case <-t.C:
		return entries, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

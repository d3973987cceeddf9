package appliance

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"esasim/appliance/config"
	"esasim/appliance/delivery"
	"esasim/appliance/quarantine"
	"esasim/appliance/workqueue"
	"esasim/smtp"
)

// RestartError says why a configuration was not taken by what runs.
type RestartError struct {
	Keys []string // that differ and need a restart, sorted
}

func (e *RestartError) Error() string {
	return "needs a restart: " + strings.Join(e.Keys, ", ")
}

// made is what a configuration comes to: all of it is made before any of it is used.
type made struct {
	listeners   []smtp.Options
	queue       *workqueue.Options
	quarantines *quarantine.Options
	delivery    delivery.Settings
	logs        []planned
}

// make makes everything of a configuration that can be changed while mail flows.
func (a *Appliance) make(c *config.Appliance) (m made, err error) {
	var errs [4]error
	m.listeners, errs[0] = a.listenerOptions(c)
	m.queue, errs[1] = c.Queue()
	m.quarantines, errs[2] = c.Holding()
	m.logs, errs[3] = a.planLogs(c)
	m.delivery = a.deliverySettings(c)
	return m, errors.Join(errs[:]...)
}

// Reload goes over to another configuration while mail flows. Either all of it holds
// from then on, or nothing has changed and the error says why: it is that of [Check], a
// *RestartError, or a log that cannot be opened.
//
// A connection keeps what it began with. A message meets the mail policies, filters and
// quarantines that there are when the work queue takes it up, and the routes that there
// are when an attempt to deliver it begins. Messages in a quarantine leave when they
// were to; if the quarantine is no longer there, they are released then.
func (a *Appliance) Reload(c config.Appliance) error {
	if err := Check(&c); err != nil {
		return err
	}
	a.reloading.Lock()
	defer a.reloading.Unlock()
	if keys := a.now.Load().NeedsRestart(&c); len(keys) > 0 {
		slices.Sort(keys)
		return &RestartError{keys}
	}
	m, err := a.make(&c)
	if err != nil {
		return err
	}
	if err := a.logs.change(m.logs); err != nil { // the one thing that may still fail
		return fmt.Errorf("logs: %w", err)
	}
	// What comes later first, so that no message meets something older than it met
	// before.
	a.now.Store(&c)
	a.usePages(&c)
	a.headers.use(&c)
	a.delivery.Reload(m.delivery)
	a.quarantines.Options.Store(m.quarantines)
	a.queue.Options.Store(m.queue)
	a.common.Shared.Limit(c.All.MaxConnections, c.All.MaxTLSConnections)
	for i, l := range a.listeners {
		l.Reload(m.listeners[i])
	}
	return nil
}

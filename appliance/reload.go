package appliance

import (
	"errors"
	"fmt"
	"slices"

	"esasim/appliance/changes"
	"esasim/appliance/config"
	"esasim/appliance/delivery"
	"esasim/appliance/quarantine"
	"esasim/appliance/workqueue"
	"esasim/smtp"
)

// RestartError says why a configuration was not taken by what runs.
type RestartError = changes.RestartError

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
	if m.queue, errs[1] = c.Queue(); errs[1] == nil {
		c.SafelistBlocklist.Ask(a.slbl, m.queue)
	}
	m.quarantines, errs[2] = c.Holding()
	m.logs, errs[3] = a.planLogs(c)
	m.delivery = a.deliverySettings(c)
	return m, errors.Join(errs[:]...)
}

// Reload goes over to another configuration while mail flows, with what administrators
// have committed over it. Either all of it holds from then on, or nothing has changed
// and the error says why: it is that of [Check], a *RestartError, a log that cannot be
// opened, or a *changes.LayerError if what was committed does not fit it.
//
// A connection keeps what it began with. A message meets the mail policies, filters and
// quarantines that there are when the work queue takes it up, and the routes that there
// are when an attempt to deliver it begins. Messages in a quarantine leave when they
// were to; if the quarantine is no longer there, they are released then.
func (a *Appliance) Reload(c config.Appliance) error { return a.changes.Rebase(c) }

// use goes over to a configuration, once keep has returned without an error: that is
// called last of what can fail.
func (a *Appliance) use(c *config.Appliance, keep func() error) error {
	if err := Check(c); err != nil {
		return err
	}
	a.reloading.Lock()
	defer a.reloading.Unlock()
	if keys := a.now.Load().NeedsRestart(c); len(keys) > 0 {
		slices.Sort(keys)
		return &RestartError{Keys: keys}
	}
	m, err := a.make(c)
	if err != nil {
		return err
	}
	if err := a.useLogs(m.logs, keep); err != nil {
		return err
	}
	// What comes later first, so that no message meets something older than it met
	// before.
	a.now.Store(c)
	a.useReports(c)
	a.usePages(c)
	a.link.Enable(c.CloudServices.ThreatResponse)
	a.headers.use(c)
	a.slbl.Limit(c.SafelistBlocklist.MaxEntries)
	a.delivery.Reload(m.delivery)
	a.quarantines.Options.Store(m.quarantines)
	a.queue.Options.Store(m.queue)
	a.common.Shared.Limit(c.All.MaxConnections, c.All.MaxTLSConnections)
	for i, l := range a.listeners {
		l.Reload(m.listeners[i])
	}
	return nil
}

// useLogs goes over to other logs, and back if what they are for is not kept.
func (a *Appliance) useLogs(plan []planned, keep func() error) error {
	if err := a.logs.change(plan); err != nil {
		return fmt.Errorf("logs: %w", err)
	}
	err := keep()
	if err == nil {
		return nil
	}
	before, bad := a.planLogs(a.now.Load())
	return errors.Join(err, bad, a.logs.change(before))
}

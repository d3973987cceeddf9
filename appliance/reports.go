package appliance

import (
	"esasim/appliance/config"
	"esasim/appliance/reporting"
)

// openReports finds what was counted so far.
func (a *Appliance) openReports(c *config.Appliance) (err error) {
	in, _ := c.Location() // the configuration was checked
	a.reports, err = reporting.Open(reporting.Options{
		Shelf: a.store.Shelf(reporting.Follower), Store: logStore{a.store}, Location: in,
		Keep: c.Reporting.Kept(), Keys: c.Reporting.Keys, Logger: a.o.Logger,
	})
	return err
}

// useReports has days begin as a configuration has them.
func (a *Appliance) useReports(c *config.Appliance) {
	in, _ := c.Location() // the configuration was checked
	a.reports.Reload(in)
}

// Reports are what the event log came to, by key and by time.
func (a *Appliance) Reports() *reporting.Reports { return a.reports }

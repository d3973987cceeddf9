package config

import (
	"errors"
	"fmt"

	"esasim/appliance/slbl"
	"esasim/appliance/workqueue"
	"esasim/esa"
)

// SafelistBlocklist says how the end users' safelists and blocklists take part in the
// mail flow. Who is on them is no setting: users change that while mail flows.
type SafelistBlocklist struct {
	Enabled         bool   `yaml:"enabled"`          // false: nobody asks the lists, and they cannot be changed
	BlocklistAction string `yaml:"blocklist_action"` // what becomes of mail whose sender is on the recipient's blocklist
	MaxEntries      int    `yaml:"max_entries"`      // in each list of a user; a list that has more does not grow
}

func (c *SafelistBlocklist) check() error {
	var errs []error
	if c.BlocklistAction != slbl.Quarantine && c.BlocklistAction != slbl.Delete {
		errs = append(errs, fmt.Errorf("appliance.safelist_blocklist.blocklist_action: %q: want %s or %s", c.BlocklistAction, slbl.Quarantine, slbl.Delete))
	}
	if c.MaxEntries < 1 || c.MaxEntries > slbl.MostEntries {
		errs = append(errs, fmt.Errorf("appliance.safelist_blocklist.max_entries: %d: want 1 to %d", c.MaxEntries, slbl.MostEntries))
	}
	return errors.Join(errs...)
}

// Ask has antispam of all mail policies ask the lists first, if they are enabled.
func (c *SafelistBlocklist) Ask(lists *slbl.Lists, o *workqueue.Options) {
	if !c.Enabled {
		return
	}
	for _, table := range o.Policies {
		for _, p := range table {
			for i, s := range p.Stages {
				if s.Engine == esa.AntiSpam {
					p.Stages[i] = lists.Guard(s, c.BlocklistAction)
				}
			}
		}
	}
}

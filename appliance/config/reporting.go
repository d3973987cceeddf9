package config

import (
	"errors"
	"time"

	"esasim/appliance/reporting"
)

// Reporting says how what reports count is kept. What falls out of the minutes is still
// there in hours, and of hours in days.
type Reporting struct {
	Minutes time.Duration `yaml:"minutes"` // for how long it can be told apart by the minute
	Hours   time.Duration `yaml:"hours"`   // by the hour
	Days    time.Duration `yaml:"days"`    // by the day; older than that is gone
	// Keys is how many senders, users, subjects and so on are told apart in each bucket
	// of time. The largest are: when there are twice as many, the smallest are added
	// together.
	Keys int `yaml:"keys"`
}

func defaultReporting() Reporting {
	k := reporting.DefaultKeep()
	return Reporting{k.Minutes, k.Hours, k.Days, reporting.DefaultKeys}
}

// Kept is the configuration as reports read it.
func (r *Reporting) Kept() reporting.Keep {
	return reporting.Keep{Minutes: r.Minutes, Hours: r.Hours, Days: r.Days}
}

func (r *Reporting) check() error {
	var errs []error
	for _, k := range []struct {
		key         string
		got, least  time.Duration
		asked, than string
	}{
		{"minutes", r.Minutes, time.Minute, "1m", ""}, {"hours", r.Hours, max(r.Minutes, 2*time.Hour), "2h", "minutes"},
		{"days", r.Days, max(r.Hours, 48*time.Hour), "48h", "hours"},
	} {
		if k.got >= k.least {
			continue
		}
		text := "appliance.reporting." + k.key + ": must be at least " + k.asked
		if k.than != "" {
			text += ", and not less than " + k.than
		}
		errs = append(errs, errors.New(text))
	}
	if r.Keys < 10 || r.Keys > 100_000 {
		errs = append(errs, errors.New("appliance.reporting.keys: must be from 10 to 100000"))
	}
	return errors.Join(errs...)
}

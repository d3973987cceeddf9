package config_test

import (
	"strings"
	"testing"
	"time"

	"esasim/appliance/config"
)

// What reports keep must not get coarser and then finer again, and is bounded.
func TestReporting(t *testing.T) {
	for _, c := range []struct {
		change func(*config.Reporting)
		want   string
	}{
		{func(*config.Reporting) {}, ""},
		{func(r *config.Reporting) {
			*r = config.Reporting{Minutes: time.Minute, Hours: 2 * time.Hour, Days: 48 * time.Hour, Keys: 10}
		}, ""},
		{func(r *config.Reporting) { r.Minutes = 0 }, "appliance.reporting.minutes: must be at least 1m"},
		{func(r *config.Reporting) { r.Hours = time.Hour }, "appliance.reporting.hours: must be at least 2h, and not less than minutes"},
		{func(r *config.Reporting) { r.Hours = 1000 * time.Hour; r.Minutes = 2000 * time.Hour }, "appliance.reporting.hours: must be at least 2h, and not less than minutes"},
		{func(r *config.Reporting) { r.Days = -1 }, "appliance.reporting.days: must be at least 48h, and not less than hours"},
		{func(r *config.Reporting) { r.Keys = 9 }, "appliance.reporting.keys: must be from 10 to 100000"},
		{func(r *config.Reporting) { r.Keys = 1 << 20 }, "appliance.reporting.keys: must be from 10 to 100000"},
	} {
		a := config.Default()
		c.change(&a.Reporting)
		got := ""
		if err := a.Check(); err != nil {
			got = err.Error()
		}
		if got != c.want && (c.want == "" || !strings.Contains(got, c.want)) {
			t.Errorf("%+v: %q, want %q", a.Reporting, got, c.want)
		}
		b := config.Default()
		if keys := b.NeedsRestart(&a); (len(keys) == 1 && keys[0] == "appliance.reporting") != (a.Reporting != b.Reporting) {
			t.Errorf("%+v: needs a restart for %v", a.Reporting, keys)
		}
	}
}

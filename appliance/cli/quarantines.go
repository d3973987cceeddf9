package cli

import (
	"strings"
	"time"
)

// quarantineConfig lists the quarantines. Source of the form: AsyncOS CLI reference,
// quarantineconfig.
func quarantineConfig(c *call) error {
	if len(c.args) > 0 && strings.EqualFold(c.args[0], "list") {
		c.args = c.args[1:]
	}
	if err := c.noMore(); err != nil {
		return err
	}
	c.say("Currently configured quarantines:\n%3s  %-28s %-18s %-16s %s\n", "#", "Quarantine Name", "Retention Period", "Default Action", "Messages")
	for i, q := range c.Quarantines.List() {
		c.say("%3d  %-28s %-18s %-16s %d\n", i+1, clean(q.Name), period(q.Retention), title(q.Action), q.Messages)
	}
	return nil
}

// period is a span in the appliance's words: 12h, 10d.
func period(d time.Duration) string {
	switch day := 24 * time.Hour; {
	case d >= day && d%day == 0:
		return plain(d, day) + "d"
	case d%time.Hour == 0:
		return plain(d, time.Hour) + "h"
	case d%time.Minute == 0:
		return plain(d, time.Minute) + "m"
	}
	return d.String()
}

func plain(d, unit time.Duration) string { return grouped(uint64(d / unit)) }

func title(s string) string {
	if s == "" {
		return ""
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

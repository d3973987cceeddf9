package cli

import (
	"runtime"
	"time"

	"esasim/appliance/logs"
)

// clean makes a text fit for a terminal: what senders and users choose must not
// move its cursor.
func clean(s string) string { return logs.Clean(s) }

func version(c *call) error {
	if err := c.noMore(); err != nil {
		return err
	}
	c.say("Current Version\n===============\n")
	c.say("Product: Cisco %s %s\n", c.Model, c.Product)
	c.say("Model: %s\n", c.Model)
	c.say("Version: %s\n", c.Version)
	c.say("Serial #: %s\n", c.Serial)
	c.say("CPUs: %d expected, %d allocated\n", runtime.NumCPU(), runtime.NumCPU())
	c.say("RAID: NA\nRAID Status: Unknown\nRAID Type: NA\n")
	return nil
}

func date(c *call) error {
	if err := c.noMore(); err != nil {
		return err
	}
	c.say("%s\n", c.moment(time.Now()))
	return nil
}

func whoami(c *call) error {
	if err := c.noMore(); err != nil {
		return err
	}
	c.say("Username: %s\nRole: %s\n", clean(c.User.Name), c.User.Role)
	return nil
}

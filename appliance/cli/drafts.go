package cli

import (
	"errors"
	"strings"

	"esasim/appliance/changes"
)

// commit makes what was changed effective. Given its comment on the line it says
// nothing, which public clients take for success. Source of the question: AsyncOS CLI
// reference, commit.
func commit(c *call) error {
	asked := len(c.args) == 0
	comment, err := c.ask("\nPlease enter some comments describing your changes:\n", "")
	if err != nil {
		return err
	}
	if err := c.noMore(); err != nil {
		return err
	}
	from := changes.WithSource(c.ctx, "SSH, "+c.From)
	e, err := c.Changes.Commit(from, c.User.Name, clean(comment))
	switch {
	case errors.Is(err, changes.ErrNothing):
		c.say("There are no changes to commit.\n")
		return nil
	case err != nil:
		return err
	}
	if asked {
		c.say("\nChanges committed: %s\n", c.moment(e.At))
	}
	return nil
}

// showChanges shows what a commit would change. The form is ours.
func showChanges(c *call) error {
	if err := c.noMore(); err != nil {
		return err
	}
	pending := c.Changes.Pending(c.User.Name)
	if len(pending) == 0 {
		c.say("There are no uncommitted changes.\n")
	}
	for _, p := range pending {
		c.say("%s\n  Old value: %s\n  New value: %s\n", clean(p.Key), clean(p.Old), clean(p.New))
	}
	return nil
}

// clearChanges throws away what was changed.
func clearChanges(c *call) error {
	sure, err := c.confirm("Are you sure you want to clear all changes since the last commit?", true)
	if err != nil || !sure {
		return err
	}
	if err := c.noMore(); err != nil {
		return err
	}
	c.Changes.Clear(c.User.Name)
	c.say("Changes cleared.\n")
	return nil
}

// leave ends the session. Who has changed something and not committed it is asked.
func leave(c *call) error {
	if err := c.noMore(); err != nil {
		return err
	}
	if !c.once && len(c.Changes.Pending(c.User.Name)) > 0 {
		sure, err := c.confirm("\nThere are changes that have not been committed. Are you sure you want to exit?", false)
		if err != nil && !errors.Is(err, errLeft) || err == nil && !sure {
			return err
		}
	}
	c.left = true
	return nil
}

// The keys of what the commands change.
const (
	trackingKey = "appliance.tracking.enabled"
	rejectedKey = "appliance.tracking.rejected_connections"
	responseKey = "appliance.cloud_services.threat_response"
	serverKey   = "appliance.cloud_services.server"
)

// isOn tells whether a switch is on in the user's draft.
func (c *call) isOn(key string) (bool, error) {
	v, err := c.Changes.Value(c.User.Name, key)
	return strings.TrimSpace(v) == "true", err
}

// turn puts a switch into the user's draft.
func (c *call) turn(key string, on bool) error {
	return c.Changes.Set(c.User.Name, key, map[bool]string{true: "true", false: "false"}[on])
}

// trackingConfig turns message tracking on and off. Source of the dialogue: AsyncOS
// CLI reference, trackingconfig.
func trackingConfig(c *call) error {
	before := func() {
		on, err := c.isOn(trackingKey)
		state := map[bool]string{true: "enabled", false: "disabled"}[on]
		if err == nil {
			c.say("Message Tracking service status: Message Tracking is %s.\n", state)
		}
	}
	return c.operate(before, []operation{{"SETUP", "Enable Message Tracking for this appliance."}}, func(string) error {
		want, rejected, err := c.wantedTracking()
		if err == nil {
			err = c.noMore()
		}
		if err == nil {
			err = errors.Join(c.turn(trackingKey, want), c.turn(rejectedKey, rejected))
		}
		if err != nil {
			return err
		}
		c.say("\nLocal Message Tracking is %s.\n", map[bool]string{true: "enabled", false: "disabled"}[want])
		if want {
			c.say("Rejected connections are currently %sbeing tracked.\n", map[bool]string{true: "", false: "not "}[rejected])
		}
		return nil
	})
}

// wantedTracking asks whether messages are tracked, and rejected connections. What is
// not answered on a line of arguments stays as it is.
func (c *call) wantedTracking() (want, rejected bool, err error) {
	on, err := c.isOn(trackingKey)
	if err == nil {
		rejected, err = c.isOn(rejectedKey)
	}
	if err == nil {
		want, err = c.confirm("Would you like to use the Message Tracking Service?", on)
	}
	if err != nil || !want {
		return want, rejected, err
	}
	central, err := c.confirm("Do you want to use Centralized Message Tracking for this appliance?", false)
	if err != nil && !errors.Is(err, errLeft) {
		return want, rejected, err
	}
	if central {
		return want, rejected, failed("Centralized Message Tracking is not available on this appliance.")
	}
	before := rejected
	rejected, err = c.confirm("Would you like to track rejected connections?", before)
	if errors.Is(err, errLeft) {
		return want, before, nil
	}
	return want, rejected, err
}

// threatResponseConfig turns Threat Response on and off.
func threatResponseConfig(c *call) error {
	on, err := c.isOn(responseKey)
	if err != nil {
		return err
	}
	ops := []operation{{"ENABLE", "To enable the Cisco Threat Response feature on your appliance."}}
	if on {
		ops = []operation{{"DISABLE", "To disable the Cisco Threat Response feature on your appliance."}}
	}
	return c.operateOnce(ops, func(name string) error {
		if err := c.noMore(); err != nil {
			return err
		}
		if err := c.turn(responseKey, name == "ENABLE"); err != nil {
			return err
		}
		c.say("The Cisco Threat Response feature is %s. Commit your changes to make it effective.\n", strings.ToLower(name)+"d")
		return nil
	})
}

package cli

import (
	"errors"
	"strings"
	"time"
)

// workQueue shows the work queue, and pauses and resumes it. Source: AsyncOS user
// guide, "Managing the Work Queue", and its CLI reference.
func workQueue(c *call) error {
	ops := []operation{{"STATUS", "Display work queue status."}, {"PAUSE", "Pause the work queue."}, {"RATE", "Display work queue statistics over time."}}
	if c.Queue.Paused() {
		ops[1] = operation{"RESUME", "Resume the work queue."}
	}
	if len(c.args) > 0 && strings.EqualFold(c.args[0], "pause") && c.Queue.Paused() {
		return failed("The work queue is paused already.")
	}
	if len(c.args) > 0 && strings.EqualFold(c.args[0], "resume") && !c.Queue.Paused() {
		return failed("The work queue is not paused.")
	}
	return c.operate(c.queueStatus, ops, func(name string) error {
		switch name {
		case "STATUS":
			if err := c.noMore(); err != nil {
				return err
			}
			c.queueStatus()
			return nil
		case "RATE":
			return c.queueRate()
		}
		if !c.User.Role.MayChange() {
			return c.forbidden()
		}
		c.acts = "workqueue " + strings.ToLower(name)
		if name == "RESUME" {
			return c.resumeQueue()
		}
		return c.pauseQueue()
	})
}

func (c *call) queueStatus() {
	c.say("Status as of: %s\n", c.moment(time.Now()))
	c.say("Status:   %s\n", c.queueWords())
	c.say("Messages: %d\n", c.Gauges(c.ctx).WorkQueue)
}

// queueWords say how the work queue stands. Who paused it by other means has said
// no reason.
func (c *call) queueWords() string {
	if !c.Queue.Paused() {
		return "Operational"
	}
	c.cli.mu.Lock()
	defer c.cli.mu.Unlock()
	if c.cli.paused == "" {
		return "Paused"
	}
	return "Paused by " + c.cli.paused
}

func (c *call) pauseQueue() error {
	sure, err := c.confirm("Manually pause work queue?  This will only affect unprocessed messages.", false)
	if err != nil || !sure {
		return err
	}
	reason, err := c.ask("Reason for pausing work queue:\n", "")
	if err != nil && !errors.Is(err, errLeft) {
		return err
	}
	if err := c.noMore(); err != nil {
		return err
	}
	by := strings.TrimSuffix(c.User.Name+": "+reason, ": ")
	c.cli.mu.Lock()
	c.cli.paused = clean(by)
	c.cli.mu.Unlock()
	c.Queue.Pause()
	c.say("\n")
	c.queueStatus()
	return nil
}

func (c *call) resumeQueue() error {
	if err := c.noMore(); err != nil {
		return err
	}
	c.Queue.Resume()
	c.cli.mu.Lock()
	c.cli.paused = ""
	c.cli.mu.Unlock()
	c.queueStatus()
	return nil
}

// rateEvery is how many seconds are between the lines of the rate, usually.
const rateEvery = 10

// queueRate shows the work queue over time, until Ctrl-C is pressed.
func (c *call) queueRate() error {
	every := rateEvery
	if len(c.args) > 0 {
		var err error
		if every, err = c.number("", rateEvery, 1, 3600); err != nil {
			return err
		}
	}
	if err := c.noMore(); err != nil {
		return err
	}
	c.out.unpaged = true
	c.say("Type Ctrl-C to return to the main prompt.\n\nTime         Pending     In    Out\n")
	pending, entered := c.Gauges(c.ctx).WorkQueue, c.Status.Entered()
	tick := time.NewTicker(time.Duration(every) * time.Second)
	defer tick.Stop()
	for {
		now, in := c.Gauges(c.ctx).WorkQueue, c.Status.Entered()
		came := int(in - entered)
		c.say("%s %11d %6d %6d\n", time.Now().In(c.Location).Format(time.TimeOnly), now, came, max(came-(now-pending), 0))
		c.out.flush()
		pending, entered = now, in
		select {
		case <-c.ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

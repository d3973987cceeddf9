package cli

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"esasim/appliance/status"
)

// labels are what each counter is called, and how deep its line stands. Source: AsyncOS user
// guide, "Reading the Counters".
func labels() [status.Counters]string {
	return [status.Counters]string{
		status.Messages: "    Messages Received", status.Recipients: "    Recipients Received", status.BounceRecipients: "    Gen. Bounce Recipients",
		status.Rejected: "    Rejected Recipients", status.Dropped: "    Dropped Messages", status.SoftBounces: "    Soft Bounced Events",
		status.Completed: "    Completed Recipients", status.HardBounced: "      Hard Bounced Recipients", status.DNSHardBounced: "        DNS Hard Bounces",
		status.FiveXXHardBounced: "        5XX Hard Bounces", status.FilterHardBounced: "        Filter Hard Bounces", status.ExpiredHardBounced: "        Expired Hard Bounces",
		status.OtherHardBounced: "        Other Hard Bounces", status.Delivered: "      Delivered Recipients", status.Deleted: "      Deleted Recipients",
		status.Unsubscribed: "      Global Unsub. Hits",
	}
}

// headings stand before counters.
func headings(n status.Counter) string {
	switch n {
	case status.Messages:
		return "  Receiving"
	case status.Rejected:
		return "  Rejection"
	case status.SoftBounces:
		return "  Queue"
	case status.Completed:
		return "  Completion"
	}
	return ""
}

// inShort are the counters of "status"; "status detail" has all.
func inShort(n status.Counter) bool {
	switch n {
	case status.Messages, status.Recipients, status.Rejected, status.Dropped, status.SoftBounces, status.Completed:
		return true
	}
	return false
}

// showStatus is "status" and "status detail". Source of sections and labels: AsyncOS
// user guide, "Monitoring System Health and Status".
func showStatus(c *call) error {
	detail := len(c.args) > 0 && strings.EqualFold(c.args[0], "detail")
	if detail {
		c.args = c.args[1:]
	}
	if err := c.noMore(); err != nil {
		return err
	}
	n, g := c.Status.Counted(), c.Gauges(c.ctx)
	c.heads(&n, &g)
	c.counters(&n, detail)
	if detail {
		c.rates(&n)
	}
	c.gauges(&g, detail)
	return nil
}

func (c *call) heads(n *status.Counted, g *status.Gauges) {
	reset := "Never"
	if !n.Reset.IsZero() {
		reset = c.moment(n.Reset)
	}
	oldest := "No Messages"
	if g.Oldest.MID != 0 {
		oldest = age(g.Oldest.Age)
	}
	for _, l := range [][2]string{
		{"Status as of:", c.moment(n.At)}, {"Up since:", c.moment(n.Since) + " (" + age(n.At.Sub(n.Since)) + ")"},
		{"Last counter reset:", reset}, {"System status:", g.System}, {"Oldest Message:", oldest},
	} {
		c.say("%-31s%s\n", l[0], l[1])
	}
}

// age is a span as the appliance shows it: "4h 41m 6s".
func age(d time.Duration) string {
	var b strings.Builder
	left := int64(max(d, 0) / time.Second)
	for _, u := range []struct {
		name string
		of   int64
	}{{"d", 24 * 3600}, {"h", 3600}, {"m", 60}} {
		if left >= u.of || b.Len() > 0 {
			fmt.Fprintf(&b, "%d%s ", left/u.of, u.name)
			left %= u.of
		}
	}
	fmt.Fprintf(&b, "%ds", left)
	return b.String()
}

func (c *call) counters(n *status.Counted, detail bool) {
	c.say("%-31s%16s%16s%16s\n", "Counters:", "Reset", "Uptime", "Lifetime")
	for i := range status.Counters {
		if !detail && !inShort(i) {
			continue
		}
		if h := headings(i); h != "" {
			c.say("%s\n", h)
		}
		c.say("%-31s%16s%16s%16s\n", labels()[i], grouped(n.Counts[i]), grouped(n.Uptime[i]), grouped(n.Lifetime[i]))
	}
	c.say("Current IDs\n")
	for _, l := range []struct {
		name string
		id   uint64
	}{{"  Message ID (MID)", uint64(n.IDs.MID)}, {"  Injection Conn. ID (ICID)", uint64(n.IDs.ICID)}, {"  Delivery Conn. ID (DCID)", uint64(n.IDs.DCID)}} {
		c.say("%-31s%48d\n", l.name, l.id)
	}
}

func (c *call) rates(n *status.Counted) {
	c.say("%-31s%16s%16s%16s\n", "Rates (Events Per Hour):", "1-Minute", "5-Minutes", "15-Minutes")
	for _, i := range status.Rated() {
		if h := headings(i); h != "" {
			c.say("%s\n", h)
		}
		r := n.Rates[i]
		c.say("%-31s%16s%16s%16s\n", labels()[i], grouped(r.One), grouped(r.Five), grouped(r.Fifteen))
	}
}

func (c *call) gauges(g *status.Gauges, detail bool) {
	c.say("%-33s%14s\n", "Gauges:", "Current")
	percent := func(n int) string { return strconv.Itoa(n) + "%" }
	count := func(n int64) string { return grouped(uint64(max(n, 0))) }
	lines := []struct {
		detail      bool
		name, value string
	}{
		{true, "  System", ""}, {true, "    RAM Utilization", percent(g.RAM)}, {true, "    CPU Utilization", ""}, {true, "      MGA", percent(g.Process)}, {true, "      Total", percent(g.CPU)},
		{true, "    Disk I/O Utilization", percent(g.DiskIO)}, {true, "    Resource Conservation", strconv.Itoa(g.Conservation)},
		{true, "    Logging Disk Usage", percent(g.LogUsed)}, {true, "    Logging Disk Available", strconv.FormatInt(g.LogAvailable>>30, 10) + "G"},
		{false, "  Connections", ""}, {false, "    Current Inbound Conn.", count(int64(g.Inbound))}, {false, "    Current Outbound Conn.", count(int64(g.Outbound))},
		{false, "  Queue", ""}, {false, "    Active Recipients", count(int64(g.Active()))}, {true, "      Unattempted Recipients", count(int64(g.Unattempted))}, {true, "      Attempted Recipients", count(int64(g.Attempted))},
		{false, "    Messages In Work Queue", count(int64(g.WorkQueue))}, {true, "    Destinations In Memory", count(int64(g.Destinations))},
		{false, "    Kilobytes Used", count(g.Used >> 10)}, {false, "    Kilobytes Free", count(g.Free >> 10)},
		{false, "  Quarantine", ""}, {false, "    Messages In Quarantine", ""}, {false, "      Policy, Virus and Outbreak", count(int64(g.Quarantined))},
		{false, "    Kilobytes In Quarantine", ""}, {false, "      Policy, Virus and Outbreak", count(g.QuarantineUsed >> 10)},
	}
	for _, l := range lines {
		switch {
		case l.detail && !detail:
		case l.value == "":
			c.say("%s\n", l.name)
		default:
			c.say("%-33s%14s\n", l.name, l.value)
		}
	}
}

// rate shows what comes and goes, until Ctrl-C is pressed. Source of the form: AsyncOS
// CLI reference, rate.
func rate(c *call) error {
	every := rateEvery
	var err error
	if len(c.args) > 0 {
		if every, err = c.number("", rateEvery, 1, 3600); err != nil {
			return err
		}
	} else if every, err = c.number("Enter the number of seconds between displays.\n", rateEvery, 1, 3600); err != nil {
		return err
	}
	if err := c.noMore(); err != nil {
		return err
	}
	c.out.unpaged = true
	c.say("Hit Ctrl-C to return to the main prompt.\n\n%-8s %11s %11s %7s %11s %7s %11s %7s %9s\n%-8s %5s %5s %11s %7s %11s %7s %11s %7s %9s\n",
		"Time", "Connections", "Recipients", "", "Recipients", "", "Queue", "", "", "", "In", "Out", "Received", "Delta", "Completed", "Delta", "Messages", "Delta", "K-Used")
	tick := time.NewTicker(time.Duration(every) * time.Second)
	defer tick.Stop()
	var received, completed, queued uint64
	for first := true; ; first = false {
		n, g := c.Status.Counted(), c.Gauges(c.ctx)
		r, done, q := n.Lifetime[status.Recipients], n.Lifetime[status.Completed], uint64(c.Delivery.Standing().Messages)
		if first {
			received, completed, queued = r, done, q
		}
		c.say("%s %5d %5d %11d %7d %11d %7d %11d %7d %9d\n", time.Now().In(c.Location).Format(time.TimeOnly), g.Inbound, g.Outbound,
			r, r-received, done, done-completed, q, int64(q)-int64(queued), g.Used>>10)
		c.out.flush()
		received, completed, queued = r, done, q
		select {
		case <-c.ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// resetCounters has the counters begin anew.
func resetCounters(c *call) error {
	if err := c.noMore(); err != nil {
		return err
	}
	if err := c.Status.Reset(); err != nil {
		return err
	}
	c.say("Counters reset: %s\n", c.moment(time.Now()))
	return nil
}

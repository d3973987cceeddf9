package status

import (
	"strings"

	"esasim/esa"
)

// Counter is one of the numbers that only grow until they are reset. Its value is
// its place in the appliance's status. Source: AsyncOS user guide, "Reading the
// Counters".
type Counter int

// The counters, in the order of the appliance's status.
const (
	Messages           Counter = iota // received from outside
	Recipients                        // of these
	BounceRecipients                  // of bounce messages that were made
	Rejected                          // recipients: refused one by one, or with their whole transaction
	Dropped                           // messages: by filters and engines
	SoftBounces                       // recipients that were delayed, counted each time
	Completed                         // recipients: hard bounced, delivered or deleted
	HardBounced                       // recipients, of the five kinds that follow
	DNSHardBounced                    // their host is not known
	FiveXXHardBounced                 // their host refused them for good
	FilterHardBounced                 // a filter or an engine bounced them
	ExpiredHardBounced                // they waited too long
	OtherHardBounced
	Delivered // recipients
	Deleted   // recipients: taken out of the delivery queue; nothing does that yet
	Unsubscribed

	Counters // how many there are
)

// names are those of /xml/status. Source: published samples.
func names() [Counters]string {
	return [...]string{"inj_msgs", "inj_recips", "gen_bounce_recips", "rejected_recips", "dropped_msgs",
		"soft_bounced_evts", "completed_recips", "hard_bounced_recips", "dns_hard_bounced_recips",
		"5xx_hard_bounced_recips", "filter_hard_bounced_recips", "expired_hard_bounced_recips",
		"other_hard_bounced_recips", "delivered_recips", "deleted_recips", "global_unsub_hits"}
}

// String is the counter's name in /xml/status: "inj_msgs".
func (c Counter) String() string { return names()[c] }

// Counts are the values of all counters.
type Counts [Counters]uint64

func (c *Counts) add(d *Counts) {
	for i, n := range d {
		c[i] += n
	}
}

// count adds what an entry of the log tells of. An entry that ends a transaction
// has all that was said in it, so an entry can be counted without any other.
func (c *Counts) count(events []esa.Event) {
	given, made := uint64(0), false
	for i := range events {
		switch e := &events[i]; e.Kind {
		case esa.MessageStarted:
			given, made = 0, e.Other != 0
		case esa.RecipientGiven:
			given++
		case esa.MessageReady:
			if !made {
				c[Messages]++
				c[Recipients] += given
			}
		case esa.MessageAborted:
			c[Rejected] += given
		case esa.RecipientRejected:
			c[Rejected]++
		case esa.BounceGenerated: // it has one recipient: the sender of the one that bounced
			c[BounceRecipients]++
		case esa.MessageDropped:
			c[Dropped]++
		default:
			c.delivery(e)
		}
	}
}

// delivery counts what became of recipients.
func (c *Counts) delivery(e *esa.Event) {
	n := uint64(len(e.RIDs))
	switch e.Kind {
	case esa.RecipientDelayed:
		c[SoftBounces] += n
	case esa.RecipientDelivered:
		c[Delivered] += n
		c[Completed] += n
	case esa.RecipientBounced:
		c.hard(why(e), n)
	case esa.MessageBounced:
		c.hard(FilterHardBounced, max(n, 1)) // old logs do not say how many
	}
}

func (c *Counts) hard(kind Counter, n uint64) {
	c[kind] += n
	c[HardBounced] += n
	c[Completed] += n
}

// why is the kind of a hard bounce. Which answer is of which kind is inferred from
// the names: a host that is not known has no answer of its own.
func why(e *esa.Event) Counter {
	switch {
	case strings.HasPrefix(e.Name, "5.4.7 "):
		return ExpiredHardBounced
	case strings.HasPrefix(e.Text, "5"):
		return FiveXXHardBounced
	case strings.HasPrefix(e.Name, "5.1.2 "):
		return DNSHardBounced
	}
	return OtherHardBounced
}

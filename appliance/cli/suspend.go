package cli

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// suspendListener and its sisters stop and begin intake and delivery. Source of the
// dialogues: AsyncOS user guide, "Suspending Receiving and Delivery of Emails". What
// is under way is finished, however long it takes; so nobody waits for it.
func suspendListener(c *call) error {
	chosen, err := c.chooseListeners("suspend")
	if err != nil {
		return err
	}
	if err := cmp.Or(c.grace(), c.noMore()); err != nil {
		return err
	}
	c.say("Waiting for listeners to exit...\n")
	for _, l := range chosen {
		l.Suspend()
		c.say("Receiving suspended for %s.\n", clean(l.Interface()))
	}
	return nil
}

func resumeListener(c *call) error {
	chosen, err := c.chooseListeners("resume")
	if err != nil {
		return err
	}
	if err := c.noMore(); err != nil {
		return err
	}
	for _, l := range chosen {
		l.Resume()
		c.say("Receiving resumed for %s.\n", clean(l.Interface()))
	}
	return nil
}

// chooseListeners asks which listeners are meant: their numbers or names.
func (c *call) chooseListeners(verb string) ([]Listener, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "\nChoose the listener(s) you wish to %s.\nSeparate multiple entries with commas.\n1. All\n", verb)
	for i, l := range c.Listeners {
		fmt.Fprintf(&b, "%d. %s\n", i+2, clean(l.Interface()))
	}
	answer, err := c.ask(b.String(), "1")
	if err != nil {
		return nil, err
	}
	var out []Listener
	for _, word := range list(answer) {
		n, err := strconv.Atoi(word)
		if n == 1 && err == nil || strings.EqualFold(word, "all") {
			return c.Listeners, nil
		}
		i := slices.IndexFunc(c.Listeners, func(l Listener) bool { return strings.EqualFold(l.Interface(), word) })
		if err == nil {
			i = n - 2
		}
		if i < 0 || i >= len(c.Listeners) {
			return nil, failed("The listener %s does not exist.", clean(word))
		}
		out = append(out, c.Listeners[i])
	}
	return out, nil
}

// grace asks how long connections have, as the appliance does.
func (c *call) grace() error {
	_, err := c.number("\nEnter the number of seconds to wait before abruptly closing connections.\n", 30, 0, 3600)
	return err
}

// list is what stands between commas.
func list(answer string) []string {
	var out []string
	for word := range strings.SplitSeq(answer, ",") {
		if word = strings.TrimSpace(word); word != "" {
			out = append(out, word)
		}
	}
	return out
}

func suspendDelivery(c *call) error {
	if len(c.args) == 1 && !isNumber(c.args[0]) { // the domains alone
		c.args = []string{"30", c.args[0]}
	}
	if err := c.grace(); err != nil {
		return err
	}
	domains, err := c.domains("\nEnter one or more domains [comma-separated] to which you want to suspend delivery.\n")
	if err != nil {
		return err
	}
	c.say("Waiting for outgoing deliveries to finish...\n")
	c.Delivery.Suspend(domains...)
	c.say("Mail delivery suspended%s.\n", to(domains))
	return nil
}

func resumeDelivery(c *call) error {
	all, held := c.Delivery.Suspended()
	if !all && len(held) == 0 {
		return failed("Mail delivery is not suspended.")
	}
	var b strings.Builder
	if len(held) > 0 {
		b.WriteString("\nCurrently suspended domains/subdomains:\n")
	}
	for i, d := range held {
		fmt.Fprintf(&b, "%d. %s\n", i+1, clean(d))
	}
	b.WriteString("\nEnter one or more domains [comma-separated] to which you want to resume delivery.\n")
	domains, err := c.domains(b.String())
	if err != nil {
		return err
	}
	c.Delivery.Resume(domains...)
	c.say("Mail delivery resumed%s.\n", to(domains))
	return nil
}

func isNumber(s string) bool { _, err := strconv.Atoi(s); return err == nil }

// mostDomains are how many an order may name.
const mostDomains = 1000

// domains asks for domains; none are all.
func (c *call) domains(text string) ([]string, error) {
	answer, err := c.ask(text, "ALL")
	if err != nil {
		return nil, err
	}
	if err := c.noMore(); err != nil {
		return nil, err
	}
	if strings.EqualFold(answer, "all") {
		return nil, nil
	}
	domains := list(answer)
	if len(domains) == 0 || len(domains) > mostDomains {
		return nil, failed("Enter 1 to %d domains.", mostDomains)
	}
	for _, d := range domains {
		if len(d) > 255 || strings.ContainsAny(d, "@ *") || strings.ContainsFunc(d, func(r rune) bool { return r < ' ' }) {
			return nil, failed("The domain %.100s is not valid.", clean(d))
		}
	}
	return domains, nil
}

func to(domains []string) string {
	if len(domains) == 0 {
		return ""
	}
	return " to " + clean(strings.Join(domains, ", "))
}

// suspendAll is "suspend": intake and delivery.
func suspendAll(c *call) error {
	if err := cmp.Or(c.grace(), c.noMore()); err != nil {
		return err
	}
	for _, l := range c.Listeners {
		l.Suspend()
		c.say("Receiving suspended for %s.\n", clean(l.Interface()))
	}
	c.Delivery.Suspend()
	c.say("Mail delivery suspended.\n")
	return nil
}

// resumeAll is "resume".
func resumeAll(c *call) error {
	if err := c.noMore(); err != nil {
		return err
	}
	for _, l := range c.Listeners {
		l.Resume()
		c.say("Receiving resumed for %s.\n", clean(l.Interface()))
	}
	c.Delivery.Resume()
	c.say("Mail delivery resumed.\n")
	return nil
}

// deliverNow has what waits tried at once.
func deliverNow(c *call) error {
	domains, err := c.domains("\nEnter one or more domains [comma-separated] to which you want to deliver now.\n")
	if err != nil {
		return err
	}
	c.Delivery.Retry(domains...)
	c.say("Rescheduling messages for delivery%s.\n", to(domains))
	return nil
}

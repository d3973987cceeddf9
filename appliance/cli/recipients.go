package cli

import (
	"errors"
	"strings"

	"esasim/appliance/delivery"
	"esasim/esa"
)

// showRecipients shows what is in the delivery queue. Source of the form: AsyncOS CLI
// reference, showrecipients.
func showRecipients(c *call) error {
	wanted, err := c.whichRecipients()
	if err != nil {
		return err
	}
	if err := c.noMore(); err != nil {
		return err
	}
	mids, err := c.Messages.Open(c.ctx)
	if err != nil {
		return err
	}
	c.say("\nShowing messages, please wait.\n\n")
	c.say("%-18s%-9s%-25s%s\n%-18s%-9s%s\n\n", "MID/", "Bytes/", "Sender/", "Subject", "[RID]", "[Atmps]", "Recipient")
	for _, mid := range mids {
		m, err := c.Messages.Message(c.ctx, mid)
		if c.ctx.Err() != nil {
			return nil
		}
		if err != nil {
			if errors.Is(err, ErrGone) {
				continue
			}
			return err
		}
		c.showMessage(&m, wanted)
		if c.out.err != nil {
			return nil
		}
	}
	return nil
}

// whichRecipients asks which ones are meant.
func (c *call) whichRecipients() (func(*esa.Message, *esa.Recipient) bool, error) {
	if len(c.args) > 0 {
		c.args[0] = byWord(c.args[0], "host", "sender", "all")
	}
	by, err := c.number("\nPlease select how you would like to show messages:\n1. By recipient host.\n2. By Envelope From address.\n3. All.\n", 1, 1, 3)
	if err != nil || by == 3 {
		return func(*esa.Message, *esa.Recipient) bool { return true }, err
	}
	question := "\nPlease enter the hostname for the messages you wish to show.\n"
	if by == 2 {
		question = "\nPlease enter the Envelope From address for the messages you wish to show.\n"
	}
	answer, err := c.ask(question, "")
	if err != nil {
		return nil, err
	}
	if by == 1 {
		return func(_ *esa.Message, r *esa.Recipient) bool {
			return strings.EqualFold(delivery.Domain(r.Address), answer)
		}, nil
	}
	return func(m *esa.Message, _ *esa.Recipient) bool {
		return strings.EqualFold(m.Sender, strings.Trim(answer, "<>"))
	}, nil
}

// byWord is the number of a word among others, or what was given.
func byWord(given string, words ...string) string {
	for i, w := range words {
		if strings.EqualFold(given, w) {
			return string(rune('1' + i))
		}
	}
	return given
}

// showMessage shows a message with those of its recipients that are waiting.
func (c *call) showMessage(m *esa.Message, wanted func(*esa.Message, *esa.Recipient) bool) {
	shown := false
	for i := range m.Recipients {
		r := &m.Recipients[i]
		if r.State != esa.Queued && r.State != esa.Delayed || !wanted(m, r) {
			continue
		}
		if !shown {
			c.say("%-18d%-9d%-24s %s\n", m.MID, m.Size, clean(m.Sender), clean(m.OwnSubject()))
			shown = true
		}
		c.say("[%d]%*s[%d]%*s%s\n", r.RID, 16-digits(int(r.RID)), "", r.Attempts, 7-digits(r.Attempts), "", clean(r.Address))
	}
	if shown {
		c.say("\n")
	}
}

// digits are those of a number, seven at most.
func digits(n int) int {
	d := 1
	for n >= 10 && d < 7 {
		n, d = n/10, d+1
	}
	return d
}

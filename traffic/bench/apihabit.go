package main

import (
	"bytes"
	"context"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// habit is something that clients of the API do: the packs, connectors and scripts
// that are public.
type habit struct {
	what string
	do   func(c *apiClient, ctx context.Context, what string) error
}

// apiHabits are done in turn; each client begins at another one.
func apiHabits() []habit {
	text := func(field, operator string, of func(sample) string) func(*apiClient, context.Context, string) error {
		return func(c *apiClient, ctx context.Context, what string) error {
			x := c.draw(func(s sample) bool { return of(s) != "" })
			return c.find(ctx, what, x, url.Values{field + "Operator": {operator}, field + "Value": {of(x)}})
		}
	}
	word := func(name string, of func(sample) string) func(*apiClient, context.Context, string) error {
		return func(c *apiClient, ctx context.Context, what string) error {
			x := c.draw(func(s sample) bool { return of(s) != "" })
			return c.find(ctx, what, x, url.Values{name: {of(x)}})
		}
	}
	happened := func(days int, name string, values ...string) func(*apiClient, context.Context, string) error {
		return func(c *apiClient, ctx context.Context, what string) error {
			return c.pages(ctx, what, since(time.Now().AddDate(0, 0, -days), url.Values{name: {values[c.dice.IntN(len(values))]}}))
		}
	}
	const sender, recipient, subject = "envelopeSenderfilter", "envelopeRecipientfilter", "subjectfilter"
	return []habit{
		{"newest of the last day, pages of 100", func(c *apiClient, ctx context.Context, what string) error {
			return c.pages(ctx, what, since(time.Now().AddDate(0, 0, -1), url.Values{"searchOption": {"messages"}}))
		}},
		{"sender is", text(sender, "is", func(s sample) string { return s.sender })},
		{"sender contains", text(sender, "contains", sample.domain)},
		{"sender begins with", text(sender, "begins_with", sample.beginning)},
		{"details", (*apiClient).details},
		{"recipient is", text(recipient, "is", func(s sample) string { return s.recipient })},
		{"recipient contains", text(recipient, "contains", func(s sample) string { return s.recipient[:strings.IndexByte(s.recipient+"@", '@')] })},
		{"subject contains", text(subject, "contains", sample.phrase)},
		{"MID", word("ciscoMid", func(s sample) string { return strconv.FormatUint(uint64(s.mid), 10) })},
		{"message-id", word("messageIdHeader", func(s sample) string { return s.messageID })},
		{"deliveryStatus, a week, pages of 100", happened(7, "deliveryStatus", "DROPPED", "BOUNCED", "DELIVERED")},
		{"details", (*apiClient).details},
		{"spamPositive, a week, pages of 100", happened(7, "spamPositive", "True")},
		{"SHA-256", word("fileSha256", func(s sample) string { return s.sha256 })},
		{"sender IP", word("senderIp", sample.address)},
		{"ipReputation, a month, pages of 100", happened(30, "ipReputation", "-1", "2", "5")},
		{"geoLocation, a month, pages of 100", happened(30, "geoLocation", "Germany", "Germany,France,Japan")},
	}
}

// draw takes one of the messages that have something. Some have: who drew them
// saw to it.
func (c *apiClient) draw(has func(sample) bool) sample {
	for {
		if x := c.samples[c.dice.IntN(len(c.samples))]; has(x) {
			return x
		}
	}
}

// details asks for all that happened to a message.
func (c *apiClient) details(ctx context.Context, what string) error {
	x := c.draw(func(sample) bool { return true })
	mid := strconv.FormatUint(uint64(x.mid), 10)
	body, err := c.call(ctx, what, "message-tracking/details", url.Values{"mid": {mid}})
	if err == nil && !bytes.Contains(body, []byte(`"mid":[`+mid+`]`)) {
		err = fmt.Errorf("MID %s: %s", mid, body)
	}
	return err
}

// domain is what follows the @ of the sender's address.
func (s sample) domain() string {
	_, domain, _ := strings.Cut(s.sender, "@")
	return domain
}

// phrase are two words of the subject that follow each other.
func (s sample) phrase() string {
	words := strings.Fields(s.subject)
	if len(words) < 2 {
		return ""
	}
	return words[0] + " " + words[1]
}

func (s sample) address() string {
	if !s.source.IsValid() {
		return ""
	}
	return s.source.String()
}

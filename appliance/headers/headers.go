// Package headers makes the header fields that the appliance adds to a message
// before it hands it over to a host. They are a function of what the log says of
// the message: they are put before the content while it is read, and kept nowhere.
package headers

import (
	"fmt"
	"io"
	"strings"

	"esasim/esa"
	"esasim/internal/rawmime"
	"esasim/smtp/auth"
)

// Fields are those that are added.
type Fields struct {
	Received       bool // Received
	Authentication bool // Authentication-Results
	SPF            bool // Received-SPF
	IronPort       bool // X-IronPort-RemoteIP, -MID, -Reputation, -Listener, -SenderGroup, -MailFlowPolicy
	AntiSpam       bool // X-IronPort-Anti-Spam-Filtered and -Result
	AntiVirus      bool // X-IronPort-AV
	AMP            bool // X-Amp-Result
	SLBL           bool // X-SLBL-Result, of mail whose sender is on a safelist or blocklist
}

// Adder adds fields in the name of an appliance.
type Adder struct {
	Host   string // the appliance's name
	Fields Fields
}

// Deliver reads a message as hosts are given it: content, with the fields that are
// added. If Authentication-Results is one of them, those that came with the message
// in this appliance's name are left out (RFC 8601, section 5): nobody could tell
// them from ours.
func (a Adder) Deliver(m *esa.Message, content io.Reader) io.Reader {
	if a.Fields.Authentication {
		content = without(a.Host, content)
	}
	return io.MultiReader(strings.NewReader(a.added(m)), content)
}

// added are the fields in the order in which they stand, the last one added first.
func (a Adder) added(m *esa.Message) string {
	var b builder
	if a.Fields.Authentication {
		b.folded("Authentication-Results", auth.Header(a.Host, &m.Auth))
	}
	if a.Fields.SPF {
		a.spf(&b, m)
	}
	b.verdicts(a.Fields, m)
	if !m.Source.Remote.IsValid() { // made here, and from no message that came by a connection
		return b.String()
	}
	if a.Fields.IronPort {
		s := &m.Source
		b.field("X-IronPort-RemoteIP", s.Remote.String())
		b.field("X-IronPort-MID", m.MID.String())
		b.field("X-IronPort-Reputation", s.SBRS)
		b.field("X-IronPort-Listener", s.Listener)
		b.field("X-IronPort-SenderGroup", s.Group)
		b.field("X-IronPort-MailFlowPolicy", s.Rule)
	}
	if a.Fields.Received {
		a.received(&b, m)
	}
	return b.String()
}

// received says where a message came from and when, in the form of published
// samples. What the log does not know is left out.
func (a Adder) received(b *builder, m *esa.Message) {
	from := rawmime.OneLine(m.Source.Host)
	if from == "" {
		from = "unknown"
	}
	if m.HELO != "" {
		from += " (HELO " + comment(m.HELO) + ")"
	}
	with := "ESMTP"
	if _, cipher, ok := strings.Cut(m.TLS, " "); ok {
		with += "/TLS/" + rawmime.OneLine(cipher)
	}
	fmt.Fprintf(b, "Received: from %s ([%s])\r\n  by %s with %s; %s\r\n", from, m.Source.Remote, a.Host, with,
		m.Received.UTC().Format("02 Jan 2006 15:04:05 -0700"))
}

// verdicts are the fields of the engines. Those that did not look at the message
// have none.
func (b *builder) verdicts(f Fields, m *esa.Message) {
	if m.Listed && f.SLBL {
		b.field("X-SLBL-Result", map[esa.Verdict]string{esa.Negative: "SAFE-LISTED", esa.Positive: "BLOCK-LISTED"}[m.Verdicts[esa.AntiSpam]])
	}
	if v := m.Verdicts[esa.AntiSpam]; f.AntiSpam && !m.Listed && v != esa.NotEvaluated && v != esa.Skipped {
		b.field("X-IronPort-Anti-Spam-Filtered", "true")
		b.field("X-IronPort-Anti-Spam-Result", word(v))
	}
	if v := m.Verdicts[esa.AntiVirus]; f.AntiVirus && v != esa.NotEvaluated {
		b.field("X-IronPort-AV", "E=Sophos; v="+word(v))
	}
	if v := m.Verdicts[esa.AMP]; f.AMP && v != esa.NotEvaluated {
		b.field("X-Amp-Result", ampWord(v))
	}
}

// word is a verdict as the Consolidated Event Log has it.
func word(v esa.Verdict) string {
	switch v {
	case esa.Negative:
		return "NEGATIVE"
	case esa.Suspect:
		return "SUSPECT"
	case esa.Repaired:
		return "REPAIRED"
	case esa.Encrypted:
		return "ENCRYPTED"
	case esa.Unscannable:
		return "UNSCANNABLE"
	}
	return "POSITIVE"
}

func ampWord(v esa.Verdict) string {
	switch v {
	case esa.Negative:
		return "Clean"
	case esa.Skipped:
		return "SKIPPED(no attachment in message)"
	case esa.Unknown, esa.Pending:
		return "UNKNOWN"
	case esa.LowRisk:
		return "LOWRISK"
	case esa.Unscannable:
		return "Unscannable"
	}
	return "MALICIOUS"
}

// builder puts header fields together.
type builder struct{ strings.Builder }

// field adds a field that fits on a line, unless it has no value.
func (b *builder) field(name, value string) {
	if value != "" {
		fmt.Fprintf(b, "%s: %s\r\n", name, rawmime.OneLine(value))
	}
}

// folded adds a field that is broken behind its semicolons.
func (b *builder) folded(name, value string) {
	if value != "" {
		fmt.Fprintf(b, "%s: %s\r\n", name, strings.ReplaceAll(rawmime.OneLine(value), "; ", ";\r\n  "))
	}
}

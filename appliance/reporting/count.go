package reporting

import (
	"context"
	"net/url"
	"strconv"
	"strings"
	"time"

	"esasim/esa"
)

// connections counts events that are about no message.
func (t *tally) connections(ctx context.Context, events []esa.Event) error {
	for i := range events {
		e := &events[i]
		switch e.Kind {
		case esa.HATDecided:
			t.decided(e)
		case esa.TLSStarted, esa.ConnectionTrouble, esa.AuthTried:
			if err := t.onConnection(ctx, e); err != nil {
				return err
			}
		case esa.ConnectionClosed:
			delete(t.sources, e.ICID)
		case esa.DeliveryOpened:
			t.dcid, t.secured = e.DCID, false
			t.add(e.Time, Security, "", SentConnections, 1)
			t.add(e.Time, Capacity, "", OutgoingConnections, 1)
		case esa.DeliveryTLSStarted:
			t.secured = true
			t.add(e.Time, Security, "", SentTLSSuccess, 1)
		}
	}
	return nil
}

// decided counts what the HAT said of a connection. One that is refused for its
// reputation counts as one message for one recipient: how many there would have been,
// nobody knows.
func (t *tally) decided(e *esa.Event) {
	s := e.Source
	if s == nil {
		return
	}
	t.sources[e.ICID] = s
	t.add(e.Time, SenderGroup, s.Group, TotalConnections, 1)
	if s.Rule == "REJECT" || s.Rule == "TCPREFUSE" {
		c := ConnReject
		if s.Rule == "TCPREFUSE" {
			c = ConnRefuse
		}
		t.add(e.Time, Connections, "", c, 1)
		t.hosts(e.Time, s, func(r *row) { r.add(TotalRejected, 1) })
		t.blocked(e.Time, s, BlockedReputation, 1)
		return
	}
	t.add(e.Time, Security, "", ReceivedConnections, 1)
	t.add(e.Time, SMTPAuth, "", ReceivedConnections, 1)
	t.add(e.Time, Capacity, "", IncomingConnections, 1)
	if s.Outgoing {
		t.add(e.Time, Connections, "", ConnRelay, 1)
		return
	}
	t.add(e.Time, Connections, "", ConnAccept, 1)
	t.hosts(e.Time, s, func(r *row) { r.add(TotalAccepted, 1) })
}

// onConnection counts what is about a connection whose beginning tells who it is.
func (t *tally) onConnection(ctx context.Context, e *esa.Event) error {
	if e.Kind == esa.ConnectionTrouble && !strings.HasPrefix(e.Text, "TLS failed") {
		return nil
	}
	s, err := t.source(ctx, e.ICID)
	if err != nil {
		return err
	}
	if e.Kind == esa.AuthTried {
		t.authenticated(e, s)
		return nil
	}
	received, conn := ReceivedTLSSuccess, ConnTLSSuccess
	if e.Kind == esa.ConnectionTrouble {
		received, conn = ReceivedTLSFail, ConnTLSFail
	}
	t.add(e.Time, Security, "", received, 1)
	if s != nil && !s.Outgoing {
		r := t.row(e.Time, InDomain, t.keysOf(s).domain)
		r.add(conn, 1)
		r.add(ConnTLSTotal, 1)
	}
	return nil
}

func (t *tally) authenticated(e *esa.Event, s *esa.Source) {
	if e.Name == "" { // nobody tried
		return
	}
	all, domain := ReceivedAuthFail, AuthFail
	if strings.HasPrefix(e.Text, "succeeded") {
		all, domain = ReceivedAuthSuccess, AuthSuccess
	}
	r := t.row(e.Time, SMTPAuth, "")
	r.add(all, 1)
	r.add(ReceivedAuthConnections, 1)
	r = t.row(e.Time, AuthDomain, t.keysOf(s).domain)
	r.add(domain, 1)
	r.add(AuthTotal, 1)
}

// hosts does something to the rows of a sending host that tell of connections, too.
func (t *tally) hosts(at time.Time, s *esa.Source, do func(*row)) {
	k := t.keysOf(s)
	for _, r := range [...]*row{t.row(at, InDomain, k.domain), t.row(at, InNetwork, k.network), t.row(at, InNetworkDomain, k.networkDomain)} {
		r.last = k.last
		do(r)
	}
}

// from does something to all rows of mail that comes in from a host.
func (t *tally) from(at time.Time, s *esa.Source, do func(*row)) {
	do(t.row(at, Incoming, ""))
	t.hosts(at, s, do)
	k := t.keysOf(s)
	for _, r := range [...]*row{t.row(at, InIP, k.ip), t.row(at, InDomainIP, k.domainIP)} {
		r.last = k.last
		do(r)
	}
	if k.country != "" {
		do(t.row(at, InCountry, k.country))
	}
}

// blocked counts recipients whose mail was not taken.
func (t *tally) blocked(at time.Time, s *esa.Source, by Counter, n int) {
	t.from(at, s, func(r *row) {
		r.add(by, uint64(n))
		r.add(TotalThreat, uint64(n))
		r.add(TotalRecipients, uint64(n))
	})
}

// event counts one of a message, as the message stood before it.
func (t *tally) event(e *esa.Event, h *held) {
	switch e.Kind {
	case esa.RecipientRejected:
		t.rejected(e, h)
	case esa.MessageReady:
		t.accepted(e, h)
	case esa.MessageAborted:
		t.refused(e, h)
	case esa.PolicyMatched:
		table := InPolicy
		if h.m.Direction == esa.Outgoing {
			table = OutPolicy
		}
		t.add(e.Time, table, e.Name, RecipientsMatched, len(h.active()))
	case esa.EngineVerdict:
		t.verdict(e, h)
	case esa.FileJudged:
		t.file(e, h, e.Attachment, e.Verdict)
	case esa.URLMatched:
		t.url(e, h)
	case esa.MessageRewritten, esa.MessageQueued, esa.MessageQuarantined, esa.MessageDropped, esa.MessageBounced:
		t.left(e, h)
	case esa.RecipientDelivered, esa.RecipientBounced, esa.RecipientDelayed:
		t.delivery(e, h)
	case esa.DeliveryTrouble:
		t.trouble(e, h)
	}
}

// active are the recipients that are still the message's own.
func (h *held) active() []esa.Recipient {
	all := h.m.Recipients
	for i := range all {
		if all[i].State != esa.Replaced {
			continue
		}
		var out []esa.Recipient
		for _, r := range all {
			if r.State != esa.Replaced {
				out = append(out, r)
			}
		}
		return out
	}
	return all
}

// received tells whether the message came by a connection. The appliance makes others
// itself: copies, notifications, bounces, and what messages turn into.
func (h *held) received() bool { return h.m.ICID != 0 && h.m.From == 0 }

// counts tells whether the message is one that reports speak of: it was received, or
// is what became of one that was. Those it was made from tell a successor what they
// know, which copies are not told.
func (h *held) counts() bool { return h.m.From == 0 || h.m.Passed != esa.NoEngine }

func (t *tally) rejected(e *esa.Event, h *held) {
	if h.m.Direction == esa.Outgoing {
		return
	}
	switch e.Text {
	case "RAT":
		t.blocked(e.Time, &h.m.Source, BlockedInvalidRecipient, 1)
	case "Injection Control":
		t.hosts(e.Time, &h.m.Source, func(r *row) { r.add(TotalThrottled, 1) })
	}
}

// refused counts a message that was not taken for what it is.
func (t *tally) refused(e *esa.Event, h *held) {
	if h.m.Direction == esa.Outgoing {
		return
	}
	n := max(len(h.m.Recipients), 1)
	switch e.Text {
	case "Rejected by DMARC verification":
		t.blocked(e.Time, &h.m.Source, BlockedDMARC, n)
		r := t.row(e.Time, DMARC, "")
		r.add(DMARCFailedRejected, 1)
		r.add(DMARCFailedTotal, 1)
		r.add(DMARCTotal, 1)
	case "Rejected by SDR":
		t.blocked(e.Time, &h.m.Source, BlockedSDR, n)
		t.reputation(e, h)
	}
}

// accepted counts a message that was received.
func (t *tally) accepted(e *esa.Event, h *held) {
	if !h.received() {
		return
	}
	m, n := &h.m, len(h.m.Recipients)
	messages, octets, types := IncomingMessages, BytesIn, InFileType
	if m.Direction == esa.Outgoing {
		messages, octets, types = OutgoingMessages, BytesOut, OutFileType
	}
	r := t.row(e.Time, Capacity, "")
	r.add(messages, 1)
	r.add(octets, uint64(max(e.Size, 0)))
	r = t.row(e.Time, Security, "")
	r.add(Received, 1)
	auth := t.row(e.Time, SMTPAuth, "")
	auth.add(Received, 1)
	if m.User != "" {
		auth.add(ReceivedAuth, 1)
	}
	for i := range m.Attachments {
		t.add(e.Time, types, m.Attachments[i].Type, TotalRecipients, n)
	}
	t.add(e.Time, EnvelopeSender, strings.ToLower(m.Sender), NumMessages, 1)
	t.add(e.Time, Subject, m.Subject, NumMessages, 1)
	t.add(e.Time, SenderGroup, m.Source.Group, HATMessages, 1)
	if m.TLS != "" {
		r.add(ReceivedEncrypted, 1)
	}
	if m.Direction == esa.Incoming {
		if m.TLS != "" {
			t.add(e.Time, InDomain, hostDomain(&m.Source), EncryptedTLS, 1)
		}
		t.verified(e, h)
		t.reputation(e, h)
	}
}

// verified counts what DMARC found of a message that was taken.
func (t *tally) verified(e *esa.Event, h *held) {
	d := &h.m.Auth.DMARC
	switch d.Result {
	case "passed":
		r := t.row(e.Time, DMARC, "")
		r.add(DMARCPassed, 1)
		r.add(DMARCTotal, 1)
	case "failed":
		r := t.row(e.Time, DMARC, "")
		c := DMARCFailedNone
		if d.Action == "quarantine" {
			c = DMARCFailedQuarantined
		}
		r.add(c, 1)
		r.add(DMARCFailedTotal, 1)
		r.add(DMARCTotal, 1)
	}
}

// reputation counts what Sender Domain Reputation thinks.
func (t *tally) reputation(e *esa.Event, h *held) {
	s := &h.m.Auth.SDR
	c := Counter(0)
	switch s.Verdict {
	case "Awful":
		c = SDRAwful
	case "Poor":
		c = SDRPoor
	case "Tainted":
		c = SDRTainted
	case "Weak":
		c = SDRWeak
	case "Unknown":
		c = SDRUnknown
	case "Neutral":
		c = SDRNeutral
	case "Good":
		c = SDRGood
	default:
		return
	}
	t.add(e.Time, DomainReputation, "", c, 1)
	if s.Threat != "" && s.Threat != "N/A" {
		t.add(e.Time, ThreatCategory, s.Threat, ThreatMessages, 1)
	}
}

// url counts a URL that a filter or a rule matched. The bounds are those of the
// product's reputations: malicious to -6, neutral to +6.
func (t *tally) url(e *esa.Event, h *held) {
	c := IncomingCount
	if h.m.Direction == esa.Outgoing {
		c = OutgoingCount
	}
	if u, err := url.Parse(e.Text); err == nil && u.Hostname() != "" {
		t.add(e.Time, URLDomain, strings.ToLower(u.Hostname()), c, 1)
	}
	score, err := strconv.ParseFloat(e.Address, 64)
	switch {
	case err != nil:
	case score <= -6:
		t.add(e.Time, URLReputation, "Malicious", c, 1)
		all := Incoming
		if c == OutgoingCount {
			all = Outgoing
		}
		t.add(e.Time, all, "", MaliciousURL, len(h.active()))
	case score < 6:
		t.add(e.Time, URLReputation, "Neutral", c, 1)
	default:
		t.add(e.Time, URLReputation, "Clean", c, 1)
	}
}

// trouble counts TLS that a host was to have and does not.
func (t *tally) trouble(e *esa.Event, h *held) {
	if !strings.Contains(e.Text, " TLS failed: ") && !strings.Contains(e.Text, "TLS was required") || len(h.m.Recipients) == 0 {
		return
	}
	t.add(e.Time, Security, "", SentTLSFail, 1)
	if !h.outgoing() {
		return
	}
	r := t.row(e.Time, Destination, domainOf(h.m.Recipients[0].Address))
	r.add(ConnTLSFail, 1)
	r.add(ConnTLSTotal, 1)
}

// outgoing tells whether the message is one of those that somebody sends out. What the
// appliance makes itself, bounces say, is none.
func (h *held) outgoing() bool { return h.m.Direction == esa.Outgoing && h.counts() }

// delivery counts what hosts said to recipients of mail that goes out.
func (t *tally) delivery(e *esa.Event, h *held) {
	delivered := e.Kind == esa.RecipientDelivered
	if delivered {
		t.add(e.Time, Security, "", Sent, 1)
	}
	to := h.named(e.RIDs)
	if !h.outgoing() || len(to) == 0 {
		return
	}
	if e.DCID != 0 && e.DCID == t.dcid { // the first that is delivered by it
		t.dcid = 0
		r := t.row(e.Time, Destination, domainOf(to[0].Address))
		r.add(ConnTotal, 1)
		if t.secured {
			r.add(ConnTLSSuccess, 1)
			r.add(ConnTLSTotal, 1)
		}
	}
	if e.Kind == esa.RecipientDelayed {
		return
	}
	all, one := TotalHardBounces, HardBounces
	if delivered {
		all, one = TotalDelivered, DeliveredRecipients
	}
	t.add(e.Time, Outgoing, "", all, len(to))
	for i := range to {
		t.add(e.Time, Destination, domainOf(to[i].Address), one, 1)
	}
}

// named are recipients by number; nil: all that are the message's own.
func (h *held) named(rids []esa.RID) []esa.Recipient {
	if rids == nil {
		return h.active()
	}
	all := h.m.Recipients
	out := make([]esa.Recipient, 0, len(rids))
	for i, rid := range rids {
		switch {
		case i < len(all) && all[i].RID == rid:
			out = append(out, all[i])
		case int(rid) < len(all) && all[rid].RID == rid:
			out = append(out, all[rid])
		}
	}
	return out
}

package reporting

import (
	"strconv"
	"strings"
	"time"

	"esasim/esa"
)

// verdict counts what an engine found, where that has reports of its own.
func (t *tally) verdict(e *esa.Event, h *held) {
	positive := e.Verdict == esa.Positive
	switch e.Engine {
	case esa.MessageFilters:
		if positive {
			t.add(e.Time, MessageFilter, e.Name, NumMatches, 1)
		}
	case esa.ContentFilters:
		if positive {
			t.filter(e, h)
		}
	case esa.AntiVirus:
		if (positive || e.Verdict == esa.Repaired) && e.Name != "" {
			n, c := len(h.active()), InTotal
			if h.m.Direction == esa.Outgoing {
				c = OutTotal
			}
			r := t.row(e.Time, Virus, e.Name)
			r.add(c, uint64(n))
			r.add(TotalRecipients, uint64(n))
		}
	case esa.AMP:
		for i := 0; i < len(h.m.Attachments) && !h.files && e.Verdict != esa.Skipped; i++ { // it says it of all
			t.file(e, h, &h.m.Attachments[i], e.Verdict)
		}
	case esa.OutbreakFilters:
		if positive {
			t.add(e.Time, Outbreak, e.Name, ThreatDetected, 1)
			t.add(e.Time, OutbreakLevel, strconv.FormatInt(e.Size, 10), ThreatDetected, 1)
		}
	case esa.DLP:
		if positive {
			t.violation(e, h)
		}
	}
}

func (t *tally) filter(e *esa.Event, h *held) {
	to := h.active()
	if h.m.Direction == esa.Outgoing {
		t.add(e.Time, OutFilter, e.Name, RecipientsMatched, len(to))
		t.add(e.Time, OutFilterUser, strings.ToLower(h.m.Sender), RecipientsMatched, len(to))
		t.add(e.Time, Users, strings.ToLower(h.m.Sender), OutContentFilter, len(to))
		return
	}
	t.add(e.Time, InFilter, e.Name, RecipientsMatched, len(to))
	for i := range to {
		t.add(e.Time, InFilterUser, strings.ToLower(to[i].Address), RecipientsMatched, 1)
		t.add(e.Time, Users, strings.ToLower(to[i].Address), InContentFilter, 1)
	}
}

// file counts what AMP says of a file.
func (t *tally) file(e *esa.Event, h *held, a *esa.Attachment, v esa.Verdict) {
	table, hash, name := InAMP, InMalware, InMalwareName
	if h.m.Direction == esa.Outgoing {
		table, hash, name = OutAMP, OutMalware, OutMalwareName
	}
	c := AMPUnknown
	switch v {
	case esa.Negative:
		c = AMPClean
	case esa.LowRisk:
		c = AMPLowRisk
	case esa.Positive:
		c = AMPMalware
	case esa.Unscannable:
		c = AMPUnscannable
	}
	t.add(e.Time, table, "", c, 1)
	if v == esa.Positive && a != nil {
		t.add(e.Time, hash, a.SHA256, DetectedAMP, 1)
		t.add(e.Time, name, a.Name, DetectedAMP, 1)
	}
}

// severity reads what DLP says of a violation: "Severity: LOW (Risk Factor: 22)".
func severity(text string) Counter {
	word, _, _ := strings.Cut(strings.TrimPrefix(text, "Severity: "), " ")
	switch strings.ToUpper(word) {
	case "MEDIUM":
		return DLPMedium
	case "HIGH":
		return DLPHigh
	case "CRITICAL":
		return DLPCritical
	}
	return DLPLow
}

// violation counts one of a DLP policy.
func (t *tally) violation(e *esa.Event, h *held) {
	level := severity(e.Text)
	for _, r := range []*row{t.row(e.Time, DLP, ""), t.row(e.Time, DLPPolicy, e.Name), t.row(e.Time, DLPUser, strings.ToLower(h.m.Sender))} {
		r.add(level, 1)
		r.add(TotalDLP, 1)
	}
	t.add(e.Time, Outgoing, "", TotalDLP, 1)
	t.add(e.Time, OutDomain, domainOf(h.m.Sender), TotalDLP, 1)
	t.add(e.Time, OutIP, t.keysOf(&h.m.Source).ip, TotalDLP, 1)
}

// left counts a message that leaves the work queue: by what was found of it, once in
// its life, whatever it is turned into and how often it comes back.
func (t *tally) left(e *esa.Event, h *held) {
	if h.policy != "" && !h.counted {
		t.acted(e, h)
	}
	made := e.Kind == esa.MessageQueued && e.Size > 0 // it met no stage
	if e.Kind == esa.MessageRewritten || h.counted || h.m.Released || made || !h.counts() {
		return
	}
	if !h.ready.IsZero() && e.Time.After(h.ready) {
		r := t.row(e.Time, Capacity, "")
		r.add(QueueTime, uint64(e.Time.Sub(h.ready)/time.Millisecond))
		r.add(QueueMessages, 1)
	}
	k := classify(e, &h.m)
	if h.m.Direction == esa.Outgoing {
		t.out(e.Time, h, k)
	} else {
		t.in(e.Time, h, k)
	}
}

// acted counts what was done to a message that violates a DLP policy.
func (t *tally) acted(e *esa.Event, h *held) {
	c := DLPDelivered
	switch {
	case e.Kind == esa.MessageDropped && e.Engine == esa.DLP:
		c = DLPDropped
	case e.Kind == esa.MessageQuarantined:
		c = DLPQuarantined
	}
	t.add(e.Time, DLPPolicy, h.policy, c, 1)
	t.add(e.Time, DLPUser, strings.ToLower(h.m.Sender), c, 1)
}

// class is what a recipient of a message counts as: the counter of most tables, and
// those of own users' tables.
type class struct {
	all, in, out Counter
	sum, total   Counter // total and in the table of users; 0: none
}

// classify finds what is worst about a message. Source of the order: AsyncOS user
// guide, "How Email Messages Are Categorized": spam, virus, content filter. Where AMP
// and graymail stand in it is inferred from the order of the stages.
func classify(e *esa.Event, m *esa.Message) class {
	v := &m.Verdicts
	switch {
	case v[esa.AntiSpam] == esa.Positive || v[esa.AntiSpam] == esa.Suspect:
		return class{DetectedSpam, InSpam, OutSpam, TotalThreat, 0}
	case v[esa.AntiVirus] == esa.Positive || v[esa.AntiVirus] == esa.Repaired:
		return class{DetectedVirus, InVirus, OutVirus, TotalThreat, 0}
	case v[esa.AMP] == esa.Positive:
		return class{DetectedAMP, InAMPDetected, OutAMPDetected, TotalThreat, 0}
	case e.Engine == esa.ContentFilters && e.Kind != esa.MessageQueued:
		return class{ThreatContentFilter, InThreatFilter, OutThreatFilter, TotalThreat, 0}
	case m.Direction == esa.Outgoing: // graymail is of what comes in
	case v[esa.Graymail] == esa.Marketing:
		return class{MarketingMail, InMarketing, 0, TotalGraymail, InGraymail}
	case v[esa.Graymail] == esa.Social:
		return class{SocialMail, InSocial, 0, TotalGraymail, InGraymail}
	case v[esa.Graymail] == esa.Bulk:
		return class{BulkMail, InBulk, 0, TotalGraymail, InGraymail}
	}
	return class{TotalClean, InClean, OutClean, 0, 0}
}

// put counts n recipients.
func (k *class) put(r *row, total Counter, n int) {
	r.add(k.all, uint64(n))
	if k.sum != 0 {
		r.add(k.sum, uint64(n))
	}
	r.add(total, uint64(n))
}

func (t *tally) in(at time.Time, h *held, k class) {
	to := h.active()
	t.from(at, &h.m.Source, func(r *row) { k.put(r, TotalRecipients, len(to)) })
	for i := range to {
		r := t.row(at, Users, strings.ToLower(to[i].Address))
		r.add(k.in, 1)
		if k.total != 0 {
			r.add(k.total, 1)
		}
		r.add(InTotal, 1)
	}
}

func (t *tally) out(at time.Time, h *held, k class) {
	to := h.active()
	n := uint64(len(to))
	r := t.row(at, Outgoing, "")
	k.put(r, TotalProcessed, len(to))
	r.add(TotalRecipients, n)
	k.put(t.row(at, OutDomain, domainOf(h.m.Sender)), TotalProcessed, len(to))
	host := t.keysOf(&h.m.Source)
	from := t.row(at, OutIP, host.ip)
	from.last = host.last
	k.put(from, TotalProcessed, len(to))
	for i := range to {
		r := t.row(at, Destination, domainOf(to[i].Address))
		k.put(r, TotalProcessed, 1)
		r.add(TotalRecipients, 1)
	}
	u := t.row(at, Users, strings.ToLower(h.m.Sender))
	u.add(k.out, n)
	u.add(OutTotal, n)
}

package cloudlink

import (
	"fmt"
	"net/netip"

	"esasim/esa"
	"esasim/internal/fidelity"
)

// Fidelity lists how a message becomes a sighting, and the rules of the link.
// The relations are those of a specimen message, made by the mapping itself.
func Fidelity() []fidelity.Claim {
	const guide, schema, screenshot = "vendor's integration guide", "public schema (CTIM)", "published screenshot of an investigated message"
	out := []fidelity.Claim{}
	for _, r := range []struct{ what, level, source string }{
		{"when a message first comes to rest (delivered, delayed, bounced, dropped, quarantined) its sighting is pushed, and again at each later change", fidelity.Ours, "the real module asks the appliance"},
		{"a message that was rewritten has no sighting of its own: the message it became has", fidelity.Ours, "one story must not be told twice; what was told while it was held stays"},
		{"of a message that was split, the recipients that went to the new MID are told with that one", fidelity.Ours, "one story must not be told twice"},
		{"one sighting for each MID, whatever the number of recipients", fidelity.Inferred, screenshot},
		{"source, origin: " + Module, fidelity.Documented, guide + ": the module's title"},
		{"a message that leaves a quarantine as another one: Incoming message (Released), detected", fidelity.Ours, "the sighting that said contained must not stay"},
		{"description: Incoming message (Delivered)", fidelity.Observed, screenshot + "; a public client reads the first word"},
		{"confidence High, severity Low", fidelity.Observed, screenshot},
		{"severity High when antispam, antivirus, AMP, outbreak filters or DLP found something, Medium when antispam suspects; graymail and filters leave it Low", fidelity.Inferred, "the schema's words for it"},
		{"resolution: allowed, blocked (dropped), contained (quarantined), detected (bounced, delayed)", fidelity.Inferred, "vendor's guideline for modules: blocked if it was blocked; " + schema + " has contained"},
		{"sensor process.email-service, internal true, count 1", fidelity.Inferred, schema + " has the words"},
		{"observed time: from MAIL FROM to the last event", fidelity.Inferred, "the screenshot shows the start"},
		{"observables: ip or ipv6, domain and email of the sender, email_subject, cisco_mid, email_messageid, file_name, sha256", fidelity.Documented, guide + ": what can be searched for"},
		{"recipients are targets, not observables", fidelity.Documented, guide + ": email is the sender's address"},
		{"message-ids are without angle brackets", fidelity.Documented, guide},
		{fmt.Sprintf("values are cut at %d characters", maxValue), fidelity.Ours, "bounds what hostile mail can send to the cloud"},
		{"source_uri leads to Message Details on the appliance's pages", fidelity.Inferred, "a public workflow reads source_uri without looking whether it is there"},
		{"id transient:sighting- and a UUIDv5 of serial and MID, external id esasim-SERIAL-MID", fidelity.Ours, "a repeat must change nothing"},
		{"a failed registration begins: The registration failed because of an invalid or expired token.", fidelity.Inferred, guide + ": the heading of the trouble"},
		{"the cloud's calls of the appliance's API are made with the role Operator, and told to the program's own log", fidelity.Ours, "the real one's account is not public"},
		{"register, heartbeat, push, deregister, requests over HTTP", fidelity.Ours, "the real wire is not public; docs/wire.md"},
	} {
		out = append(out, fidelity.Claim{Area: "Sightings and cloud link", What: r.what, Level: r.level, Source: r.source})
	}
	for _, r := range specimenRelations() {
		level, source := fidelity.Inferred, screenshot+" has the nodes; which edges join them is concluded"
		if r == "email Sent_To email" {
			level, source = fidelity.Observed, "public client that reads the recipient there"
		}
		out = append(out, fidelity.Claim{Area: "Sightings and cloud link", What: "relation: " + r, Level: level, Source: source})
	}
	return out
}

// specimenRelations lists the kinds of edges of a message that has everything.
func specimenRelations() []string {
	m := esa.Message{
		MID: 8, Sender: "a@b.example", Subject: "test test", MessageID: "<1@b.example>",
		Source:      esa.Source{Remote: netip.MustParseAddr("192.0.2.2")},
		Recipients:  []esa.Recipient{{Address: "u@x.example"}},
		Attachments: []esa.Attachment{{Name: "a.pdf", SHA256: "00"}},
	}
	n := nodesOf(&m)
	var out []string
	for _, r := range n.relations() {
		out = append(out, fmt.Sprintf("%s %s %s", r.Source.Type, r.Relation, r.Related.Type))
	}
	return out
}

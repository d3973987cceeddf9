package cloudlink

import (
	"strings"

	"github.com/google/uuid"

	"esasim/cloud/ctim"
	"esasim/esa"
)

// Module is the origin that sightings and relations name. Source: the module's
// title in the vendor's integration guide.
const Module = "Email Security Appliance"

// What a sighting tells at most, so that none is larger than the cloud takes.
const (
	maxValue      = 1024 // characters of an observable; what is longer is cut
	maxRecipients = 2000 // the others are in message tracking
)

// sightings maps messages of one appliance. The whole mapping is inferred: the
// nodes are those of the published screenshot of an investigated message, the
// relations those that public clients read (sender as source of Sent_To, the
// subject and the MID as what is related).
type sightings struct {
	serial    string
	console   string // URL of the appliance's pages; may be empty
	schema    string // CTIM's version
	namespace uuid.UUID
}

func newSightings(serial, console string) sightings {
	return sightings{serial, console, ctim.SchemaVersion, uuid.NewSHA1(uuid.NameSpaceURL, []byte("esasim:"+serial))}
}

// externalID is what makes a sighting the same one when it is sent again.
func (s sightings) externalID(mid esa.MID) string { return "esasim-" + s.serial + "-" + mid.String() }

// uri leads to the message on the appliance's pages. A public workflow indexes
// source_uri without looking whether it is there.
func (s sightings) uri(mid esa.MID) string {
	if s.console == "" {
		return ""
	}
	return s.console + "/monitor/message_tracking/details?mid=" + mid.String()
}

// of makes the sighting of a message that has come to rest.
func (s sightings) of(m *esa.Message) ctim.Sighting {
	end := ctim.At(m.Changed)
	seen := ctim.ObservedTime{Start: ctim.At(m.Received), End: &end}
	n := nodesOf(m)
	return ctim.Sighting{
		Type:          "sighting",
		ID:            "transient:sighting-" + uuid.NewSHA1(s.namespace, []byte(m.MID.String())).String(),
		SchemaVersion: s.schema,
		ExternalIDs:   []string{s.externalID(m.MID)},
		Source:        Module,
		SourceURI:     s.uri(m.MID),
		Description:   describe(m),
		Confidence:    "High", // published screenshot
		Severity:      severity(m),
		Count:         1,
		Internal:      true,
		Sensor:        "process.email-service",
		Resolution:    resolution(m.State),
		ObservedTime:  seen,
		Observables:   n.observables(),
		Targets:       n.targets(seen),
		Relations:     n.relations(),
	}
}

// describe begins with the direction, which a public client takes from here;
// the form is the published screenshot's "Incoming message (Delivered)".
func describe(m *esa.Message) string {
	direction := "Incoming"
	if m.Direction == esa.Outgoing {
		direction = "Outgoing"
	}
	return direction + " message (" + outcome(m.State) + ")"
}

func outcome(s esa.State) string {
	switch s {
	case esa.Delayed:
		return "Delayed"
	case esa.Bounced:
		return "Bounced"
	case esa.Replaced: // by what goes on after a quarantine; nobody is told of others
		return "Released"
	}
	return s.String()
}

// severity is the screenshot's Low, unless an engine found what harms. That a
// filter matched, or that mail is marketing, harms nobody.
func severity(m *esa.Message) string {
	for _, e := range [...]esa.Engine{esa.AntiSpam, esa.AntiVirus, esa.AMP, esa.OutbreakFilters, esa.DLP} {
		if m.Verdicts[e] == esa.Positive {
			return "High"
		}
	}
	if m.Verdicts[esa.AntiSpam] == esa.Suspect {
		return "Medium"
	}
	return "Low"
}

// resolution in the schema's words: a message that was stopped is blocked
// (vendor's guideline for modules), one that is held is contained, one that
// arrived is allowed.
func resolution(s esa.State) string {
	switch s {
	case esa.Delivered:
		return "allowed"
	case esa.Dropped:
		return "blocked"
	case esa.Quarantined:
		return "contained"
	}
	return "detected"
}

// nodes are the observables of one message. Those it lacks have no value.
type nodes struct {
	ip, domain, sender, subject, mid, messageID ctim.Observable
	files                                       []file
	recipients                                  []ctim.Observable
}

type file struct{ name, sha256 ctim.Observable }

func nodesOf(m *esa.Message) nodes {
	n := nodes{
		ip:        observable(ctim.IP, addr(m)),
		domain:    observable(ctim.Domain, m.SenderDomain()),
		sender:    observable(ctim.Email, m.Sender),
		subject:   observable(ctim.EmailSubject, m.Subject),
		mid:       observable(ctim.CiscoMID, m.MID.String()),
		messageID: observable(ctim.EmailMessageID, strings.Trim(m.MessageID, "<>")),
	}
	if m.Source.Remote.Unmap().Is6() {
		n.ip.Type = ctim.IPv6
	}
	for _, a := range m.Attachments {
		n.files = append(n.files, file{observable(ctim.FileName, a.Name), observable(ctim.SHA256, a.SHA256)})
	}
	for _, r := range m.Recipients {
		if r.State != esa.Replaced && len(n.recipients) < maxRecipients { // else another message's since a split
			n.recipients = append(n.recipients, observable(ctim.Email, r.Address))
		}
	}
	return n
}

func addr(m *esa.Message) string {
	if !m.Source.Remote.IsValid() {
		return ""
	}
	return m.Source.Remote.Unmap().WithZone("").String()
}

func observable(t ctim.ObservableType, value string) ctim.Observable {
	value = strings.ToValidUTF8(strings.TrimSpace(value), "\uFFFD")
	if len(value) > maxValue {
		if r := []rune(value); len(r) > maxValue {
			value = string(r[:maxValue])
		}
	}
	return ctim.Observable{Type: t, Value: value}
}

// observables are what an investigation can ask for. Recipients are not among
// them: `email` and `domain` match the sender (vendor's list of observables:
// "Sender email address").
func (n *nodes) observables() []ctim.Observable {
	out := make([]ctim.Observable, 0, 6+2*len(n.files))
	add := func(o ctim.Observable) {
		if o.Value != "" {
			out = append(out, o)
		}
	}
	for _, o := range [...]ctim.Observable{n.ip, n.domain, n.sender, n.subject, n.mid, n.messageID} {
		add(o)
	}
	for _, f := range n.files {
		add(f.name)
		add(f.sha256)
	}
	return out
}

func (n *nodes) targets(seen ctim.ObservedTime) []ctim.Target {
	out := make([]ctim.Target, 0, len(n.recipients))
	for _, r := range n.recipients {
		if r.Value != "" {
			out = append(out, ctim.Target{Type: "email", Observables: []ctim.Observable{r}, ObservedTime: seen})
		}
	}
	return out
}

// relations is the table of edges. An edge with an end that has no value is
// left out.
func (n *nodes) relations() []ctim.Relation {
	out := make([]ctim.Relation, 0, 6+len(n.recipients)+2*len(n.files))
	add := func(source ctim.Observable, relation string, related ctim.Observable) {
		if source.Value != "" && related.Value != "" {
			out = append(out, ctim.Relation{Origin: Module, Relation: relation, Source: source, Related: related})
		}
	}
	for _, r := range n.recipients {
		add(n.sender, "Sent_To", r)
	}
	add(n.sender, "Sent", n.subject)
	add(n.sender, "Sent", n.mid)
	add(n.ip, "Sent", n.mid)
	add(n.domain, "Related_To", n.ip)
	add(n.mid, "Refers_To", n.messageID)
	for _, f := range n.files {
		add(f.name, "Attached_To", n.mid)
		add(f.sha256, "Attached_To", n.mid)
		add(f.sha256, "File_Name_Of", f.name)
	}
	return out
}

package consolidated

import (
	"net/netip"
	"strconv"
	"strings"
	"time"

	"esasim/appliance/logs"
	"esasim/esa"
)

// Device is what each line says of the appliance.
type Device struct {
	Product string // "C100V Email Security Virtual Appliance"
	Version string // "13.0.0-392"
	Serial  string
	Wording int // the AsyncOS version in whose words it is: 13, which 0 is too, 14 or 15
}

// key is the name of a field, of which some are others since AsyncOS 15.0.
func (d Device) key(name string) string {
	if d.Wording < 15 {
		return name
	}
	switch name {
	case "startTime":
		return "start"
	case "endTime":
		return "end"
	case "sourceAddress":
		return "src"
	case "sourceHostName":
		return "shost"
	}
	return name
}

// TLS is how a connection was encrypted; empty: it was not.
type TLS struct {
	Protocol string // "TLSv1.2"
	Cipher   string
	Failed   bool // it was tried, and came to nothing
}

// Ways are the connection that a message came by and the last that it went out by.
type Ways struct{ In, Out TLS }

// line is one line that is being put together.
type line struct {
	Device
	buf  []byte
	many bool // there is a field already
}

// Append appends the line of a message: the header, then the fields in the order of
// the published sample, then those it does not have. A field whose fact is not
// known is left out. Times are in the zone given.
func (d Device) Append(b []byte, m *esa.Message, w Ways, in *time.Location) []byte {
	if in == nil {
		in = time.UTC
	}
	l := &line{Device: d, buf: append(b, "CEF:0|Cisco|"...)}
	l.buf = append(append(l.buf, header(d.Product)...), '|')
	l.buf = append(append(l.buf, header(d.Version)...), "|ESA_CONSOLIDATED_LOG_EVENT|Consolidated Log Event|5|"...)
	l.field("deviceExternalId", d.Serial)
	l.field("ESAMID", m.MID.String())
	l.field("ESAICID", m.ICID.String())
	if m.DCID != 0 {
		l.field("ESADCID", m.DCID.String())
	}
	l.field("ESAAMPVerdict", ampVerdict(m.Verdicts[esa.AMP]))
	l.field("ESAASVerdict", spamVerdict(m.Verdicts[esa.AntiSpam]))
	l.field("ESAAVVerdict", verdict(m.Verdicts[esa.AntiVirus]))
	l.field("ESACFVerdict", filterVerdict(m.Verdicts[esa.ContentFilters]))
	l.field(d.key("endTime"), m.Changed.In(in).Format(logs.Stamp))
	l.field("ESADLPVerdict", dlpVerdict(m.Verdicts[esa.DLP]))
	l.field("ESADMARCVerdict", dmarcVerdict(&m.Auth))
	l.addr("dvc", m.Source.Local)
	if len(m.Attachments) > 0 {
		l.field("ESAAttachmentDetails", attachments(m))
	}
	l.field("ESAFriendlyFrom", m.HeaderFrom)
	l.field("ESAGMVerdict", plainVerdict(m.Verdicts[esa.Graymail]))
	l.field(d.key("startTime"), m.Received.In(in).Format(logs.Stamp))
	l.field("deviceDirection", strconv.Itoa(int(m.Direction)))
	l.rest(m)
	l.secure("ESATLSIn", w.In)
	l.secure("ESATLSOut", w.Out)
	l.field("ESADKIMVerdict", dkimVerdict(&m.Auth))
	l.field("deviceInboundInterface", m.Source.Listener)
	if m.DCID != 0 {
		l.field("deviceOutboundInterface", m.Source.Listener)
	}
	l.field("ESAReplyTo", m.ReplyTo)
	if m.Size > 0 {
		l.field("ESAMsgSize", strconv.FormatInt(m.Size, 10))
	}
	return l.buf
}

// rest are the fields of the sample behind deviceDirection, but for TLS.
func (l *line) rest(m *esa.Message) {
	s := &m.Source
	l.field("ESAMailFlowPolicy", s.Rule)
	l.field("suser", m.Sender)
	l.labelled("cs1", "MailPolicy", m.Policy)
	l.labelled("cs2", "SenderCountry", s.Country)
	l.field("ESAMFVerdict", filterVerdict(m.Verdicts[esa.MessageFilters]))
	act, details := action(m)
	l.field("act", act)
	l.field("ESAFinalActionDetails", details)
	if m.MessageID != "" {
		l.labelled("cs4", "ExternalMsgID", quote(m.MessageID))
	}
	l.field("ESAOFVerdict", plainVerdict(m.Verdicts[esa.OutbreakFilters]))
	l.field("duser", recipients(m))
	if m.HELO != "" {
		l.field("ESAHeloDomain", m.HELO)
		l.addr("ESAHeloIP", s.Remote)
	}
	l.labelled("cfp1", "SBRSScore", s.SBRS)
	if sdr := &m.Auth.SDR; sdr.Verdict != "" {
		l.field("ESASDRDomainAge", sdr.Age)
		l.labelled("cs3", "SDRThreatCategory", sdr.Threat)
		l.labelled("cs6", "SDRRepScore", sdr.Verdict)
	}
	l.field("ESASPFVerdict", l.spf(&m.Auth))
	l.field(l.key("sourceHostName"), s.Host)
	l.field("ESASenderGroup", s.Group)
	l.addr(l.key("sourceAddress"), s.Remote)
	if m.Subject != "" {
		l.field("msg", quote(m.Subject))
	}
}

// secure are the fields of a connection's encryption. One that was not tried has
// none.
func (l *line) secure(prefix string, t TLS) {
	if t == (TLS{}) {
		return
	}
	status := "Success"
	if t.Failed {
		status = "Failure"
	}
	l.field(prefix+"Cipher", t.Cipher)
	l.field(prefix+"ConnStatus", status)
	l.field(prefix+"Protocol", t.Protocol)
}

// field appends a field, unless it has no value.
func (l *line) field(key, value string) {
	if value == "" {
		return
	}
	if l.many {
		l.buf = append(l.buf, ' ')
	}
	l.many = true
	l.buf = append(append(l.buf, key...), '=')
	l.buf = appendValue(l.buf, value)
}

// labelled is a custom field, which says before its value what it is.
func (l *line) labelled(key, label, value string) {
	if value != "" {
		l.field(key+"Label", label)
		l.field(key, value)
	}
}

func (l *line) addr(key string, a netip.Addr) {
	if a.IsValid() {
		l.field(key, a.Unmap().WithZone("").String())
	}
}

// recipients are joined as the appliance does, without those that a split took to
// another message.
func recipients(m *esa.Message) string {
	var out []string
	for i := range m.Recipients {
		if m.Recipients[i].State != esa.Replaced {
			out = append(out, m.Recipients[i].Address)
		}
	}
	return strings.Join(out, ";")
}

// action is what became of the message, and the details that are known of it.
func action(m *esa.Message) (act, details string) {
	switch m.State {
	case esa.Delivered:
		return "DELIVERED", ""
	case esa.Bounced:
		for i := range m.Recipients {
			if r := m.Recipients[i].Reason; r != "" {
				return "BOUNCED", r
			}
		}
		return "BOUNCED", ""
	case esa.Dropped:
		return "DROPPED", ""
	case esa.Aborted:
		return "ABORTED", m.Aborted
	case esa.Quarantined:
		return "QUARANTINED", "To " + quarantines(m)
	}
	return "", ""
}

// quarantines are named in capital letters, "POLICY"; the spam quarantine is "SPAM".
func quarantines(m *esa.Message) string {
	names := make([]string, len(m.Quarantines))
	for i, q := range m.Quarantines {
		names[i] = strings.TrimSuffix(strings.ToUpper(q), " QUARANTINE")
	}
	return strings.Join(names, ", ")
}

const notEvaluated = "NOT_EVALUATED"

// verdict is that of an engine with the plain words.
func verdict(v esa.Verdict) string {
	switch v {
	case esa.NotEvaluated, esa.Skipped:
		return notEvaluated
	case esa.Negative:
		return "NEGATIVE"
	case esa.Unscannable:
		return "UNSCANNABLE"
	case esa.Repaired:
		return "REPAIRED"
	case esa.Encrypted:
		return "ENCRYPTED"
	}
	return "POSITIVE"
}

// plainVerdict has no word but for what was found and what was not.
func plainVerdict(v esa.Verdict) string {
	if v == esa.Unscannable {
		return notEvaluated
	}
	return verdict(v)
}

func spamVerdict(v esa.Verdict) string {
	switch v {
	case esa.Suspect:
		return "SUSPECT"
	case esa.Marketing:
		return "MARKETING_MAIL"
	case esa.Social:
		return "SOCIAL_MAIL"
	case esa.Bulk:
		return "BULK_MAIL"
	}
	return plainVerdict(v)
}

func ampVerdict(v esa.Verdict) string {
	switch v {
	case esa.Negative:
		return "CLEAN"
	case esa.Positive:
		return "MALICIOUS"
	case esa.Unknown:
		return "UNKNOWN"
	case esa.Skipped:
		return "SKIPPED"
	case esa.LowRisk:
		return "LOW_RISK"
	case esa.Pending:
		return "FA_PENDING"
	}
	return verdict(v)
}

func filterVerdict(v esa.Verdict) string {
	switch v {
	case esa.Negative:
		return "NO_MATCH"
	case esa.Positive:
		return "MATCH"
	}
	return notEvaluated
}

func dlpVerdict(v esa.Verdict) string {
	switch v {
	case esa.Negative:
		return "NO_VIOLATION"
	case esa.Positive:
		return "VIOLATION"
	}
	return notEvaluated
}

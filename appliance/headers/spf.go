package headers

import (
	"fmt"
	"strings"

	"esasim/esa"
	"esasim/internal/rawmime"
)

// spf adds Received-SPF of the envelope sender, or of the name in HELO where there
// is none. The form is that of RFC 7208, 9.1, with the appliance's x- keys.
func (a Adder) spf(b *builder, m *esa.Message) {
	identity, r := "mailfrom", m.Auth.MailFrom
	if r.Result == "" {
		identity, r = "helo", m.Auth.HELO
	}
	if r.Result == "" {
		return
	}
	b.folded("Received-SPF", fmt.Sprintf("%s (%s: %s) identity=%s; client-ip=%s; receiver=%s; envelope-from=%s; x-sender=%s; x-conformance=spf_only",
		r.Result, a.Host, sayingOf(&r, m.Source.Remote.String()), identity, m.Source.Remote, a.Host, quoted(m.Sender), quoted(r.Identity)))
}

// sayingOf is a result in the words of RFC 7208 for people.
func sayingOf(r *esa.SPFResult, ip string) string {
	who := comment(r.Identity)
	switch r.Result {
	case "Pass":
		return "domain of " + who + " designates " + ip + " as permitted sender"
	case "Fail":
		return "domain of " + who + " does not designate " + ip + " as permitted sender"
	case "SoftFail":
		return "domain of " + who + " is inclined to not designate " + ip + " as permitted sender"
	case "Neutral":
		return ip + " is neither permitted nor denied by domain of " + who
	case "None":
		return "no sender authenticity information available from domain of " + who
	}
	return "error in processing during lookup of " + who
}

// comment is a text that may stand in a comment.
func comment(s string) string {
	return strings.NewReplacer("(", "?", ")", "?", `\`, "?").Replace(rawmime.OneLine(s))
}

// quoted is a quoted string of RFC 5322.
func quoted(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

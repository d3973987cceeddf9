package consolidated

import (
	"strings"

	"esasim/esa"
)

// spfVerdict is the word of SPF for the envelope sender, for the name in HELO if
// that is all there was to check; "" if nobody did.
func spfVerdict(a *esa.Authentication) string {
	if a.MailFrom.Result != "" {
		return a.MailFrom.Result
	}
	return a.HELO.Result
}

// spf is the verdict as the version says it: a word, since AsyncOS 14 a dictionary
// of the identities that were checked.
func (d Device) spf(a *esa.Authentication) string {
	if d.Wording < 14 {
		return spfVerdict(a)
	}
	var out []string
	for _, s := range [...]struct {
		identity string
		*esa.SPFResult
	}{{"mailfrom", &a.MailFrom}, {"helo", &a.HELO}} {
		if s.Result != "" {
			out = append(out, "'"+s.identity+"': {'result': "+quote(s.Result)+", 'sender': "+quote(s.Identity)+"}")
		}
	}
	if out == nil {
		return ""
	}
	return "{" + strings.Join(out, ", ") + "}"
}

// dkimVerdict is that of the best signature: one that passes counts for all. The
// words pass, neutral, permfailure and None are seen; which result has which is
// inferred, and so is tempfailure.
func dkimVerdict(a *esa.Authentication) string {
	if len(a.DKIM) == 0 {
		return ""
	}
	for i := range a.DKIM {
		if a.DKIM[i].Result == "pass" {
			return "pass"
		}
	}
	switch a.DKIM[0].Result {
	case "permfail":
		return "permfailure"
	case "tempfail":
		return "tempfailure"
	case esa.NoSignature:
		return "None"
	}
	return "neutral" // a signature that cannot be read
}

// dmarcVerdict is pass, fail or Skipped; "" if nobody checked.
func dmarcVerdict(a *esa.Authentication) string {
	return map[string]string{"passed": "pass", "failed": "fail", "skipped": "Skipped"}[a.DMARC.Result]
}

package auth

import (
	"strings"

	"github.com/emersion/go-msgauth/authres"

	"esasim/esa"
)

// Header is the value of an Authentication-Results header (RFC 8601) for a
// message with these results, on one line; host is the name of the appliance. It
// is empty if nothing was checked. Whoever adds it must take out those that came
// with the message in the same name.
func Header(host string, a *esa.Authentication) string {
	if a.MailFrom.Result == "" {
		return ""
	}
	results := []authres.Result{
		&authres.SPFResult{Value: value(a.HELO.Result), Helo: a.HELO.Identity},
		&authres.SPFResult{Value: value(a.MailFrom.Result), From: a.MailFrom.Identity},
	}
	for i := range a.DKIM {
		d := &a.DKIM[i]
		r := &authres.DKIMResult{Value: value(d.Result), Domain: d.Domain, Identifier: d.Identifier}
		if d.Result != pass && d.Result != esa.NoSignature {
			r.Reason = d.Reason
		}
		if strings.HasSuffix(d.Reason, final) { // read and found wrong, which is no error
			r.Value = authres.ResultFail
		}
		results = append(results, r)
	}
	results = append(results, &authres.DMARCResult{Value: value(a.DMARC.Result), From: a.DMARC.Domain})
	return strings.ReplaceAll(strings.TrimSpace(authres.Format(host, results)), " ;", ";")
}

// value is a result in the words of RFC 8601.
func value(result string) authres.ResultValue {
	switch result {
	case "failed":
		return authres.ResultFail
	case tempFail:
		return authres.ResultTempError
	case permFail, invalid:
		return authres.ResultPermError
	case "passed":
		return authres.ResultPass
	case esa.NoSignature, "skipped":
		return authres.ResultNone
	}
	return authres.ResultValue(strings.ToLower(result)) // SPF's are the same
}

package rest

import (
	"net/http"
	"strings"

	"esasim/internal/fidelity"
)

// Where it was learnt.
const (
	guide    = "AsyncOS API guide"
	recorded = "recorded answers"
	clients  = "public clients"
)

// Fidelity lists what all calls have in common.
func Fidelity() []fidelity.Claim {
	var out []fidelity.Claim
	for _, r := range transportClaims() {
		out = append(out, fidelity.Claim{Area: "REST API", What: r.what, Level: r.level, Source: r.source})
	}
	return out
}

type claim struct{ what, level, source string }

func transportClaims() []claim {
	out := []claim{
		{"prefixes " + strings.Join(Prefixes(), " and ") + ", which answer alike", fidelity.Documented, guide},
		{"HTTP 6080 and HTTPS 6443 for the API alone, with a certificate of the appliance's own, if the configuration has them (--api, --api-tls)", fidelity.Documented, guide},
		{"served at the console's port, too", fidelity.Ours, "the real one has it at its proxy's, 4431"},
		{"POST login: credentials in base64; userName, is2FactorRedirectRequired, role, email, jwtToken", fidelity.Observed, recorded + "; email is empty there"},
		{"a call is signed in by the header jwtToken, in any letter case, or by HTTP Basic; one that is good is enough", fidelity.Observed, clients},
		{"401 for wrong credentials: " + errLogin.Message, fidelity.Observed, recorded},
		{"the factory's passphrase is taken from this machine alone, and not from pages of other sites", fidelity.Ours, "the real one asks to change it at the first sign-in"},
		{"401 for tokens: ExpiredSignatureError. and InvalidTokenError.", fidelity.Observed, clients + ", which compare the whole text"},
		{"401 without credentials: Unauthorized., and WWW-Authenticate", fidelity.Inferred, "the style of the others; RFC 9110 wants the header"},
		{"401 while somebody who guessed has to wait, with Retry-After", fidelity.Ours, "no text is known"},
		{"GET login/privileges: names e_message_tracking_messages, _detail, _amp_details, _connection_details", fidelity.Observed, clients},
		{"GET login/privileges: names e_message_tracking_dlp_details, _url_details, _remediation_details, _availability", fidelity.Inferred, "the style of the others"},
		{"every role may call message tracking", fidelity.Documented, "AsyncOS user guide, User Roles"},
		{"each call that changes something is told to the program's own log (--verbose), and to subscriptions of the type audit: user, role, address, method, path, and why it was refused", fidelity.Ours, "the appliance has audit_logs since 13.5; which calls are told there is not published"},
		{"errors: message, code as a string, explanation", fidelity.Observed, recorded},
		{"missing and bad parameters are answered with 404", fidelity.Observed, clients},
		{"Missing attribute - startDate or endDate.", fidelity.Observed, clients},
		{"Missing attribute - NAME. for others, Wrong Parameter - NAME: REASON.", fidelity.Inferred, "the style of the one that was seen; the reason is ours"},
		{"an unknown parameter, or one given twice, is an error; only mid may be repeated", fidelity.Ours, "rather than ignoring what was asked"},
		{"a body that is malformed is answered with 400, one that is too long with 413", fidelity.Inferred, "the table of statuses"},
		{"405 with Allow for a method that a resource has not", fidelity.Inferred, "the table of statuses; clients do not know 405"},
		{"bodies with GET, and any Content-Type with a body, are taken", fidelity.Observed, clients},
		{"queries may be escaped or not; a % without two digits stands for itself", fidelity.Observed, clients + "; the % is what Python does"},
		{"+ is itself in dates, addresses, domains and message-ids, and a blank in other parameters", fidelity.Inferred, "clients send dates with + as it is, and forms with + for a blank"},
		{"OPTIONS is answered with 200; every answer has the CORS headers", fidelity.Inferred, "headers of published samples"},
		{"connections are kept open", fidelity.Ours, "the real one says Connection: close"},
		{"calls that change something are refused with 403 and plain text if a browser says that they come from another site", fidelity.Ours, "as on all faces"},
		{"/swagger: the page of Swagger UI; title Secure Email Gateway API, version 2.0, security schemes BasicAuth and UserSecurity", fidelity.Observed, "a public client that is made of the real document"},
		{"the document behind it, /swagger/openapi.json and /swagger/openapi.yaml", fidelity.Ours, "the real one is not public; this one says what is built, and answers of the tests are held to it"},
		{"/swagger asks nobody to sign in", fidelity.Ours, "it says nothing of the appliance"},
	}
	for _, status := range []int{400, 401, 403, 404, 405, 406, 408, 410, 413, 414, 500, 501, 502, 503} {
		level, source := fidelity.Inferred, "the table of Python's HTTP server, which those that were seen are from"
		if status == http.StatusUnauthorized || status == http.StatusNotFound {
			level, source = fidelity.Observed, recorded
		}
		out = append(out, claim{"explanation: " + explanation(status), level, source})
	}
	return out
}

package users

import (
	"fmt"
	"strings"

	"esasim/internal/fidelity"
)

// Fidelity lists what sign-in does.
func Fidelity() []fidelity.Claim {
	const guide, client = "AsyncOS user guide", "public client"
	var out []fidelity.Claim
	for _, r := range []struct{ what, level, source string }{
		{"from the factory the user admin with the passphrase ironport", fidelity.Documented, guide + ", Setup and Installation"},
		{"roles Administrator and HelpDeskUser", fidelity.Observed, "recorded answers to a login"},
		{"roles Operator and ReadOnlyOperator", fidelity.Inferred, guide + ", User Roles names them; the words of the API were not seen"},
		{"other roles of the product do not exist: " + strings.Join([]string{"Email Administrator", "Guest", "Technician", "those of one's own"}, ", "), fidelity.Ours, "nothing that they could do is emulated"},
		{"a token is good for the web interface's inactivity timeout, 5 minutes to 24 hours, 30 minutes from the factory", fidelity.Documented, guide + ", System Administration; that the API's tokens follow it was seen in clients, which renew them after 30 minutes"},
		{"a token ends when its time is over, however much it is used, and with the user's passphrase", fidelity.Inferred, "clients renew by the clock"},
		{"tokens are JWT, signed by HS256", fidelity.Observed, "header of a token in a " + client + "'s fixture; its claims are ours"},
		{fmt.Sprintf("after %d failures of a user from one address the next attempt has to wait, from 1 to %d seconds", freeFailures, int(longestWait.Seconds())), fidelity.Ours, "the appliance can lock accounts; that nobody else is held up is safer in a lab"},
		{"passphrases stand in the configuration, in clear or hashed by bcrypt", fidelity.Ours, "the real form is not public"},
		{"RADIUS, LDAP and a second factor do not exist", fidelity.Ours, "not built"},
	} {
		out = append(out, fidelity.Claim{Area: "Users", What: r.what, Level: r.level, Source: r.source})
	}
	return out
}

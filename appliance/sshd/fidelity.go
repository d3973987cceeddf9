package sshd

import "esasim/internal/fidelity"

// Fidelity lists how the command line is reached.
func Fidelity() []fidelity.Claim {
	const clients = "public clients that use the command line"
	var out []fidelity.Claim
	for _, r := range []struct{ what, level, source string }{
		{"SSH with a user's passphrase: a dialogue, or a single line of commands with an exit status, with or without a terminal", fidelity.Observed, clients},
		{"who has failed too often waits, as with the API; the factory's passphrase is good on the same machine only", fidelity.Ours, "as with the API"},
		{"a session without an octet in either direction ends after 30 minutes", fidelity.Documented, "AsyncOS user guide, CLI session timeout"},
		{"200 connections, ten sessions of each, a minute to sign in, lines of 4096 octets, 64 KiB typed ahead", fidelity.Ours, "everything has a bound"},
		{"no files and no forwarding", fidelity.Ours, "the appliance takes SCP for log files; that is not built"},
		{"keys of users are not asked for", fidelity.Ours, "the appliance has sshconfig for them; that is not built"},
	} {
		out = append(out, fidelity.Claim{Area: "Command line", What: r.what, Level: r.level, Source: r.source})
	}
	return out
}

package cli

import "esasim/internal/fidelity"

// Fidelity lists the commands, and the rules of the dialogue.
func Fidelity() []fidelity.Claim {
	const clients = "public clients that use the command line"
	const guide = "AsyncOS CLI reference guide"
	var out []fidelity.Claim
	for _, r := range []struct{ what, level, source string }{
		{"the prompt is the host's name, as in esa.esasim.test> ; questions show the usual answer in brackets, as in []> and [Y]>", fidelity.Documented, guide},
		{"the greeting: AsyncOS 13.0.0 for Cisco C100V build 392", fidelity.Inferred, "recollections of it; no sample is published"},
		{"Unknown command or missing feature key: x", fidelity.Observed, clients},
		{"commands of a line are separated by semicolons; the first that fails is the last that is run, and the exit status is 1", fidelity.Inferred, "clients want the status 0 of what went well, and look for failures in the text"},
		{"a backslash at the end of a line: Command contained invalid escape character", fidelity.Inferred, clients + " look for the text; when it comes is not public"},
		{"-Press Any Key For More- when the screen is full; q ends the command", fidelity.Observed, clients + "; q is ours"},
		{"arguments are the answers to the first questions, as in workqueue pause", fidelity.Inferred, "some commands are documented so"},
		{"clustermode cluster is taken and changes nothing", fidelity.Inferred, clients + " begin lines with it; the appliance is a cluster of one"},
		{"help desk users have no command line", fidelity.Documented, "AsyncOS user guide, User Roles"},
		{"read-only operators may not give commands that change what runs", fidelity.Documented, "AsyncOS user guide, User Roles; the words are ours"},
		{"version: product, model, version, serial number; the processors of this machine, and no hardware", fidelity.Documented, guide},
	} {
		out = append(out, fidelity.Claim{Area: "Command line", What: r.what, Level: r.level, Source: r.source})
	}
	return out
}

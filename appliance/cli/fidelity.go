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
		{"status and status detail: sections and labels", fidelity.Documented, "AsyncOS user guide, Monitoring System Health and Status; widths and the order of lines are recollections"},
		{"workqueue: status, pause with a reason, resume, rate", fidelity.Documented, guide + "; the words are recollections"},
		{"rate, tophosts, hoststatus: columns and labels", fidelity.Documented, "AsyncOS user guide, Monitoring the Mail Queue; counts of a host begin when it comes into memory, and kinds of hard bounces are not told apart"},
		{"hoststatus shows the hosts of the route, or the simulated one, and no MX records", fidelity.Ours, "no name is looked up"},
		{"showrecipients: by recipient host, by Envelope From, all", fidelity.Documented, guide + "; widths are recollections"},
		{"suspendlistener, resumelistener, suspenddel, resumedel, suspend, resume, delivernow: the dialogues", fidelity.Documented, "AsyncOS user guide, Suspending Receiving and Delivery; nobody is cut off: what is under way is finished however many seconds are named"},
		{"quarantineconfig lists the quarantines, with how many messages each holds", fidelity.Documented, guide + "; the column of messages is ours, and nothing can be changed there"},
		{"grep with -C, -e, -i, -p, -t and -v over all files of a subscription; " + noResults, fidelity.Observed, clients + "; regular expressions are those of RE2"},
		{"tail: the last ten lines, then those that are written; Press Ctrl-C to stop.", fidelity.Documented, guide + "; how many lines is inferred"},
		{"dictionaryconfig print shows term, weight; edit NAME new and delete, and a commit with its comment on the line, show nothing when they go well", fidelity.Observed, clients},
		{"commit asks: Please enter some comments describing your changes", fidelity.Documented, guide},
		{"showchanges: a key, its old and its new value", fidelity.Ours, "the appliance's form is not published"},
		{"clear and exit ask whether changes may be lost", fidelity.Inferred, "recollections; drafts outlive the session here until they are cleared"},
		{"trackingconfig, threatresponseconfig and cloudserviceconfig: the operations and their words", fidelity.Inferred, "recollections; no sample is published"},
		{"trackingconfig asks whether to track rejected connections, and says whether they are", fidelity.Documented, guide + ", trackingconfig; that they are tracked from the factory is ours"},
		{"findevent: by envelope FROM, Message ID, Subject or envelope TO; all lines about a message, its connections, and what was made of it by a filter, a split, a bounce or a release", fidelity.Observed, "the published tool that the command was made of"},
		{"findevent reads the current log only when asked; with options it reads all", fidelity.Inferred, "the questions are documented, the options' files are not"},
	} {
		out = append(out, fidelity.Claim{Area: "Command line", What: r.what, Level: r.level, Source: r.source})
	}
	return out
}

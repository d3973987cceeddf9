package cli

import (
	"slices"
	"strings"
)

// command is one of the appliance's.
type command struct {
	name    string
	usage   string // its arguments
	about   string // in a sentence
	changes bool   // something that runs, so not every role may
	unpaged bool   // a full screen does not hold it up
	run     func(*call) error
}

// commands are all of them, by name.
func commands() []command {
	list := []command{
		{name: "clustermode", usage: "cluster | machine | group [name]", about: "Choose where commands apply; without a cluster to this appliance", run: clustermode},
		{name: "clear", about: "Throw away what was changed and not committed", run: clearChanges},
		{name: "cloudserviceconfig", usage: "[enable | disable | settrs server | register token | deregister | status]", about: "Connect with the cloud", run: cloudServiceConfig},
		{name: "commit", usage: "[comment]", about: "Make what was changed effective", changes: true, run: commit},
		{name: "dictionaryconfig", usage: "[print name | new name term | delete name | edit name new term | edit name delete term]", about: "Show and change content dictionaries", run: dictionaryConfig},
		{name: "showchanges", about: "Show what was changed and not committed", run: showChanges},
		{name: "threatresponseconfig", usage: "[enable | disable]", about: "Turn Threat Response on or off", run: threatResponseConfig},
		{name: "trackingconfig", usage: "[setup]", about: "Turn message tracking on or off", run: trackingConfig},
		{name: "delivernow", usage: "[all | domain,...]", about: "Reschedule messages for immediate delivery", changes: true, run: deliverNow},
		{name: "findevent", usage: "[-i] [-f from | -s subject | -t to] log_name | -m MID log_name", about: "Find the messages of a mail log, and all that it says of one", run: findEvent},
		{name: "grep", usage: "[-C count] [-e regex] [-i] [-p] [-t] [-v] [regex] log_name", about: "Search the lines of a log", run: grep},
		{name: "hoststatus", usage: "[host]", about: "Display how delivery to a host stands", run: hostStatus},
		{name: "quarantineconfig", usage: "[list]", about: "List the quarantines", run: quarantineConfig},
		{name: "resume", about: "Resume receiving and deliveries", changes: true, run: resumeAll},
		{name: "resumedel", usage: "[all | domain,...]", about: "Resume deliveries", changes: true, run: resumeDelivery},
		{name: "resumelistener", usage: "[all | listener,...]", about: "Resume receiving", changes: true, run: resumeListener},
		{name: "showrecipients", usage: "[host name | sender address | all]", about: "Show the messages of the delivery queue", run: showRecipients},
		{name: "suspend", usage: "[seconds]", about: "Suspend receiving and deliveries", changes: true, run: suspendAll},
		{name: "suspenddel", usage: "[seconds] [all | domain,...]", about: "Suspend deliveries", changes: true, run: suspendDelivery},
		{name: "suspendlistener", usage: "[all | listener,...] [seconds]", about: "Suspend receiving", changes: true, run: suspendListener},
		{name: "tail", usage: "[log_name]", about: "Follow a log", unpaged: true, run: tail},
		{name: "tophosts", usage: "[1-5]", about: "Display the hosts that most is delivered to", run: topHosts},
		{name: "workqueue", usage: "[status | pause | resume | rate [seconds]]", about: "Display, pause or resume the work queue", run: workQueue},
		{name: "date", about: "Display the current time", run: date},
		{name: "exit", about: "End the session", run: leave},
		{name: "help", usage: "[command]", about: "Display commands, or how one is used", run: help},
		{name: "quit", about: "End the session", run: leave},
		{name: "rate", usage: "[seconds]", about: "Display what comes and goes over time", run: rate},
		{name: "resetcounters", about: "Have the counters of the status begin anew", changes: true, run: resetCounters},
		{name: "status", usage: "[detail]", about: "Display the status of the system", run: showStatus},
		{name: "version", about: "Display the version", run: version},
		{name: "whoami", about: "Display who you are", run: whoami},
	}
	slices.SortFunc(list, func(a, b command) int { return strings.Compare(a.name, b.name) })
	return list
}

// find finds a command.
func find(name string) (command, bool) {
	list := commands()
	i := slices.IndexFunc(list, func(c command) bool { return c.name == name })
	if i < 0 {
		return command{}, false
	}
	return list[i], true
}

// help lists the commands that the user may give, or says how one is used.
func help(c *call) error {
	if len(c.args) > 1 {
		return c.invalid()
	}
	if len(c.args) == 1 {
		cmd, known := find(strings.ToLower(c.args[0]))
		if !known {
			return failed("Unknown command or missing feature key: %s", clean(c.args[0]))
		}
		c.say("%s\n\nUsage: %s\n", cmd.about, strings.TrimSpace(cmd.name+" "+cmd.usage))
		return nil
	}
	for _, cmd := range commands() {
		if !cmd.changes || c.User.Role.MayChange() {
			c.say("%-22s %s\n", cmd.name, cmd.about)
		}
	}
	return nil
}

// clustermode says where the next commands apply. An appliance without others is a
// cluster of one, so that what was written for a cluster runs.
func clustermode(c *call) error {
	if len(c.args) == 0 || !slices.Contains([]string{"cluster", "machine", "group"}, strings.ToLower(c.args[0])) {
		return c.invalid()
	}
	return nil
}

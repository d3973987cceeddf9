package config

import (
	"fmt"
	"strings"

	"esasim/internal/fidelity"
)

// Fidelity lists the factory's values.
func Fidelity() []fidelity.Claim {
	const guide = "AsyncOS user guide, "
	d := Default()
	groups := ""
	for i, g := range d.SenderGroups {
		if i > 0 {
			groups += ", "
		}
		groups += g.Name + " " + g.Policy + " " + strings.Join(g.Members, " ")
	}
	policies := ""
	for i, p := range d.Policies {
		if i > 0 {
			policies += ", "
		}
		policies += p.Name + " " + p.Rule
	}
	private := ""
	for i, g := range privateGroups() {
		if i > 0 {
			private += ", "
		}
		private += g.Name + " " + g.Policy
	}
	t := d.Policies[1]
	var out []fidelity.Claim
	for _, r := range []struct{ what, level, source string }{
		{"AsyncOS version " + d.Version, fidelity.Documented, "vendor's integration guide"},
		{"profile xdr2025: AsyncOS 15.5, product Secure Email Gateway Virtual, sender groups ALLOWED_LIST and BLOCKED_LIST for WHITELIST and BLACKLIST", fidelity.Documented, "release notes of AsyncOS 14.2; the product's name is that of published samples, the build of 15.5 is left out"},
		{"sender groups, in order: " + strings.ReplaceAll(groups, " ,", ","), fidelity.Documented, guide + "HAT defaults of 13.x, the moderate score ranges"},
		{"mail flow policies: " + policies, fidelity.Documented, guide + "default mail flow policies"},
		{fmt.Sprintf("mail flow policy %s: max_messages %d, max_recipients %d, max_recipients_per_hour %d, max_message_size %d, max_connections %d",
			t.Name, t.MaxMessages, t.MaxRecipients, t.MaxRecipientsPerHour, t.MaxMessageSize, t.MaxConnections), fidelity.Documented, guide + "default mail flow policies"},
		{fmt.Sprintf("mail flow policies %s, %s: max_messages %d, max_connections %d, %d; their other limits are the listener's",
			d.Policies[0].Name, d.Policies[2].Name, d.Policies[0].MaxMessages, d.Policies[0].MaxConnections, d.Policies[2].MaxConnections), fidelity.Documented, guide + "default mail flow policies"},
		{"listener: delayed_rejection off; nobody may say XCLIENT", fidelity.Inferred, guide + "HAT delayed rejection is a setting; XCLIENT is ours"},
		{fmt.Sprintf("max_message_size %d, max_recipients %d", d.Listener.MaxMessageSize, d.Listener.MaxRecipients), fidelity.Documented, guide + "default mail flow policies, $ACCEPTED"},
		{fmt.Sprintf("max_header_lines %d", d.Listener.MaxHeaderLines), fidelity.Documented, guide + "listener settings"},
		{fmt.Sprintf("max_connections %d", d.Listener.MaxConnections), fidelity.Ours, "small models have 50; a lab may need more"},
		{fmt.Sprintf("idle_timeout %s", d.Listener.IdleTimeout), fidelity.Documented, guide + "listener settings: timeout for unsuccessful inbound connections"},
		{"RAT: ALL", fidelity.Ours, "a lab takes mail for everybody; delivery is simulated"},
		{fmt.Sprintf("bounce profile: initial_retry %s, max_retry %s, max_time_in_queue %s, max_retries %d",
			d.Delivery.InitialRetry, d.Delivery.MaxRetry, d.Delivery.MaxTime, d.Delivery.MaxRetries), fidelity.Documented, guide + "default bounce profile"},
		{fmt.Sprintf("%s: rollover_size %d, max_files %d", d.Logs[0].Name, d.Logs[0].RollSize, d.Logs[0].Keep), fidelity.Documented, guide + "Logging"},
		{fmt.Sprintf("tracking: min_free %d", d.Tracking.MinFree), fidelity.Ours, "when the appliance's queue is full is not public"},
		{fmt.Sprintf("tracking: max_size %d, the oldest messages go first; keep 0s: for ever", d.Tracking.MaxSize), fidelity.Inferred, guide + "Tracking: the oldest data is replaced when its space is used up; the size is ours"},
		{fmt.Sprintf("tracking: content_keep %s, content_max_size %d", d.Tracking.ContentKeep, d.Tracking.ContentMaxSize), fidelity.Ours, "the appliance keeps no message once it is delivered; here details and tests may want it"},
		{"syslog facility mail, protocol udp, unless set", fidelity.Inferred, guide + "Logging: the choices of a syslog push"},
		{"a syslog server on another machine only with elsewhere: true", fidelity.Ours, "nothing is sent away from a lab unless somebody says so"},
		{"log subscriptions: " + strings.Join(LogTypes(), ", "), fidelity.Ours, "the others of the appliance are not built"},
		{"time zone UTC", fidelity.Ours, "the appliance is asked for it by its setup wizard"},
		{"sizes are written as numbers, or with K or M", fidelity.Documented, guide + "Logging"},
		{"one mail policy DEFAULT", fidelity.Ours, "not built yet"},
		{"one listener; others, private ones with " + private + ", are added", fidelity.Documented, guide + "HAT defaults of private listeners; which listeners there are is for its setup wizard"},
		{fmt.Sprintf("all_listeners: max_tls_connections %d, total_time %s", d.All.MaxTLSConnections, d.All.TotalTime), fidelity.Documented, "published notes on listenerconfig > setup"},
		{fmt.Sprintf("all_listeners: max_connections %d", d.All.MaxConnections), fidelity.Ours, "small models have 50; a lab may need more"},
		{"mail flow policies " + d.Policies[2].Name + ", " + d.Policies[4].Name + ": spam_check " + d.Policies[2].SpamCheck, fidelity.Documented, guide + "default mail flow policies"},
		{fmt.Sprintf("max_hops %d", d.Listener.MaxHops), fidelity.Ours, "the appliance's number is not public"},
		{"no users of AUTH; Sender Domain Reputation is not asked for", fidelity.Ours, "both need a table to be of use"},
	} {
		out = append(out, fidelity.Claim{Area: "Configuration", What: r.what, Level: r.level, Source: r.source})
	}
	return out
}

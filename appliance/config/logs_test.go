package config

import (
	"strings"
	"testing"
)

// Each fault of a subscription is told with its key; the right ones are taken.
func TestCheckLogs(t *testing.T) {
	file := LogSubscription{Name: "events", Type: "consolidated_event"}
	with := func(change func(*LogSubscription)) []LogSubscription {
		l := file
		change(&l)
		return []LogSubscription{l}
	}
	syslog := func(s Syslog) []LogSubscription { return with(func(l *LogSubscription) { l.Syslog = s }) }
	for _, c := range []struct {
		logs []LogSubscription
		want string // in the error; empty: none
	}{
		{nil, ""},
		{[]LogSubscription{file}, ""},
		{with(func(l *LogSubscription) { l.Name = "" }), "appliance.logs[0].name: \"\": want a letter"},
		{with(func(l *LogSubscription) { l.Name = "../x" }), "appliance.logs[0].name"},
		{with(func(l *LogSubscription) { l.Name = "Tracking" }), "is taken"},
		{with(func(l *LogSubscription) { l.Name = "cloudlink" }), "is taken"},
		{[]LogSubscription{file, {Name: "EVENTS", Type: "mail"}}, "appliance.logs[1].name: \"EVENTS\" is taken"},
		{with(func(l *LogSubscription) { l.Type = "mails" }), "appliance.logs[0].type: \"mails\": want one of mail, consolidated_event, bounces, amp"},
		{with(func(l *LogSubscription) { l.Level = "Info" }), "appliance.logs[0].level"},
		{with(func(l *LogSubscription) { l.Keep = -1 }), "appliance.logs[0].max_files"},
		{syslog(Syslog{Address: "127.0.0.1:514"}), ""},
		{syslog(Syslog{Address: "[::1]:514", Protocol: "tls", Facility: "local7"}), ""},
		{syslog(Syslog{Address: "siem.example:514", Elsewhere: true}), ""},
		{syslog(Syslog{Address: "siem.example:514"}), "appliance.logs[0].syslog.address: \"siem.example:514\" is not an address of this machine"},
		{syslog(Syslog{Address: "192.0.2.1:514"}), "elsewhere: true"},
		{syslog(Syslog{Address: "127.0.0.1"}), "want HOST:PORT"},
		{syslog(Syslog{Address: "127.0.0.1:0"}), "a port from 1"},
		{syslog(Syslog{Protocol: "tcp"}), "appliance.logs[0].syslog.address: is missing"},
		{syslog(Syslog{Address: "127.0.0.1:514", Protocol: "http"}), "appliance.logs[0].syslog.protocol"},
		{syslog(Syslog{Address: "127.0.0.1:514", Facility: "kern"}), "appliance.logs[0].syslog.facility"},
		{syslog(Syslog{Address: "127.0.0.1:514", Trust: "x"}), "appliance.logs[0].syslog.trust"},
	} {
		a := Default()
		a.Logs = c.logs
		err := a.Check()
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%+v: %v, want %q", c.logs, err, c.want)
		}
	}
}

func TestTimezone(t *testing.T) {
	for zone, ok := range map[string]bool{"": true, "UTC": true, "Local": true, "America/New_York": true, "New York": false, "../etc/passwd": false} {
		a := Default()
		a.Timezone = zone
		if err := a.Check(); (err == nil) != ok || !ok && !strings.Contains(err.Error(), "appliance.timezone") {
			t.Errorf("%q: %v", zone, err)
		}
	}
}

// The numbers that the published samples begin with are those of our table.
func TestFacility(t *testing.T) {
	for name, want := range map[string]int{"": 2, "mail": 2, "ftp": 11, "local4": 20, "local7": 23} {
		if got, ok := Facility(name); got != want || !ok {
			t.Errorf("%q: %d, %t, want %d", name, got, ok, want)
		}
	}
	if _, ok := Facility("kern"); ok {
		t.Error("the kernel's facility cannot be set")
	}
}

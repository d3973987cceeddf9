package esasim_test

import (
	"errors"
	"fmt"
	"net/textproto"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"esasim/appliance"
	"esasim/esa"
	"esasim/internal/statefile"
	"esasim/lab"
)

func configOf(t *testing.T, text string) lab.Config {
	t.Helper()
	c, err := lab.ReadConfig("reload.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// reloadable is a lab whose configuration is changed.
type reloadable struct {
	*virtual
	t *testing.T
}

func (r reloadable) change(text string) {
	r.t.Helper()
	if err := r.Change(configOf(r.t, "appliance:\n  "+strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n  ")+"\n")); err != nil {
		r.t.Fatalf("%s: %v", text, err)
	}
}

// session is a connection to the first listener.
type session struct {
	*textproto.Conn
	t *testing.T
}

func (r reloadable) session() session {
	r.t.Helper()
	raw, err := r.net.Dial(r.t.Context(), "tcp", r.Addresses().SMTP)
	if err != nil {
		r.t.Fatal(err)
	}
	return session{textproto.NewConn(raw), r.t}
}

// say says lines, an empty one being none, and gives the last answer.
func (s session) say(lines ...string) (text string) {
	s.t.Helper()
	for _, line := range lines {
		if line != "" {
			if err := s.PrintfLine("%s", line); err != nil {
				s.t.Fatal(err)
			}
		}
		code, answer, err := s.ReadResponse(0)
		if code == 0 {
			s.t.Fatalf("%s: %v", line, err)
		}
		text = fmt.Sprint(code, " ", answer)
	}
	return text
}

// says is the last answer of a connection of its own.
func (r reloadable) says(lines ...string) string {
	r.t.Helper()
	s := r.session()
	defer s.Close()
	return s.say(append([]string{""}, lines...)...)
}

func (r reloadable) answers(want string, lines ...string) {
	r.t.Helper()
	if got := r.says(lines...); !strings.HasPrefix(got, want) {
		r.t.Errorf("%q: %s, want %s", lines, got, want)
	}
}

// events are those of a message that is sent now.
func (r reloadable) events(to, subject string) *esa.Message {
	r.t.Helper()
	return r.eventsOf(r.send(r.t, to, subject))
}

func (r reloadable) eventsOf(mid esa.MID) *esa.Message {
	r.t.Helper()
	time.Sleep(2 * time.Second)
	synctest.Wait()
	m, err := r.Appliance().Tracking().Message(r.t.Context(), mid)
	if err != nil {
		r.t.Fatal(err)
	}
	return &m
}

// Each part of the configuration is changed in a lab that runs, and does what it says
// from then on.
func TestReload(t *testing.T) {
	for name, check := range map[string]func(reloadable){
		"listener": reloadListener, "connections": reloadConnections, "work queue": reloadWorkQueue, "quarantines": reloadQuarantines, "lists": reloadLists,
		"delivery": reloadDelivery, "logs": reloadLogs, "pages": reloadPages,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				v := &virtual{fs: vfs.NewMem()}
				v.start(t, func(o *lab.Options) { o.Config = configOf(t, "") })
				defer func() { v.stop() }()
				check(reloadable{v, t})
			})
		})
	}
}

func reloadListener(r reloadable) {
	mail := []string{"EHLO c.example", "MAIL FROM:<a@b.example>"}
	r.answers("250", append(mail, "RCPT TO:<u@x.example>")...)
	r.change("recipients: [y.example]")
	r.answers("550", append(mail, "RCPT TO:<u@x.example>")...)
	r.answers("250", append(mail, "RCPT TO:<u@y.example>")...)
	r.change("listener: {max_recipients: 1, max_message_size: 1K, default_domain: d.example}")
	r.answers("452", append(mail, "RCPT TO:<u@x.example>", "RCPT TO:<v@x.example>")...)
	r.answers("552", "EHLO c.example", "MAIL FROM:<a@b.example> SIZE=2000")
	r.answers("250", "EHLO c.example", "MAIL FROM:<a>")
	r.change("sender_groups: [{name: BAD, policy: $BLOCKED, members: [127.0.0.1]}]")
	r.answers("554")
	r.change("sender_verification: {missing: [b.example]}")
	r.answers("553", mail...)
	r.change("mail_flow_policies: [{name: $ACCEPTED, rule: ACCEPT, auth: required}]\nsender_groups: [{name: ALL, policy: $ACCEPTED}]\nsmtp_auth: {users: [{name: joe, passphrase: x}]}")
	r.answers("530", mail...)
	r.answers("235", "EHLO c.example", "AUTH PLAIN AGpvZQB4")
	r.change("authentication: {verify: true, spf_reject: [Fail], zones: 'b.example TXT \"v=spf1 -all\"'}\nlistener: {xclient: [127.0.0.1]}")
	if got := r.sendAs(r.t, "ADDR=192.0.2.7", "x"); !strings.HasPrefix(got, "550 ") {
		r.t.Errorf("what SPF fails: %s", got)
	}
	r.change("sender_domain_reputation: {query: true, domains: [{domain: b.example, verdict: Awful}], reject: [Awful]}\nlistener: {xclient: [127.0.0.1]}\nsenders: [{address: 192.0.2.7, host: h.b.example}]")
	if got := r.sendAs(r.t, "ADDR=192.0.2.7", "x"); !strings.HasPrefix(got, "550") && !strings.HasPrefix(got, "554") {
		r.t.Errorf("a domain without reputation: %s", got)
	}
	r.change("all_listeners: {max_connections: 1}")
	held := r.session()
	defer held.Close()
	held.say("")
	r.answers("421")
	r.change("timezone: UTC")
	r.answers("220")
}

// A connection keeps what it began with, to its end.
func reloadConnections(r reloadable) {
	old := r.session()
	defer old.Close()
	old.say("", "EHLO c.example")
	r.change("recipients: [y.example]\nlistener: {max_message_size: 1K}")
	if got := old.say("MAIL FROM:<a@b.example> SIZE=2000", "RCPT TO:<u@x.example>"); !strings.HasPrefix(got, "250") {
		r.t.Errorf("a connection from before: %s", got)
	}
	r.answers("550", "EHLO c.example", "MAIL FROM:<a@b.example>", "RCPT TO:<u@x.example>")
}

func reloadWorkQueue(r reloadable) {
	if m := r.events("u@x.example", gtube); m.State != esa.Dropped {
		r.t.Errorf("spam is %s", m.Status())
	}
	r.change("mail_policies: {incoming: [{name: DEFAULT, antispam: {positive: {action: deliver, subject: '[SPAM] '}}}]}")
	if m := r.events("u@x.example", gtube); m.State == esa.Dropped {
		r.t.Errorf("spam that is to be delivered is %s", m.Status())
	}
	r.change("mail_policies: {incoming: [{name: Own, recipients: [x.example]}]}\nmessage_filters: |\n  a: if (true) { log-entry(\"by a filter\"); }")
	m := r.events("u@x.example", "x")
	logged := slices.ContainsFunc(m.Events, func(e esa.Event) bool {
		return e.Kind == esa.LogEntered && strings.Contains(e.Text, "by a filter")
	})
	if m.Policy != "Own" || !logged {
		r.t.Errorf("policy %q, logged %t", m.Policy, logged)
	}
}

func reloadQuarantines(r reloadable) {
	r.change("quarantines: [{name: Mine, retention: 1h, action: delete}]\nmail_policies: {incoming: [{name: DEFAULT, antispam: {positive: {action: quarantine, quarantine: Mine}}}]}")
	mid := r.send(r.t, "u@x.example", gtube)
	if m := r.eventsOf(mid); m.State != esa.Quarantined || r.counts()["Mine"] != 1 {
		r.t.Fatalf("%s, %v", m.Status(), r.counts())
	}
	r.change("timezone: UTC")
	if r.counts()["Mine"] != 1 {
		r.t.Errorf("held in a quarantine that is gone: %v", r.counts())
	}
	time.Sleep(time.Hour)
	if m := r.eventsOf(mid); m.State != esa.Delivered {
		r.t.Errorf("when its time was over, a message of a quarantine that is gone was %s", m.Status())
	}
}

// Lists are asked, and can be changed, while they are enabled; what is done with mail
// and how many entries there can be changes, too. They are kept while they are not.
func reloadLists(r reloadable) {
	c := &apiCaller{t: r.t, virtual: r.virtual}
	block := func(sender string, want int) {
		r.t.Helper()
		resp, err := r.client().Do(c.request("POST", "quarantine/blocklist",
			`{"action": "add", "quarantineType": "spam", "viewBy": "recipient", "recipientAddresses": ["u@x.example"], "senderList": ["`+sender+`"]}`))
		if err != nil {
			r.t.Fatal(err)
		}
		if resp.Body.Close(); resp.StatusCode != want {
			r.t.Errorf("%s on the blocklist: %d, want %d", sender, resp.StatusCode, want)
		}
	}
	state := func(want esa.State) {
		r.t.Helper()
		if m := r.events("u@x.example", "x"); m.State != want {
			r.t.Errorf("%s, want %s", m.Status(), want)
		}
	}
	block("mgmt01@cisco.com", 200)
	state(esa.Quarantined)
	r.change("safelist_blocklist: {blocklist_action: delete}")
	state(esa.Dropped)
	r.change("safelist_blocklist: {enabled: false}")
	state(esa.Delivered)
	block("c.example", 403)
	r.change("safelist_blocklist: {max_entries: 1}")
	state(esa.Quarantined)
	block("c.example", 400)
	r.change("mail_policies: {incoming: [{name: DEFAULT, antispam: {enabled: false}}]}")
	state(esa.Delivered)
	block("c.example", 200)
}

func reloadDelivery(r reloadable) {
	if m := r.events("u@x.example", "x"); m.State != esa.Delivered {
		r.t.Fatal(m.Status())
	}
	r.change(`fates: [{recipient: u@x.example, reply: "550 5.1.1 gone"}]`)
	if m := r.events("u@x.example", "x"); m.State != esa.Bounced {
		r.t.Errorf("with a fate: %s", m.Status())
	}
	r.change("routes: [{domain: x.example, hosts: ['192.0.2.9:25']}]\ndelivery: {initial_retry: 5m}")
	mid := r.send(r.t, "u@x.example", "x")
	if m := r.eventsOf(mid); m.State != esa.Delayed {
		r.t.Errorf("with a route to nowhere: %s", m.Status())
	} else if wait := time.Until(m.Recipients[0].Until); wait < 4*time.Minute {
		r.t.Errorf("tried again in %s", wait)
	}
	r.change("routes: [{domain: ALL, hosts: [simulated]}]\nheaders: {ironport: true}")
	time.Sleep(5 * time.Minute)
	if m := r.eventsOf(mid); m.State != esa.Delivered {
		r.t.Errorf("with a route to the simulated host: %s", m.Status())
	}
	letter, err := r.Appliance().Mailboxes().Letter(r.t.Context(), "u@x.example", mid)
	if err != nil {
		r.t.Fatal(err)
	}
	content, err := r.Appliance().Mailboxes().Open(&letter)
	if err != nil {
		r.t.Fatal(err)
	}
	defer content.Close()
	head := make([]byte, 4096)
	if n, _ := content.Read(head); !strings.Contains(string(head[:n]), "X-IronPort-MID: ") {
		r.t.Errorf("without X-IronPort-MID: %s", head[:n])
	}
}

func reloadLogs(r reloadable) {
	r.events("u@x.example", "one")
	r.change("wording: 15\nlogs: [{name: mail_logs, type: mail}, {name: events, type: consolidated_event}]")
	r.events("u@x.example", "two")
	r.change("logs: [{name: events, type: consolidated_event}]")
	r.events("u@x.example", "three")
	r.change("logs: [{name: mail_logs, type: mail}]")
	r.events("u@x.example", "four")
	time.Sleep(2 * time.Second)
	for name, want := range map[string][4]int{"mail": {1, 1, 0, 1}, "consolidated_event": {0, 1, 1, 0}} {
		dir := map[string]string{"mail": "mail_logs", "consolidated_event": "events"}[name]
		text := strings.Join(r.logLines(r.t, dir, name), "\n")
		for i, subject := range []string{"one", "two", "three", "four"} {
			if got := strings.Count(text, "Subject '"+subject) + strings.Count(text, `Subject "`+subject) + strings.Count(text, "msg='"+subject) + strings.Count(text, "msg="+subject); got != want[i] {
				r.t.Errorf("%s tells %d times of %s, want %d\n%s", dir, got, subject, want[i], text)
			}
		}
	}
	// A log that cannot be opened changes nothing.
	if err := statefile.Write(r.fs, "data", "blocked", []byte("a file")); err != nil {
		r.t.Fatal(err)
	}
	refuse := func() {
		r.t.Helper()
		if err := r.Change(configOf(r.t, "appliance:\n  logs: [{name: fresh, type: amp}, {name: mail_logs, type: bounces}, {name: blocked, type: mail}]\n  recipients: [nobody.example]")); err == nil {
			r.t.Fatal("a log is where a file is")
		}
	}
	refuse()
	r.change("logs: [{name: mail_logs, type: mail}, {name: blocked, type: mail, syslog: {protocol: tcp, address: '127.0.0.1:5140'}}]")
	refuse()
	r.change("logs: [{name: mail_logs, type: mail}]")
	r.events("u@x.example", "five")
	if text := strings.Join(r.logLines(r.t, "mail_logs", "mail"), "\n"); strings.Count(text, "Subject 'five'") != 1 {
		r.t.Errorf("the mail logs do not go on:\n%s", text)
	}
	if places, err := r.Appliance().Tracking().Cursors("log/"); err != nil || !slices.Equal(places, []string{"log/mail_logs"}) {
		r.t.Errorf("places in the log: %v, %v", places, err)
	}
}

func reloadPages(r reloadable) {
	r.events("u@x.example", "x")
	page := func() string {
		_, _, body := (&caller{r.t, r.caller(r.t).client, r.Addresses().Console}).call("GET", "/monitor/message_tracking", "")
		return body
	}
	const product = "Box of Reload"
	if strings.Contains(page(), product) {
		r.t.Fatal("it is there already")
	}
	r.change("product: " + product)
	if !strings.Contains(page(), product) {
		r.t.Errorf("the pages do not say %s", product)
	}
}

// What needs a restart is told by its key, and then nothing else is changed either.
func TestReloadRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &virtual{fs: vfs.NewMem()}
		v.start(t, func(o *lab.Options) { o.Config = configOf(t, listenersFrom(26)) })
		defer func() { v.stop() }()
		r := reloadable{v, t}
		for text, want := range map[string]string{
			"profile: strict2020": "profile, threat_response", "smtp: 127.0.0.1:1\nconsole: 127.0.0.1:2": "console, smtp",
			"ssh: off": "ssh", "api: 127.0.0.1:6080\napi_tls: 127.0.0.1:6443": "api, api_tls", "cloud: {EUROPE: '127.0.0.1:9081'}": "cloud", "unregistered: true": "unregistered", "threat_response: {name: X}": "threat_response",
			"appliance: {hostname: other.example}": "appliance.hostname, appliance.listeners", "appliance: {serial: X}": "appliance.listeners, appliance.serial",
			"appliance: {version: 13.5.1-277}":                                    "appliance.listeners, appliance.version",
			"appliance: {listener: {interface: X}, tracking: {keep: 1h}}":         "appliance.listener.interface, appliance.listeners, appliance.tracking",
			"appliance: {users: [{name: a, passphrase: b, role: Administrator}]}": "appliance.listeners, appliance.users",
			"appliance: {api: {session_timeout: 1h}}":                             "appliance.api.session_timeout, appliance.listeners",
			"appliance: {files: [{name: x, malware: y}]}":                         "appliance.files, appliance.listeners",
			listenersFrom(27): "appliance.listeners[0].address",
			strings.Replace(listenersFrom(26), "public", "private", 1): "appliance.listeners[0].type",
			strings.Replace(listenersFrom(26), "Second", "X", 1):       "appliance.listeners[0].interface",
		} {
			if !strings.Contains(text, "appliance:") {
				text += "\n" + listenersFrom(26)
			}
			c := configOf(t, text)
			c.Appliance.Recipients = nil // nobody: were it taken, RCPT would be refused
			err := v.Change(c)
			var restart *appliance.RestartError
			if !errors.As(err, &restart) || strings.Join(restart.Keys, ", ") != want {
				t.Errorf("%s: %v, want %s", text, err, want)
			}
		}
		faulty := configOf(t, listenersFrom(26))
		faulty.Appliance.Recipients, faulty.Appliance.Timezone = nil, "Nowhere"
		if err := v.Change(faulty); err == nil || !strings.Contains(err.Error(), "appliance.timezone: ") {
			t.Errorf("a fault: %v", err)
		}
		r.answers("250", "EHLO c.example", "MAIL FROM:<a@b.example>", "RCPT TO:<u@x.example>")
		if err := v.Change(configOf(t, listenersFrom(26)+"    recipients: [y.example]\n")); err != nil {
			t.Error(err)
		}
	})
}

func listenersFrom(port int) string {
	return fmt.Sprintf("appliance:\n  listeners:\n  - interface: Second\n    type: public\n    address: 127.0.0.1:%d\n", port)
}

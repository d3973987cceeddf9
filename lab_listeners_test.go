package esasim_test

import (
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/smtp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"esasim/appliance/config"
	"esasim/esa"
	"esasim/esasimtest"
	"esasim/lab"
)

// submit sends a message by one of the listeners, and gives back the error of the
// server, if there was one.
func (v *virtual) submit(t *testing.T, listener string, prepare func(net.Conn) net.Conn, auth smtp.Auth, to string) error {
	t.Helper()
	conn, err := v.net.Dial(t.Context(), "tcp", v.Addresses().Listeners[listener])
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if prepare != nil {
		conn = prepare(conn)
	}
	c, err := smtp.NewClient(conn, "localhost")
	if err != nil {
		return err
	}
	if err := c.Hello("desk.x.example"); err != nil {
		return err
	}
	if auth != nil {
		if err := c.Auth(auth); err != nil {
			return err
		}
	}
	if err := c.Mail("joe@x.example"); err != nil {
		return err
	}
	if err := c.Rcpt(to); err != nil {
		return err
	}
	w, err := c.Data()
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "From: joe@x.example\r\nSubject: by %s\r\n\r\nhello\r\n", listener)
	if err := w.Close(); err != nil {
		return err
	}
	_ = c.Quit() // with TLS a pipe may be gone before its end was announced
	return nil
}

func overTLS(c net.Conn) net.Conn { return tls.Client(c, &tls.Config{InsecureSkipVerify: true}) }

// The README's listeners: what each does is in the mail logs, in tracking, and in
// the Consolidated Event Log.
func TestDocumentedListeners(t *testing.T) {
	text := configuration(t, "OutgoingMail")
	synctest.Test(t, func(t *testing.T) {
		v := &virtual{fs: vfs.NewMem()}
		v.start(t, func(o *lab.Options) {
			c, err := lab.ReadConfig("README.md", []byte(text))
			if err != nil {
				t.Fatal(err)
			}
			c.Appliance.Logs = append(c.Appliance.Logs, config.LogSubscription{Name: "cef", Type: "consolidated_event", Level: "info", RollSize: 10 << 20, Keep: 10})
			o.Config = c
		})
		defer func() { v.stop() }()
		joe := smtp.PlainAuth("", "joe", "correct horse", "localhost")
		for _, c := range []struct {
			listener string
			prepare  func(net.Conn) net.Conn
			auth     smtp.Auth
			want     string
		}{
			{"OutgoingMail", nil, nil, ""},
			{"OutgoingMail", nil, joe, "503 #5.3.3 AUTH not available"},
			{"Submission", overTLS, nil, "530 Authentication required"},
			{"Submission", overTLS, smtp.PlainAuth("", "joe", "wrong horse", "localhost"), "535 #5.7.8 Bad credentials"},
			{"Submission", overTLS, joe, ""},
			{"IncomingMail", nil, nil, ""},
		} {
			got := ""
			if err := v.submit(t, c.listener, c.prepare, c.auth, "any@where.test"); err != nil {
				got = strings.ReplaceAll(err.Error(), `"`, "")
			}
			if got != c.want {
				t.Errorf("%s: %q, want %q", c.listener, got, c.want)
			}
		}
		time.Sleep(5 * time.Second)
		log := strings.Join(v.mailLog(t), "\n")
		for _, want := range []string{
			" interface OutgoingMail (127.0.0.1) address 127.0.0.1 ", " RELAY SG RELAYLIST match 127.0.0.1 SBRS None ",
			" interface Submission (::1) address ::1 ", " ACCEPT SG None match  SBRS None ",
			"SMTP Auth (ICID 3) was required but remote host did not initiate it\n",
			"SMTP Auth (ICID 4) failed for user: joe using AUTH mechanism: PLAIN with profile: users\n",
			"SMTP Auth (ICID 5) succeeded for user: joe using AUTH mechanism: PLAIN with profile: users\n",
			"MID 2 matched all recipients for per-recipient policy DEFAULT in the outbound table\n",
			"MID 3 matched all recipients for per-recipient policy DEFAULT in the inbound table\n",
			"MID 3 SDR: Domains for which SDR is requested: reverse DNS host: Not Present, helo: desk.x.example, env-from: x.example, header-from: x.example, reply-to: Not Present\n",
			"MID 3 SDR: Consolidated Sender Reputation: Neutral, Threat Category: N/A. Youngest Domain Age: 30 days (or greater) for domain: desk.x.example\n",
		} {
			if !strings.Contains(log, want) {
				t.Errorf("the mail logs do not say %q", want)
			}
		}
		if t.Failed() || strings.Contains(log, "horse") {
			t.Errorf("mail logs:\n%s", log)
		}
		v.readBack(t)
	})
}

// readBack looks at what tracking and the Consolidated Event Log have of messages 2
// and 3 of the test above.
func (v *virtual) readBack(t *testing.T) {
	t.Helper()
	m, err := v.Appliance().Tracking().Message(t.Context(), 2)
	if err != nil {
		t.Fatal(err)
	}
	if m.User != "joe" || m.Direction != esa.Outgoing || m.HELO != "desk.x.example" || !strings.HasPrefix(m.TLS, "TLSv1.3 TLS_AES_") || m.Source.Listener != "Submission" {
		t.Errorf("MID 2: user %q, %s, HELO %q, TLS %q, listener %s", m.User, m.Direction, m.HELO, m.TLS, m.Source.Listener)
	}
	if m, err = v.Appliance().Tracking().Message(t.Context(), 3); err != nil || m.User != "" || m.TLS != "" || m.Auth.SDR.Verdict != "Neutral" {
		t.Errorf("MID 3: user %q, TLS %q, %+v, %v", m.User, m.TLS, m.Auth.SDR, err)
	}
	cef := strings.Join(v.logLines(t, "cef", "consolidated_event"), "\n") + "\n"
	for _, want := range []string{" ESAMID=3 ", " ESAHeloDomain=desk.x.example ESAHeloIP=127.0.0.1 ",
		" ESASDRDomainAge=30 days (or greater) cs3Label=SDRThreatCategory cs3=N/A cs6Label=SDRRepScore cs6=Neutral ", " deviceInboundInterface=Submission "} {
		if !strings.Contains(cef, want) {
			t.Errorf("no %q in\n%s", want, cef)
		}
	}
}

// The default listener says what a bad configuration of others is.
func TestListenerFaults(t *testing.T) {
	private := func(change func(*config.MoreListener)) func(*config.Appliance) {
		return func(a *config.Appliance) {
			l := config.NewListener("Private", config.Private, "127.0.0.1:0")
			change(&l)
			a.Listeners = append(a.Listeners, l)
		}
	}
	for want, change := range map[string]func(*config.Appliance){
		`appliance.listener.tls: "maybe": want starttls, implicit or off`:                func(a *config.Appliance) { a.Listener.TLS = "maybe" },
		`appliance.listener.default_domain: "a b": want a domain`:                        func(a *config.Appliance) { a.Listener.DefaultDomain = "a b" },
		`appliance.listener.max_hops: must be greater than 0`:                            func(a *config.Appliance) { a.Listener.MaxHops = 0 },
		`appliance.listener.proxies[0]: address "x": want`:                               func(a *config.Appliance) { a.Listener.Proxies = []string{"x"} },
		`appliance.all_listeners.total_time: must be greater than 0`:                     func(a *config.Appliance) { a.All.TotalTime = 0 },
		`appliance.smtp_auth.users[0].passphrase: must not be empty`:                     func(a *config.Appliance) { a.SMTPAuth.Users = []config.SMTPUser{{Name: "joe"}} },
		`appliance.sender_domain_reputation.domains[0]: verdict "Bad": want Awful`:       func(a *config.Appliance) { a.Reputation.Domains = []config.Domain{{Name: "x", Verdict: "Bad"}} },
		`appliance.mail_flow_policies[0].spam_check: "maybe": want on or off`:            func(a *config.Appliance) { a.Policies[0].SpamCheck = "maybe" },
		`appliance.mail_flow_policies[0]: mail flow policy $ACCEPTED: auth "yes": want`:  func(a *config.Appliance) { a.Policies[0].Auth = "yes" },
		`appliance.sender_groups: sender group ALL: it must be the last one`:             func(a *config.Appliance) { slices.Reverse(a.SenderGroups) },
		`appliance.listeners[0].type: "hidden": want public or private`:                  private(func(l *config.MoreListener) { l.Type = "hidden" }),
		`appliance.listeners[0].address: "": want host:port`:                             private(func(l *config.MoreListener) { l.Address = "" }),
		`appliance.listeners[0].interface: "IncomingMail": want a name that no other`:    private(func(l *config.MoreListener) { l.Interface = "IncomingMail" }),
		`appliance.listeners[0].idle_timeout: must be greater than 0`:                    private(func(l *config.MoreListener) { l.IdleTimeout = 0 }),
		`appliance.listeners[0].recipients: a private listener has no Recipient Access`:  private(func(l *config.MoreListener) { l.Recipients = []config.Recipient{{Address: "ALL"}} }),
		`appliance.listeners[0].sender_groups[0].name: is missing`:                       private(func(l *config.MoreListener) { l.SenderGroups = []config.SenderGroup{{}} }),
		`appliance.listeners[0].sender_groups[0]: sender group G: policy "$B": there is`: private(func(l *config.MoreListener) { l.SenderGroups = []config.SenderGroup{{Name: "G", Policy: "$B"}} }),
		`listener Private 127.0.0.1:port:`:                                               private(func(l *config.MoreListener) { l.Address = "127.0.0.1:port" }),
	} {
		o := lab.Options{Config: lab.DefaultConfig(), FS: vfs.NewMem(), Dir: "data"}
		o.Config.SMTP, o.Config.Console, o.Config.Cloud = "127.0.0.1:0", "127.0.0.1:0", nil
		change(&o.Config.Appliance)
		l, err := lab.New(o)
		if err == nil {
			_ = l.Close()
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

// What a file does not say of a listener is from the factory, and the work queue
// finds the policy of a sender group by its listener.
func TestListenerDefaults(t *testing.T) {
	c, err := lab.ReadConfig("x.yaml", []byte("appliance:\n  listeners:\n    - {interface: Out, type: private, address: \"127.0.0.1:0\", max_recipients: 7}\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := config.NewListener("Out", config.Private, "127.0.0.1:0")
	want.MaxRecipients = 7
	if got := c.Appliance.Listeners[0]; fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%+v, want %+v", got, want)
	}
	for at, policy := range map[[2]string]string{{"Out", "RELAYLIST"}: "$RELAYED", {"Out", "None"}: "$BLOCKED", {"IncomingMail", "None"}: "$ACCEPTED",
		{"IncomingMail", "WHITELIST"}: "$TRUSTED"} {
		if p := c.Appliance.PolicyOf(at[0], at[1]); p == nil || p.Name != policy {
			t.Errorf("%v: %+v, want %s", at, p, policy)
		}
	}
	if p := c.Appliance.PolicyOf("Nowhere", "None"); p != nil {
		t.Errorf("%+v", p)
	}
	if _, err := lab.ReadConfig("x.yaml", []byte("appliance:\n  listeners:\n    - {interface: Out, tpye: private}\n")); err == nil || !strings.Contains(err.Error(), "x.yaml:3: appliance.listeners[0].tpye: unknown key") {
		t.Errorf("a typing error: %v", err)
	}
}

// A listener at a real IPv6 address.
func TestIPv6Listener(t *testing.T) {
	l := esasimtest.Start(t, func(o *lab.Options) {
		six := config.NewListener("Six", config.Public, "[::1]:0")
		six.TLS = config.TLSOff // the client would not trust our certificate
		o.Config.Appliance.Listeners = append(o.Config.Appliance.Listeners, six)
	})
	if err := smtp.SendMail(l.Addresses.Listeners["Six"], nil, "a@b.example", []string{"u@x.example"}, []byte("Subject: six\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	m, err := l.Appliance().Tracking().Message(t.Context(), 1)
	if err != nil || m.Source.Remote.String() != "::1" || m.Source.Local.String() != "::1" || m.Source.Listener != "Six" || m.Source.Group != "UNKNOWNLIST" {
		t.Errorf("%+v, %v", m.Source, err)
	}
}

// Listeners are suspended by the API, one or all.
func TestSuspendListeners(t *testing.T) {
	l := esasimtest.Start(t, func(o *lab.Options) {
		out := config.NewListener("OutgoingMail", config.Private, "127.0.0.1:0")
		out.SenderGroups = []config.SenderGroup{{Name: "RELAYLIST", Policy: "$RELAYED", Members: []string{"127.0.0.1"}}}
		o.Config.Appliance.Listeners = append(o.Config.Appliance.Listeners, out)
	})
	call := func(method, name, body string, status int) string {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, l.Addresses.Console+"/_esasim/v1/"+name, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode != status {
			t.Errorf("%s %s: %s %s, %v", method, name, resp.Status, b, err)
		}
		return string(b)
	}
	state := func(answer string) (out string) {
		var a struct {
			Listeners []struct {
				Interface, Type, Address string
				Suspended                bool
			}
		}
		if err := json.Unmarshal([]byte(answer), &a); err != nil {
			t.Fatal(err)
		}
		for _, one := range a.Listeners {
			if one.Address != l.Addresses.Listeners[one.Interface] {
				t.Errorf("%s at %s, want %s", one.Interface, one.Address, l.Addresses.Listeners[one.Interface])
			}
			out += fmt.Sprintf("%s %s %t;", one.Interface, one.Type, one.Suspended)
		}
		return out
	}
	takes := func(listener string, want bool) {
		t.Helper()
		c, err := smtp.Dial(l.Addresses.Listeners[listener])
		if err == nil {
			defer c.Close()
		}
		if want != (err == nil) || err != nil && !strings.Contains(err.Error(), "esa.esasim.test Service not available, closing transaction channel") {
			t.Errorf("%s: %v", listener, err)
		}
	}
	if got := state(call("GET", "listeners", "", 200)); got != "IncomingMail public false;OutgoingMail private false;" {
		t.Error(got)
	}
	if got := state(call("POST", "listeners/suspend", `{"interface":"OutgoingMail"}`, 200)); got != "IncomingMail public false;OutgoingMail private true;" {
		t.Error(got)
	}
	takes("OutgoingMail", false)
	takes("IncomingMail", true)
	if got := state(call("POST", "listeners/suspend", "", 200)); got != "IncomingMail public true;OutgoingMail private true;" {
		t.Error(got)
	}
	takes("IncomingMail", false)
	state(call("POST", "listeners/resume", "", 200))
	takes("IncomingMail", true)
	takes("OutgoingMail", true)
	call("POST", "listeners/resume", `{"interface":"Nowhere"}`, 404)
	call("POST", "listeners/resume", `{"listener":"IncomingMail"}`, 400)
	call("PUT", "listeners", "", 405)
}

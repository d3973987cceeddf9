package esasim_test

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"encoding/base64"
	"fmt"
	"io"
	"net/http/httptest"
	"net/smtp"

	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/emersion/go-msgauth/dkim"
	"github.com/google/go-cmp/cmp"

	"esasim/esa"
	"esasim/lab"
	authentication "esasim/smtp/auth"
)

// signer signs for b.example; its key never changes, so that neither does a
// failure.
var signer = ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, ed25519.SeedSize))

// verifying is a lab that verifies senders. Clients in memory are at 127.0.0.1.
func verifying(o *lab.Options) {
	public := base64.StdEncoding.EncodeToString(signer.Public().(ed25519.PublicKey))
	a := &o.Config.Appliance.Authentication
	a.Verify, a.DMARCReject, a.DMARCQuarantine = true, "reject", "quarantine"
	a.SPFReject = []string{"Fail", "TempError"}
	a.Zones = `
b.example                 TXT "v=spf1 ip4:127.0.0.1 -all"
sel1._domainkey.b.example TXT "v=DKIM1; k=ed25519; p=` + public + `"
_dmarc.b.example          TXT "v=DMARC1; p=reject; sp=quarantine"
c.example                 TXT "v=spf1 ip4:192.0.2.1 -all"
d.example                 TXT "v=spf1 ~all"
`
	a.ServFail = []string{"broken.example"}
}

func sign(t *testing.T, message string) string {
	t.Helper()
	var out bytes.Buffer
	o := &dkim.SignOptions{Domain: "b.example", Selector: "sel1", Signer: signer, Hash: crypto.SHA256}
	if err := dkim.Sign(&out, strings.NewReader(message), o); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// inject sends a message as it stands and gives back the reply to its end.
func (v *virtual) inject(t *testing.T, from, message string) string {
	t.Helper()
	conn, err := v.net.Dial(t.Context(), "tcp", v.Addresses().SMTP)
	if err != nil {
		t.Fatal(err)
	}
	c, err := smtp.NewClient(conn, "esa.esasim.test")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for _, err := range []error{c.Hello("mail.b.example"), c.Mail(from), c.Rcpt("u@x.example")} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Text.PrintfLine("DATA"); err != nil {
		t.Fatal(err)
	}
	if _, _, err := c.Text.ReadResponse(354); err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Fprintf(c.Text.W, "%s.\r\n", message); err != nil {
		t.Fatal(err)
	}
	if err := c.Text.W.Flush(); err != nil {
		t.Fatal(err)
	}
	code, reply, err := c.Text.ReadResponse(0)
	if err != nil && code == 0 {
		t.Fatal(err)
	}
	return fmt.Sprintf("%d %s", code, reply)
}

// mailLogOf gives the lines of the mail logs about a message.
func (v *virtual) mailLogOf(t *testing.T, mid esa.MID) (lines []string) {
	t.Helper()
	for _, text := range v.mailLog(t) {
		if strings.Contains(text+" ", "MID "+mid.String()+" ") {
			lines = append(lines, text)
		}
	}
	return lines
}

const plainMessage = "From: A <a@b.example>\r\nMessage-ID: <x@b.example>\r\nSubject: hello\r\n\r\nhello\r\n"

// A signed message, from SMTP to the mail logs, Message Details and the header
// that a delivery may add.
func TestAuthentication(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &virtual{fs: vfs.NewMem()}
		v.start(t, verifying)
		defer func() { v.stop() }()
		if got := v.inject(t, "a@b.example", sign(t, plainMessage)); got != "250 ok:  Message 1 accepted" {
			t.Fatal(got)
		}
		time.Sleep(2 * time.Second)
		log := v.mailLogOf(t, 1)
		if diff := cmp.Diff([]string{
			"Start MID 1 ICID 1",
			"MID 1 ICID 1 From: <a@b.example>",
			"MID 1 ICID 1 RID 0 To: <u@x.example>",
			"MID 1 SPF: helo identity postmaster@mail.b.example None",
			"MID 1 SPF: mailfrom identity a@b.example Pass (v=spf1)",
			"MID 1 DKIM: pass signature verified (d=b.example s=sel1 i=@b.example)",
			"MID 1 DMARC: Message from domain b.example, DMARC pass (SPF aligned True, DKIM aligned True)",
			"MID 1 DMARC: Verification passed",
			"MID 1 Message-ID '<x@b.example>'",
			"MID 1 Subject 'hello'",
		}, log[:min(10, len(log))]); diff != "" {
			t.Errorf("mail logs (-want +got):\n%s", diff)
		}
		w := httptest.NewRecorder()
		v.Appliance().Handler().ServeHTTP(w, httptest.NewRequest("GET", "http://127.0.0.1/monitor/message_tracking/details?mid=1", nil))
		for _, want := range []string{"Message 1 SPF: mailfrom identity a@b.example Pass<",
			"Message 1 DKIM: pass signature verified (d=b.example s=sel1 i=@b.example)",
			"Message 1: DMARC Message from domain b.example, DMARC pass (SPF aligned True, DKIM aligned True),",
			"Message 1: DMARC verification passed."} {
			if !strings.Contains(w.Body.String(), want) {
				t.Errorf("Message Details: no %q (status %d)", want, w.Code)
			}
		}
		m, err := v.Appliance().Tracking().Message(t.Context(), 1)
		if err != nil || m.State != esa.Delivered {
			t.Fatalf("%v, %v", m.State, err)
		}
		if got := authentication.Header("esa.esasim.test", &m.Auth); !strings.HasPrefix(got, "esa.esasim.test; spf=none ") || !strings.Contains(got, "; dkim=pass ") {
			t.Errorf("Authentication-Results: %s", got)
		}
	})
}

// What is refused is said to the client and to the logs; nothing of it is
// delivered. Other failures are noted alone.
func TestAuthenticationActions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &virtual{fs: vfs.NewMem()}
		v.start(t, verifying)
		defer func() { v.stop() }()
		signed := sign(t, plainMessage)
		for i, c := range []struct {
			sender, message string
			reply           string
			state           esa.State
			log             []string // lines, among others
		}{
			{"a@c.example", signed, "550 #5.7.1 SPF unauthorized mail is prohibited.", esa.Aborted,
				[]string{"SPF: mailfrom identity a@c.example Fail (v=spf1)", "DMARC: Verification passed", "Rejected by SPF verification"}},
			{"a@broken.example", signed, "451 #4.4.3 Temporary error occurred during SPF verification.", esa.Aborted,
				[]string{"SPF: mailfrom identity a@broken.example TempError", "Rejected by SPF verification"}},
			{"a@d.example", plainMessage, "550 #5.7.1 DMARC unauthenticated mail is prohibited.", esa.Aborted,
				[]string{"SPF: mailfrom identity a@d.example SoftFail (v=spf1)", "DKIM: no signature", "DMARC: Verification failed", "Rejected by DMARC verification",
					"DMARC: Message from domain b.example, DMARC fail (SPF aligned False, DKIM aligned False), DMARC action reject"}},
			{"a@d.example", strings.Replace(signed, "hello\r\n\r\nhello", "hello\r\n\r\nhallo", 1), "550 #5.7.1 DMARC unauthenticated mail is prohibited.", esa.Aborted,
				[]string{"DKIM: permfail body hash did not verify [final] (d=b.example s=sel1 i=@b.example)"}},
			{"a@d.example", strings.Replace(plainMessage, "a@b.example", "a@sub.b.example", 1), "250 ok:  Message 5 accepted", esa.Quarantined,
				[]string{"DMARC: Message from domain sub.b.example, DMARC fail (SPF aligned False, DKIM aligned False), DMARC action quarantine"}},
			{"", signed, "250 ok:  Message 6 accepted", esa.Delivered,
				[]string{"SPF: mailfrom identity postmaster@mail.b.example None", "DMARC: Message from domain b.example, DMARC pass (SPF aligned False, DKIM aligned True)"}},
			{"a@e.example", strings.Replace(plainMessage, "a@b.example", "a@e.example", 1), "250 ok:  Message 7 accepted", esa.Delivered,
				[]string{"SPF: mailfrom identity a@e.example None", "DKIM: no signature", "DMARC: Verification skipped (No record found for the sending domain)"}},
		} {
			mid := esa.MID(i + 1)
			if got := v.inject(t, c.sender, c.message); got != c.reply {
				t.Errorf("%d: %s, want %s", mid, got, c.reply)
			}
			time.Sleep(2 * time.Second)
			m, err := v.Appliance().Tracking().Message(t.Context(), mid)
			if err != nil || m.State != c.state || (m.State == esa.Aborted) != (len(m.Recipients) == 1 && m.Recipients[0].State == esa.Aborted) {
				t.Errorf("%d: %v, %v, %+v; want %v", mid, m.State, err, m.Recipients, c.state)
			}
			log := strings.Join(v.mailLogOf(t, mid), "\n") + "\n"
			for _, want := range c.log {
				if !strings.Contains(log, want+"\n") {
					t.Errorf("%d: no %q in\n%s", mid, want, log)
				}
			}
		}
	})
}

// From the factory nothing is verified; neither is one's own mail.
func TestAuthenticationOff(t *testing.T) {
	for name, change := range map[string]func(*lab.Options){
		"factory": nil,
		"relay": func(o *lab.Options) {
			verifying(o)
			o.Config.Appliance.SenderGroups[0].Policy, o.Config.Appliance.SenderGroups[0].Members = "$RELAYED", []string{"ALL"}
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			v := &virtual{fs: vfs.NewMem()}
			v.start(t, change)
			defer func() { v.stop() }()
			if got := v.inject(t, "a@c.example", plainMessage); got != "250 ok:  Message 1 accepted" {
				t.Errorf("%s: %s", name, got)
			}
			time.Sleep(2 * time.Second)
			log := strings.Join(v.mailLogOf(t, 1), "\n")
			for _, check := range []string{"SPF", "DKIM", "DMARC"} {
				if strings.Contains(log, check) || !strings.Contains(log, "ready") {
					t.Errorf("%s: %s is in\n%s", name, check, log)
				}
			}
		})
	}
}

// A client that goes away in the middle of a signed message leaves nothing
// behind: the bubble ends, and so has every goroutine.
func TestAuthenticationLostClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &virtual{fs: vfs.NewMem()}
		v.start(t, verifying)
		defer func() { v.stop() }()
		conn, err := v.net.Dial(t.Context(), "tcp", v.Addresses().SMTP)
		if err != nil {
			t.Fatal(err)
		}
		go func() { _, _ = io.Copy(io.Discard, conn) }()
		if _, err := fmt.Fprintf(conn, "EHLO h\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<u@x.example>\r\nDATA\r\n"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		if _, err := io.WriteString(conn, sign(t, plainMessage)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		conn.Close()
		time.Sleep(time.Second)
		m, err := v.Appliance().Tracking().Message(t.Context(), 1)
		if err != nil || m.State != esa.Aborted || m.Auth.MailFrom.Result != "" {
			t.Errorf("%v, %+v, %v", m.State, m.Auth, err)
		}
	})
}

// README's example is a configuration, and verifies.
func TestDocumentedAuthentication(t *testing.T) {
	c, err := lab.ReadConfig("README.md", []byte(configuration(t, "_dmarc.")))
	if err != nil {
		t.Fatal(err)
	}
	if verifier, err := c.Appliance.Authentication.Checker(); verifier == nil || err != nil {
		t.Errorf("%v, %v", verifier, err)
	}
}

// A configuration that cannot be meant is refused with its key.
func TestAuthenticationConfiguration(t *testing.T) {
	for text, want := range map[string]string{
		`zones: "b.example TXT \"v=spf1 -all\"\nb.example A 1.2.3\n"`: "configuration f:3: appliance.authentication.zones: dns: bad A A: \"1.2.3\" at line: 2:",
		`servfail: [""]`:      "configuration f:3: appliance.authentication.servfail: \"\": want a domain name",
		`timeout: ["a..b"]`:   "configuration f:3: appliance.authentication.timeout: \"a..b\": want a domain name",
		`resolver: 192.0.2.1`: "configuration f:3: appliance.authentication.resolver: \"192.0.2.1\": want host:port",
		`{resolver: "192.0.2.1:53", timeout: [a.example]}`: "configuration f:2: appliance.authentication.resolver: 192.0.2.1:53 is asked instead of zones, servfail and timeout",
		`spf_reject: [fail]`:       "configuration f:3: appliance.authentication.spf_reject: \"fail\": want None, Neutral, SoftFail, Fail, TempError, PermError",
		`spf_reject_helo: [Pass]`:  "configuration f:3: appliance.authentication.spf_reject_helo: \"Pass\": want",
		`dmarc_reject: drop`:       "configuration f:3: appliance.authentication.dmarc_reject: \"drop\": want none, quarantine or reject",
		`dmarc_quarantine: reject`: "configuration f:3: appliance.authentication.dmarc_quarantine: \"reject\": want none or quarantine",
		`spf: reject`:              "configuration f:3: appliance.authentication.spf: unknown key",
	} {
		if !strings.HasPrefix(text, "{") {
			text = "\n    " + text
		}
		_, err := lab.ReadConfig("f", []byte("appliance:\n  authentication: "+text))
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}

package esasim_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/smtp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"esasim/appliance/config"
	"esasim/esa"
	"esasim/lab"
)

// deliver hands a message to a lab, with CRLF line ends.
func (v *virtual) deliver(t *testing.T, to, message string) {
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
	if err := c.Mail("news@shop.test"); err != nil {
		t.Fatal(err)
	}
	if err := c.Rcpt(to); err != nil {
		t.Fatal(err)
	}
	w, err := c.Data()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Fprint(w, strings.ReplaceAll(message, "\n", "\r\n")); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

func withFile(name string, file []byte) string {
	return "Subject: your file\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\nThe text.\n" +
		"--b\nContent-Type: application/octet-stream\nContent-Disposition: attachment; filename=" + name + "\nContent-Transfer-Encoding: base64\n\n" +
		base64.StdEncoding.EncodeToString(file) + "\n--b--\n"
}

// What antispam, graymail and antivirus make of a message is what its recipient gets,
// and what tracking says.
func TestEnginesDeliver(t *testing.T) {
	bad := []byte("a file that is known to be bad")
	sum := sha256.Sum256(bad)
	testFile := []byte(`X5O!P%@AP[4\PZX54(P^)7CC)7}$` + `EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*`)
	synctest.Test(t, func(t *testing.T) {
		v := &virtual{fs: vfs.NewMem()}
		v.start(t, func(o *lab.Options) {
			o.Config.Cloud = nil
			a := &o.Config.Appliance
			a.Viruses = []config.Virus{{SHA256: hex.EncodeToString(sum[:]), Name: "W32/Known", Repairable: true}}
			a.EngineRules = []config.EngineRule{{Engine: "antispam", Score: 55, When: config.When{Body: []string{"lottery"}}},
				{Engine: "graymail", Verdict: "bulk", When: config.When{Header: []string{"Precedence: bulk"}}}}
			p := &a.MailPolicies.Incoming[0]
			p.Graymail = &config.Graymail{Enabled: true, Bulk: config.Treatment{Subject: "[BULK] ", Header: "X-Bulk: yes"}}
			p.AntiVirus.Viral = config.Treatment{Action: "deliver", Strip: true, To: []string{"virus@x.test"}}
			p.AntiVirus.Notify = config.Notify{Recipients: true}
		})
		v.deliver(t, "bob@x.test", withFile("known.exe", bad))
		v.deliver(t, "bob@x.test", "Subject: win\n\nThe big LOTTERY\n")
		v.deliver(t, "bob@x.test", "Subject: list\nPrecedence: bulk\n\nhello\n")
		v.deliver(t, "eve@x.test", withFile("eicar.com", testFile))
		v.deliver(t, "joe@x.test", "Subject: plain\n\nhello\n")
		time.Sleep(2 * time.Second)
		c := v.caller(t)
		for path, want := range map[string]string{
			"mailbox/bob@x.test": "[BULK] list; [SUSPECTED SPAM] win; [WARNING: VIRUS REMOVED] your file; ", "mailbox/eve@x.test": "Virus warning; ",
			"mailbox/virus@x.test": "your file; ", "mailbox/joe@x.test": "plain; ",
		} {
			got, _ := c.subjects(path)
			var subjects string
			for one := range strings.SplitSeq(strings.TrimSuffix(got, "; "), "; ") {
				_, s, _ := strings.Cut(one, " ")
				subjects += s + "; "
			}
			if subjects != want {
				t.Errorf("%s: %s, want %s", path, subjects, want)
			}
		}
		for mid := esa.MID(1); mid <= 10; mid++ {
			v.delivered(t, c, mid, base64.StdEncoding.EncodeToString(bad), base64.StdEncoding.EncodeToString(testFile))
		}
		v.stop()
	})
}

// delivered looks whether a message that was delivered has what it should.
func (v *virtual) delivered(t *testing.T, c *caller, mid esa.MID, never ...string) {
	t.Helper()
	m, err := v.Appliance().Tracking().Message(t.Context(), mid)
	if err != nil || m.State == esa.Replaced {
		return
	}
	if m.State != esa.Delivered {
		t.Errorf("MID %d: %s", mid, m.State)
		return
	}
	status, _, text := c.call("GET", fmt.Sprintf("mailbox/%s/%d", m.Recipients[0].Address, mid), "")
	for _, n := range never {
		if status != http.StatusOK || strings.Contains(text, n) {
			t.Errorf("MID %d: %d\n%s", mid, status, text)
		}
	}
	for subject, part := range map[string]string{"[BULK] list": "X-Bulk: yes\r\n", "[WARNING: VIRUS REMOVED] your file": "infected with W32/Known.", "your file": "infected with EICAR-AV-Test."} {
		if m.Subject == subject && !strings.Contains(text, part) {
			t.Errorf("MID %d lacks %q:\n%s", mid, part, text)
		}
	}
}

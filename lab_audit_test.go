package esasim_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"esasim/lab"
)

// audited is a lab with an audit log, and what it says, without moments.
func (v *virtual) audited(t *testing.T) (out []string) {
	t.Helper()
	time.Sleep(2 * time.Second)
	for _, l := range v.logLines(t, "audit_logs", "audit") {
		out = append(out, l[len("Mon Aug 10 09:52:59 2020 "):])
	}
	return out
}

// Each sign-in, each that fails, and each change has a line: who, as what, from where and
// what, whatever it was done with. Nobody's passphrase is in it, no line is another's
// choice, and who guesses does not fill the log.
func TestAuditLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &virtual{fs: vfs.NewMem()}
		v.start(t, func(o *lab.Options) {
			o.Config = configOf(t, "appliance: {logs: [{name: mail_logs, type: mail}, {name: audit_logs, type: audit}]}")
		})
		defer func() { v.stop() }()
		r := reloadable{v, t}
		ask := func(name, passphrase, method, path, body string) int {
			t.Helper()
			req, err := http.NewRequest(method, v.Addresses().Console+"/esa/api/v2.0/"+path, strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			req.SetBasicAuth(name, passphrase)
			resp, err := v.client().Do(req)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			return resp.StatusCode
		}
		ask("admin", "ironport", "GET", "health", "") // changes nothing
		ask("admin", "ironport", "POST", "login", `{"data": {"userName": "YWRtaW4=", "passphrase": "aXJvbnBvcnQ="}}`)
		ask("admin", "ironport", "POST", "quarantine/safelist?quarantineType=spam", `{"action": "nothing"}`)
		ask("eve\nWarning", "wrong-guess", "GET", "health", "")
		r.commit("appliance.recipients = [x.example]")
		before := v.audited(t)
		want := []string{
			"Info: Appliance: esa.esasim.test, Interaction Mode: API, User: admin, Role: Administrator, Source IP: 127.0.0.1, Event: The user has signed in.",
			"Warning: Appliance: esa.esasim.test, Interaction Mode: API, User: admin, Role: Administrator, Source IP: 127.0.0.1, Event: POST /esa/api/v2.0/quarantine/safelist?quarantineType=spam: ",
			"Warning: Appliance: esa.esasim.test, Interaction Mode: API, User: eve Warning, Role: N/A, Source IP: 127.0.0.1, Event: The user could not sign in: ",
			"Info: Appliance: esa.esasim.test, Interaction Mode: a test, User: joe, Role: N/A, Source IP: N/A, Event: Committed: appliance.recipients. Comment: because",
		}
		if len(before) != len(want) {
			t.Fatalf("%d lines:\n%s", len(before), strings.Join(before, "\n"))
		}
		for i := range want {
			if !strings.HasPrefix(before[i], want[i]) {
				t.Errorf("line %d: %s, want %s", i, before[i], want[i])
			}
		}
		// A flood of guesses, of many names and from one address.
		for i := range 300 {
			ask(fmt.Sprint("guess", i), "wrong-guess", "GET", "health", "")
		}
		time.Sleep(time.Hour)
		ask("admin", "ironport", "POST", "login", `{"data": {"userName": "YWRtaW4=", "passphrase": "aXJvbnBvcnQ="}}`)
		after := v.audited(t)
		last := after[len(after)-1]
		if n := len(after) - len(before); n < 5 || n > 30 || !strings.Contains(last, "signed in. (") || !strings.HasSuffix(last, " failed sign-ins before are not told)") {
			t.Errorf("after the flood %d lines more, the last: %s", n, last)
		}
		if all := strings.Join(after, "\n"); strings.Contains(all, "wrong-guess") || strings.Contains(all, "ironport") {
			t.Error("a passphrase is in the log")
		}
	})
}

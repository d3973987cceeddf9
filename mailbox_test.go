package esasim_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"esasim/appliance/config"
	"esasim/appliance/details"
	"esasim/esa"
	"esasim/lab"
)

// caller asks a lab's own API.
type caller struct {
	t      *testing.T
	client http.Client
	base   string
}

func (v *virtual) caller(t *testing.T) *caller {
	t.Helper()
	tr := &http.Transport{DialContext: v.net.Dial, DisableKeepAlives: true}
	return &caller{t, http.Client{Transport: tr}, v.Addresses().Console + "/_esasim/v1/"}
}

func (c *caller) call(method, path, with string) (status int, kind, body string) {
	c.t.Helper()
	req, err := http.NewRequestWithContext(c.t.Context(), method, c.base+path, strings.NewReader(with))
	if err != nil {
		c.t.Fatal(err)
	}
	resp, err := c.client.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return resp.StatusCode, resp.Header.Get("Content-Type"), string(b)
}

// wants makes a call and says when its status, or a part of its answer, is another.
func (c *caller) wants(method, path string, status int, part string) string {
	c.t.Helper()
	got, _, body := c.call(method, path, "")
	if got != status || !strings.Contains(body, part) {
		c.t.Errorf("%s %s: %d %s; want %d %s", method, path, got, body, status, part)
	}
	return body
}

// asks posts something, and says when the answer is another.
func (c *caller) asks(path, with string, status int, part string) {
	c.t.Helper()
	if got, _, body := c.call("POST", path, with); got != status || !strings.Contains(body, part) {
		c.t.Errorf("POST %s %s: %d %s; want %d %s", path, with, got, body, status, part)
	}
}

// subjects are those in a mailbox, in order.
func (c *caller) subjects(path string) (out string, next esa.MID) {
	c.t.Helper()
	var page struct {
		Messages []struct {
			MID     esa.MID
			Subject string
		}
		Next esa.MID
	}
	if err := json.Unmarshal([]byte(c.wants("GET", path, http.StatusOK, "")), &page); err != nil {
		c.t.Fatal(err)
	}
	for _, m := range page.Messages {
		out += fmt.Sprintf("%d %s; ", m.MID, m.Subject)
	}
	return out, page.Next
}

// What was delivered to a simulated host is in the recipient's mailbox, as it was
// delivered; what was not, or went to a real host, is in none. It can be taken out of
// one mailbox, which tracking tells of, and read as long as it is kept.
func TestMailbox(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &virtual{fs: vfs.NewMem()}
		host := elsewhereLab(t, &v.net, "192.0.2.9:25")
		v.start(t, func(o *lab.Options) {
			o.Config.Cloud = nil
			o.Config.Appliance.Headers.IronPort = true
			o.Config.Appliance.Tracking.ContentKeep = 6 * time.Hour
			o.Config.Appliance.Routes = []config.Route{{Domain: "real.test", Hosts: []string{"192.0.2.9:25"}}}
		})
		c := v.caller(t)
		for i := range 5 {
			v.send(t, "Bob@example.org", fmt.Sprintf("to bob %d", i))
		}
		v.send(t, "bounce@esasim.test", "to nobody")
		v.send(t, "bob@real.test", "to a real host")
		deferred := v.send(t, "defer@esasim.test", "later")
		time.Sleep(2 * time.Second)
		if got, next := c.subjects("mailbox/bob@example.org?limit=3"); got != "5 to bob 4; 4 to bob 3; 3 to bob 2; " || next != 3 {
			t.Errorf("%s next %d", got, next)
		}
		if got, next := c.subjects("mailbox/BOB@EXAMPLE.ORG?limit=3&before=3"); got != "2 to bob 1; 1 to bob 0; " || next != 0 {
			t.Errorf("%s next %d", got, next)
		}
		for _, empty := range []string{"bounce@esasim.test", "bob@real.test", "defer@esasim.test", "eve@example.org", "ob@example.org", "x"} {
			if got, _ := c.subjects("mailbox/" + empty); got != "" {
				t.Errorf("%s has %s", empty, got)
			}
		}
		time.Sleep(2 * time.Minute)
		if got, _ := c.subjects("mailbox/defer@esasim.test"); got != fmt.Sprintf("%d later; ", deferred) {
			t.Errorf("deferred: %s", got)
		}
		_, kind, text := c.call("GET", "mailbox/bob@example.org/1", "")
		if kind != "message/rfc822" || !strings.HasPrefix(text, "X-IronPort-RemoteIP: ") || !strings.Contains(text, "\r\nX-IronPort-MID: 1\r\n") ||
			!strings.HasSuffix(text, "\r\nSubject: to bob 0\r\nMessage-ID: <to.bob.0@cisco.com>\r\n\r\nhello\r\n") {
			t.Errorf("%s %q", kind, text)
		}
		c.remediate(v)
		time.Sleep(24 * time.Hour)
		c.wants("GET", "mailbox/bob@example.org/2", http.StatusGone, "no longer kept")
		c.wants("DELETE", "mailbox/bob@example.org/2", http.StatusNoContent, "")
		v.stop()
		host.stop()
	})
}

// remediate takes MID 1 out of Bob's mailbox.
func (c *caller) remediate(v *virtual) {
	t := c.t
	t.Helper()
	c.wants("DELETE", "mailbox/eve@example.org/1", http.StatusNotFound, "not in the mailbox")
	c.wants("DELETE", "mailbox/bob@example.org/1?reason=phishing", http.StatusNoContent, "")
	c.wants("DELETE", "mailbox/bob@example.org/1", http.StatusNotFound, "not in the mailbox")
	c.wants("GET", "mailbox/bob@example.org/1", http.StatusNotFound, "not in the mailbox")
	if got, _ := c.subjects("mailbox/bob@example.org?before=4"); got != "3 to bob 2; 2 to bob 1; " {
		t.Errorf("without it: %s", got)
	}
	m, err := v.Appliance().Tracking().Message(t.Context(), 1)
	if err != nil || m.State != esa.Delivered || !m.Recipients[0].Removed {
		t.Errorf("%s, %+v, %v", m.State, m.Recipients, err)
	}
	told := false
	for _, l := range details.Lines(m.Events) {
		told = told || strings.Contains(l.Text, "deleted from the mailbox of Bob@example.org")
	}
	if last := m.Events[len(m.Events)-1]; !told || last.Kind != esa.MessageRemediated || last.Name != "phishing" {
		t.Error("Message Details says nothing of it")
	}
	for path, part := range map[string]string{"mailbox/a@b?limit=0": "limit=0", "mailbox/a@b?limit=1001": "limit=1001", "mailbox/a@b?before=x": "before=x", "mailbox/a@b?q=1": "unknown", "mailbox/a@b/x": "want a MID", "mailbox/a@b/0": "want a MID"} {
		c.wants("GET", path, http.StatusBadRequest, part)
	}
	c.wants("GET", "mailbox/a@b/77", http.StatusNotFound, "MID 77")
	c.wants("DELETE", "mailbox/a@b/1?reason="+strings.Repeat("x", 300), http.StatusBadRequest, "reason")
	c.wants("DELETE", "mailbox/a@b/1?reason=a%0Ab", http.StatusBadRequest, "reason")
	c.wants("POST", "mailbox/a@b/1", http.StatusMethodNotAllowed, "GET or DELETE")
}

package esasim_test

import (
	"cmp"
	"encoding/json"
	"io"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"esasim/cloud/ctr"
	"esasim/esa"
	"esasim/lab"
)

// responder is a person who acts in Threat Response, with the lab's API client.
type responder struct {
	*virtual
	t     *testing.T
	token string
}

func (v *virtual) responder(t *testing.T) *responder {
	t.Helper()
	r := &responder{v, t, ""}
	req := httptest.NewRequest("POST", "/iroh/oauth2/token", strings.NewReader("grant_type=client_credentials"))
	req.SetBasicAuth(v.Addresses().ClientID, v.Addresses().ClientPassword)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	v.Cloud(lab.Americas).Handler().ServeHTTP(w, req)
	var got struct {
		Token string `json:"access_token"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || got.Token == "" {
		t.Fatalf("token: %v %s", err, w.Body)
	}
	r.token = got.Token
	return r
}

func (r *responder) post(path, body string, into any) {
	r.t.Helper()
	req := httptest.NewRequest("POST", path, strings.NewReader(body))
	req.Header.Set("Authorization", "Bearer "+r.token)
	w := httptest.NewRecorder()
	r.Cloud(lab.Americas).Handler().ServeHTTP(w, req)
	if err := json.Unmarshal(w.Body.Bytes(), into); w.Code != 200 || err != nil {
		r.t.Fatalf("%s: %d %s", path, w.Code, w.Body)
	}
}

// act looks up what can be done about an observable and has it done, at the address
// that the answer names.
func (r *responder) act(action, kind, value string) ctr.ActionResult {
	r.t.Helper()
	var found ctr.Actions
	asked, _ := json.Marshal([]map[string]string{{"type": kind, "value": value}})
	r.post("/iroh/iroh-response/respond/observables", string(asked), &found)
	i := slices.IndexFunc(found.Data, func(a ctr.ModuleAction) bool { return a.ID == action })
	if i < 0 {
		r.t.Fatalf("no action %s for %s: %+v", action, kind, found)
	}
	var done ctr.ActionResult
	r.post("/iroh/iroh-response"+found.Data[i].URL, "", &done)
	time.Sleep(2 * time.Second)
	return done
}

func (r *responder) acts(status, action, kind, value string) {
	r.t.Helper()
	if got := r.act(action, kind, value); got.Data.Status != status || (status == ctr.Success) != (got.Errors == nil) {
		r.t.Errorf("%s %s:%s: %+v, want %s", action, kind, value, got, status)
	}
}

// mailbox are the subjects of what is in a mailbox.
func (r *responder) mailbox(address string) string {
	r.t.Helper()
	page, err := r.Appliance().Mailboxes().List(r.t.Context(), address, 0, 0)
	if err != nil {
		r.t.Fatal(err)
	}
	var out []string
	for i := range page.Letters {
		out = append(out, page.Letters[i].Message.Subject)
	}
	return strings.Join(out, ",")
}

// Somebody investigates mail and acts: the message is gone from its mailboxes, and
// message tracking tells. What is gone cannot be acted on again.
func TestRespondDelivered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &virtual{fs: vfs.NewMem()}
		v.start(t, nil)
		defer func() { v.stop() }()
		mid := v.sendTo(t, "one", "a@corp.example", "b@corp.example")
		v.send(t, "a@corp.example", "two")
		time.Sleep(2 * time.Second)
		r := v.responder(t)
		if got := r.mailbox("a@corp.example"); got != "two,one" {
			t.Fatalf("mailbox: %s", got)
		}
		r.acts(ctr.Success, "delete-message", "cisco_mid", mid.String())
		if a, b := r.mailbox("a@corp.example"), r.mailbox("b@corp.example"); a != "two" || b != "" {
			t.Errorf("mailboxes: %q, %q", a, b)
		}
		m := v.becomes(t, mid, "Delivered")
		if n := len(slices.DeleteFunc(slices.Clone(m.Events), func(e esa.Event) bool { return e.Kind != esa.MessageRemediated || e.Name != "Threat Response" })); n != 2 {
			t.Errorf("tracking tells of %d remediations, want one for each mailbox", n)
		}
		r.acts(ctr.Failure, "delete-message", "cisco_mid", mid.String())
		r.acts(ctr.Failure, "delete-message", "cisco_mid", "999")
		r.acts(ctr.Success, "quarantine-message", "email_messageid", "two@cisco.com")
		if a := r.mailbox("a@corp.example"); a != "" {
			t.Errorf("mailbox: %q", a)
		}
		all, err := v.Cloud(lab.Americas).CTR().Responses(0, 10)
		if err != nil || len(all) != 4 || all[0].Status != ctr.Success || all[3].ObservableValue != mid.String() || len(all[3].Steps) != 2 {
			t.Errorf("journal: %+v, %v", all, err)
		}
	})
}

// A held message is moved to Policy and deleted there; spam stays in its quarantine.
func TestRespondHeld(t *testing.T) {
	for name, stays := range map[string]string{"Unclassified": "Policy", "Spam Quarantine": "Spam Quarantine"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				v := &virtual{fs: vfs.NewMem()}
				v.start(t, spamTo(name))
				defer func() { v.stop() }()
				v.deliver(t, "a@corp.example", "Subject: won\n\n"+gtube+"\n")
				time.Sleep(2 * time.Second)
				mid := v.becomes(t, 1, "Quarantined by Anti-Spam/Graymail").MID
				r := v.responder(t)
				r.acts(ctr.Success, "quarantine-message", "cisco_mid", mid.String())
				if got := v.counts(); len(got) != 1 || got[stays] != 1 {
					t.Errorf("quarantines: %v", got)
				}
				r.acts(ctr.Success, "delete-message", "cisco_mid", mid.String())
				if got := v.counts(); len(got) != 0 {
					t.Errorf("quarantines: %v", got)
				}
				v.becomes(t, mid, "Deleted from quarantine")
				r.acts(ctr.Failure, "delete-message", "cisco_mid", mid.String())
			})
		})
	}
}

// A sender is blocked for those who had his mail: what he sends them next is held.
func TestRespondBlocksSender(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &virtual{fs: vfs.NewMem()}
		v.start(t, nil)
		defer func() { v.stop() }()
		r := v.responder(t)
		r.acts(ctr.Failure, "block-sender", "email", "mgmt01@cisco.com")
		v.send(t, "a@corp.example", "one")
		time.Sleep(2 * time.Second)
		r.acts(ctr.Success, "block-sender", "email", "mgmt01@cisco.com")
		v.send(t, "a@corp.example", "two")
		v.send(t, "b@corp.example", "three")
		time.Sleep(2 * time.Second)
		if a, b := r.mailbox("a@corp.example"), r.mailbox("b@corp.example"); a != "one" || b != "three" {
			t.Errorf("mailboxes: %q, %q", a, b)
		}
		r.acts(ctr.Success, "block-sender", "domain", "cisco.com")
		v.send(t, "b@corp.example", "four")
		time.Sleep(2 * time.Second)
		if b := r.mailbox("b@corp.example"); b != "three" {
			t.Errorf("mailbox: %q", b)
		}
	})
}

// With the wire cut nothing is done, and that is told; when it is there again, it is
// done.
func TestRespondOverCutWire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &virtual{fs: vfs.NewMem()}
		v.start(t, nil)
		defer func() { v.stop() }()
		mid := v.send(t, "a@corp.example", "one")
		time.Sleep(2 * time.Second)
		r := v.responder(t)
		v.down.Store(true)
		v.cut()
		synctest.Wait()
		r.acts(ctr.Failure, "delete-message", "cisco_mid", mid.String())
		if a := r.mailbox("a@corp.example"); a != "one" {
			t.Errorf("mailbox: %q", a)
		}
		v.down.Store(false)
		time.Sleep(2 * time.Minute)
		r.acts(ctr.Success, "delete-message", "cisco_mid", mid.String())
		if a := r.mailbox("a@corp.example"); a != "" {
			t.Errorf("mailbox: %q", a)
		}
	})
}

// The links of refer lead to pages of message tracking that show the message.
func TestReferToTracking(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &virtual{fs: vfs.NewMem()}
		v.start(t, nil)
		defer func() { v.stop() }()
		mid := v.send(t, "a@corp.example", "find me & more")
		time.Sleep(2 * time.Second)
		r := v.responder(t)
		for kind, value := range map[string]string{
			"cisco_mid": mid.String(), "email": "mgmt01@cisco.com", "domain": "cisco.com", "email_subject": "find me & more",
			"email_messageid": "find.me.&.more@cisco.com", "ip": "127.0.0.1",
		} {
			var found ctr.References
			asked, _ := json.Marshal([]map[string]string{{"type": kind, "value": value}})
			r.post("/iroh/iroh-enrich/refer/observables", string(asked), &found)
			if len(found.Data) != 1 || found.Data[0].Module != ctr.ESAType {
				t.Errorf("%s: %+v", kind, found)
				continue
			}
			resp, err := v.client().Get(found.Data[0].URL)
			if err != nil {
				t.Fatal(err)
			}
			b, err := io.ReadAll(resp.Body)
			if err = cmp.Or(err, resp.Body.Close()); err != nil {
				t.Fatal(err)
			}
			page := string(b)
			if u, _ := url.Parse(found.Data[0].URL); resp.StatusCode != 200 || !strings.Contains(page, "find me &amp; more") {
				t.Errorf("%s: %s: %d without the message", kind, u, resp.StatusCode)
			}
		}
		var none ctr.References
		if r.post("/iroh/iroh-enrich/refer/observables", `[{"type":"ip","value":"192.0.2.99"}]`, &none); len(none.Data) != 0 {
			t.Errorf("a link to what there is not: %+v", none)
		}
	})
}

package lab_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"esasim/appliance/config"
	"esasim/esa"
	"esasim/esasimtest"
	"esasim/lab"
)

const gtube = "XJS*C4JDBQADN1.NSBN3*2IDNEN*" + "GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"

// spamMail has a text that is spam, and two files.
const spamMail = "From: Eve <eve@bad.test>\r\nSubject: =?utf-8?q?caf=C3=A9?=\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" +
	"--b\r\nContent-Type: text/plain\r\n\r\n" + gtube + "\r\n" +
	"--b\r\nContent-Type: application/pdf; name=\"a b.pdf\"\r\nContent-Transfer-Encoding: base64\r\n\r\nJVBERi0xLjQK\r\n" +
	"--b\r\nContent-Disposition: attachment; filename=\"../x\\\"y.txt\"\r\n\r\nplain\r\n--b--\r\n"

// holding is a lab whose spam goes to the quarantine Policy, which waits for it.
func holding(t *testing.T) *esasimtest.Lab {
	return esasimtest.Start(t, func(o *lab.Options) {
		o.Config.Appliance.MailPolicies.Incoming[0].AntiSpam.Positive = config.Treatment{Action: "quarantine", Quarantine: "Policy"}
	})
}

// call makes a call about quarantines.
func call(t *testing.T, l *esasimtest.Lab, method, name, body string) (status int, header http.Header, out string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, l.Addresses.Console+"/_esasim/v1/quarantines"+name, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, resp.Header, strings.TrimSpace(string(b))
}

// until waits for a message to be in a state.
func until(t *testing.T, l *esasimtest.Lab, mid esa.MID, want esa.State) esa.Message {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); ; {
		m, err := l.Appliance().Tracking().Message(t.Context(), mid)
		if err == nil && m.State == want {
			return m
		}
		if time.Now().After(end) {
			t.Fatalf("MID %d is %s, %v", mid, m.State, err)
		}
		<-time.After(10 * time.Millisecond)
	}
}

// A message that is held can be listed, searched for and read, with its files.
func TestHeldMessages(t *testing.T) {
	l := holding(t)
	mid := l.Send(t, "eve@bad.test", spamMail, "bob@example.org", "carol@example.org")
	until(t, l, mid, esa.Quarantined)
	_, _, list := call(t, l, "GET", "", "")
	if !strings.Contains(list, `{"name":"Policy","type":"pvo","messages":1,"size":`) || !strings.Contains(list, `{"name":"Spam Quarantine","type":"spam","messages":0,"size":0,"retention":"336h0m0s","action":"delete"}`) {
		t.Errorf("list %s", list)
	}
	for q, want := range map[string]string{
		"":                        "1",
		"quarantine=Policy":       "1",
		"quarantine=Policy,Virus": "1",
		"quarantine=Virus":        "0",
		"quarantine=None":         `404: "None": no such quarantine`,
		"sender=EVE":              "1",
		"sender=is:eve":           "0",
		"recipient=ends_with:@example.org&subject=caf%C3%A9": "1",
		"recipient=does_not_contain:bob":                     "0",
		"attachment=a+b":                                     "1",
		"from=2000-01-01T00:00:00Z&to=2001-01-01T00:00:00Z":  "0",
		"from=yesterday":                                     "400: from=yesterday: want a time such as 2026-11-26T10:00:00Z",
		"sort=color":                                         `400: sort: "color" cannot be done: want received, exit, sender, from, recipient, subject or size`,
		"offset=1":                                           "1",
		"limit=-1":                                           "400: limit: -1 cannot be done: want 1 to 1000",
		"nobody=1":                                           `400: unknown, or given more than once: ["nobody"]: want quarantine, sender, recipient, subject, attachment, from, to, sort, order, offset, limit`,
	} {
		status, _, body := call(t, l, "GET", "/messages?"+q, "")
		var page struct {
			Total    int
			Messages []struct{ Subject string }
			Error    string
		}
		if err := json.Unmarshal([]byte(body), &page); err != nil {
			t.Fatalf("%s: %s", q, body)
		}
		got := fmt.Sprint(page.Total)
		if status != 200 {
			got = fmt.Sprintf("%d: %s", status, page.Error)
		}
		if got != want || strings.HasPrefix(q, "offset") == (len(page.Messages) > 0) && page.Total > 0 {
			t.Errorf("%s: %s, want %s; %+v", q, got, want, page.Messages)
		}
	}
	one := fmt.Sprintf("/messages/%d", mid)
	_, _, body := call(t, l, "GET", one, "")
	var m struct {
		Sender, Subject, State string
		Recipients             []string
		Quarantines            []struct{ Name, Since, Until string }
		Header                 []struct{ Name, Value string }
		Parts                  []struct {
			Part       int
			Name, Text string
			Attachment bool
		}
	}
	if err := json.Unmarshal([]byte(body), &m); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	if m.Subject != "café" || m.Sender != "eve@bad.test" || len(m.Recipients) != 2 || m.State != "Quarantined by Anti-Spam/Graymail" || len(m.Quarantines) != 1 || len(m.Parts) != 3 || !m.Parts[1].Attachment || !strings.Contains(m.Parts[0].Text, gtube) {
		t.Errorf("message %+v", m)
	}
	if !reflect.DeepEqual(m.Header[1], struct{ Name, Value string }{"Subject", "café"}) && !strings.Contains(body, `{"name":"Subject","value":"café"}`) {
		t.Errorf("header %+v", m.Header)
	}
	if _, h, got := call(t, l, "GET", one+"/content", ""); !strings.HasSuffix(got, "plain\r\n--b--") || h.Get("Content-Type") != "message/rfc822" || !strings.HasPrefix(h.Get("Content-Disposition"), "attachment;") {
		t.Errorf("content %q, %v", got, h)
	}
	if _, h, got := call(t, l, "GET", one+"/attachments/1", ""); got != "%PDF-1.4" || h.Get("Content-Disposition") != `attachment; filename="a b.pdf"` || h.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("file %q, %v", got, h)
	}
	if _, h, got := call(t, l, "GET", one+"/attachments/2", ""); got != "plain" || strings.Contains(h.Get("Content-Disposition"), "..") {
		t.Errorf("file %q, %v", got, h)
	}
	for path, want := range map[string]int{one + "/attachments/3": 404, one + "/attachments/x": 404, "/messages/0": 400, "/messages/x": 400, "/messages/4711": 404, "/messages/4711/content": 404, "/None": 404} {
		if status, _, body := call(t, l, "GET", path, ""); status != want || !strings.Contains(body, `{"error":`) {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
}

// A message that was split is held for the recipients that it keeps.
func TestHeldAfterSplit(t *testing.T) {
	l := esasimtest.Start(t, func(o *lab.Options) {
		p := &o.Config.Appliance.MailPolicies
		other := config.MailPolicy{Name: "Finance", Recipients: []string{"@fin.example"}}
		p.Incoming[0].AntiSpam.Positive = config.Treatment{Action: "quarantine", Quarantine: "Policy"}
		p.Incoming = append([]config.MailPolicy{other}, p.Incoming...)
	})
	l.Send(t, "eve@bad.test", spamMail, "bob@example.org", "ann@fin.example")
	until(t, l, 1, esa.Quarantined)
	until(t, l, 2, esa.Quarantined)
	for mid, to := range map[int]string{1: "bob@example.org", 2: "ann@fin.example"} {
		var found struct {
			Messages []struct {
				MID        int
				Recipients []string
			}
		}
		if _, _, body := call(t, l, "GET", "/messages?recipient=is:"+to, ""); json.Unmarshal([]byte(body), &found) != nil || len(found.Messages) != 1 {
			t.Fatalf("to %s: %s", to, body)
		}
		if m := found.Messages[0]; m.MID != mid || !reflect.DeepEqual(m.Recipients, []string{to}) {
			t.Errorf("to %s: %+v", to, m)
		}
	}
}

// Each operation can be called, and says with which messages it was done.
func TestQuarantineOperations(t *testing.T) {
	l := holding(t)
	var mids []esa.MID
	for range 4 {
		mids = append(mids, l.Send(t, "eve@bad.test", spamMail, "bob@example.org"))
	}
	for _, mid := range mids {
		until(t, l, mid, esa.Quarantined)
	}
	for _, c := range []struct {
		call, body string
		status     int
		want       string
	}{
		{"move", `{"mids": [%d, %d], "quarantine": "Policy", "to": "Unclassified"}`, 200, `{"done":[%d,%d],"refused":[]}`},
		{"copy", `{"mids": [%d, %d], "quarantine": "Unclassified", "to": "Virus"}`, 200, `{"done":[%d,%d],"refused":[]}`},
		{"delay", `{"mids": [%d, %d], "quarantine": "Virus", "for": "1w"}`, 200, `{"done":[%d,%d],"refused":[]}`},
		{"send", `{"mids": [%d, %d], "recipients": ["admin@example.org"]}`, 200, `{"done":[%d,%d],"refused":[]}`},
		{"delete", `{"mids": [%d, %d, 4711], "quarantine": "Virus"}`, 200, `{"done":[%d,%d],"refused":[{"mid":4711,"error":"not in the quarantine"}]}`},
		{"release", `{"mids": [%d, %d]}`, 200, `{"done":[%d,%d],"refused":[]}`},
		{"release", `{"mids": [%d, %d]}`, 409, `{"done":[],"refused":[{"mid":%d,"error":"not in the quarantine"},{"mid":%d,"error":"not in the quarantine"}]}`},
		{"move", `{"mids": [%d, %d], "quarantine": "Policy", "to": "None"}`, 404, `{"error":"\"None\": no such quarantine"}`},
		{"move", `{"mids": [%d, %d], "to": "Virus"}`, 400, `{"error":"cannot be done without the name of the quarantine that has the messages"}`},
		{"delay", `{"mids": [%d, %d], "for": "long"}`, 400, `{"error":"a delay of \"long\" cannot be done: want a time such as 8h, 24h, 48h or 1w"}`},
		{"delay", `{"mids": [%d, %d], "for": "99999999999w"}`, 400, `{"error":"a delay of \"99999999999w\" cannot be done: want a time such as 8h, 24h, 48h or 1w"}`},
		{"release", `{"mids": []}`, 400, `{"error":"want {\"mids\": [1], \"quarantine\": \"Policy\"}: there are no mids"}`},
		{"release", `{"mids": [-1]}`, 400, ""},
		{"release", `{"mid": 1}`, 400, ""},
		{"burn", `{"mids": [1]}`, 404, ""},
	} {
		fill := func(s string) string {
			if strings.Count(s, "%d") == 2 {
				return fmt.Sprintf(s, mids[0], mids[1])
			}
			return s
		}
		status, _, got := call(t, l, "POST", "/"+c.call, fill(c.body))
		if want := fill(c.want); status != c.status || want != "" && got != want {
			t.Errorf("%s %s: %d %s\nwant %d %s", c.call, fill(c.body), status, got, c.status, want)
		}
	}
	for _, mid := range mids[:2] {
		m := until(t, l, mid, esa.Delivered)
		if len(m.Into) != 1 {
			t.Fatalf("MID %d: no copy of it", mid)
		}
		sent := until(t, l, m.Into[0], esa.Delivered)
		if sent.Recipients[0].Address != "admin@example.org" || sent.From != mid {
			t.Errorf("copy: %+v", sent)
		}
	}
	for _, mid := range mids[2:] {
		until(t, l, mid, esa.Quarantined)
	}
	if status, _, _ := call(t, l, "GET", "/release", ""); status != 405 {
		t.Errorf("GET release: %d", status)
	}
	if status, _, _ := call(t, l, "GET", "/messages?"+url.Values{"subject": {strings.Repeat("x", 10000)}}.Encode(), ""); status != 200 {
		t.Errorf("a long text: %d", status)
	}
}

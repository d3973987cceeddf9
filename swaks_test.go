package esasim_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// swaks sends with the real program and gives back the MIDs it was told.
func swaks(t *testing.T, server string, args ...string) []string {
	t.Helper()
	host, port, err := net.SplitHostPort(server)
	if err != nil {
		t.Fatal(err)
	}
	args = append([]string{"--server", host, "--port", port, "--from", "mgmt01@cisco.com"}, args...)
	out, err := exec.Command(need(t, "swaks"), args...).CombinedOutput()
	if err != nil {
		t.Fatalf("swaks %q: %v\n%s", args, err, out)
	}
	var mids []string
	for _, m := range regexp.MustCompile(`250 ok:  Message (\d+) accepted`).FindAllStringSubmatch(string(out), -1) {
		mids = append(mids, m[1])
	}
	if len(mids) == 0 {
		t.Fatalf("swaks %q: no MID in\n%s", args, out)
	}
	return mids
}

// get reads a page of the lab.
func get(t *testing.T, page string) string {
	t.Helper()
	resp, err := http.Get(page)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("GET %s: %d, %v\n%.400s", page, resp.StatusCode, err, b)
	}
	return string(b)
}

// api is Threat Response's API as an integration uses it.
type api struct {
	t     *testing.T
	url   string
	token string
}

func login(t *testing.T, p *process) *api {
	t.Helper()
	a := &api{t: t, url: p.addresses.Cloud["AMERICAS"]}
	req, err := http.NewRequest(http.MethodPost, a.url+"/iroh/oauth2/token", strings.NewReader("grant_type=client_credentials"))
	if err != nil {
		t.Fatal(err)
	}
	req.SetBasicAuth(p.addresses.ClientID, p.addresses.ClientPassword)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	var ans struct {
		AccessToken string `json:"access_token"`
	}
	a.do(req, &ans)
	a.token = ans.AccessToken
	return a
}

func (a *api) do(req *http.Request, into any) {
	a.t.Helper()
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		a.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		a.t.Fatalf("%s: %d, %v\n%s", req.URL, resp.StatusCode, err, b)
	}
	if err := json.Unmarshal(b, into); err != nil {
		a.t.Fatalf("%s: %v\n%s", req.URL, err, b)
	}
}

func (a *api) post(path string, body, into any) {
	a.t.Helper()
	b, err := json.Marshal(body)
	if err != nil {
		a.t.Fatal(err)
	}
	req, err := http.NewRequest(http.MethodPost, a.url+path, bytes.NewReader(b))
	if err != nil {
		a.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+a.token)
	req.Header.Set("Content-Type", "application/json")
	a.do(req, into)
}

// mids investigates a text, as a person would type it, and gives back the MIDs
// of the sightings: inspect first, then observe what it found.
func (a *api) mids(text string) []string {
	a.t.Helper()
	var found []map[string]string
	a.post("/iroh/iroh-inspect/inspect", map[string]string{"content": text}, &found)
	var ans struct {
		Data []struct {
			Data struct {
				Sightings struct {
					Docs []struct {
						ExternalIDs []string `json:"external_ids"`
					}
				}
			}
		}
		Errors []any
	}
	a.post("/iroh/iroh-enrich/observe/observables", found, &ans)
	if len(ans.Errors) > 0 {
		a.t.Fatalf("%s: %v", text, ans.Errors)
	}
	var out []string
	for _, d := range ans.Data {
		for _, s := range d.Data.Sightings.Docs {
			out = append(out, s.ExternalIDs[0][strings.LastIndexByte(s.ExternalIDs[0], '-')+1:])
		}
	}
	return out
}

// TestSwaks is the main job: mail sent with swaks gets a MID, is found in
// Message Tracking, and an investigation shows one sighting of it.
func TestSwaks(t *testing.T) {
	need(t, "swaks")
	data := t.TempDir()
	p := run(t, ports("--data", data)...)
	a := login(t, p)
	pdf := filepath.Join(t.TempDir(), "invoice.pdf")
	if err := os.WriteFile(pdf, []byte("%PDF-1.4 an invoice"), 0o600); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte("%PDF-1.4 an invoice"))
	encoded := "=?UTF-8?B?" + base64.StdEncoding.EncodeToString([]byte("Rechnung für 中文")) + "?="
	for _, c := range []struct {
		name    string
		args    []string
		subject string
		asked   []string // each finds the message, and only it
	}{
		{"plain", []string{"--to", "testingBren@cisco.com", "--header", "Subject: test test"}, "test test",
			[]string{`email_subject:"test test"`}},
		{"STARTTLS", []string{"--tls", "--to", "b@example.org", "--header", "Subject: over TLS", "--from", "tls@sender.example"}, "over TLS",
			[]string{`email_subject:"over TLS"`, `email:"tls@sender.example"`, `domain:"sender.example"`}},
		{"attachment", []string{"--to", "b@example.org", "--header", "Subject: Invoice Due", "--attach", "@" + pdf}, "Invoice Due",
			[]string{`file_name:"invoice.pdf"`, `sha256:"` + hex.EncodeToString(sum[:]) + `"`}},
		{"UTF-8 subject", []string{"--to", "b@example.org", "--header", "Subject: " + encoded, "--header", "Message-Id: <123-abc-456@cisco.com>"}, "Rechnung für 中文",
			[]string{`email_subject:"Rechnung für 中文"`, `email_messageid:"123-abc-456@cisco.com"`}},
		{"three recipients", []string{"--to", "a@one.test,b@two.test,c@two.test", "--header", "Subject: to three"}, "to three",
			[]string{`email_subject:"to three"`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			mid := swaks(t, p.addresses.SMTP, c.args...)[0]
			tracked(t, p, mid, c.subject)
			for _, text := range append(c.asked, `cisco_mid:"`+mid+`"`) {
				eventually(t, text, func() error {
					if got := a.mids(text); len(got) != 1 || got[0] != mid {
						return fmt.Errorf("MIDs %v, want %s", got, mid)
					}
					return nil
				})
			}
		})
	}
	if n := len(a.mids(`ip:"127.0.0.1"`)); n != 5 {
		t.Errorf("ip: %d sightings, want 5", n)
	}
	for _, nothing := range []string{`email_subject:"no such"`, `email:"testingBren@cisco.com"`, "just text"} {
		if got := a.mids(nothing); len(got) != 0 {
			t.Errorf("%s: %v, want nothing", nothing, got)
		}
	}
	mailLog(t, data)
}

// tracked finds the message by its subject on the Message Tracking page.
func tracked(t *testing.T, p *process, mid, subject string) {
	t.Helper()
	eventually(t, "tracking "+subject, func() error {
		page := get(t, p.addresses.Console+"/monitor/message_tracking?subject="+url.QueryEscape(subject))
		last := "Message " + mid + " to "
		for _, want := range []string{"MID: " + mid, last, "received remote SMTP response &#39;ok:  Message " + mid + " accepted&#39;"} {
			if !strings.Contains(page, want) {
				return fmt.Errorf("page lacks %q", want)
			}
		}
		return nil
	})
}

// mailLog holds the first message's lines against the order of a message's
// life.
func mailLog(t *testing.T, data string) {
	t.Helper()
	eventually(t, "mail log", func() error {
		b, err := os.ReadFile(filepath.Join(data, "mail_logs", "mail.current"))
		if err != nil {
			return err
		}
		rest := string(b)
		for _, want := range []string{"Begin Logfile", "New SMTP ICID 1 interface", "ICID 1 ACCEPT SG UNKNOWNLIST", "Start MID 1 ICID 1",
			"MID 1 ICID 1 From: <mgmt01@cisco.com>", "MID 1 ICID 1 RID 0 To: <testingBren@cisco.com>", "MID 1 Subject 'test test'",
			"MID 1 ready ", "MID 1 matched all recipients for per-recipient policy DEFAULT in the inbound table",
			"MID 1 queued for delivery", "New SMTP DCID 1 ", "Delivery start DCID 1 MID 1 to RID [0]",
			"MID 1 RID [0] Response 'ok:  Message 1 accepted'", "Message finished MID 1 done"} {
			_, after, found := strings.Cut(rest, want)
			if !found {
				return fmt.Errorf("no %q in\n%s", want, b)
			}
			rest = after
		}
		return nil
	})
}

// eventually repeats a look at the running program until it is satisfied.
func eventually(t *testing.T, what string, look func() error) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for {
		err := look()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: %v", what, err)
		}
		select {
		case <-t.Context().Done():
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// Two processes: a cloud, and an appliance that registers with it by token.
func TestTwoProcesses(t *testing.T) {
	exe, err := esasimBinary()
	if err != nil {
		t.Fatal(err)
	}
	cloudData, applianceData := t.TempDir(), t.TempDir()
	cloud := run(t, "cloud", "--cloud", "AMERICAS=127.0.0.1:0", "--data", cloudData)
	url := cloud.addresses.Cloud["AMERICAS"]
	out, err := exec.Command(exe, "token", "--cloud", url).CombinedOutput()
	if err != nil {
		t.Fatalf("token: %v\n%s", err, out)
	}
	token := strings.TrimSpace(string(out))
	alone := []string{"appliance", "--smtp", "127.0.0.1:0", "--console", "127.0.0.1:0", "--data", applianceData}
	box := run(t, append(alone, "--sse", "AMERICAS="+url, "--token", token)...)
	if box.addresses.DeviceID == "" {
		t.Fatal("not registered")
	}
	send := func(subject string) {
		c := dial(t, box.addresses.SMTP)
		c.begin("b@example.org")
		if got := c.say("Subject: " + subject + "\r\n\r\nhello\r\n."); !strings.HasPrefix(got, "250 ok:  Message ") {
			t.Fatalf("reply: %s", got)
		}
	}
	send("from the other process")
	a := login(t, cloud)
	found := func(subject string) {
		t.Helper()
		eventually(t, subject, func() error {
			if got := a.mids(`email_subject:"` + subject + `"`); len(got) != 1 {
				return fmt.Errorf("MIDs %v", got)
			}
			return nil
		})
	}
	found("from the other process")

	// The registration outlives the process; the token is not needed again.
	box.kill()
	box = run(t, alone...)
	send("after a restart")
	found("after a restart")

	// A used token registers nobody else.
	second, err := exec.Command(exe, "appliance", "--smtp", "127.0.0.1:0", "--console", "127.0.0.1:0",
		"--sse", "AMERICAS="+url, "--token", token).CombinedOutput()
	if err == nil || !strings.Contains(string(second), "invalid or expired token") {
		t.Errorf("used token: %v\n%s", err, second)
	}
}

// A real client by SMTPS, as a user with each mechanism of AUTH, and as a
// load balancer with each version of the PROXY protocol.
func TestSwaksListeners(t *testing.T) {
	need(t, "swaks")
	dir := t.TempDir()
	file, data := filepath.Join(dir, "lab.yaml"), filepath.Join(dir, "data")
	err := os.WriteFile(file, []byte(`appliance:
  listeners:
    - {interface: Submission, type: public, address: "127.0.0.1:0", tls: implicit, sender_groups: [{name: ALL, policy: $USERS}]}
    - {interface: Balanced, type: public, address: "127.0.0.1:0", proxies: [127.0.0.1]}
  mail_flow_policies:
    - {name: $USERS, rule: ACCEPT, auth: required}
  sender_groups: [{name: ALL, policy: $ACCEPTED}]
  smtp_auth: {users: [{name: joe, passphrase: correct horse}]}
  recipients: [x.example]
`), 0o600)
	if err != nil {
		t.Fatal(err)
	}
	p := run(t, ports("--data", data, "--config", file)...)
	submission, balanced := p.addresses.Listeners["Submission"], p.addresses.Listeners["Balanced"]
	for _, mechanism := range []string{"PLAIN", "LOGIN"} {
		swaks(t, submission, "--tls-on-connect", "--to", "any@where.test", "--auth", mechanism, "--auth-user", "joe", "--auth-password", "correct horse")
	}
	for version, family := range map[string]string{"1": "TCP4", "2": "AF_INET"} {
		swaks(t, balanced, "--to", "u@x.example", "--proxy-version", version, "--proxy-family", family, "--proxy-source", "192.0.2."+version, "--proxy-source-port", "1234",
			"--proxy-dest", "192.0.2.99", "--proxy-dest-port", "25", "--proxy-protocol", "STREAM", "--proxy-command", "PROXY")
	}
	eventually(t, "mail log", func() error {
		b, err := os.ReadFile(filepath.Join(data, "mail_logs", "mail.current"))
		if err != nil {
			return err
		}
		for _, want := range []string{"New SMTP ICID 1 interface Submission (127.0.0.1) address 127.0.0.1 ", "SMTP Auth (ICID 1) succeeded for user: joe using AUTH mechanism: PLAIN with profile: users",
			"SMTP Auth (ICID 2) succeeded for user: joe using AUTH mechanism: LOGIN with profile: users", "ICID 2 TLS success protocol TLSv1.3",
			" interface Balanced (127.0.0.1) address 192.0.2.1 ", " interface Balanced (127.0.0.1) address 192.0.2.2 "} {
			if !strings.Contains(string(b), want) {
				return fmt.Errorf("no %q in\n%s", want, b)
			}
		}
		return nil
	})
}

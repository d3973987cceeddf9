package esasim_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"esasim/lab"
)

// link is the answer of the emulator's own calls about the registration.
type link struct {
	State     string `json:"state"`
	Region    string `json:"region"`
	DeviceID  string `json:"device_id"`
	LastError string `json:"last_error"`
	Pushed    int    `json:"sightings_pushed"`
	Refused   int    `json:"sightings_refused"`
	Behind    int    `json:"log_events_behind"`
	Lost      int    `json:"log_events_lost"`
	On        bool   `json:"threat_response"`
	Error     string `json:"error"`
}

// own makes one of the emulator's own calls.
func (p *process) own(t *testing.T, method, call string, body, into any) int {
	t.Helper()
	return sendJSON(t, method, p.addresses.Console+"/_esasim/v1/"+call, body, into)
}

func sendJSON(t *testing.T, method, to string, body, into any) int {
	t.Helper()
	b, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequest(method, to, bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	d := json.NewDecoder(bytes.NewReader(answer))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		t.Fatalf("%s %s: %d %s: %v", method, to, resp.StatusCode, answer, err)
	}
	return resp.StatusCode
}

// token makes a registration token with the portal's call.
func (p *process) token(t *testing.T, region string) string {
	t.Helper()
	var ans struct {
		Tokens []struct {
			Token    string `json:"token"`
			DeviceID string `json:"device_id"`
			Expires  string `json:"expires"`
		} `json:"tokens"`
	}
	status := sendJSON(t, "POST", p.addresses.Cloud[region]+"/sse/api/v1/tokens", map[string]any{"devices": 1, "expiry": "1h"}, &ans)
	if status != http.StatusCreated || len(ans.Tokens) != 1 || len(ans.Tokens[0].Token) != 32 {
		t.Fatalf("token: %d %+v", status, ans)
	}
	return ans.Tokens[0].Token
}

// mail sends one message and gives back its MID.
func (p *process) mail(t *testing.T, subject string) string {
	t.Helper()
	return mustAccept(t, transmit(dial(t, p.addresses.SMTP), "mgmt01@cisco.com", "Subject: "+subject+"\r\n\r\nhello\r\n"))
}

// TestRegistrationByHand goes the way from the factory to an investigation over
// HTTP.
func TestRegistrationByHand(t *testing.T) {
	p := run(t, ports("--unregistered")...)
	var ready map[string]bool
	if status := p.own(t, "GET", "ready", nil, &ready); status != 200 || !ready["ready"] {
		t.Errorf("ready: %d %v", status, ready)
	}
	var addresses lab.Addresses
	p.own(t, "GET", "addresses", nil, &addresses)
	if diff := cmp.Diff(p.addresses, addresses); diff != "" || addresses.DeviceID != "" {
		t.Errorf("addresses differ from the file, or name a device: %s", diff)
	}
	var l link
	if status := p.own(t, "GET", "link", nil, &l); status != 200 || l.State != "unregistered" || l.LastError != "" {
		t.Errorf("link: %d %+v", status, l)
	}
	register := func(region, token string) (int, link) {
		var l link
		status := p.own(t, "POST", "register", map[string]string{"region": region, "token": token}, &l)
		return status, l
	}
	before := p.mail(t, "before the registration")
	token := p.token(t, "AMERICAS")

	const refused = "The registration failed because of an invalid or expired token."
	for name, c := range map[string]struct {
		region, token string
		status        int
		text          string
	}{
		"wrong region":   {"EUROPE", token, 403, refused},
		"unknown region": {"MARS", token, 400, `"MARS": no such Threat Response server`},
		"mistyped":       {"AMERICAS", token[1:] + "x", 403, refused},
		"empty":          {"AMERICAS", "", 403, refused},
		"huge":           {"AMERICAS", strings.Repeat("x", 10_000), 403, refused},
	} {
		if status, l := register(c.region, c.token); status != c.status || !strings.Contains(l.Error, c.text) {
			t.Errorf("%s: %d %q", name, status, l.Error)
		}
	}
	status, l := register("AMERICAS", token)
	if status != 200 || l.State != "registered" || l.Region != "AMERICAS" || l.DeviceID == "" || l.LastError != "" {
		t.Fatalf("good token: %d %+v", status, l)
	}
	if status, l := register("AMERICAS", p.token(t, "AMERICAS")); status != 409 || l.Error == "" {
		t.Errorf("registered already: %d %+v", status, l)
	}
	after := p.mail(t, "after the registration")
	a := login(t, p)
	sighted := func(subject, mid string) {
		t.Helper()
		eventually(t, subject, func() error {
			if got := a.mids(`email_subject:"` + subject + `"`); len(got) != 1 || got[0] != mid {
				return fmt.Errorf("MIDs %v, want %s", got, mid)
			}
			return nil
		})
	}
	sighted("before the registration", before)
	sighted("after the registration", after)

	var gone link
	if status := p.own(t, "POST", "deregister", nil, &gone); status != 200 || gone.State != "unregistered" || gone.DeviceID != "" {
		t.Errorf("deregister: %d %+v", status, gone)
	}
	if status := p.own(t, "POST", "deregister", nil, &gone); status != 409 {
		t.Errorf("deregister twice: %d %+v", status, gone)
	}
	meanwhile := p.mail(t, "meanwhile")
	if status, l := register("AMERICAS", token); status != 403 || !strings.Contains(l.Error, refused) {
		t.Errorf("used token: %d %+v", status, l)
	}
	if status, l := register("AMERICAS", p.token(t, "AMERICAS")); status != 200 || l.State != "registered" {
		t.Errorf("registering again: %d %+v", status, l)
	}
	sighted("meanwhile", meanwhile)
	eventually(t, "caught up", func() error {
		if p.own(t, "GET", "link", nil, &l); l.Behind != 0 || l.Refused != 0 {
			return fmt.Errorf("%+v", l)
		}
		return nil
	})
	p.alive(t)
	p.silent(t)
}

// TestAddressesFile: it is whole, for its owner alone, and each command writes
// of what it runs.
func TestAddressesFile(t *testing.T) {
	all := []string{"smtp", "console", "ssh", "cloud", "console_user", "console_passphrase", "portal_user", "portal_passphrase",
		"ctr_client_id", "ctr_client_password", "serial", "device_id"}
	for name, c := range map[string]struct{ args, keys []string }{
		"lab":          {ports(), all},
		"unregistered": {ports("--unregistered"), all[:len(all)-1]},
		"cloud":        {[]string{"cloud", "--cloud", "EUROPE=127.0.0.1:0"}, []string{"cloud", "portal_user", "portal_passphrase", "ctr_client_id", "ctr_client_password"}},
		"appliance":    {[]string{"appliance", "--smtp", "127.0.0.1:0", "--console", "127.0.0.1:0"}, []string{"smtp", "console", "ssh", "console_user", "console_passphrase", "serial"}},
	} {
		t.Run(name, func(t *testing.T) {
			p := run(t, c.args...)
			file := p.cmd.Args[len(p.cmd.Args)-1]
			info, err := os.Stat(file)
			if err != nil || info.Mode() != 0o600 {
				t.Errorf("mode %v, want 0600, %v", info.Mode(), err)
			}
			b, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var got map[string]any
			if err := json.Unmarshal(b, &got); err != nil {
				t.Fatal(err)
			}
			for _, key := range c.keys {
				if v := got[key]; v == nil || v == "" {
					t.Errorf("no %s in %s", key, b)
				}
				delete(got, key)
			}
			if len(got) > 0 {
				t.Errorf("also has %v", got)
			}
			if left, _ := filepath.Glob(filepath.Join(filepath.Dir(file), "*")); len(left) != 1 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
	exe, err := esasimBinary()
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(exe, ports("--addresses-file", filepath.Join(t.TempDir(), "none", "file"))...).CombinedOutput()
	if err == nil || !strings.Contains(string(out), "esasim: addresses file: ") {
		t.Errorf("a directory that is not there: %v\n%s", err, out)
	}
}

// lacks ends a test that cannot be made here: the machine has not got what it
// needs. The test is skipped, saying so; under CI nothing is.
func lacks(t testing.TB, what string, args ...any) {
	t.Helper()
	what = "this machine lacks something: " + fmt.Sprintf(what, args...)
	if os.Getenv("CI") == "true" {
		t.Fatal(what)
	}
	t.Skip(what)
}

// verdict stands in for a test and notes how it was ended.
type verdict struct {
	testing.TB
	failed, skipped bool
}

func (*verdict) Helper()        {}
func (v *verdict) Fatal(...any) { v.failed = true; runtime.Goexit() }
func (v *verdict) Skip(...any)  { v.skipped = true; runtime.Goexit() }

// TestAddressesAndLargeMessagesUnderCI: what only a person may skip fails in CI.
func TestAddressesAndLargeMessagesUnderCI(t *testing.T) {
	for ci, want := range map[string]verdict{"true": {failed: true}, "": {skipped: true}} {
		t.Setenv("CI", ci)
		var got verdict
		var wg sync.WaitGroup
		wg.Go(func() { lacks(&got, "%s", "a sixth finger") })
		wg.Wait()
		if got != want {
			t.Errorf("CI=%q: %+v, want %+v", ci, got, want)
		}
	}
}

// TestAddresses: every face works at every form of address.
func TestAddresses(t *testing.T) {
	for _, c := range []struct {
		host    string
		exposed bool
	}{{"127.0.0.1", false}, {"localhost", false}, {"[::1]", false}, {"0.0.0.0", true}, {"[::]", true}} {
		t.Run(c.host, func(t *testing.T) {
			at := c.host + ":0"
			ln, err := net.Listen("tcp", at)
			if err != nil {
				lacks(t, "no %s: %v", c.host, err)
			}
			ln.Close()
			config := filepath.Join(t.TempDir(), "esasim.yaml")
			if err := os.WriteFile(config, []byte(ownPassphrase), 0o600); err != nil {
				t.Fatal(err)
			}
			p := run(t, "lab", "--config", config, "--smtp", at, "--console", at, "--cloud", "AMERICAS="+at+",EUROPE="+at)
			for _, face := range []string{p.addresses.Console, p.addresses.Cloud["AMERICAS"], p.addresses.Cloud["EUROPE"]} {
				if page := get(t, face+"/"); !strings.HasPrefix(page, "<!doctype html>") {
					t.Errorf("%s: %.200s", face, page)
				}
				var ready map[string]bool
				if s := sendJSON(t, "GET", face+"/_esasim/v1/ready", nil, &ready); s != 200 || !ready["ready"] {
					t.Errorf("%s: %d %v", face, s, ready)
				}
			}
			p.alive(t)
			p.silent(t)
			warnings := strings.Count(p.out.String(), "can be reached from other machines")
			if want := map[bool]int{true: 4}[c.exposed]; warnings != want {
				t.Errorf("%d warnings, want %d:\n%s", warnings, want, p.out.String())
			}
		})
	}
}

// TestCloudScreen: the command line that `esasim cloud` prints for each region
// is one that works.
func TestCloudScreen(t *testing.T) {
	exe, err := esasimBinary()
	if err != nil {
		t.Fatal(err)
	}
	cloud := exec.Command(exe, "cloud", "--cloud", "AMERICAS=127.0.0.1:0,EUROPE=127.0.0.1:0")
	out, err := cloud.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cloud.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = cloud.Process.Signal(os.Interrupt)
		if err := cloud.Wait(); err != nil {
			t.Errorf("cloud: %v", err)
		}
	}()
	var lines []string
	for in := bufio.NewScanner(out); len(lines) < 2 && in.Scan(); {
		if line := strings.TrimSpace(in.Text()); strings.HasPrefix(line, "esasim appliance ") {
			lines = append(lines, line)
		}
	}
	if len(lines) != 2 {
		t.Fatalf("command lines: %q", lines)
	}
	for i, region := range []string{"AMERICAS", "EUROPE"} {
		t.Run(region, func(t *testing.T) {
			words := strings.Fields(lines[i])
			box := run(t, append(words[1:], "--smtp", "127.0.0.1:0", "--console", "127.0.0.1:0")...)
			if box.addresses.DeviceID == "" {
				t.Fatal("not registered")
			}
			name, url, _ := strings.Cut(words[3], "=")
			if name != region {
				t.Errorf("region %s, want %s", name, region)
			}
			var there lab.Addresses
			sendJSON(t, "GET", url+"/_esasim/v1/addresses", nil, &there)
			box.addresses.Cloud = map[string]string{"AMERICAS": url} // where login looks
			box.addresses.ClientID, box.addresses.ClientPassword = there.ClientID, there.ClientPassword
			box.alive(t)
			box.silent(t)
		})
	}
}

func TestVersion(t *testing.T) {
	exe, err := esasimBinary()
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(exe, "version").CombinedOutput()
	if err != nil || !regexp.MustCompile(`^esasim \S+, go1\.\d+\S*, \w+/\w+\n$`).Match(out) {
		t.Errorf("%v %q", err, out)
	}
}

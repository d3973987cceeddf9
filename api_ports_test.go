package esasim_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The API has ports of its own, as on the appliance; who trusts the certificate of the
// data directory can use the one with TLS. Nothing else is served there.
func TestAPIPorts(t *testing.T) {
	curl, err := exec.LookPath("curl")
	if err != nil {
		lacks(t, "no curl: %v", err)
	}
	data := t.TempDir()
	args := append(ports(), "--data", data, "--api", "127.0.0.1:0", "--api-tls", "127.0.0.1:0")
	p := run(t, args...)
	trust := []string{"--cacert", filepath.Join(data, "certificate.pem")}
	ask := func(with []string, url string) (body string, code string) {
		t.Helper()
		out, err := exec.Command(curl, append(with, "-s", "-w", "\n%{http_code}", "-u", "admin:ironport", url)...).CombinedOutput()
		if exit := (*exec.ExitError)(nil); err != nil {
			exit, _ = err.(*exec.ExitError)
			return string(out), exit.String()
		}
		i := strings.LastIndexByte(string(out), '\n')
		return string(out[:i]), string(out[i+1:])
	}
	if !strings.HasPrefix(p.addresses.APITLS, "https://127.0.0.1:") || !strings.HasPrefix(p.addresses.API, "http://127.0.0.1:") {
		t.Fatalf("addresses %+v", p.addresses)
	}
	for _, api := range []string{p.addresses.API, p.addresses.APITLS} {
		for _, path := range []string{"/esa/api/v2.0/health", "/sma/api/v2.0/health"} {
			if body, code := ask(trust, api+path); code != "200" || !strings.Contains(body, `"messages_in_workqueue":0`) {
				t.Errorf("%s%s: %s %s", api, path, code, body)
			}
		}
		if _, code := ask(trust, api+"/swagger/openapi.json"); code != "200" {
			t.Errorf("%s/swagger/openapi.json: %s", api, code)
		}
		for _, path := range []string{"/", "/monitor/message_tracking", "/_esasim/v1/addresses", "/xml/status", "/esa/api/v2.0", "/swaggerx"} {
			if body, code := ask(trust, api+path); code != "404" && code != "301" && code != "307" {
				t.Errorf("%s%s: %s %.100s", api, path, code, body)
			}
		}
		list, _ := ask(trust, api+"/esa/api/v2.0/logs/mail_logs")
		var files struct {
			Data []struct{ DownloadURL string }
		}
		if err := json.Unmarshal([]byte(list), &files); err != nil || len(files.Data) != 1 {
			t.Fatalf("%v: %s", err, list)
		}
		if body, code := ask(trust, files.Data[0].DownloadURL); code != "200" || !strings.Contains(body, "Info: Begin Logfile") || !strings.HasPrefix(files.Data[0].DownloadURL, api) {
			t.Errorf("%s: %s %.100s", files.Data[0].DownloadURL, code, body)
		}
	}
	if _, code := ask(nil, p.addresses.APITLS+"/esa/api/v2.0/health"); code != "exit status 60" {
		t.Errorf("a certificate that nobody trusts: %s", code)
	}
	was := readFile(t, trust[1])
	p.alive(t)
	p.end(t, os.Interrupt)
	p = run(t, args...)
	if is := readFile(t, trust[1]); is != was {
		t.Error("the certificate is another one after a restart")
	}
	if _, code := ask(trust, p.addresses.APITLS+"/esa/api/v2.0/health"); code != "200" {
		t.Errorf("after a restart: %s", code)
	}
}

// ownPassphrase is a configuration in which the factory's passphrase is changed.
const ownPassphrase = "appliance: {users: [{name: admin, passphrase: not-the-factorys, role: Administrator}]}\n"

// No face can be opened to other machines as long as everybody knows the passphrase.
func TestFactoryPassphraseKeepsPortsClosed(t *testing.T) {
	exe, err := esasimBinary()
	if err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(t.TempDir(), "esasim.yaml")
	for name, c := range map[string]struct{ flags, config string }{
		"console": {"--console 0.0.0.0:0", ""}, "smtp": {"--smtp 0.0.0.0:0", ""}, "ssh": {"--ssh 0.0.0.0:0", ""}, "cloud AMERICAS": {"--cloud AMERICAS=0.0.0.0:0", ""},
		"api": {"--api :0", ""}, "api_tls": {"--api-tls [::]:0", ""}, "listener Second": {"", "appliance: {listeners: [{interface: Second, type: public, address: '0.0.0.0:0'}]}"},
		"console of a file": {"", "console: 0.0.0.0:0"},
	} {
		t.Run(name, func(t *testing.T) {
			if err := os.WriteFile(config, []byte(c.config), 0o600); err != nil {
				t.Fatal(err)
			}
			args := []string{"lab"}
			for flag, address := range map[string]string{"--smtp": "127.0.0.1:0", "--console": "127.0.0.1:0", "--ssh": "127.0.0.1:0", "--cloud": "AMERICAS=127.0.0.1:0"} {
				if !strings.HasPrefix(c.flags, flag+" ") && !strings.HasPrefix(c.config, strings.TrimPrefix(flag, "--")+":") {
					args = append(args, flag, address)
				}
			}
			out, err := exec.Command(exe, append(append(args, strings.Fields(c.flags)...), "--config", config)...).CombinedOutput()
			face, _, _ := strings.Cut(name, " of ")
			if err == nil || !strings.Contains(string(out), "can be reached from other machines, and appliance.users[0].passphrase of the user admin is the one that everybody knows") ||
				!strings.Contains(string(out), face+" ") {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
}

package esasim_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"esasim/appliance/config"
	"esasim/cloud/ctim"
	"esasim/internal/golden"
	"esasim/lab"
)

// profiled is a lab of a profile, with what its golden files need beside.
func profiled(t *testing.T, profile string) *virtual {
	t.Helper()
	v := &virtual{fs: vfs.NewMem()}
	v.start(t, func(o *lab.Options) {
		var err error
		o.Config, err = lab.ReadConfigAs(profile, "profile.yaml", []byte(`
appliance:
  serial: 4202A33F31B0BAAB537A-FBD06D401234
  listener: {xclient: [127.0.0.1]}
  senders:
    - {address: 192.0.2.66, host: spam.example, unverified: true, sbrs: -9.9}
    - {address: 192.0.2.7, host: mail.b.example, sbrs: not enabled}
  authentication:
    verify: true
    zones: b.example TXT "v=spf1 ip4:192.0.2.7 -all"
  logs:
    - {name: mail_logs, type: mail}
    - {name: events, type: consolidated_event}
`))
		if err != nil {
			t.Fatal(err)
		}
	})
	return v
}

// The same mail in the logs of each profile: one from a sender with a bad
// reputation, one from a sender that no group has and that passes SPF.
func TestProfileLogs(t *testing.T) {
	for _, profile := range config.Profiles() {
		t.Run(profile, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				v := profiled(t, profile)
				for _, c := range [...]struct{ client, want string }{{"ADDR=192.0.2.66", "554 "}, {"ADDR=192.0.2.7 HELO=mail.b.example", "221 "}} {
					if got := v.sendAs(t, c.client, "it's me"); !strings.HasPrefix(got, c.want) {
						t.Errorf("%s: %s, want %s", c.client, got, c.want)
					}
					time.Sleep(3 * time.Second)
				}
				v.stop()
				lines := append(injectionFirst(v.mailLog(t)), v.logLines(t, "events", "consolidated_event")...)
				golden.Check(t, filepath.Join("testdata", "profiles", profile+".txt"), []byte(strings.Join(lines, "\n")+"\n"), *update)
			})
		})
	}
}

// injectionFirst puts the lines about injection connections before the others: when
// a client is told goodbye says nothing about how far its message has come.
func injectionFirst(log []string) []string {
	slices.SortStableFunc(log, func(a, b string) int { return rank(a) - rank(b) })
	return log
}

func rank(line string) int {
	switch {
	case !strings.Contains(line, "ID "):
		return 0 // the file's header
	case strings.Contains(line, "ICID ") && !strings.Contains(line, "MID "):
		return 1
	}
	return 2
}

// What each profile says on its pages and in the cloud's answers.
func TestProfileCloud(t *testing.T) {
	for _, c := range []struct {
		profile, brand, product, schema string
		module                          string // what an enrich answer has of the module
		regions                         string
	}{
		{"ctr2020", ">Threat Response</a>", "<span>Email Security Virtual Appliance</span>", "1.0.16", `"module_type_id":"`, "AMERICAS EUROPE"},
		{"strict2020", ">Threat Response</a>", "<span>Email Security Virtual Appliance</span>", "1.0.16", `"module-type":"Email Security Appliance"`, "AMERICAS EUROPE"},
		{"xdr2025", ">XDR</a>", "<span>Secure Email Gateway Virtual</span>", "1.3.28", `"module_type_id":"`, "AMERICAS APJC EUROPE"},
	} {
		t.Run(c.profile, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				v := profiled(t, c.profile)
				defer func() { v.stop() }()
				v.sendAs(t, "ADDR=192.0.2.7", "investigated")
				time.Sleep(3 * time.Second)
				contains(t, "portal", page(v.Cloud(lab.Americas).Handler(), "/investigate"), c.brand)
				contains(t, "console", page(v.Appliance().Handler(), "/monitor/message_tracking"), c.product)
				if got := strings.Join(lab.Regions(v.Addresses().Cloud).Names(), " "); got != c.regions {
					t.Errorf("regions %s, want %s", got, c.regions)
				}
				found := v.investigate(t, ctim.EmailSubject, "investigated")
				if len(found) != 1 || found[0].SchemaVersion != c.schema {
					t.Errorf("sightings %+v, want one with schema_version %s", found, c.schema)
				}
				header, body := v.observe(t, "investigated")
				if got := header.Get("X-Ctim-Version"); got != c.schema {
					t.Errorf("X-Ctim-Version %s, want %s", got, c.schema)
				}
				contains(t, "answer", body, c.module)
				if strings.Contains(body, "module-type") == strings.Contains(body, "module_") {
					t.Errorf("the answer has both forms, or none: %s", body)
				}
			})
		})
	}
}

func contains(t *testing.T, what, text, want string) {
	t.Helper()
	if !strings.Contains(text, want) {
		t.Errorf("the %s has no %s:\n%s", what, want, text)
	}
}

func page(h http.Handler, path string) string {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	return w.Body.String()
}

// observe asks the region's API about a subject, as a client.
func (v *virtual) observe(t *testing.T, subject string) (http.Header, string) {
	t.Helper()
	return v.observeAs(t, "email_subject", subject)
}

// observeAs asks for an observable of any type.
func (v *virtual) observeAs(t *testing.T, kind, value string) (http.Header, string) {
	t.Helper()
	h, a := v.Cloud(lab.Americas).Handler(), v.Addresses()
	r := httptest.NewRequest(http.MethodPost, "/iroh/oauth2/token", strings.NewReader("grant_type=client_credentials"))
	r.SetBasicAuth(a.ClientID, a.ClientPassword)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	var token struct {
		Access string `json:"access_token"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &token); err != nil {
		t.Fatalf("%v in %s", err, w.Body)
	}
	r = httptest.NewRequest(http.MethodPost, "/iroh/iroh-enrich/observe/observables", strings.NewReader(fmt.Sprintf(`[{"type":%q,"value":%q}]`, kind, value)))
	r.Header.Set("Authorization", "Bearer "+token.Access)
	r.Header.Set("Content-Type", "application/json")
	w = httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Header(), w.Body.String()
}

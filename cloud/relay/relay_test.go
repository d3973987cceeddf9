package relay

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"esasim/cloud/ctim"
	"esasim/cloud/ctr"
)

func TestRead(t *testing.T) {
	for _, c := range []struct {
		properties, settings string
		auth, bad            string
	}{
		{`{}`, `{"url":"http://r"}`, AuthNone, ""},
		{`{"url":"http://r"}`, `{"authorization-header":"Bearer x"}`, AuthHeader, ""},
		{`{"auth-type":"bearer"}`, `{"token":"x","other":[1,{}]}`, AuthBearer, ""},
		{`{"auth-type":"bearer"}`, `{"auth-type":"basic"}`, AuthBasic, ""},
		{`{}`, `{"auth-type":"magic"}`, "magic", `auth-type: "magic"`},
		{`{}`, `{"url":5}`, AuthNone, "url: not a text"},
		{`{}`, `{"url":null,"supported-apis":null}`, AuthNone, ""},
		{`{}`, `{"supported-apis":"health"}`, AuthNone, "supported-apis: not a list of texts"},
		{`{}`, `{"supported-apis":["health",5]}`, AuthNone, "supported-apis: not a list of texts"},
		{`{}`, `{"configuration-token-alg":"none"}`, AuthNone, `configuration-token-alg: "none"`},
	} {
		s, err := Read(parsed(t, c.properties), parsed(t, c.settings))
		if s.Auth != c.auth || (err == nil) != (c.bad == "") || err != nil && !strings.Contains(err.Error(), c.bad) {
			t.Errorf("%s %s: %q, %v", c.properties, c.settings, s.Auth, err)
		}
	}
}

func parsed(t *testing.T, s string) (m map[string]any) {
	t.Helper()
	if err := json.Unmarshal([]byte(s), &m); err != nil {
		t.Fatal(err)
	}
	return m
}

// TestSupported: routes are listed with and without a slash; no list means all,
// an empty one none.
func TestSupported(t *testing.T) {
	for _, c := range []struct {
		settings string
		want     bool
	}{{`{}`, true}, {`{"supported-apis":[]}`, false}, {`{"supported-apis":["observe/observables"]}`, true},
		{`{"supported-apis":["/observe/observables"]}`, true}, {`{"supported-apis":["health"]}`, false}} {
		s, err := Read(nil, parsed(t, c.settings))
		if err != nil || s.has(pathObserve) != c.want {
			t.Errorf("%s: %t, %v", c.settings, !c.want, err)
		}
	}
}

// TestURL: what is no URL of a relay is never called.
func TestURL(t *testing.T) {
	for _, bad := range []string{"", "relay.example", "/x", "ftp://relay.example", "http://", "http://[", "http://r/?x=1", "http://r/#x", "http://r\n"} {
		r := Relay{Name: "R", Settings: Settings{URL: bad, Auth: AuthNone}, Caller: NewCaller()}
		_, o := r.Observe(t.Context(), nil)
		want := []ctr.Complaint{{Type: "fatal", Code: "malformed-api-url", Message: "Malformed API URL /observe/observables"}}
		if d := cmp.Diff(want, o.Complaints); d != "" {
			t.Errorf("%q: %s", bad, d)
		}
	}
}

// TestRefused: bodies of bad answers as Threat Response prints them.
func TestRefused(t *testing.T) {
	for _, c := range []struct{ body, want string }{
		{`{"message":"Forbidden"}`, `{:message "Forbidden"}`},
		{`{"b":[1,2.5,true,null],"a":{"x":"\"\n"}}`, `{:a {:x "\"\n"}, :b [1 2.5 true nil]}`},
		{``, `{:message "Forbidden"}`},
		{`[]`, `{:message "Forbidden"}`},
		{`{"a":"` + strings.Repeat("x", 600) + `"}`, `{:message "Forbidden"}`},
		{`<html>`, `{:message "Forbidden"}`},
	} {
		want := "There was a client error in the module: " + c.want + " [403]"
		if got := refused(403, []byte(c.body)).Message; got != want {
			t.Errorf("%s: %s, want %s", c.body, got, want)
		}
	}
	if got := refused(599, nil).Message; got != `There was a server error in the module: {:message "Status 599"} [599]` {
		t.Error(got)
	}
}

// fake is a relay that answers every route with one body.
func fake(t testing.TB, body string) *Relay {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(s.Close)
	return &Relay{Name: "R", Settings: Settings{URL: s.URL, Auth: AuthNone}, Caller: NewCaller()}
}

func complaints(o Outcome) string {
	var out []string
	for _, c := range o.Complaints {
		out = append(out, c.Code+": "+c.Message)
	}
	return strings.Join(out, "; ")
}

// TestAnswers: what the routes other than observe make of an answer.
func TestAnswers(t *testing.T) {
	asked := []ctim.Observable{{Type: ctim.Domain, Value: "cisco.com"}}
	const not = "invalid-response: The module's answer is not valid: "
	for _, c := range []struct{ path, body, want string }{
		{pathHealth, `{"data":{"status":"ok"}}`, ""},
		{pathHealth, `{"data":{"status":"ok","quotas":{}}}`, ""},
		{pathHealth, `{"data":{"status":"fine"}}`, not + `data.status: (not (#{"ok" "error" "unknown"} "fine"))`},
		{pathHealth, `{"data":{"status":"ok","mood":1}}`, not + "data.mood: disallowed-key"},
		{pathHealth, `{"data":{}}`, not + "data.status: missing-required-key"},
		{pathHealth, `{"data":[]}`, not + "data: (not (map?))"},
		{pathHealth, `{"status":"ok"}`, not + "status: disallowed-key"},
		{pathHealth, `{}`, not + "data: missing-required-key"},
		{pathHealth, `{"data":null}`, not + "data: missing-required-key"},
		{pathHealth, `{"errors":[]}`, not + "data: missing-required-key"},
		{pathHealth, `{"errors":{}}`, not + "errors: (not (sequential?))"},
		{pathHealth, `{"errors":[5]}`, not + "errors[0]: (not (map?))"},
		{pathHealth, `{"errors":[{"type":"fatal","code":5,"message":"x"}]}`, not + "errors[0].code: (not (instance? java.lang.String))"},
		{pathHealth, `{"errors":[{"type":"fatal"}]}`, not + "errors[0].code: missing-required-key (and 1 more)"},
		{pathHealth, `{"errors":[{"type":"mild","code":"x","message":"y"}]}`, not + `errors[0].type: (not (#{"fatal" "error" "warning"}))`},
		{pathHealth, `{"errors":[{"type":"fatal","code":"unknown","message":"y","module":"M"}]}`, "unknown: y"},
		{pathRefer, `{"data":[]}`, ""},
		{pathRefer, `{"data":[{"id":"a","title":"b","description":"c","url":"https://x/"}]}`, ""},
		{pathRefer, `{"data":[{"id":"a","title":"b","description":"c","url":"javascript:alert(1)"}]}`, not + "data[0].url: (not (uri?))"},
		{pathRefer, `{"data":[{"id":"a","title":"b","url":"https://x/","size":1}]}`, not + "data[0].description: missing-required-key (and 1 more)"},
		{pathRefer, `{"data":[{"id":5,"title":null,"description":"c","url":"https://x/"}]}`, not + "data[0].id: (not (instance? java.lang.String)) (and 1 more)"},
		{pathRefer, `{"data":{}}`, not + "data: (not (sequential?))"},
		{pathRefer, `{"data":[7]}`, not + "data[0]: (not (map?))"},
		{pathRespond, `{"data":[{"id":"a","title":"b","description":"c","categories":["x"],"query-params":{"observable_type":"ip","n":5}}]}`, ""},
		{pathRespond, `{"data":[{"id":"a","title":"b","description":"c","query-params":{"n":{}}}]}`, not + "data[0].query-params.n: (not (instance? java.lang.String))"},
		{pathRespond, `{"data":[{"id":"a","title":"b","description":"c","query-params":[]}]}`, not + "data[0].query-params: (not (map?))"},
		{pathTrigger, `{"data":{"status":"success"}}`, ""},
		{pathTrigger, `{"data":{"status":"failure"}}`, "unknown: The module could not do it"},
		{pathTiles, `{"data":[]}`, ""},
		{pathTiles, `{"data":{}}`, not + "data: (not (sequential?))"},
		{pathTile, `{"data":5}`, not + "data: (not (map?))"},
		{pathVersion, `{"version":"1"}`, ""},
		{pathVersion, `{"data":{}}`, not + "version: missing-required-key"},
	} {
		r := fake(t, c.body)
		var o Outcome
		switch c.path {
		case pathHealth:
			_, o = r.Health(t.Context())
		case pathRefer:
			_, o = r.Refer(t.Context(), asked)
		case pathRespond:
			_, o = r.Respond(t.Context(), asked)
		case pathTrigger:
			o = r.Trigger(t.Context(), ctr.Trigger{Action: "a", Observable: asked[0]})
		case pathVersion:
			_, o = r.Version(t.Context())
		default:
			o = r.Tiles(t.Context(), c.path, map[string]string{})
		}
		if got := complaints(o); got != c.want {
			t.Errorf("%s %s\n got %s\nwant %s", c.path, c.body, got, c.want)
		}
	}
}

// TestTrim: of each observable a hundred documents of a kind are shown, and of
// those that are about none a hundred for each that was asked for; the warnings
// name whose documents are missing.
func TestTrim(t *testing.T) {
	one, two := ctim.Observable{Type: ctim.Domain, Value: "one.example"}, ctim.Observable{Type: ctim.IP, Value: "192.0.2.2"}
	var docs []string
	add := func(n int, of string) {
		for range n {
			docs = append(docs, `{"type":"sighting","id":"transient:`+fmt.Sprint(len(docs))+`","schema_version":"1.0.16","count":1,"confidence":"High","observed_time":{"start_time":"2020-05-14T09:31:07Z"}`+of+`}`)
		}
	}
	add(150, `,"observables":[{"type":"domain","value":"elsewhere.example"},{"type":"domain","value":"one.example"}]`)
	add(100, `,"observables":[{"type":"ip","value":"192.0.2.2"}]`)
	add(201, "")
	r := fake(t, `{"data":{"sightings":{"count":451,"docs":[`+strings.Join(docs, ",")+`]}}}`)
	for _, c := range []struct {
		asked []ctim.Observable
		shown int
		warns []string
	}{
		{[]ctim.Observable{one, two}, 100 + 100 + 200, []string{"one.example"}},
		{[]ctim.Observable{two, one}, 100 + 100 + 200, []string{"one.example", "192.0.2.2"}},
		{[]ctim.Observable{two}, 100 + 100, []string{"192.0.2.2"}},
	} {
		got, o := r.Observe(t.Context(), c.asked)
		if len(got[ctr.Sightings]) != c.shown || len(o.Complaints) != len(c.warns) {
			t.Fatalf("%v: %d shown, %v", c.asked, len(got[ctr.Sightings]), o.Complaints)
		}
		for i, w := range c.warns {
			if o.Complaints[i] != ctr.TooMany("R", ctim.Observable{Value: w}) {
				t.Errorf("%v: %v, want a warning of %s", c.asked, o.Complaints[i], w)
			}
		}
	}
}

// TestRespond: an action's address has what the relay wants to be triggered
// with, and the trigger's body has it again.
func TestRespond(t *testing.T) {
	var told string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.URL.Path == pathTrigger {
			told = string(body)
			_, _ = io.WriteString(w, `{"data":{"status":"success"}}`)
			return
		}
		_, _ = io.WriteString(w, `{"data":[{"id":"a/b","title":"t","description":"d","query-params":{"observable_value":"x&y","observable_type":"ip"}}]}`)
	}))
	defer s.Close()
	k := NewKind(nil)
	defer k.Close()
	m := ctr.Module{ID: "M", Name: "R", Settings: map[string]any{"url": s.URL}}
	actions, bad := k.Respond(t.Context(), m, []ctim.Observable{{Type: ctim.IP, Value: "x&y"}})
	if len(bad) > 0 || len(actions) != 1 || actions[0].URL != "/respond/trigger/M/a%2Fb?observable_type=ip&observable_value=x%26y" {
		t.Fatalf("%+v %v", actions, bad)
	}
	if bad := k.Trigger(t.Context(), m, ctr.Trigger{Action: "a/b", Observable: ctim.Observable{Type: ctim.IP, Value: "x&y"}, Extra: map[string]string{"list": "7", "action-id": "other"}}); bad != nil {
		t.Fatal(bad)
	}
	if want := `{"action-id":"a/b","list":"7","observable_type":"ip","observable_value":"x\u0026y"}`; told != want {
		t.Errorf("told %s, want %s", told, want)
	}
}

// FuzzAnswer: whatever a relay answers, there is an answer for Threat Response
// that can be written as JSON, no larger than allowed, or a complaint.
func FuzzAnswer(f *testing.F) {
	for _, seed := range []string{`{"data":{}}`, `{"data":{"sightings":{"count":1,"docs":[{"type":"sighting","id":"transient:x","schema_version":"1.0.16","count":1,"confidence":"High","observed_time":{"start_time":"2020-05-14T09:31:07.000Z"},"observables":[{"type":"domain","value":"cisco.com"}]}]}}}`,
		`{"data":{"verdicts":{"count":1,"docs":[{"type":"verdict","disposition":3,"observable":{"type":"domain","value":"cisco.com"},"valid_time":{"start_time":"2020-05-14T09:31:07Z"}}]}}}`,
		`{"data":{"relationships":{"count":0,"docs":[{"source_ref":"x"}]}},"errors":[{"type":"warning","code":"a","message":"b"}]}`,
		`{"data":{"data_tables":{"count":1,"docs":[{"type":"data-table","id":"a:b","schema_version":"1","columns":[],"rows":[[1]]}]}}}`, `[`, `null`} {
		f.Add(seed)
	}
	r := &Relay{Name: "R", Caller: NewCaller()}
	asked := []ctim.Observable{{Type: ctim.Domain, Value: "cisco.com"}}
	f.Fuzz(func(t *testing.T, body string) {
		if !json.Valid([]byte(body)) {
			return // it does not come that far
		}
		var o Outcome
		data := opened([]byte(body), &o)
		if data == nil {
			if len(o.Complaints) == 0 {
				t.Fatal("no data, no complaint")
			}
			return
		}
		docs := r.documents(data, asked, &o)
		if docs == nil && len(o.Complaints) == 0 {
			t.Fatal("no documents, no complaint")
		}
		if _, err := json.Marshal(docs); err != nil {
			t.Fatal(err)
		}
		for kind, all := range docs {
			if len(all) > 2*maxPerAsked {
				t.Fatalf("%d %s", len(all), kind)
			}
			for _, one := range all {
				var d map[string]any
				if err := json.Unmarshal(one.(json.RawMessage), &d); err != nil {
					t.Fatal(err)
				}
			}
		}
	})
}

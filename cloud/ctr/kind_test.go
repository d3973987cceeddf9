package ctr

import (
	"context"
	"encoding/json"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"esasim/cloud/ctim"
	"esasim/cloud/store"
)

// scripted is a kind that does as the name of its instance says.
type scripted struct{ Nothing }

var verdict = Verdict{Type: "verdict", Disposition: Malicious, DispositionName: Disposition(Malicious), Observable: ctim.Observable{Type: ctim.IP, Value: "192.0.2.1"}}

func (scripted) Deliberate(ctx context.Context, m Module, asked []ctim.Observable) (Docs, []Complaint) {
	switch m.Name {
	case "silent":
		<-ctx.Done()
		return nil, nil
	case "talkative": // gives what was not asked for
		return Docs{Verdicts: {verdict}, Judgements: {json.RawMessage(`{}`)}}, []Complaint{TooMany("talkative", asked[0])}
	case "none":
		return Docs{Verdicts: nil}, nil
	case "forbidden":
		return nil, []Complaint{ClientError("Forbidden", 403)}
	case "malformed":
		return nil, []Complaint{{Fatal, "malformed-api-url", "Malformed API URL /deliberate/observables"}}
	}
	return Docs{Judgements: {json.RawMessage(`{}`)}}, nil
}

func (s scripted) Observe(ctx context.Context, m Module, q Question) (Docs, []Complaint) {
	return s.Deliberate(ctx, m, q.Observables)
}

func (scripted) Refer(ctx context.Context, m Module, asked []ctim.Observable) ([]Ref, []Complaint) {
	if m.Name == "silent" {
		<-ctx.Done()
		return nil, nil
	}
	return []Ref{{ID: "ref-" + m.Name, Title: "Search", Description: asked[0].Value, URL: "http://127.0.0.1/", Categories: []string{"Search"}}}, nil
}

func (scripted) Health(ctx context.Context, m Module) (Health, []Complaint) {
	if m.Name == "silent" {
		<-ctx.Done()
		return Health{}, nil
	}
	return Health{Status: HealthOK}, nil
}

// threatOf opens a service with a type "Scripted" and an instance of each name,
// whose ids it makes predictable.
func threatOf(t *testing.T, o Options, names ...string) (*Threat, []Module) {
	t.Helper()
	s, err := store.Open(store.Options{FS: vfs.NewMem(), Dir: "ctr", Region: "AMERICAS"})
	if err != nil {
		t.Fatal(err)
	}
	o.Region, o.Store, o.Devices = "AMERICAS", s, exchange{}
	o.Types = []Type{{ID: "type-1", Name: "Scripted", Record: "ScriptedModule", Kind: scripted{}}}
	threat, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		threat.Close()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	var modules []Module
	for _, name := range names {
		m, err := threat.AddModule(t.Context(), Module{Name: name, Type: "Scripted"})
		if err != nil {
			t.Fatal(err)
		}
		m.ID = "id-" + name
		modules = append(modules, m)
	}
	return threat, modules
}

// TestEnvelopes: what modules give and fail to give, as each envelope has it.
// Errors are absent when there are none, data is never null, and deliberate
// gives verdicts alone.
func TestEnvelopes(t *testing.T) {
	const valid = `"valid_time":{"start_time":"0001-01-01T00:00:00.000Z","end_time":"0001-01-01T00:00:00.000Z"}`
	const verdicts = `{"verdicts":{"count":1,"docs":[{"type":"verdict","disposition":2,"disposition_name":"Malicious","observable":{"type":"ip","value":"192.0.2.1"},` + valid + `}]}}`
	const ids = `,"module_instance_id":"id-X","module_type_id":"type-1"`
	for _, c := range []struct {
		envelope string
		names    []string
		want     string
	}{
		{"", nil, `{"data":[]}`},
		{"", []string{"X"}, `{"data":[{"module":"X"` + ids + `,"data":{}}]}`},
		{ByType, []string{"X"}, `{"data":[{"module":"X","module-type":"ScriptedModule","data":{}}]}`},
		{ByName, []string{"X"}, `{"data":[{"module":"X","data":{}}]}`},
		{ByName, []string{"none"}, `{"data":[{"module":"none","data":{"verdicts":{"count":0,"docs":[]}}}]}`},
		{ByName, []string{"talkative", "silent"}, `{"data":[{"module":"talkative","data":` + verdicts + `}],"errors":[` +
			`{"module":"talkative","type":"warning","code":"too-many-messages-warning","message":"More messages found in talkative for 192.0.2.1 than can be rendered. Log in to the talkative console to see all messages"},` +
			`{"module":"silent","type":"warning","code":"module-timeout","message":"There was a timeout in the 'silent' module"}]}`},
		{ByType, []string{"forbidden", "malformed"}, `{"data":[],"errors":[` +
			`{"module":"forbidden","module-type":"ScriptedModule","type":"error","code":"client-error","message":"There was a client error in the module: {:message \"Forbidden\"} [403]"},` +
			`{"module":"malformed","module-type":"ScriptedModule","type":"fatal","code":"malformed-api-url","message":"Malformed API URL /deliberate/observables"}]}`},
	} {
		synctest.Test(t, func(t *testing.T) {
			threat, modules := threatOf(t, Options{Envelope: c.envelope}, c.names...)
			env, err := threat.deliberate(t.Context(), modules, []ctim.Observable{verdict.Observable})
			got, _ := json.Marshal(threat.wrapped(env))
			if err != nil || string(got) != c.want {
				t.Errorf("%q %v: %v\n%s\nwant\n%s", c.envelope, c.names, err, got, c.want)
			}
		})
	}
}

// TestReferAndHealth: links and states carry the names of their modules; one
// that does not answer in time is an error, and its state is not known.
func TestReferAndHealth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		threat, modules := threatOf(t, Options{ModuleDeadline: time.Minute}, "X", "silent")
		start := time.Now()
		refs, err := threat.refer(t.Context(), modules, []ctim.Observable{verdict.Observable})
		got, _ := json.Marshal(threat.wrappedRefs(refs))
		const silent = `"errors":[{"module":"silent","module_instance_id":"id-silent","module_type_id":"type-1","type":"warning","code":"module-timeout","message":"There was a timeout in the 'silent' module"}]}`
		const want = `{"data":[{"module":"X","module_instance_id":"id-X","module_type_id":"type-1","id":"ref-X","title":"Search","description":"192.0.2.1","url":"http://127.0.0.1/","categories":["Search"]}],` + silent
		if err != nil || string(got) != want || time.Since(start) != time.Minute {
			t.Errorf("after %v: %v\n%s", time.Since(start), err, got)
		}
		health, errs, err := threat.healthOf(t.Context(), modules)
		if err != nil || len(health) != 2 || health[0].Data.Status != HealthOK || health[1].Data.Status != HealthUnknown || len(errs) != 1 {
			t.Errorf("%+v %+v %v", health, errs, err)
		}
	})
}

package cloud_test

import (
	"bytes"
	"context"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"esasim/cloud/ctim"
	"esasim/cloud/ctr"
	"esasim/cloud/sse"
	"esasim/internal/golden"
)

// knows is a kind of module that has verdicts and links: of addresses bad ones,
// of domains good ones, of the rest nothing.
type knows struct{ ctr.Nothing }

func knowing() ctr.Type {
	return ctr.Type{ID: "2460c99b-2f01-523b-a65d-30a3c6603245", Name: "Knowing", Record: "KnowingModule", Flags: []string{"fast"}, Kind: knows{}}
}

func (knows) Deliberate(_ context.Context, m ctr.Module, asked []ctim.Observable) (ctr.Docs, []ctr.Complaint) {
	docs := ctr.Docs{}
	for _, o := range asked {
		d := map[ctim.ObservableType]int{ctim.IP: ctr.Malicious, ctim.Domain: ctr.Clean}[o.Type]
		if m.Name == "doubting" {
			d = ctr.Unknown
		}
		if d != 0 {
			docs.Add(ctr.Verdicts, ctr.Verdict{Type: "verdict", Disposition: d, DispositionName: ctr.Disposition(d), Observable: o,
				ValidTime: ctr.ValidTime{Start: ctim.At(time.Now()), End: ctim.At(time.Now().AddDate(0, 0, 30))}})
		}
	}
	return docs, nil
}

func (k knows) Observe(ctx context.Context, m ctr.Module, q ctr.Question) (ctr.Docs, []ctr.Complaint) {
	return k.Deliberate(ctx, m, q.Observables)
}

func (knows) Refer(_ context.Context, _ ctr.Module, asked []ctim.Observable) (out []ctr.Ref, _ []ctr.Complaint) {
	for _, o := range asked {
		out = append(out, ctr.Ref{ID: "ref-knowing-" + string(o.Type) + "-" + o.Value, Title: "Search", Description: "Search for " + o.Value,
			URL: "http://127.0.0.1/?q=" + o.Value, Categories: []string{"Knowing", "Search"}})
	}
	return out, nil
}

// TestEnrich shows every route of enrich: what it is asked, and what it answers,
// good and bad (testdata/enrich.txt). All answers are held to the contracts.
func TestEnrich(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := open(t, "AMERICAS", knowing())
		d, m := b.connect("SMA Email")
		know, err := b.cloud.CTR().AddModule(t.Context(), ctr.Module{Name: "Knowing", Type: "Knowing"})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := b.cloud.CTR().AddModule(t.Context(), ctr.Module{Name: "doubting", Type: "Knowing"}); err != nil {
			t.Fatal(err)
		}
		_, gone := b.connect("gone")
		d.push(sighting(8, time.Now().Add(-time.Hour), ob("ip", "192.0.2.1"), ob("cisco_mid", "8"), ob("url", "http://x.example/a?b")))
		time.Sleep(2 * sse.HeartbeatEvery) // gone is silent
		want(t, d.call("POST", "/heartbeat", `{"device":`+facts+`}`), 200, nil)
		toIDs := strings.NewReplacer("ID-1", m.ID, "ID-2", know.ID)
		fromIDs := strings.NewReplacer(m.ID, "ID-1", know.ID, "ID-2", gone.ID, "ID-4")
		auth := b.client("enrich", "integration")
		var got bytes.Buffer
		for call := range strings.Lines(enrichCalls) {
			parts := strings.SplitN(strings.TrimSpace(call), " ", 3)
			body := strings.Join(parts[2:], "")
			w := b.do(parts[0], "/iroh/iroh-enrich/"+toIDs.Replace(parts[1]), body, auth)
			answer := fromIDs.Replace(w.Body.String())
			fmt.Fprintf(&got, "%s= %d %s\n\n", call, w.Code, moduleID.ReplaceAllString(answer, `"module_instance_id":"ID-3"`))
		}
		golden.Check(t, "testdata/enrich.txt", got.Bytes(), *update)
	})
}

var moduleID = regexp.MustCompile(`"module_instance_id":"[0-9a-f-]{36}"`)

const enrichCalls = `POST observe/observables [{"type":"ip","value":"192.0.2.1"},{"type":"cisco_mid","value":"8"}]
POST observe/observables?mids=ID-1 [{"type":"url","value":"http://x.example/a?b"}]
POST observe/observables?flags=fast [{"type":"domain","value":"x.example"}]
POST observe/observables?product_categories=email-security [{"type":"domain","value":"x.example"}]
POST observe/observables?mids=ID-1&mids=ID-2 []
POST observe/observables [{"type":"ip","value":"192.0.2.1"},{"type":"ipx","value":""}]
POST observe/observables {}
POST observe/observables?x=1 []
POST deliberate/observables [{"type":"ip","value":"192.0.2.1"}]
POST deliberate/observables?mids=ID-1 [{"type":"ip","value":"192.0.2.1"}]
POST refer/observables [{"type":"ip","value":"192.0.2.1"}]
POST observe/sighting?mids=ID-1 {"type":"sighting","id":"transient:1","schema_version":"1.0.16","count":1,"confidence":"High","observed_time":{"start_time":"2020-05-14T09:31:07.000Z"},"observables":[{"type":"cisco_mid","value":"8"}]}
POST deliberate/sighting {"type":"sighting","id":"transient:1","schema_version":"1.0.16","count":1,"confidence":"High","observed_time":{"start_time":"2020-05-14T09:31:07.000Z"},"observables":[{"type":"domain","value":"x.example"}]}
POST refer/sighting {"type":"sighting","id":"transient:1","schema_version":"1.0.16","count":1,"confidence":"High","observed_time":{"start_time":"2020-05-14T09:31:07.000Z"}}
POST observe/sighting {"type":"sighting","colour":"blue","observables":[{"type":"ip"}]}
POST observe/sighting {"type":"sighting","id":"transient:1","schema_version":"1.0.16","count":1,"confidence":"High","observed_time":{},"observables":[{"type":"ip","value":"1.1.1.1"},{"type":"ip"}]}
POST observe/sighting {"type":"sighting","id":"transient:1","schema_version":"1.0.16","count":1,"confidence":"High","observed_time":{},"observables":"none"}
POST observe/sighting []
POST observe/sighting_ref?mids=ID-1 {"sighting_ref":"esasim-S-8"}
POST deliberate/sighting_ref {"sighting_ref":"esasim-S-8"}
POST refer/sighting_ref {"sighting_ref":"esasim-S-8"}
POST observe/sighting_ref {"sighting_ref":"esasim-S-9"}
POST observe/sighting_ref {"sighting":"esasim-S-8"}
POST observe/sighting_ref {"sighting_ref":8}
POST observe/sighting_ref null
POST observe/targets?mids=ID-1 {"observables":[{"type":"cisco_mid","value":"8"}],"start_time":"1999-12-31T22:00:00.000Z"}
POST observe/targets?mids=ID-1 {"observables":[{"type":"cisco_mid","value":"8"}],"start_time":"1999-12-31T23:00:00.000Z","end_time":"1999-12-31T23:00:00.000Z"}
POST observe/targets?mids=ID-1 {"observables":[{"type":"cisco_mid","value":"8"}],"start_time":"1999-12-31T23:00:00.001Z"}
POST observe/targets?mids=ID-1 {"observables":[{"type":"cisco_mid","value":"8"}],"end_time":"1999-12-31T22:59:59.999Z"}
POST observe/targets {"observables":[{"value":"8"}]}
POST observe/targets {"start_time":"yesterday","x":1}
POST observe/targets [1]
GET reputation/observable?type=ip&value=192.0.2.1
GET reputation/observable?type=cisco_mid&value=8&mids=ID-2
GET reputation/observable?type=ip
GET settings
POST health
POST health/ID-1
POST health/nobody
GET health
POST nowhere
`

// TestEnrichScopes: each route needs its own scope, and takes no other.
func TestEnrichScopes(t *testing.T) {
	b := open(t, "AMERICAS")
	scopes := map[string]string{}
	for _, r := range b.cloud.Routes() {
		if method, path, _ := strings.Cut(r.Pattern, " "); strings.HasPrefix(path, "/iroh/iroh-enrich/") {
			if r.Scope == "" {
				t.Errorf("%s needs no scope", r.Pattern)
			}
			scopes[method+" "+strings.Replace(path, "{id}", "x", 1)] = r.Scope
		}
	}
	if len(scopes) != 14 {
		t.Errorf("%d routes", len(scopes))
	}
	for call, scope := range scopes {
		method, path, _ := strings.Cut(call, " ")
		refused(t, b.do(method, path, `{}`), 401, "invalid_request")
		other := "enrich/observables/observe:write"
		refused(t, b.do(method, path, `{}`, b.client(other)), 403, "missing_scope")
		if w := b.do(method, path, `{}`, b.client(scope)); w.Code == 401 || w.Code == 403 {
			t.Errorf("%s with %s: %d %s", call, scope, w.Code, w.Body)
		}
	}
}

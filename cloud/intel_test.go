package cloud_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"esasim/cloud/ctr"
)

// ask sends JSON with a token.
func (b *box) ask(auth, method, path, body string, status int) []byte {
	b.t.Helper()
	w := b.do(method, path, body, auth, "Content-Type: application/json")
	want(b.t, w, status, nil)
	return w.Body.Bytes()
}

// store posts an entity and gives its long id.
func (b *box) store(auth, kind, body string) string {
	b.t.Helper()
	var made struct{ ID string }
	if err := json.Unmarshal(b.ask(auth, "POST", "/ctia/"+kind, body, http.StatusCreated), &made); err != nil {
		b.t.Fatal(err)
	}
	return made.ID
}

const (
	enrichPath = "/iroh/iroh-enrich/"
	badDomain  = `[{"type":"domain","value":"bad.example"}]`

	aJudgement  = `{"observable":{"type":"domain","value":"bad.example"},"disposition":2,"source":"a person","priority":95,"confidence":"High","severity":"High","valid_time":{}}`
	aSighting   = `{"observed_time":{"start_time":"2020-05-14T09:31:07Z"},"observables":[{"type":"domain","value":"bad.example"}],"tlp":"amber"}`
	anIndicator = `{"producer":"us","valid_time":{},"title":"Campaign of May"}`
)

// relate stores a relationship.
func (b *box) relate(auth, kind, from, to string) string {
	b.t.Helper()
	return b.store(auth, "relationship", `{"relationship_type":"`+kind+`","source_ref":"`+from+`","target_ref":"`+to+`"}`)
}

// kinds gives how many documents of each kind the module Private Intelligence has.
func kinds(t *testing.T, body []byte) map[string]int {
	t.Helper()
	var env struct {
		Data []struct {
			Module string
			TypeID string `json:"module_type_id"`
			Data   map[string]struct{ Count int }
		}
		Errors []any
	}
	if err := json.Unmarshal(body, &env); err != nil {
		t.Fatal(err)
	}
	if len(env.Errors) > 0 {
		t.Errorf("errors: %v", env.Errors)
	}
	for _, d := range env.Data {
		if d.Module == "Private Intelligence" && d.TypeID == ctr.PrivateIntelligenceTypeID {
			out := map[string]int{}
			for k, v := range d.Data {
				out[k] = v.Count
			}
			return out
		}
	}
	return nil
}

// TestPrivateIntelligence: what programs store comes back through observe and
// deliberate, as long as it holds, and over a restart.
func TestPrivateIntelligence(t *testing.T) {
	b := open(t, "AMERICAS")
	auth := b.client("private-intel", "enrich")
	if got := kinds(t, b.ask(auth, "POST", enrichPath+"observe/observables", badDomain, 200)); got != nil {
		t.Errorf("with nothing stored there is a module: %v", got)
	}
	judgement := b.store(auth, "judgement", aJudgement)
	seen, indicator := b.store(auth, "sighting", aSighting), b.store(auth, "indicator", anIndicator)
	b.relate(auth, "sighting-of", seen, indicator)
	b.relate(auth, "based-on", judgement, indicator)
	b.relate(auth, "member-of", seen, seen)
	b.stop()
	b.start()
	all := map[string]int{"verdicts": 1, "judgements": 1, "sightings": 1, "indicators": 1, "relationships": 2}
	observed := b.ask(auth, "POST", enrichPath+"observe/observables", badDomain, 200)
	if got := kinds(t, observed); !same(got, all) {
		t.Errorf("observed %v, want %v: %s", got, all, observed)
	}
	if bytes.Contains(observed, []byte(`"owner"`)) || bytes.Contains(observed, []byte(`"groups"`)) {
		t.Errorf("the answer says whose it is: %s", observed)
	}
	deliberated := b.ask(auth, "POST", enrichPath+"deliberate/observables", badDomain, 200)
	if got := kinds(t, deliberated); !same(got, map[string]int{"verdicts": 1}) || !bytes.Contains(deliberated, []byte(`"Malicious"`)) {
		t.Errorf("deliberated %v: %s", got, deliberated)
	}
	if env := b.observe(ob("domain", "bad.example")); len(env.Data) != 1 || len(env.Data[0].Data.Sightings()) != 1 {
		t.Errorf("the pages see %+v", env.Data)
	}
	b.ask(auth, "POST", "/ctia/judgement/"+url.PathEscape(judgement)+"/expire?reason=over", "", 200)
	if got := kinds(t, b.ask(auth, "POST", enrichPath+"deliberate/observables", badDomain, 200)); len(got) != 0 && got["verdicts"] != 0 {
		t.Errorf("after the judgement is over: %v", got)
	}
	if got := kinds(t, b.ask(auth, "POST", enrichPath+"observe/observables", `[{"type":"domain","value":"good.example"}]`, 200)); len(got) != 0 {
		t.Errorf("of another observable: %v", got)
	}
}

func same(a, b map[string]int) bool {
	for k := range b {
		if a[k] != b[k] {
			return false
		}
	}
	return len(a) == len(b)
}

// TestIntelAccess: the tokens of the region open private intelligence, as far as
// their scopes go; others get the refusals of their middleware.
func TestIntelAccess(t *testing.T) {
	b := open(t, "AMERICAS")
	whole, cases := b.client("private-intel"), b.client("casebook", "private-intel:read")
	b.store(cases, "casebook", `{"title":"x"}`)
	b.store(whole, "casebook", `{"title":"y"}`)
	for _, c := range []struct {
		auth, method, path, body string
		status                   int
		holds                    string
	}{
		{whole, "GET", "/ctia/version", "", 200, `"base":"/ctia"`},
		{"X: y", "GET", "/ctia/status", "", 200, `ok`},
		{"X: y", "GET", "/ctia/sighting/search", "", 401, `"not_authenticated"`},
		{whole + "x", "GET", "/ctia/sighting/search", "", 401, `jwt_`},
		{cases, "GET", "/ctia/casebook/search/count", "", 200, `2`},
		{cases, "GET", "/ctia/sighting/search/count", "", 200, `0`},
		{cases, "POST", "/ctia/sighting", `{}`, 403, `"create-sighting"`},
		{b.client("inspect"), "GET", "/ctia/sighting/search", "", 403, `"missing_capability"`},
	} {
		if got := b.ask(c.auth, c.method, c.path, c.body, c.status); !strings.Contains(string(got), c.holds) {
			t.Errorf("%s %s: %s, want %s", c.method, c.path, got, c.holds)
		}
	}
	other := open(t, "EUROPE")
	if got := other.ask(whole, "GET", "/ctia/sighting/search", "", 401); !bytes.Contains(got, []byte("jwt_public_key_not_found")) {
		t.Errorf("another region: %s", got)
	}
}

// TestIntelContract holds stored entities, and what comes back of them, to the
// vendor's own schemas.
func TestIntelContract(t *testing.T) {
	dir := contracts(t)
	b := open(t, "AMERICAS")
	auth := b.client("private-intel", "enrich")
	const told = `"title":"t","description":"d","short_description":"s"`
	ids := map[string]string{}
	for _, c := range []struct{ kind, definition, body string }{
		{"sighting", "Sighting", aSighting},
		{"judgement", "Judgement", aJudgement},
		{"indicator", "Indicator", anIndicator},
		{"incident", "Incident", `{"status":"Open","confidence":"High","incident_time":{"opened":"2020-05-14T09:31:07Z"},"title":"x"}`},
		{"actor", "Actor", `{` + told + `,"source":"x","valid_time":{},"actor_types":["Hacker"]}`},
		{"attack-pattern", "AttackPattern", `{` + told + `}`},
		{"campaign", "Campaign", `{` + told + `,"campaign_type":"x","valid_time":{}}`},
		{"coa", "COA", `{"valid_time":{},"title":"x"}`},
		{"data-table", "DataTable", `{"columns":[{"name":"a","type":"string"}],"rows":[["x"]],"row_count":1}`},
		{"identity-assertion", "IdentityAssertion", `{"identity":{"observables":[{"type":"user","value":"x"}]},"assertions":[{"name":"a","value":"b"}]}`},
		{"malware", "Malware", `{` + told + `,"labels":["x"]}`},
		{"tool", "Tool", `{` + told + `,"labels":["x"]}`},
		{"vulnerability", "Vulnerability", `{"description":"x","title":"CVE-2020-0001"}`},
		{"weakness", "Weakness", `{"description":"x","title":"CWE-1"}`},
	} {
		ids[c.kind] = b.store(auth, c.kind, c.body)
		b.holds(dir, auth, "iroh-enrich.json", c.definition, ids[c.kind])
	}
	ids["note"] = b.store(auth, "note", `{"content":"x","note_class":"default","related_entities":[{"entity_type":"incident","entity_id":"`+ids["incident"]+`"}]}`)
	ids["feedback"] = b.store(auth, "feedback", `{"entity_id":"`+ids["judgement"]+`","feedback":1,"reason":"x"}`)
	ids["relationship"] = b.relate(auth, "based-on", ids["judgement"], ids["indicator"])
	b.holds(dir, auth, "iroh-enrich.json", "Feedback", ids["feedback"])
	b.holds(dir, auth, "iroh-enrich.json", "Relationship", ids["relationship"])
	for _, kind := range []string{"Note", "Incident"} { // these definitions have the owner
		body := b.ask(auth, "GET", "/ctia/"+strings.ToLower(kind)+"/"+url.PathEscape(ids[strings.ToLower(kind)]), "", 200)
		checkContract(t, schema(t, dir, "private-intel.json", kind), kind, 200, 200, body, `"owner"`)
	}
	verdict := b.ask(auth, "GET", "/ctia/domain/bad.example/verdict", "", 200)
	checkContract(t, schema(t, dir, "iroh-enrich.json", "Verdict"), "verdict", 200, 200, verdict, `"Malicious"`)
	observed := b.ask(auth, "POST", enrichPath+"observe/observables", badDomain, 200)
	checkContract(t, schema(t, dir, "iroh-enrich.json", "ObserveEnvelopedObserveBundle"), "observe", 200, 200, observed, `"relationships"`)
	deliberated := b.ask(auth, "POST", enrichPath+"deliberate/observables", badDomain, 200)
	checkContract(t, schema(t, dir, "iroh-enrich.json", "DeliberateEnvelopedObserveBundle"), "deliberate", 200, 200, deliberated, `"verdicts"`)
}

// holds gets an entity and holds it to a definition that does not know owners.
func (b *box) holds(dir, auth, file, definition, id string) {
	b.t.Helper()
	t := b.t.(*testing.T)
	path := id[strings.Index(id, "/ctia/"):]
	var d map[string]any
	if err := json.Unmarshal(b.ask(auth, "GET", path, "", 200), &d); err != nil {
		t.Fatal(err)
	}
	delete(d, "owner")
	delete(d, "groups")
	body, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	checkContract(t, schema(t, dir, file, definition), definition, 200, 200, body, `"schema_version"`)
}

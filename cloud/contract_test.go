package cloud_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"esasim/cloud/ctim"
	"esasim/cloud/sse"
)

// contracts reads the vendor's published schemas, a test oracle that is not
// part of the tree. Where they are not, the test is skipped; in CI it fails.
func contracts(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("ESASIM_CONTRACTS")
	if dir != "" {
		return dir
	}
	const missing = "ESASIM_CONTRACTS is not set: the folder of the vendor's schemas (iroh-enrich.json, iroh-inspect.json, iroh-auth.json) is missing"
	if os.Getenv("CI") == "true" {
		t.Fatal(missing)
	}
	t.Skip(missing)
	return ""
}

// schema wraps one definition of a Swagger file into a JSON schema. The
// definition "array of Observable" is written Observable[].
func schema(t *testing.T, dir, file, definition string) *jsonschema.Schema {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, file))
	if err != nil {
		t.Fatal(err)
	}
	swagger, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	doc := map[string]any{
		"$schema":     "http://json-schema.org/draft-04/schema#",
		"definitions": swagger.(map[string]any)["definitions"],
	}
	name, list := strings.CutSuffix(definition, "[]")
	ref := map[string]any{"$ref": "#/definitions/" + name}
	if list {
		doc["type"], doc["uniqueItems"], doc["items"] = "array", true, ref
	} else {
		doc["allOf"] = []any{ref}
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("contract.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("contract.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestContract holds the answers of the service, good and bad, to the vendor's
// own schemas.
func TestContract(t *testing.T) {
	dir := contracts(t)
	synctest.Test(t, func(t *testing.T) {
		b := open(t, "AMERICAS")
		d, m := b.connect("Email Security Appliance")
		b.connect("gone")
		var all []ctim.Sighting
		for i := range 120 {
			all = append(all, sighting(i, time.Now(), ob("domain", "cisco.com"), ob("email_subject", "test test")))
		}
		d.push(all...)
		time.Sleep(2 * sse.HeartbeatEvery) // gone is silent
		want(t, d.call("POST", "/heartbeat", `{"device":`+facts+`}`), 200, nil)
		auth, poor := b.client("inspect", "enrich", "integration"), b.client("casebook")
		js := "Content-Type: application/json"
		const enrich = "/iroh/iroh-enrich/"
		token := `{"client_id":"x","client_password":"y","grant_type":"client_credentials"}`
		for _, c := range []struct {
			path, body, header string
			status             int
			file, definition   string
			holds              string // must be in the answer, so that the schema is not held to nothing
		}{
			{"/iroh/iroh-inspect/inspect", `{"content":"1.2.3.4 email_subject:\"test test\" http://cisco.com/x"}`, auth, 200, "iroh-inspect.json", "Observable[]", `"test test"`},
			{"/iroh/iroh-inspect/inspect", `{"content":""}`, auth, 200, "iroh-inspect.json", "Observable[]", `[]`},
			{"/iroh/iroh-inspect/inspect", `{}`, auth, 400, "iroh-inspect.json", "400", `content`},
			{"/iroh/iroh-inspect/inspect", `{}`, js, 401, "iroh-inspect.json", "401", `No JWT`},
			{"/iroh/iroh-inspect/inspect", `{}`, auth + "x", 401, "iroh-inspect.json", "401", `jwt_`},
			{"/iroh/iroh-inspect/inspect", `{}`, poor, 403, "iroh-inspect.json", "403", `missing_scope`},
			{enrich + "observe/observables", `[{"type":"email_subject","value":"Test Test"},{"type":"sha256","value":"00"}]`, auth, 200, "iroh-enrich.json", "ObserveEnvelopedObserveBundle", `too-many-messages-warning`},
			{enrich + "observe/observables?mids=" + m.ID, `[{"type":"ip","value":"192.0.2.9"}]`, auth, 200, "iroh-enrich.json", "ObserveEnvelopedObserveBundle", `"data":{}`},
			{enrich + "observe/observables?mids=nobody", `[]`, auth, 200, "iroh-enrich.json", "ObserveEnvelopedObserveBundle", `{"data":[]}`},
			{enrich + "deliberate/observables", `[{"type":"email_subject","value":"test test"}]`, auth, 200, "iroh-enrich.json", "DeliberateEnvelopedObserveBundle", `"data":{}`},
			{enrich + "observe/observables", `[]`, js, 401, "iroh-enrich.json", "NormalizedError-401", `No JWT`},
			{enrich + "health", ``, auth, 200, "iroh-enrich.json", "EnvelopedHealth", `"status":"error"`},
			{enrich + "health/" + m.ID, ``, auth, 200, "iroh-enrich.json", "EnvelopedSingleHealth", `"status":"ok"`},
			{"/iroh/oauth2/token", token, js, 400, "iroh-enrich.json", "NormalizedError-401", `invalid_client`},
		} {
			w := b.do("POST", c.path, c.body, c.header)
			checkContract(t, schema(t, dir, c.file, c.definition), c.path+" "+c.definition, w.Code, c.status, w.Body.Bytes(), c.holds)
		}
		w := tokenAnswer(b)
		checkContract(t, schema(t, dir, "iroh-auth.json", "TokenResponse"), "token", w.Code, 200, w.Body.Bytes(), `"token_type":"bearer"`)
		env := b.observe(ob("domain", "cisco.com"))
		one, err := json.Marshal(docs(env)[0])
		if err != nil {
			t.Fatal(err)
		}
		checkContract(t, schema(t, dir, "iroh-enrich.json", "Sighting"), "sighting", 200, 200, one, `"transient:sighting-`)
	})
}

func checkContract(t *testing.T, s *jsonschema.Schema, name string, status, wanted int, body []byte, holds string) {
	t.Helper()
	if status != wanted || !bytes.Contains(body, []byte(holds)) {
		t.Errorf("%s: %d, want %d with %s: %.300s", name, status, wanted, holds, body)
		return
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	if err := s.Validate(v); err != nil {
		t.Errorf("%s: %v\n%.500s", name, err, body)
	}
}

// TestContractBites makes sure that the oracle refuses what is wrong.
func TestContractBites(t *testing.T) {
	s := schema(t, contracts(t), "iroh-enrich.json", "Sighting")
	for _, bad := range []string{`{}`, `{"type":"sighting","id":"x","schema_version":"1.0.16","count":1,"confidence":"High","observed_time":{"start_time":"yesterday"}}`} {
		v, err := jsonschema.UnmarshalJSON(strings.NewReader(bad))
		if err != nil {
			t.Fatal(err)
		}
		if s.Validate(v) == nil {
			t.Errorf("%s is valid", bad)
		}
	}
}

// TestVocabulary: the 35 observable types of 2020 are all still in the schema.
func TestVocabulary(t *testing.T) {
	b, err := os.ReadFile(filepath.Join(contracts(t), "iroh-inspect.json"))
	if err != nil {
		t.Fatal(err)
	}
	var swagger struct {
		Definitions struct {
			Observable struct {
				Properties struct {
					Type struct{ Enum []ctim.ObservableType }
				}
			}
		}
	}
	if err := json.Unmarshal(b, &swagger); err != nil {
		t.Fatal(err)
	}
	known := 0
	for _, kind := range swagger.Definitions.Observable.Properties.Type.Enum {
		if kind.Known() {
			known++
		}
	}
	if known != 35 {
		t.Errorf("%d of the schema's types are known, want 35", known)
	}
}

package cloud_test

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"esasim/cloud"
	"esasim/cloud/contract"
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

// oracle holds what the cloud answers in these tests to the contracts.
var oracle = sync.OnceValues(func() (*contract.Oracle, error) {
	c, err := cloud.Open(cloud.Options{Region: "AMERICAS", FS: vfs.NewMem(), Dir: "cloud"})
	if err != nil {
		return nil, err
	}
	o, err := contract.New(c.Routes())
	return o, errors.Join(err, c.Close())
})

// conforms fails the test unless an answer is as the contracts say.
func conforms(t testing.TB, r *http.Request, w *httptest.ResponseRecorder) {
	o, err := oracle()
	if errors.Is(err, contract.ErrMissing) {
		return // TestContract says so
	}
	if err == nil {
		err = o.Check(r, contract.Answer{Status: w.Code, Body: w.Body.Bytes()})
	}
	if err != nil {
		t.Error(err)
	}
}

// TestMain runs the tests, and then looks whether all of them together have had a
// good answer of every route, and whether the tables of what is not public hold.
func TestMain(m *testing.M) {
	// Made here, because a bubble of synctest must not make what others use.
	o, err := oracle()
	code := m.Run()
	if err == nil {
		r := o.Report()
		if testing.Verbose() {
			fmt.Println(r)
		}
		if code == 0 && whole() && len(r.Faults) > 0 {
			fmt.Printf("--- FAIL: contracts\n%s\n", strings.Join(r.Faults, "\n"))
			code = 1
		}
	}
	os.Exit(code)
}

// whole is true when all tests ran.
func whole() bool {
	for _, name := range []string{"test.run", "test.skip", "test.list", "test.bench", "test.fuzz"} {
		if flag.Lookup(name).Value.String() != "" {
			return false
		}
	}
	return !testing.Short()
}

// TestContract holds the answers of the service, good and bad, to the vendor's
// own schemas.
func TestContract(t *testing.T) {
	contracts(t)
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
			holds              string // must be in the answer, so that the contract is not held to nothing
		}{
			{"/iroh/iroh-inspect/inspect", `{"content":"1.2.3.4 email_subject:\"test test\" http://cisco.com/x"}`, auth, 200, `"test test"`},
			{"/iroh/iroh-inspect/inspect", `{"content":""}`, auth, 200, `[]`},
			{"/iroh/iroh-inspect/inspect", `{}`, auth, 400, `content`},
			{"/iroh/iroh-inspect/inspect", `{}`, js, 401, `No JWT`},
			{"/iroh/iroh-inspect/inspect", `{}`, auth + "x", 401, `jwt_`},
			{"/iroh/iroh-inspect/inspect", `{}`, poor, 403, `missing_scope`},
			{enrich + "observe/observables", `[{"type":"email_subject","value":"Test Test"},{"type":"sha256","value":"00"}]`, auth, 200, `too-many-messages-warning`},
			{enrich + "observe/observables?mids=" + m.ID, `[{"type":"ip","value":"192.0.2.9"}]`, auth, 200, `"data":{}`},
			{enrich + "observe/observables?mids=nobody", `[]`, auth, 200, `{"data":[]}`},
			{enrich + "deliberate/observables", `[{"type":"email_subject","value":"test test"}]`, auth, 200, `"data":{}`},
			{enrich + "observe/observables", `[]`, js, 401, `No JWT`},
			{enrich + "refer/observables", `[]`, auth, 200, `{"data":[]}`},
			{enrich + "health", ``, auth, 200, `"status":"error"`},
			{enrich + "health/" + m.ID, ``, auth, 200, `"status":"ok"`},
			{"/iroh/oauth2/token", token, js, 400, `invalid_client`},
		} {
			w := b.do("POST", c.path, c.body, c.header)
			if w.Code != c.status || !strings.Contains(w.Body.String(), c.holds) {
				t.Errorf("%s: %d, want %d with %s: %.300s", c.path, w.Code, c.status, c.holds, w.Body)
			}
		}
		if w := tokenAnswer(b); w.Code != 200 || !strings.Contains(w.Body.String(), `"token_type":"bearer"`) {
			t.Errorf("token: %d %s", w.Code, w.Body)
		}
	})
}

// TestContractBites makes sure that the oracle refuses what is wrong.
func TestContractBites(t *testing.T) {
	contracts(t)
	o, err := oracle()
	if err != nil {
		t.Fatal(err)
	}
	const envelope = `{"data":[{"module":"M","module_instance_id":"1","module_type_id":"2","data":{"sightings":{"count":1,"docs":[%s]}}}]}`
	const good = `{"type":"sighting","id":"transient:sighting-1","schema_version":"1.0.16","count":1,"confidence":"High","observed_time":{"start_time":"2020-05-14T09:31:07.000Z"}}`
	for _, c := range []struct {
		path   string
		status int
		body   string
		right  bool
	}{
		{"/iroh/iroh-enrich/observe/observables", 200, fmt.Sprintf(envelope, good), true},
		{"/iroh/iroh-enrich/observe/observables", 200, strings.ReplaceAll(fmt.Sprintf(envelope, good), `"module_instance_id":"1","module_type_id":"2"`, `"module-type":"X"`), true},
		{"/iroh/iroh-enrich/observe/observables", 200, fmt.Sprintf(envelope, `{}`), false},
		{"/iroh/iroh-enrich/observe/observables", 200, fmt.Sprintf(envelope, strings.Replace(good, "2020-05-14T09:31:07.000Z", "yesterday", 1)), false},
		{"/iroh/iroh-enrich/observe/observables", 200, strings.Replace(fmt.Sprintf(envelope, good), `"module_type_id":"2",`, ``, 1), false},
		{"/iroh/iroh-enrich/observe/observables", 200, `{"data":[],"errors":[{"code":"unknown"}]}`, false},
		{"/iroh/iroh-enrich/observe/observables", 200, ``, false},
		{"/iroh/iroh-enrich/observe/observables", 422, `{"wrong":"thing"}`, false},
		{"/iroh/iroh-enrich/nowhere", 200, `{}`, false},
		{"/iroh/iroh-inspect/inspect", 400, `{"content":1}`, false},
		{"/sse/api/v1/devices", 200, ``, true},
	} {
		err := o.Check(httptest.NewRequest("POST", c.path, nil), contract.Answer{Status: c.status, Body: []byte(c.body)})
		if (err == nil) != c.right {
			t.Errorf("%s %d %s: %v", c.path, c.status, c.body, err)
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

// schema names a definition for checkContract.
func schema(t *testing.T, _, file, definition string) string {
	t.Helper()
	return file + " " + definition
}

// checkContract holds an answer that has no contract by its route to a definition.
func checkContract(t *testing.T, definition, name string, status, wanted int, body []byte, holds string) {
	t.Helper()
	if status != wanted || !strings.Contains(string(body), holds) {
		t.Errorf("%s: %d, want %d with %s: %.300s", name, status, wanted, holds, body)
		return
	}
	o, err := oracle()
	if err == nil {
		err = o.Like(definition, body)
	}
	if err != nil {
		t.Errorf("%s: %v\n%.500s", name, err, body)
	}
}

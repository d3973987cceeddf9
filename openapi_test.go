package esasim_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/getkin/kin-openapi/routers"
	"golang.org/x/tools/txtar"

	"esasim/appliance/asyncos"
	"esasim/appliance/asyncos/openapi"
	"esasim/appliance/asyncos/openapi/conform"
	"esasim/appliance/asyncos/rest"
	"esasim/esa"
	"esasim/esasimtest"
	"esasim/internal/golden"
	"esasim/lab"
)

// The OpenAPI document is what the API is held to. Every answer that a test of this
// package gets from it by the default client, or by that of a lab in memory, is
// checked on the way (http.DefaultTransport in TestMain, virtual.client); an answer
// that is other than the document says is an error of the request.

// apiDocument is the one of all areas.
var apiDocument = sync.OnceValues(func() (*conform.Document, error) {
	b, err := openapi.JSON(asyncos.Descriptions()...)
	if err != nil {
		return nil, err
	}
	return conform.New(b, rest.Prefixes())
})

// described makes a transport check the answers of the API, and those of the cloud
// where the vendor's contracts are.
func described(next http.RoundTripper) http.RoundTripper {
	next = contracted(next)
	d, err := apiDocument()
	if err != nil {
		return undescribed{err}
	}
	return d.Transport(next)
}

// undescribed is the transport when the document itself is wrong.
type undescribed struct{ error }

func (u undescribed) RoundTrip(*http.Request) (*http.Response, error) { return nil, u.error }

func openAPI(t *testing.T) *conform.Document {
	t.Helper()
	d, err := apiDocument()
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// exampleCall is an operation's call by the examples that the document has of its
// parameters and its body.
func exampleCall(r *routers.Route) (where string, body []byte) {
	where = strings.TrimPrefix(r.Path, "/")
	var query []string
	for _, ref := range slices.Concat(r.PathItem.Parameters, r.Operation.Parameters) {
		p := ref.Value
		if p.Example == nil {
			continue
		}
		values, ok := p.Example.([]any)
		if !ok {
			values = []any{p.Example}
		}
		var texts []string
		for _, v := range values {
			texts = append(texts, fmt.Sprint(v))
		}
		switch {
		case p.In == "path":
			where = strings.ReplaceAll(where, "{"+p.Name+"}", url.PathEscape(texts[0]))
		case p.Explode != nil && !*p.Explode:
			query = append(query, p.Name+"="+url.QueryEscape(strings.Join(texts, ",")))
		default:
			for _, text := range texts {
				query = append(query, p.Name+"="+url.QueryEscape(text))
			}
		}
	}
	if r.Operation.RequestBody != nil {
		if c := r.Operation.RequestBody.Value.Content["application/json"]; c != nil {
			body, _ = json.Marshal(c.Example) // what was read as JSON can be written so
		}
	}
	if len(query) > 0 {
		where += "?" + strings.Join(query, "&")
	}
	return where, body
}

// exampleLab reads the file that the examples are answers of.
func exampleLab(t *testing.T) (s *scenario, mails []string) {
	t.Helper()
	const file = "testdata/openapi/lab.txtar"
	s = &scenario{file: file}
	for _, f := range txtar.Parse([]byte(readFile(t, file))).Files {
		if f.Name == configSection {
			s.config = string(f.Data)
			continue
		}
		mails = append(mails, strings.ReplaceAll(string(f.Data), "\n", "\r\n"))
	}
	return s, mails
}

// The answers that the document shows are those that its example calls get, from a
// lab in memory; -update writes them.
func TestOpenAPIExamples(t *testing.T) {
	d := openAPI(t)
	s, mails := exampleLab(t)
	got := map[string]json.RawMessage{}
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(scenarioBegins()))
		p := &performance{t: t, scenario: s, virtual: &virtual{fs: vfs.NewMem()}}
		p.start(t, p.configure)
		defer p.stop()
		for _, mail := range mails {
			p.inject(t, "a@b.example", mail)
			time.Sleep(settling)
		}
		time.Sleep(time.Hour)
		c := &restClient{t: t, base: p.Addresses().Console + rest.Prefixes()[0], http: p.client(), with: basic}
		// What tells the time since the start comes first: else each call that is described
		// anew would change the examples of it.
		health := func(r *routers.Route) bool { return strings.HasPrefix(r.Path, "/health") }
		operations := d.Operations()
		operations = slices.Concat(only(operations, health), only(operations, func(r *routers.Route) bool { return !health(r) }))
		for _, r := range operations {
			where, body := exampleCall(r)
			status, header, answer := c.do(r.Method, where, string(body))
			time.Sleep(settling)
			if status != http.StatusOK {
				t.Errorf("%s %s %s: the document's own example is answered with %d %s", r.Method, where, body, status, answer)
			}
			if strings.HasPrefix(header.Get("Content-Type"), "application/json") {
				got[r.Operation.OperationID] = tokenText.ReplaceAll(answer, []byte(`"jwtToken":"eyJhbGciOiJIUzI1NiJ9.e30.c2lnbmF0dXJl"`))
			}
		}
	})
	for dir, ids := range exampleFiles(t, d) {
		compareExamples(t, d, filepath.Join(dir, "examples.json"), ids, got)
	}
}

// only are the operations for which something holds, in their order.
func only(of []*routers.Route, holds func(*routers.Route) bool) []*routers.Route {
	return slices.DeleteFunc(slices.Clone(of), func(r *routers.Route) bool { return !holds(r) })
}

// exampleFiles tells which operations are described in which directory.
func exampleFiles(t *testing.T, d *conform.Document) map[string][]string {
	t.Helper()
	files, err := filepath.Glob("appliance/asyncos/*/openapi.yaml")
	if err != nil || len(files) < 2 {
		t.Fatalf("descriptions %v, %v", files, err)
	}
	out := map[string][]string{}
	for _, f := range files {
		text := readFile(t, f)
		for _, r := range d.Operations() {
			if id := r.Operation.OperationID; strings.Contains(text, "operationId: "+id+"\n") {
				out[filepath.Dir(f)] = append(out[filepath.Dir(f)], id)
			}
		}
	}
	return out
}

// compareExamples holds a file to the answers. Of an operation with x-volatile, whose
// answer is never the same, it is enough that there is an example.
func compareExamples(t *testing.T, d *conform.Document, file string, ids []string, got map[string]json.RawMessage) {
	t.Helper()
	var have map[string]json.RawMessage
	if err := json.Unmarshal([]byte(readFile(t, file)), &have); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	want := map[string]json.RawMessage{}
	for _, r := range d.Operations() {
		id := r.Operation.OperationID
		if answer, ok := got[id]; ok && slices.Contains(ids, id) {
			want[id] = answer
			if old := have[id]; r.Operation.Extensions["x-volatile"] == true && old != nil {
				want[id] = old
			}
		}
	}
	text, err := json.MarshalIndent(want, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	golden.Check(t, file, append(text, '\n'), *update)
}

// The whole API by curl: each operation's example call, and the same call by nobody
// and with a parameter that there is not, answered by a real lab as the document says.
func TestOpenAPIByCurl(t *testing.T) {
	need(t, "curl")
	d := openAPI(t)
	s, mails := exampleLab(t)
	l := esasimtest.Start(t, func(o *lab.Options) {
		c, err := lab.ReadConfig(s.file, []byte(s.config))
		if err != nil {
			t.Fatal(err)
		}
		o.Config.Appliance, o.Config.Cloud = c.Appliance, nil
	})
	for _, mail := range mails {
		l.Send(t, "a@b.example", mail, "u@x.example")
	}
	eventually(t, "all mail has come to rest", func() error {
		for mid := range mails {
			if m, err := l.Appliance().Tracking().Message(t.Context(), esa.MID(mid+1)); err != nil || !m.State.AtRest() {
				return fmt.Errorf("MID %d: %s, %v", mid+1, m.State, err)
			}
		}
		return nil
	})
	today := time.Now().UTC().Truncate(24 * time.Hour)
	dates := strings.NewReplacer(url.QueryEscape(restFrom), today.AddDate(0, 0, -1).Format("2006-01-02T15:04:05.000Z"),
		url.QueryEscape(restTo), today.AddDate(0, 0, 2).Format("2006-01-02T15:04:05.000Z"))
	for _, r := range d.Operations() {
		where, body := exampleCall(r)
		call := curlCall{d: d, method: r.Method, url: l.Addresses.Console + rest.Prefixes()[0] + dates.Replace(where), body: body}
		call.check(t, http.StatusOK, "-u", "admin:ironport")
		if r.Operation.OperationID != "login" {
			call.check(t, http.StatusUnauthorized)
		}
		call.url += map[bool]string{true: "&", false: "?"}[strings.Contains(call.url, "?")] + "noSuchParameter=1"
		call.check(t, http.StatusNotFound, "-u", "admin:ironport")
	}
}

// curlCall is a call to be made by curl.
type curlCall struct {
	d           *conform.Document
	method, url string
	body        []byte
}

func (c *curlCall) check(t *testing.T, want int, with ...string) {
	t.Helper()
	args := append([]string{"-sS", "-g", "-X", c.method, "-w", "\n%{http_code} %{content_type}"}, with...)
	if c.body != nil {
		args = append(args, "-H", "Content-Type: application/json", "--data-binary", string(c.body))
	}
	out, err := exec.Command("curl", append(args, c.url)...).CombinedOutput()
	if err != nil {
		t.Errorf("curl %s %s: %v %s", c.method, c.url, err, out)
		return
	}
	cut := bytes.LastIndexByte(out, '\n')
	status, kind, _ := strings.Cut(string(out[cut+1:]), " ")
	a := conform.Answer{Header: http.Header{"Content-Type": {kind}}, Body: out[:cut]}
	if a.Status, err = strconv.Atoi(status); err != nil || a.Status != want {
		t.Errorf("curl %s %s %s: %s %s; want %d", c.method, c.url, c.body, status, a.Body, want)
		return
	}
	r, err := http.NewRequestWithContext(t.Context(), c.method, c.url, nil)
	if err = cmp.Or(err, c.d.Check(r, c.body, a)); err != nil {
		t.Error(err)
	}
}

// The files in testdata/asyncos show a good answer and a refusal of every operation.
func TestOpenAPICovered(t *testing.T) {
	d := openAPI(t)
	files, err := filepath.Glob("testdata/asyncos/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]map[int]bool{}
	for _, file := range files {
		for _, f := range txtar.Parse([]byte(readFile(t, file))).Files {
			if f.Name == "calls" {
				coverage(t, d, string(f.Data), seen)
			}
		}
	}
	var table strings.Builder
	for _, r := range d.Operations() {
		statuses := slices.Sorted(maps.Keys(seen[r.Operation.OperationID]))
		fmt.Fprintf(&table, "%-6s %-60s %v\n", r.Method, r.Path, statuses)
		if len(statuses) < 2 || statuses[0] != http.StatusOK {
			t.Errorf("%s %s: testdata/asyncos shows %v; want 200 and a refusal", r.Method, r.Path, statuses)
		}
	}
	t.Logf("operations and the statuses that testdata/asyncos shows:\n%s", &table)
}

// coverage notes which operations a file's calls are of, and their statuses.
func coverage(t *testing.T, d *conform.Document, calls string, seen map[string]map[int]bool) {
	call := ""
	for line := range strings.Lines(calls) {
		word, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch {
		case word == "=":
			status, _ := strconv.Atoi(strings.Fields(rest)[0]) // FIND has none
			if id := operation(t, d, call); id != "" && status > 0 && !strings.HasPrefix(call, "FIND") {
				if seen[id] == nil {
					seen[id] = map[int]bool{}
				}
				seen[id][status] = true
			}
		case !strings.HasPrefix(line, " ") && word != "+" && word != "#" && word != "":
			call = strings.TrimSpace(line)
		}
	}
}

// operation is the operationId of a call as testdata/asyncos has it; "": none.
func operation(t *testing.T, d *conform.Document, call string) string {
	method, where, _ := strings.Cut(call, " ")
	where, _, _ = strings.Cut(where, " ")
	where, _, _ = strings.Cut(where, "?")
	if !strings.HasPrefix(where, "/") {
		where = rest.Prefixes()[0] + where
	}
	r, err := http.NewRequestWithContext(t.Context(), method, "http://esa.test"+where, nil)
	if err != nil {
		return ""
	}
	return d.Operation(r)
}

// What describes the API is served: a page, and the document in two forms.
func TestSwagger(t *testing.T) {
	l := esasimtest.Start(t, func(o *lab.Options) { o.Config.Cloud = nil })
	get := func(path, kind string) []byte {
		t.Helper()
		resp, err := http.Get(l.Addresses.Console + path)
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(resp.Body)
		if err = errors.Join(err, resp.Body.Close()); err != nil || resp.StatusCode != http.StatusOK || !strings.HasPrefix(resp.Header.Get("Content-Type"), kind) {
			t.Fatalf("%s: %d %s, %v", path, resp.StatusCode, resp.Header.Get("Content-Type"), err)
		}
		return b
	}
	var doc struct {
		OpenAPI string
		Info    struct{ Title, Version string }
		Paths   map[string]any
	}
	if err := json.Unmarshal(get("/swagger/openapi.json", "application/json"), &doc); err != nil || !strings.HasPrefix(doc.OpenAPI, "3.") ||
		doc.Info.Title != "Secure Email Gateway API" || doc.Info.Version != "2.0" || doc.Paths["/message-tracking/messages"] == nil {
		t.Errorf("%+v, %v", doc, err)
	}
	if y := get("/swagger/openapi.yaml", "application/yaml"); !bytes.Contains(y, []byte("title: Secure Email Gateway API")) {
		t.Errorf("%.100s", y)
	}
	for _, path := range []string{"/swagger", "/swagger/"} {
		if page := get(path, "text/html"); !bytes.Contains(page, []byte("swagger-ui-bundle.js")) || bytes.Contains(page, []byte("https://")) {
			t.Errorf("%s: %s", path, page)
		}
	}
}

// writeCoverage says which statuses the tests have seen of each operation, in the file
// that ESASIM_API_COVERAGE names.
func writeCoverage() error {
	file := os.Getenv("ESASIM_API_COVERAGE")
	d, err := apiDocument()
	if err != nil || file == "" {
		return err
	}
	return os.WriteFile(file, []byte(d.Coverage()), 0o600)
}

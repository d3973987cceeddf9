package asyncos

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"esasim/appliance/asyncos/openapi"
	"esasim/appliance/asyncos/openapi/conform"
)

// The check of answers finds what is wrong with one.
func TestConform(t *testing.T) {
	d := document(t)
	const fault = `{"error":{"message":"m","code":"404","explanation":"404 = x"}}`
	const good = `{"data":["e_x"]}`
	for _, c := range []struct {
		call, kind string
		status     int
		body       string
		want       string // part of the error; "": it is right
	}{
		{"GET /esa/api/v2.0/login/privileges", "application/json", 200, good, ""},
		{"GET /sma/api/v2.0/login/privileges", "application/json", 200, good, ""},
		{"HEAD /esa/api/v2.0/login/privileges", "application/json", 200, "", ""},
		{"OPTIONS /esa/api/v2.0/login", "", 200, "", ""},
		{"OPTIONS /esa/api/v2.0/login", "", 405, "", "OPTIONS is answered with 405"},
		{"GET /monitor", "text/html", 500, "<html>", ""},
		{"GET /esa/api/v2.0/login/privileges", "application/json", 200, `{"data":["e_x"],"more":1}`, `property "more" is unsupported`},
		{"GET /esa/api/v2.0/login/privileges", "application/json", 200, `{}`, `property "data" is missing`},
		{"GET /esa/api/v2.0/login/privileges", "application/json", 200, `{"data":[1]}`, `value must be a string`},
		{"GET /esa/api/v2.0/login/privileges", "application/json", 200, `{`, `unexpected EOF`},
		{"GET /esa/api/v2.0/login/privileges", "text/html", 200, good, `Content-Type`},
		{"GET /esa/api/v2.0/login/privileges", "application/json", 204, "", `status is not supported`},
		{"GET /esa/api/v2.0/login/privileges", "application/json", 404, fault, ""},
		{"GET /esa/api/v2.0/login/privileges", "application/json", 404, `{"error":{"message":"m","code":404,"explanation":"404 = x"}}`, "code"},
		{"GET /esa/api/v2.0/message-tracking/details?mid=1", "application/json", 404, fault, ""},
		{"GET /esa/api/v2.0/message-tracking/availability", "application/json", 200, `{"data":{"dateRange":[]}}`, ""},
		{"GET /esa/api/v2.0/message-tracking/connection-details?icid=x", "application/json", 200, `{"senderGroup":"","sbrs":"","messages":{"summary":[]}}`, "does not allow it"},
		{"GET /esa/api/v2.0/message-tracking/connection-details?icid=1", "application/json", 200, `{"senderGroup":"","sbrs":"","messages":{"summary":[]}}`, ""},
		{"GET /esa/api/v2.0/nothing", "application/json", 404, fault, ""},
		{"GET /esa/api/v2.0/nothing", "application/json", 404, good, "error"},
		{"GET /esa/api/v2.0/nothing", "application/json", 200, good, "what the document does not have"},
		{"PUT /esa/api/v2.0/login", "application/json", 405, fault, ""},
	} {
		method, where, _ := strings.Cut(c.call, " ")
		r := httptest.NewRequest(method, where, nil)
		err := d.Check(r, nil, conform.Answer{Status: c.status, Header: http.Header{"Content-Type": {c.kind}}, Body: []byte(c.body)})
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %d %s: %v; want %q", c.call, c.status, c.body, err, c.want)
		}
	}
	if report := d.Coverage(); !strings.Contains(report, "/login/privileges: [200 204 404]\n") {
		t.Errorf("coverage:\n%s", report)
	}
}

// A document whose parts contradict each other is an error.
func TestJoin(t *testing.T) {
	part := func(s string) openapi.Part { return openapi.Part{Document: []byte(s)} }
	const first = "openapi: 3.0.3\ntags: [{name: a}]\nx-refusals: {\"404\": {description: no}}\npaths: {/a: {get: {operationId: a, responses: {\"200\": {description: yes}}}}}\ncomponents: {schemas: {A: {type: object}}}\n"
	for _, c := range []struct{ name, second, want string }{
		{"another path", "tags: [{name: b}]\npaths: {/b: {get: {operationId: b, responses: {}}}}\ncomponents: {schemas: {B: {type: object}}}", ""},
		{"another method", "paths: {/a: {post: {operationId: b, responses: {}}}}", ""},
		{"the same call", "paths: {/a: {get: {operationId: b}}}", "paths: /a: get is described twice"},
		{"the same schema", "components: {schemas: {A: {type: object}}}", "components: schemas: A is described twice"},
		{"the same head", "openapi: 3.0.3", "openapi is described twice"},
		{"no YAML", "a: b: c", "description 1: yaml"},
	} {
		doc, err := openapi.Join(part(first), part(c.second))
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v; want %q", c.name, err, c.want)
		}
		if _, ok := doc["x-refusals"]; err == nil && ok {
			t.Errorf("%s: the refusals are in the document as such", c.name)
		}
	}
	if _, err := openapi.Join(openapi.Part{Document: []byte(first), Examples: []byte("{")}); err == nil {
		t.Error("examples that are no JSON are taken")
	}
}

package esasim_test

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// inside is what no answer may show: names of Go's types and packages, places
// in the source, stacks.
var inside = regexp.MustCompile(`goroutine \d|\.go:\d|panic|Go (struct|value|type)|\bjson: |interface \{|map\[|runtime error|esasim/|\b(sse|ctr|ctim|http|lab|cloudlink|web|url|strconv|jsontext|pebble)\.[A-Za-z]+(:|\b)[^ ]* `)

// ask sends a request as it stands and gives back status and body.
func ask(t *testing.T, face, request string) (int, string) {
	t.Helper()
	u, err := url.Parse(face)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", u.Host)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	request = strings.ReplaceAll(request, "HOST", u.Host)
	go func() { _, _ = io.WriteString(conn, request) }() // the answer may come before all is sent
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatalf("%.200q: %v", request, err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Fatalf("%.200q: %v", request, err)
	}
	return resp.StatusCode, string(b)
}

// request writes a request with its headers and body.
func request(method, target, body string, headers ...string) string {
	var b strings.Builder
	b.WriteString(method + " " + target + " HTTP/1.1\r\n")
	host := true
	for _, h := range headers {
		host = host && !strings.HasPrefix(h, "Host:")
		b.WriteString(h + "\r\n")
	}
	if host {
		b.WriteString("Host: HOST\r\n")
	}
	if body != "" || method == "POST" {
		b.WriteString("Content-Length: " + strconv.Itoa(len(body)) + "\r\n")
	}
	b.WriteString("Connection: close\r\n\r\n" + body)
	return b.String()
}

const (
	jsonType     = "Content-Type: application/json"
	formType     = "Content-Type: application/x-www-form-urlencoded"
	inspectPath  = "/iroh/iroh-inspect/inspect"
	observePath  = "/iroh/iroh-enrich/observe/observables"
	oauthPath    = "/iroh/oauth2/token"
	tokensPath   = "/sse/api/v1/tokens"
	registerPath = "/providers/sse/v1/register"
	trackingPath = "/monitor/message_tracking"
	ownPath      = "/_esasim/v1/"
)

// badHTTP is a lab to be asked wrongly.
type badHTTP struct {
	*process
	console, cloud, europe string
	access, bearer         string // a good token, alone and as a header
}

// bad is one wrong request and the status that is the answer.
type bad struct {
	name, face, request string
	status              int
}

// TestBadHTTP: whatever is asked of a face, the answer is a sensible status in
// plain words.
func TestBadHTTP(t *testing.T) {
	p := run(t, ports()...)
	h := badHTTP{p, p.addresses.Console, p.addresses.Cloud["AMERICAS"], p.addresses.Cloud["EUROPE"], login(t, p).token, ""}
	h.bearer = "Authorization: Bearer " + h.access
	for _, c := range slices.Concat(h.json(), h.strangers(), h.paths(), h.parameters(), h.origins(), h.files(), h.bodies()) {
		t.Run(c.name, func(t *testing.T) {
			status, body := ask(t, c.face, c.request)
			if status != c.status {
				t.Errorf("status %d, want %d: %.300s", status, c.status, body)
			}
			if bad := inside.FindString(body); bad != "" {
				t.Errorf("the answer shows %q:\n%.1000s", bad, body)
			}
			if status >= 400 && strings.TrimSpace(body) == "" {
				t.Error("an error without a word")
			}
		})
	}
	if link := get(t, h.console+ownPath+"link"); !strings.Contains(link, `"registered"`) {
		t.Errorf("no longer registered: %s", link)
	}
	p.alive(t)
	p.silent(t)
}

// json: bodies that are no JSON, another, or too much of it.
func (h badHTTP) json() []bad {
	huge := strings.Repeat("x", 1<<20)
	deep := strings.Repeat("[", 100_000)
	return []bad{
		{"inspect: no JSON", h.cloud, request("POST", inspectPath, "hello", jsonType, h.bearer), 400},
		{"inspect: nothing", h.cloud, request("POST", inspectPath, "", jsonType, h.bearer), 400},
		{"inspect: wrong type", h.cloud, request("POST", inspectPath, `{"content": 5}`, jsonType, h.bearer), 400},
		{"inspect: unknown key", h.cloud, request("POST", inspectPath, `{"content": "x", "x": 1}`, jsonType, h.bearer), 400},
		{"inspect: a list", h.cloud, request("POST", inspectPath, `[]`, jsonType, h.bearer), 400},
		{"inspect: two values", h.cloud, request("POST", inspectPath, `{"content": "x"} {"content": "y"}`, jsonType, h.bearer), 400},
		{"inspect: a body cut off", h.cloud, request("POST", inspectPath, `{"content": "x`, jsonType, h.bearer), 400},
		{"inspect: not UTF-8", h.cloud, request("POST", inspectPath, "{\"content\": \"\xff\"}", jsonType, h.bearer), 200},
		{"inspect: deep", h.cloud, request("POST", inspectPath, deep, jsonType, h.bearer), 400},
		{"inspect: 8 MB", h.cloud, request("POST", inspectPath, `{"content": "`+strings.Repeat(huge, 8)+`"}`, jsonType, h.bearer), 413},
		{"observe: wrong type", h.cloud, request("POST", observePath, `[{"type": 1, "value": []}]`, jsonType, h.bearer), 400},
		{"observe: no list", h.cloud, request("POST", observePath, `{"type": "ip", "value": "1.2.3.4"}`, jsonType, h.bearer), 400},
		{"observe: deep", h.cloud, request("POST", observePath, deep, jsonType, h.bearer), 400},
		{"tokens: no JSON", h.cloud, request("POST", tokensPath, "hello", jsonType), 400},
		{"tokens: wrong type", h.cloud, request("POST", tokensPath, `{"devices": "many", "expiry": 1}`, jsonType), 400},
		{"tokens: none", h.cloud, request("POST", tokensPath, `{"devices": 0, "expiry": "1h"}`, jsonType), 400},
		{"tokens: 101", h.cloud, request("POST", tokensPath, `{"devices": 101, "expiry": "1h"}`, jsonType), 400},
		{"tokens: other expiry", h.cloud, request("POST", tokensPath, `{"devices": 1, "expiry": "3h"}`, jsonType), 400},
		{"tokens: 1 MB", h.cloud, request("POST", tokensPath, huge, jsonType), 413},
		{"register: no JSON", h.cloud, request("POST", registerPath, "{", jsonType), 400},
		{"register: wrong type", h.cloud, request("POST", registerPath, `{"token": {}, "device": 5}`, jsonType), 400},
		{"own register: no JSON", h.console, request("POST", ownPath+"register", "hello", jsonType), 400},
		{"own register: wrong type", h.console, request("POST", ownPath+"register", `{"region": 5}`, jsonType), 400},
		{"own register: two values", h.console, request("POST", ownPath+"register", `{} }`, jsonType), 400},
		{"own register: unknown key", h.console, request("POST", ownPath+"register", `{"regoin": "AMERICAS"}`, jsonType), 400},
		{"own register: 1 MB", h.console, request("POST", ownPath+"register", `{"token": "`+huge+`"}`, jsonType), 413},
	}
}

// strangers have no right to ask, or a wrong one.
func (h badHTTP) strangers() []bad {
	parts := strings.Split(h.access, ".")
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","typ":"JWT"}`)) + "." + parts[1] + "."
	return []bad{
		{"no token", h.cloud, request("POST", inspectPath, `{"content": "x"}`, jsonType), 401},
		{"garbage token", h.cloud, request("POST", inspectPath, `{"content": "x"}`, jsonType, "Authorization: Bearer x.y.z"), 401},
		{"binary token", h.cloud, request("POST", inspectPath, `{"content": "x"}`, jsonType, "Authorization: Bearer \x01\xff"), 400},
		{"token without signature", h.cloud, request("POST", inspectPath, `{"content": "x"}`, jsonType, "Authorization: Bearer "+none), 401},
		{"token of another key", h.cloud, request("POST", inspectPath, `{"content": "x"}`, jsonType, "Authorization: Bearer "+parts[0]+"."+parts[1]+"."+strings.Repeat("A", len(parts[2]))), 401},
		{"token of the other region", h.europe, request("POST", inspectPath, `{"content": "x"}`, jsonType, h.bearer), 401},
		{"Basic for Bearer", h.cloud, request("POST", inspectPath, `{"content": "x"}`, jsonType, "Authorization: Basic eDp5"), 401},
		{"client without password", h.cloud, request("POST", oauthPath, "grant_type=client_credentials", formType), 400},
		{"wrong password", h.cloud, request("POST", oauthPath, "grant_type=client_credentials", formType, "Authorization: Basic "+base64.StdEncoding.EncodeToString([]byte(h.addresses.ClientID+":x"))), 400},
		{"no base64", h.cloud, request("POST", oauthPath, "grant_type=client_credentials", formType, "Authorization: Basic %%%"), 400},
		{"device without credential", h.cloud, request("POST", "/providers/sse/v1/devices/"+h.addresses.DeviceID+"/heartbeat", "{}", jsonType), 401},
		{"unknown device", h.cloud, request("POST", "/providers/sse/v1/devices/x/sightings", "{}", jsonType, "Authorization: Bearer x"), 404},
	}
}

// paths that are not there, methods that do not belong to them.
func (h badHTTP) paths() []bad {
	return []bad{
		{"cloud: unknown path", h.cloud, request("GET", "/nothing", ""), 404},
		{"iroh: unknown path", h.cloud, request("GET", "/iroh/nothing", "", h.bearer), 404},
		{"sse: unknown path", h.cloud, request("GET", "/sse/nothing", ""), 404},
		{"providers: unknown path", h.cloud, request("GET", "/providers/sse/nothing", ""), 404},
		{"ctia: unknown path", h.cloud, request("GET", "/ctia/nothing", "", h.bearer), 404},
		{"ctia: no token", h.cloud, request("GET", "/ctia/sighting/x", ""), 401},
		{"console: unknown path", h.console, request("GET", "/nothing", ""), 404},
		{"own: unknown path", h.console, request("GET", ownPath+"nothing", ""), 404},
		{"own: on the cloud", h.cloud, request("POST", ownPath+"nothing", ""), 404},
		{"inspect: GET", h.cloud, request("GET", inspectPath, "", h.bearer), 405},
		{"tokens: DELETE", h.cloud, request("DELETE", tokensPath, ""), 405},
		{"token: PUT", h.cloud, request("PUT", oauthPath, ""), 405},
		{"console: DELETE", h.console, request("DELETE", trackingPath, ""), 405},
		{"console: POST", h.console, request("POST", trackingPath, "subject=x", formType), 405},
		{"investigate: POST", h.cloud, request("POST", "/investigate", "q=x", formType), 405},
		{"own: POST ready", h.console, request("POST", ownPath+"ready", ""), 405},
		{"own: GET register", h.console, request("GET", ownPath+"register", ""), 405},
		{"made-up method", h.console, request("FROB", trackingPath, ""), 405},
		{"TRACE", h.console, request("TRACE", "/", ""), 405},
		{"CONNECT", h.console, request("CONNECT", "example.com:443", ""), 421},
	}
}

// parameters that are unknown, cannot be read, or are too much.
func (h badHTTP) parameters() []bad {
	huge := strings.Repeat("x", 1<<20)
	return []bad{
		{"console: unknown parameter", h.console, request("GET", trackingPath+"?colour=red", ""), 400},
		{"console: bad escape", h.console, request("GET", trackingPath+"?subject=%zz", ""), 400},
		{"console: semicolon", h.console, request("GET", trackingPath+"?subject=a;mid=1", ""), 400},
		{"console: bad MID", h.console, request("GET", trackingPath+"/details?mid=-1", ""), 400},
		{"console: no such MID", h.console, request("GET", trackingPath+"/details?mid=18446744073709551615", ""), 404},
		{"console: MID beyond all", h.console, request("GET", trackingPath+"/details?mid=99999999999999999999999999", ""), 400},
		{"console: NUL", h.console, request("GET", trackingPath+"?subject=%00", ""), 200},
		{"console: year beyond all", h.console, request("GET", trackingPath+"?timerange=custom&date_from=01/01/99999", ""), 400},
		{"console: year 1", h.console, request("GET", trackingPath+"?timerange=custom&date_from=01/01/0001", ""), 200},
		{"console: huge cursor", h.console, request("GET", trackingPath+"?before=18446744073709551615&first=18446744073709551615", ""), 200},
		{"investigate: unknown parameter", h.cloud, request("GET", "/investigate?query=x", ""), 400},
		{"investigate: bad escape", h.cloud, request("GET", "/investigate?q=%zz", ""), 400},
		{"investigate: not UTF-8", h.cloud, request("GET", "/investigate?q=%ff%00", ""), 200},
		{"investigate: too long", h.cloud, request("GET", "/investigate?q="+strings.Repeat("x", 5000), ""), 400},
		{"investigate: many", h.cloud, request("GET", "/investigate?q="+strings.Repeat("1.2.3.4%20", 222), ""), 200},
		{"inspect: unknown parameter", h.cloud, request("POST", inspectPath+"?x=1", `{"content": "x"}`, jsonType, h.bearer), 400},
		{"observe: bad escape", h.cloud, request("POST", observePath+"?mids=%zz", `[]`, jsonType, h.bearer), 400},
		{"jwks: unknown parameter", h.cloud, request("GET", "/.well-known/jwks?x=1", ""), 400},
		{"tokens: unknown parameter", h.cloud, request("POST", tokensPath+"?devices=2", `{}`, jsonType), 400},
		{"query of 1 MB", h.console, request("GET", trackingPath+"?subject="+huge, ""), 431},
		{"header of 1 MB", h.cloud, request("GET", "/investigate", "", "X-Huge: "+huge), 431},
		{"100,000 headers", h.cloud, request("GET", "/investigate", "", strings.Repeat("X: y\r\n", 100_000)+"X: y"), 431},
	}
}

// origins: whom the request is for, and whose page made it.
func (h badHTTP) origins() []bad {
	return []bad{
		{"foreign host", h.console, request("GET", trackingPath, "", "Host: evil.example.net"), 421},
		{"foreign host of the cloud", h.cloud, request("GET", "/investigate", "", "Host: evil.example.net"), 421},
		{"host of the other region", h.cloud, request("GET", "/investigate", "", "Host: visibility.eu.amp.cisco.com"), 421},
		{"host of the region", h.cloud, request("GET", "/investigate", "", "Host: visibility.amp.cisco.com"), 200},
		{"two hosts", h.console, request("GET", trackingPath, "", "Host: HOST", "Host: evil.example.net"), 400},
		{"no host", h.console, "GET / HTTP/1.1\r\n\r\n", 400},
		{"HTTP/1.0 without host", h.console, "GET / HTTP/1.0\r\n\r\n", 421},
		{"HTTP/0.9", h.console, "GET /\r\n\r\n", 400},
		{"cross-site", h.console, request("POST", ownPath+"deregister", "", "Origin: http://evil.example.net"), 403},
		{"cross-site, says the browser", h.console, request("POST", ownPath+"deregister", "", "Sec-Fetch-Site: cross-site"), 403},
		{"cross-site at the cloud", h.cloud, request("POST", tokensPath, `{"devices": 1, "expiry": "1h"}`, jsonType, "Origin: http://evil.example.net"), 403},
	}
}

// files: ways out of the directory.
func (h badHTTP) files() []bad {
	return []bad{
		{"traversal", h.console, request("GET", "/static/../../../etc/passwd", ""), 307},
		{"encoded traversal", h.console, request("GET", "/static/%2e%2e/%2e%2e/etc/passwd", ""), 404},
		{"encoded slashes", h.cloud, request("GET", "/static/..%2f..%2fportal.go", ""), 404},
		{"backslashes", h.cloud, request("GET", `/static/..\..\portal.go`, ""), 404},
		{"absolute", h.console, request("GET", "/static//etc/passwd", ""), 307},
		{"directory", h.cloud, request("GET", "/static/", ""), 404},
		{"the source", h.console, request("GET", "/templates/layout.html", ""), 404},
		{"a range beyond the file", h.console, request("GET", "/static/console.css", "", "Range: bytes=99999999-"), 416},
	}
}

// bodies that are not as they say.
func (h badHTTP) bodies() []bad {
	return []bad{
		{"wrong type of body", h.cloud, request("POST", tokensPath, "<x/>", "Content-Type: text/xml"), 415},
		{"gzip that is none", h.cloud, request("POST", tokensPath, `{}`, jsonType, "Content-Encoding: gzip"), 415},
		{"bad length", h.cloud, "POST " + tokensPath + " HTTP/1.1\r\nHost: HOST\r\nContent-Length: -1\r\n\r\n", 400},
		{"two lengths", h.cloud, "POST " + tokensPath + " HTTP/1.1\r\nHost: HOST\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}", 400},
		{"bad chunk", h.cloud, "POST " + tokensPath + " HTTP/1.1\r\nHost: HOST\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400},
	}
}

// TestGarbage: bytes that mean nothing, on every face.
func TestGarbage(t *testing.T) {
	p := run(t, ports()...)
	random := rand.New(rand.NewPCG(1, 2))
	noise := make([]byte, 256<<10)
	for i := range noise {
		noise[i] = byte(random.Uint32())
	}
	hello := "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + string(noise[:500]) // TLS, where none is spoken
	for _, face := range []string{p.addresses.SMTP, p.addresses.Console, p.addresses.Cloud["AMERICAS"], p.addresses.Cloud["EUROPE"]} {
		for _, bytes := range []string{string(noise), string(noise[:100]) + "\r\n\r\n", hello, strings.Repeat("\x00", 100_000), strings.Repeat("\r\n", 10_000),
			strings.Repeat("A", 1<<20), "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "GET / HTTP/9.9\r\nHost: localhost\r\n\r\n"} {
			scream(t, strings.TrimPrefix(face, "http://"), bytes)
		}
	}
	p.alive(t)
	p.silent(t)
}

// scream writes bytes, half-closes, and reads whatever comes until the other
// end closes too.
func scream(t *testing.T, server, text string) {
	t.Helper()
	conn, err := net.Dial("tcp", server)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	go func() {
		_, _ = io.WriteString(conn, text)
		_ = conn.(*net.TCPConn).CloseWrite()
	}()
	var got bytes.Buffer
	_, err = io.Copy(&got, io.LimitReader(conn, 4<<20))
	if errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("%s hangs after %.40q", server, text)
	}
	if bad := inside.FindString(got.String()); bad != "" {
		t.Errorf("the answer to %.40q shows %q:\n%.1000s", text, bad, got.String())
	}
}

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

// TestBadHTTP: whatever is asked of a face, the answer is a sensible status in
// plain words.
func TestBadHTTP(t *testing.T) {
	p := run(t, ports()...)
	a := login(t, p)
	console, cloud := p.addresses.Console, p.addresses.Cloud["AMERICAS"]
	const (
		js      = "Content-Type: application/json"
		form    = "Content-Type: application/x-www-form-urlencoded"
		inspect = "/iroh/iroh-inspect/inspect"
		observe = "/iroh/iroh-enrich/observe/observables"
		token   = "/iroh/oauth2/token"
		tokens  = "/sse/api/v1/tokens"
		reg     = "/providers/sse/v1/register"
		track   = "/monitor/message_tracking"
		own     = "/_esasim/v1/"
	)
	bearer := "Authorization: Bearer " + a.token
	parts := strings.Split(a.token, ".")
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","typ":"JWT"}`)) + "." + parts[1] + "."
	huge := strings.Repeat("x", 1<<20)
	deep := strings.Repeat("[", 100_000)
	for _, c := range []struct {
		name, face, request string
		status              int
	}{
		// JSON that is none, or too much of it
		{"inspect: no JSON", cloud, request("POST", inspect, "hello", js, bearer), 400},
		{"inspect: nothing", cloud, request("POST", inspect, "", js, bearer), 400},
		{"inspect: wrong type", cloud, request("POST", inspect, `{"content": 5}`, js, bearer), 400},
		{"inspect: unknown key", cloud, request("POST", inspect, `{"content": "x", "x": 1}`, js, bearer), 400},
		{"inspect: a list", cloud, request("POST", inspect, `[]`, js, bearer), 400},
		{"inspect: two values", cloud, request("POST", inspect, `{"content": "x"} {"content": "y"}`, js, bearer), 400},
		{"inspect: a body cut off", cloud, request("POST", inspect, `{"content": "x`, js, bearer), 400},
		{"inspect: not UTF-8", cloud, request("POST", inspect, "{\"content\": \"\xff\"}", js, bearer), 200},
		{"inspect: deep", cloud, request("POST", inspect, deep, js, bearer), 400},
		{"inspect: 8 MB", cloud, request("POST", inspect, `{"content": "`+strings.Repeat(huge, 8)+`"}`, js, bearer), 413},
		{"observe: wrong type", cloud, request("POST", observe, `[{"type": 1, "value": []}]`, js, bearer), 400},
		{"observe: no list", cloud, request("POST", observe, `{"type": "ip", "value": "1.2.3.4"}`, js, bearer), 400},
		{"observe: deep", cloud, request("POST", observe, deep, js, bearer), 400},
		{"tokens: no JSON", cloud, request("POST", tokens, "hello", js), 400},
		{"tokens: wrong type", cloud, request("POST", tokens, `{"devices": "many", "expiry": 1}`, js), 400},
		{"tokens: none", cloud, request("POST", tokens, `{"devices": 0, "expiry": "1h"}`, js), 400},
		{"tokens: 101", cloud, request("POST", tokens, `{"devices": 101, "expiry": "1h"}`, js), 400},
		{"tokens: other expiry", cloud, request("POST", tokens, `{"devices": 1, "expiry": "3h"}`, js), 400},
		{"tokens: 1 MB", cloud, request("POST", tokens, huge, js), 413},
		{"register: no JSON", cloud, request("POST", reg, "{", js), 400},
		{"register: wrong type", cloud, request("POST", reg, `{"token": {}, "device": 5}`, js), 400},
		{"own register: no JSON", console, request("POST", own+"register", "hello", js), 400},
		{"own register: wrong type", console, request("POST", own+"register", `{"region": 5}`, js), 400},
		{"own register: two values", console, request("POST", own+"register", `{} }`, js), 400},
		{"own register: unknown key", console, request("POST", own+"register", `{"regoin": "AMERICAS"}`, js), 400},
		{"own register: 1 MB", console, request("POST", own+"register", `{"token": "`+huge+`"}`, js), 413},

		// who asks
		{"no token", cloud, request("POST", inspect, `{"content": "x"}`, js), 401},
		{"garbage token", cloud, request("POST", inspect, `{"content": "x"}`, js, "Authorization: Bearer x.y.z"), 401},
		{"binary token", cloud, request("POST", inspect, `{"content": "x"}`, js, "Authorization: Bearer \x01\xff"), 400},
		{"token without signature", cloud, request("POST", inspect, `{"content": "x"}`, js, "Authorization: Bearer "+none), 401},
		{"token of another key", cloud, request("POST", inspect, `{"content": "x"}`, js, "Authorization: Bearer "+parts[0]+"."+parts[1]+"."+strings.Repeat("A", len(parts[2]))), 401},
		{"token of the other region", p.addresses.Cloud["EUROPE"], request("POST", inspect, `{"content": "x"}`, js, bearer), 401},
		{"Basic for Bearer", cloud, request("POST", inspect, `{"content": "x"}`, js, "Authorization: Basic eDp5"), 401},
		{"client without password", cloud, request("POST", token, "grant_type=client_credentials", form), 400},
		{"wrong password", cloud, request("POST", token, "grant_type=client_credentials", form, "Authorization: Basic "+base64.StdEncoding.EncodeToString([]byte(p.addresses.ClientID+":x"))), 400},
		{"no base64", cloud, request("POST", token, "grant_type=client_credentials", form, "Authorization: Basic %%%"), 400},
		{"device without credential", cloud, request("POST", "/providers/sse/v1/devices/"+p.addresses.DeviceID+"/heartbeat", "{}", js), 401},
		{"unknown device", cloud, request("POST", "/providers/sse/v1/devices/x/sightings", "{}", js, "Authorization: Bearer x"), 404},

		// what is asked for
		{"cloud: unknown path", cloud, request("GET", "/nothing", ""), 404},
		{"iroh: unknown path", cloud, request("GET", "/iroh/nothing", "", bearer), 404},
		{"sse: unknown path", cloud, request("GET", "/sse/nothing", ""), 404},
		{"providers: unknown path", cloud, request("GET", "/providers/sse/nothing", ""), 404},
		{"ctia", cloud, request("GET", "/ctia/sighting/x", ""), 404},
		{"console: unknown path", console, request("GET", "/nothing", ""), 404},
		{"own: unknown path", console, request("GET", own+"nothing", ""), 404},
		{"own: on the cloud", cloud, request("POST", own+"nothing", ""), 404},
		{"inspect: GET", cloud, request("GET", inspect, "", bearer), 405},
		{"tokens: DELETE", cloud, request("DELETE", tokens, ""), 405},
		{"token: PUT", cloud, request("PUT", token, ""), 405},
		{"console: DELETE", console, request("DELETE", track, ""), 405},
		{"console: POST", console, request("POST", track, "subject=x", form), 405},
		{"investigate: POST", cloud, request("POST", "/investigate", "q=x", form), 405},
		{"own: POST ready", console, request("POST", own+"ready", ""), 405},
		{"own: GET register", console, request("GET", own+"register", ""), 405},
		{"made-up method", console, request("FROB", track, ""), 405},
		{"TRACE", console, request("TRACE", "/", ""), 405},
		{"CONNECT", console, request("CONNECT", "example.com:443", ""), 421},

		// parameters
		{"console: unknown parameter", console, request("GET", track+"?colour=red", ""), 400},
		{"console: bad escape", console, request("GET", track+"?subject=%zz", ""), 400},
		{"console: semicolon", console, request("GET", track+"?subject=a;mid=1", ""), 400},
		{"console: bad MID", console, request("GET", track+"/details?mid=-1", ""), 400},
		{"console: no such MID", console, request("GET", track+"/details?mid=18446744073709551615", ""), 404},
		{"console: MID beyond all", console, request("GET", track+"/details?mid=99999999999999999999999999", ""), 400},
		{"console: NUL", console, request("GET", track+"?subject=%00", ""), 200},
		{"console: year beyond all", console, request("GET", track+"?timerange=custom&date_from=01/01/99999", ""), 400},
		{"console: year 1", console, request("GET", track+"?timerange=custom&date_from=01/01/0001", ""), 200},
		{"console: huge cursor", console, request("GET", track+"?before=18446744073709551615&first=18446744073709551615", ""), 200},
		{"investigate: unknown parameter", cloud, request("GET", "/investigate?query=x", ""), 400},
		{"investigate: bad escape", cloud, request("GET", "/investigate?q=%zz", ""), 400},
		{"investigate: not UTF-8", cloud, request("GET", "/investigate?q=%ff%00", ""), 200},
		{"investigate: too long", cloud, request("GET", "/investigate?q="+strings.Repeat("x", 5000), ""), 400},
		{"investigate: many", cloud, request("GET", "/investigate?q="+strings.Repeat("1.2.3.4%20", 222), ""), 200},
		{"inspect: unknown parameter", cloud, request("POST", inspect+"?x=1", `{"content": "x"}`, js, bearer), 400},
		{"query of 1 MB", console, request("GET", track+"?subject="+huge, ""), 431},
		{"header of 1 MB", cloud, request("GET", "/investigate", "", "X-Huge: "+huge), 431},
		{"100,000 headers", cloud, request("GET", "/investigate", "", strings.Repeat("X: y\r\n", 100_000)+"X: y"), 431},

		// from where, and to whom
		{"foreign host", console, request("GET", track, "", "Host: evil.example.net"), 421},
		{"foreign host of the cloud", cloud, request("GET", "/investigate", "", "Host: evil.example.net"), 421},
		{"host of the other region", cloud, request("GET", "/investigate", "", "Host: visibility.eu.amp.cisco.com"), 421},
		{"host of the region", cloud, request("GET", "/investigate", "", "Host: visibility.amp.cisco.com"), 200},
		{"two hosts", console, request("GET", track, "", "Host: HOST", "Host: evil.example.net"), 400},
		{"no host", console, "GET / HTTP/1.1\r\n\r\n", 400},
		{"HTTP/1.0 without host", console, "GET / HTTP/1.0\r\n\r\n", 421},
		{"HTTP/0.9", console, "GET /\r\n\r\n", 400},
		{"cross-site", console, request("POST", own+"deregister", "", "Origin: http://evil.example.net"), 403},
		{"cross-site, says the browser", console, request("POST", own+"deregister", "", "Sec-Fetch-Site: cross-site"), 403},
		{"cross-site at the cloud", cloud, request("POST", tokens, `{"devices": 1, "expiry": "1h"}`, js, "Origin: http://evil.example.net"), 403},

		// files
		{"traversal", console, request("GET", "/static/../../../etc/passwd", ""), 307},
		{"encoded traversal", console, request("GET", "/static/%2e%2e/%2e%2e/etc/passwd", ""), 404},
		{"encoded slashes", cloud, request("GET", "/static/..%2f..%2fportal.go", ""), 404},
		{"backslashes", cloud, request("GET", `/static/..\..\portal.go`, ""), 404},
		{"absolute", console, request("GET", "/static//etc/passwd", ""), 307},
		{"directory", cloud, request("GET", "/static/", ""), 404},
		{"the source", console, request("GET", "/templates/layout.html", ""), 404},
		{"a range beyond the file", console, request("GET", "/static/console.css", "", "Range: bytes=99999999-"), 416},

		// bodies that are not as they say
		{"wrong type of body", cloud, request("POST", tokens, "<x/>", "Content-Type: text/xml"), 415},
		{"gzip that is none", cloud, request("POST", tokens, `{}`, js, "Content-Encoding: gzip"), 415},
		{"bad length", cloud, "POST " + tokens + " HTTP/1.1\r\nHost: HOST\r\nContent-Length: -1\r\n\r\n", 400},
		{"two lengths", cloud, "POST " + tokens + " HTTP/1.1\r\nHost: HOST\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}", 400},
		{"bad chunk", cloud, "POST " + tokens + " HTTP/1.1\r\nHost: HOST\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400},
	} {
		t.Run(c.name, func(t *testing.T) {
			status, body := ask(t, c.face, c.request)
			if status != c.status {
				t.Errorf("status %d, want %d: %.300s", status, c.status, body)
			}
			if bad := inside.FindString(body); bad != "" {
				t.Errorf("the answer shows %q:\n%.1000s", bad, body)
			}
			if status >= 400 && strings.TrimSpace(body) == "" && !strings.HasPrefix(c.request, "HEAD") {
				t.Error("an error without a word")
			}
		})
	}
	if link := get(t, console+own+"link"); !strings.Contains(link, `"registered"`) {
		t.Errorf("no longer registered: %s", link)
	}
	p.alive(t)
	p.silent(t)
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

package lab_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"esasim/esasimtest"
)

// What is wrong with a call for a backup is said, and nothing is written.
func TestBackupRefused(t *testing.T) {
	l := esasimtest.Start(t)
	l.Send(t, "alice@example.com", "Subject: test test\r\n\r\nhello\r\n", "bob@example.org")
	call := func(method, body string) (int, string) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, l.Addresses.Console+"/_esasim/v1/tracking/backup", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, string(b)
	}
	for _, c := range []struct {
		method, body string
		status       int
		want         string
	}{
		{"GET", "", 405, "POST"},
		{"POST", "", 400, "not JSON"},
		{"POST", `{"to": ""}`, 400, "not an absolute path"},
		{"POST", `{"to": "copy"}`, 400, "not an absolute path"},
		{"POST", `{"from": "/copy"}`, 400, "unknown key"},
		{"POST", `{"to": 7}`, 400, "must not be"},
		{"POST", `{"to": "/copy"}`, 200, `{"to":"/copy"}`},
		{"POST", `{"to": "/copy"}`, 409, "exists"},
		{"POST", `{"to": "/copy2"}`, 200, `{"to":"/copy2"}`},
	} {
		if status, body := call(c.method, c.body); status != c.status || !strings.Contains(body, c.want) {
			t.Errorf("%s %s: %d %s, want %d %s", c.method, c.body, status, body, c.status, c.want)
		}
	}
}

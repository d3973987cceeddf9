package main

import (
	"encoding/json"
	"fmt"
	"net"
	"strings"
	"testing"

	"esasim/cloud/relay"
	"esasim/internal/golden"
	"esasim/internal/relaytest"
)

// pythonRelay starts the relay of testdata and gives its URL.
func pythonRelay(t *testing.T, args ...string) string {
	t.Helper()
	return relaytest.Start(t, "../../testdata/relay/relay.py", args...)
}

// TestRelayCheck: the reports on a relay that is good, and on one that answers
// every route wrong in a way of its own.
func TestRelayCheck(t *testing.T) {
	url := pythonRelay(t)
	var got strings.Builder
	for _, args := range [][]string{
		{url, "--observable", "domain:cisco.com", "--trigger", "python-relay-block"},
		{url, "--observable", "domain:cisco.com", "--trigger", "no-such-action"},
		{url, "--apis", "health,observe/observables,assets"},
		{url + "/all/no-id", "--observable", "domain:cisco.com", "--apis", "health,observe/observables"},
		{url + "/as/wrong-count", "--observable", "domain:other.example"},
		{url + "/as/wrong-count", "--observable", "domain:other.example", "--strict"},
		{url + "/as/bare-verdict", "--observable", "domain:cisco.com"},
		{url + "/as/content-type", "--observable", "domain:cisco.com"},
		{url + "/as/too-many", "--observable", "domain:cisco.com", "--name", "Example"},
		{url + "/all/404"},
		{url + "/all/401", "--apis", "health,refer/observables"},
		{url + "/all/slow", "--timeout", "100ms", "--apis", "health"},
		{url, "--auth", "bearer", "--token", "t", "--observable", "domain:cisco.com"},
		{"relay.example"},
	} {
		out, err := say(t, append([]string{"relay", "check"}, args...)...)
		fmt.Fprintf(&got, "$ esasim relay check %s\n%s", strings.Join(args, " "), out)
		if err != nil {
			fmt.Fprintf(&got, "esasim: %v\n", err)
		}
		got.WriteString("\n")
	}
	text := strings.ReplaceAll(got.String(), url, "http://127.0.0.1:9090")
	golden.Check(t, "testdata/relay.txt", []byte(text), *update)
}

// TestRelayCheckAuth: a relay that asks for authorisation gets each form of it.
func TestRelayCheckAuth(t *testing.T) {
	jwks := freeAddress(t)
	for _, c := range []struct {
		relay string
		args  []string
		ok    bool
	}{
		{"header:Key k", []string{"--auth", "authorization-header", "--header", "Key k"}, true},
		{"header:Key k", nil, false},
		{"header:Basic dTpw", []string{"--auth", "basic", "--user", "u:p"}, true},
		{"header:Bearer t0ken", []string{"--auth", "bearer", "--token", "t0ken"}, true},
		{"hs256:s3cret", []string{"--auth", "stored-token", "--key", "s3cret", "--claim", "key=abc"}, true},
		{"hs256:s3cret", []string{"--auth", "stored-token", "--key", "other", "--claim", "key=abc"}, false},
		{"hs256:s3cret", []string{"--auth", "configuration-token", "--key", "s3cret", "--claim", "key=abc"}, true},
		{"rs256", []string{"--auth", "configuration-token", "--claim", "key=abc", "--jwks", jwks}, true},
		{"rs256", []string{"--auth", "configuration-token", "--claim", "key=abc", "--jwks", jwks, "--audience", "x"}, false},
	} {
		out, err := say(t, append([]string{"relay", "check", pythonRelay(t, "--auth", c.relay), "--json"}, c.args...)...)
		var report relay.Report
		if wrong := json.NewDecoder(strings.NewReader(out)).Decode(&report); wrong != nil {
			t.Fatalf("%v: %v: %s", c.args, wrong, out)
		}
		if (err == nil) != c.ok || c.ok && report.Verdict != relay.Good || !c.ok && report.Verdict != relay.Faulty {
			t.Errorf("%s %v: %v\n%s", c.relay, c.args, err, out)
		}
	}
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// TestRelayCheckRefuses: what cannot be checked is said before anything is called.
func TestRelayCheckRefuses(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"", "relay check needs the URL of a relay"},
		{"a b", "relay check needs the URL of a relay"},
		{"http://r --timeout 0s", "--timeout 0s: must be greater than 0"},
		{"http://r --observable dog:x", "--observable dog:x: want TYPE:VALUE"},
		{"http://r --observable domain", "--observable domain: want TYPE:VALUE"},
		{"http://r --claim key", "--claim key: want NAME=VALUE"},
		{"http://r --auth magic", `auth-type: "magic"`},
		{"http://r --auth configuration-token --jwks nowhere", "--jwks nowhere: "},
	} {
		_, err := say(t, append([]string{"relay", "check"}, strings.Fields(c.args)...)...)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", c.args, err, c.want)
		}
	}
}

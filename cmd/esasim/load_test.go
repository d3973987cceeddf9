package main

import (
	"bytes"
	"encoding/json"
	"net"
	"strings"
	"testing"

	gosmtp "github.com/emersion/go-smtp"

	"esasim/esasimtest"
)

// loadWith runs `esasim load` and gives back what it printed.
func loadWith(t *testing.T, args ...string) (string, error) {
	t.Helper()
	c := command()
	var out bytes.Buffer
	c.SetOut(&out)
	c.SetErr(&out)
	c.SetArgs(append([]string{"load"}, args...))
	err := c.ExecuteContext(t.Context())
	return out.String(), err
}

func TestLoad(t *testing.T) {
	l := esasimtest.Start(t)
	out, err := loadWith(t, "--to", l.Addresses.SMTP, "--messages", "40", "--sessions", "2", "--seed", "3", "--domain", "corp.example")
	if err != nil || !strings.HasPrefix(out, "accepted   40 messages in ") || !strings.Contains(out, "\nrefused    0\n") {
		t.Errorf("%v\n%s", err, out)
	}
	out, err = loadWith(t, "--to", l.Addresses.SMTP, "--messages", "20", "--rate", "500", "--json")
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Accepted int
		Bytes    int
		Seconds  float64
		Latency  struct{ P50, Max float64 }
		Replies  []any
	}
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		t.Fatalf("%v in\n%s", err, out)
	}
	if got.Accepted != 20 || got.Bytes < 10_000 || got.Seconds <= 0 || got.Latency.P50 <= 0 || got.Latency.P50 > got.Latency.Max || got.Replies == nil {
		t.Errorf("%+v in\n%s", got, out)
	}
}

// A server that refuses everything makes the program fail, and is quoted.
func TestLoadRefused(t *testing.T) {
	server := gosmtp.NewServer(gosmtp.BackendFunc(func(*gosmtp.Conn) (gosmtp.Session, error) {
		return nil, &gosmtp.SMTPError{Code: 452, EnhancedCode: gosmtp.NoEnhancedCode, Message: "not 1234567 now"}
	}))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- server.Serve(l) }()
	t.Cleanup(func() { _ = server.Close(); <-done })
	out, err := loadWith(t, "--to", l.Addr().String(), "--messages", "3", "--sessions", "1")
	if err == nil || !strings.Contains(out, "452 not N now") {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestLoadErrors(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"", "needs --to"},
		{"--to localhost", `--to "localhost"`},
		{"--to 127.0.0.1:1 --messages 1", "load 127.0.0.1:1: dial tcp"},
		{"--to a:1 --rate -1", "--rate -1"},
		{"--to a:1 --rate NaN", "--rate NaN"},
		{"--to a:1 --sessions 0", "--sessions 0"},
		{"--to a:1 --messages -5", "--messages -5"},
		{"--to a:1 --duration 0s", "--duration 0s"},
		{"--to a:1 --domain a>b", `--domain "a>b"`},
	} {
		out, err := loadWith(t, strings.Fields(c.args)...)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("load %s: %v, want %s\n%s", c.args, err, c.want, out)
		}
	}
}

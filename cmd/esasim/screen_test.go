package main

import (
	"strings"
	"testing"

	"esasim/lab"
)

// The first screen names each listener, if there are several.
func TestScreenListeners(t *testing.T) {
	a := lab.Addresses{SMTP: "127.0.0.1:2525", Console: "http://127.0.0.1:8080"}
	if got := screen(a, ""); strings.Contains(got, "listener") {
		t.Error(got)
	}
	a.Listeners = map[string]string{"OutgoingMail": "127.0.0.1:2526", "IncomingMail": "127.0.0.1:2525"}
	got := screen(a, "")
	in, out := strings.Index(got, "listener IncomingMail 127.0.0.1:2525\n"), strings.Index(got, "listener OutgoingMail 127.0.0.1:2526\n")
	if in < 0 || out < in {
		t.Error(got)
	}
}

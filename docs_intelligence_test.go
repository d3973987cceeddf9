package esasim_test

import (
	"encoding/json"
	"strings"
	"testing"
)

// TestDocumentedIntelligence runs the example of docs/intelligence.md.
func TestDocumentedIntelligence(t *testing.T) {
	need(t, "curl")
	p := run(t, ports()...)
	out := shell(t, blocks(t, "docs/intelligence.md", "sh")[0], elsewhere(p.addresses)...)
	lines := strings.Split(strings.TrimSpace(out), "\n")
	wants := []string{`"disposition_name":"Malicious"`, `"type":"verdict"`, `"id":"https://private.intel.amp.cisco.com:443/ctia/judgement/`, `"module":"Private Intelligence"`}
	if len(lines) != len(wants) {
		t.Fatalf("%d answers:\n%s", len(lines), out)
	}
	for i, want := range wants {
		if !json.Valid([]byte(lines[i])) || !strings.Contains(lines[i], want) || strings.Contains(lines[i], `"error"`) {
			t.Errorf("no %s in %s", want, lines[i])
		}
	}
}

package esasim_test

import (
	"strings"
	"testing"
)

// The script of docs/modules.md deletes a delivered message.
func TestDocumentedResponse(t *testing.T) {
	need(t, "curl")
	need(t, "swaks")
	p := run(t, ports()...)
	there := elsewhere(p.addresses)
	shell(t, blocks(t, "README.md", "sh")[1], there...)
	out := shell(t, blocks(t, "docs/modules.md", "sh")[0], there...)
	if !strings.Contains(out, `"name":"Email Security Appliance"`) || !strings.Contains(out, `{"data":{"status":"success"}}`) ||
		!strings.Contains(out, `"action_id":"delete-message"`) {
		t.Errorf("no response:\n%s", out)
	}
}

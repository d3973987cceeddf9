package esasim_test

import (
	"net"
	"path/filepath"
	"strings"
	"testing"
)

// TestDocumentedRelay runs the examples of docs/relay.md.
func TestDocumentedRelay(t *testing.T) {
	need(t, "curl")
	need(t, "python3")
	root, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(l.Addr().String())
	l.Close()
	p := run(t, ports()...)
	there := append(elsewhere(p.addresses), "testdata/relay/", root+"/testdata/relay/", "127.0.0.1:9090", "127.0.0.1:"+port, "--port 9090", "--port "+port)
	out := shell(t, blocks(t, "docs/relay.md", "sh")[0], there...)
	for _, want := range []string{
		"/observe/observables                      ok       200     indicators 1, judgements 1, relationships 3, sightings 3, verdicts 1\n",
		"127.0.0.1:" + port + ": ok\n",
		strings.ReplaceAll(blocks(t, "docs/relay.md", "text")[0], "9090", port),
		"it is faulty\n",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	out = shell(t, blocks(t, "docs/relay.md", "sh")[1], there...)
	for _, want := range []string{`"module":"My relay"`, `"disposition_name":"Malicious"`, `"sightings":{"count":3,`} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
}

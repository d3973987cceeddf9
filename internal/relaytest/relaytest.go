// Package relaytest starts the relay of the tests, a program in another language. Only
// tests import it.
package relaytest

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// Start runs the relay whose file is given, testdata/relay/relay.py, until the test has
// ended, and gives its URL. Without python3 the test is skipped, and fails in CI, where
// make peers has installed it.
func Start(t *testing.T, file string, args ...string) string {
	t.Helper()
	python, err := exec.LookPath("python3")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("python3 is missing")
		}
		t.Skip("python3 is missing")
	}
	cmd := exec.CommandContext(t.Context(), python, append([]string{file}, args...)...)
	cmd.Stderr = t.Output()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(out)
	url, err := lines.ReadString('\n')
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = io.Copy(io.Discard, lines) // its report of requests; a full pipe would stop it
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-done
		_ = cmd.Wait() // "signal: killed"
	})
	if err != nil || !strings.HasPrefix(url, "http://127.0.0.1:") {
		t.Fatalf("no relay: %q, %v", url, err)
	}
	return strings.TrimSpace(url)
}

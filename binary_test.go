package esasim_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"esasim/lab"
)

// esasimBinary builds the program once for all tests, as a user would.
var esasimBinary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "esasim-test-")
	if err != nil {
		return "", err
	}
	exe := filepath.Join(dir, "esasim")
	out, err := exec.Command("go", "build", "-o", exe, "./cmd/esasim").CombinedOutput()
	if err != nil {
		return "", errors.New(string(out))
	}
	return exe, nil
})

func TestMain(m *testing.M) {
	http.DefaultTransport = described(http.DefaultTransport)
	code := m.Run()
	if err := writeCoverage(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	if exe, err := esasimBinary(); err == nil {
		os.RemoveAll(filepath.Dir(exe))
	}
	os.Exit(code)
}

// need finds a program the test talks to.
func need(t *testing.T, program string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		lacks(t, "%s (Debian: apt-get install %s)", program, program)
	}
	return path
}

// output is what a process has said so far.
type output struct {
	mu  sync.Mutex // guards buf
	buf bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

// process is a running esasim.
type process struct {
	cmd       *exec.Cmd
	out       output // both streams
	addresses lab.Addresses
	exited    chan error
}

// run starts the program and waits until its addresses file is there. The
// arguments are added to ports that the system chooses.
func run(t *testing.T, args ...string) *process {
	t.Helper()
	exe, err := esasimBinary()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "addresses.json")
	p := &process{cmd: exec.Command(exe, append(args, "--addresses-file", file)...), exited: make(chan error, 1)}
	p.cmd.Stdout, p.cmd.Stderr = &p.out, &p.out
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { p.exited <- p.cmd.Wait() }()
	t.Cleanup(func() { p.kill() })
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for {
		b, err := os.ReadFile(file)
		if err == nil {
			if err := json.Unmarshal(b, &p.addresses); err != nil {
				t.Fatalf("addresses file: %v\n%s", err, b)
			}
			return p
		}
		select {
		case err := <-p.exited:
			p.exited <- err
			t.Fatalf("esasim %s: %v\n%s", strings.Join(args, " "), err, p.out.String())
		case <-ctx.Done():
			t.Fatalf("esasim %s: not ready", strings.Join(args, " "))
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// ports lets the system choose every port of a lab.
func ports(args ...string) []string {
	return append([]string{"lab", "--smtp", "127.0.0.1:0", "--console", "127.0.0.1:0",
		"--cloud", "AMERICAS=127.0.0.1:0,EUROPE=127.0.0.1:0"}, args...)
}

// kill is kill -9: the process gets no chance to put anything in order.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	err := <-p.exited
	p.exited <- err
}

// end asks the program to end and says how long that took.
func (p *process) end(t *testing.T, with os.Signal) time.Duration {
	t.Helper()
	start := time.Now()
	if err := p.cmd.Process.Signal(with); err != nil {
		t.Fatal(err)
	}
	err := <-p.exited
	p.exited <- err
	if err != nil {
		t.Errorf("esasim ended with %v\n%s", err, p.out.String())
	}
	return time.Since(start)
}

func TestEndsInOrder(t *testing.T) {
	for _, with := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		t.Run(with.String(), func(t *testing.T) {
			p := run(t, ports()...)
			send(t, p.addresses.SMTP, "someone is in the middle of a message")
			if took := p.end(t, with); took > 2*time.Second {
				t.Errorf("took %s, want at most 2s", took)
			}
		})
	}
}

// send leaves a connection open in the middle of DATA.
func send(t *testing.T, server, line string) {
	t.Helper()
	c := dial(t, server)
	for _, step := range []string{"EHLO x.test", "MAIL FROM:<a@x.test>", "RCPT TO:<b@y.test>", "DATA"} {
		c.say(step)
	}
	c.write("Subject: " + line + "\r\n\r\nand never ends\r\n")
}

// Every way of starting it wrong is answered with what is wrong.
func TestStartErrors(t *testing.T) {
	exe, err := esasimBinary()
	if err != nil {
		t.Fatal(err)
	}
	running := run(t, ports("--data", t.TempDir())...)
	used := running.cmd.Args[indexOf(running.cmd.Args, "--data")+1]
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	foreign := t.TempDir()
	if err := os.WriteFile(filepath.Join(foreign, "thesis.doc"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		args []string
		want string
	}{
		{"unknown flag", []string{"--smpt", "x"}, "unknown flag: --smpt"},
		{"unknown command", []string{"labb"}, `unknown command "labb"`},
		{"argument", []string{"lab", "x"}, `"x": esasim lab takes flags only`},
		{"unknown key", []string{"--config", write("key.yaml", "smtp: 127.0.0.1:0\nappliance:\n  hostnam: x\n")}, "key.yaml:3: appliance.hostnam: unknown key; hostname is one"},
		{"not YAML", []string{"--config", write("not.yaml", "smtp: [1\nx")}, "not.yaml:2: "},
		{"wrong type", []string{"--config", write("type.yaml", "appliance:\n  listener:\n    max_recipients: many\n")}, `type.yaml:3: appliance.listener.max_recipients: "many": want a number`},
		{"no duration", []string{"--config", write("keep.yaml", "appliance:\n  tracking:\n    keep: 1d\n")}, `keep.yaml:3: appliance.tracking.keep: "1d": want a duration as 30s or 72h`},
		{"no truth", []string{"--config", write("truth.yaml", "unregistered: maybe\n")}, `truth.yaml:1: unregistered: "maybe": want true or false`},
		{"bad size", []string{"--config", write("size.yaml", "appliance:\n  listener:\n    max_message_size: 1G\n")}, `size.yaml:3: appliance.listener.max_message_size: size "1G"`},
		{"bad rule", []string{"--config", write("rule.yaml", "appliance:\n  mail_flow_policies: [{name: X, rule: MAYBE}]\n")}, `rule.yaml:2: appliance.mail_flow_policies[0]: mail flow policy X: rule "MAYBE"`},
		{"bad policy", []string{"--config", write("policy.yaml", "appliance:\n  sender_groups: [{name: X, policy: $MAYBE}]\n")}, `policy.yaml:2: appliance.sender_groups[0]: sender group X: policy "$MAYBE"`},
		{"bad sender", []string{"--config", write("sender.yaml", "appliance:\n  senders: [{address: 192.0.2.1, sbrs: 11}]\n")}, `sender.yaml:2: appliance.senders[0]: sender 192.0.2.1: sbrs "11"`},
		{"unknown key of a recipient", []string{"--config", write("rat.yaml", "appliance:\n  recipients:\n    - ALL\n    - {address: x.example, acess: reject}\n")}, `rat.yaml:4: appliance.recipients[1].acess: unknown key; access is one`},
		{"bad recipient", []string{"--config", write("reply.yaml", "appliance:\n  recipients: [{address: x.example, access: reject, reply: go away}]\n")}, `reply.yaml:2: appliance.recipients[0]: recipient x.example: reply "go away"`},
		{"zero limit", []string{"--config", write("zero.yaml", "appliance:\n  listener:\n    max_recipients: 0\n")}, "zero.yaml:3: appliance.listener.max_recipients: must be greater than 0"},
		{"no configuration", []string{"--config", filepath.Join(dir, "none.yaml")}, "none.yaml"},
		{"unknown region", []string{"--cloud", "MARS=127.0.0.1:0"}, "cloud.MARS: unknown region: want AMERICAS, EUROPE or APJC"},
		{"bad region", []string{"--cloud", "AMERICAS"}, "want REGION=HOST:PORT"},
		{"port taken", []string{"--smtp", running.addresses.SMTP}, "smtp " + running.addresses.SMTP},
		{"directory in use", ports("--data", used), used + ": in use by another esasim"},
		{"foreign directory", ports("--data", foreign), "not an esasim data directory (it holds thesis.doc)"},
		{"a file", ports("--data", write("file", "x")), "file"},
		{"unwritable", ports("--data", "/proc/esasim"), "/proc/esasim"},
		{"token alone", []string{"appliance", "--token", "x"}, "--token needs --sse"},
		{"bad sse", []string{"appliance", "--sse", "AMERICAS"}, "want REGION=URL"},
		{"no cloud there", []string{"token", "--cloud", "http://127.0.0.1:1"}, "connection refused"},
		{"bad expiry", []string{"token", "--cloud", running.addresses.Cloud["AMERICAS"], "--expiry", "3h"}, "expiry"},
		{"not a cloud", []string{"token", "--cloud", running.addresses.Console}, "token"},
	} {
		t.Run(c.name, func(t *testing.T) {
			out, err := exec.Command(exe, c.args...).CombinedOutput()
			if err == nil {
				t.Errorf("esasim %s: no error", strings.Join(c.args, " "))
			}
			if text := string(out); !strings.Contains(text, c.want) || strings.Contains(text, "goroutine ") || strings.Contains(text, "panic") {
				t.Errorf("esasim %s: %s\nwant: %s", strings.Join(c.args, " "), text, c.want)
			}
		})
	}
}

func indexOf(list []string, s string) int {
	for i := range list {
		if list[i] == s {
			return i
		}
	}
	return -1
}

// The environment stands for flags; a flag overrides it.
func TestEnvironment(t *testing.T) {
	t.Setenv("ESASIM_SMTP", "127.0.0.1:0")
	t.Setenv("ESASIM_CONSOLE", "127.0.0.1:1") // not to be had
	t.Setenv("ESASIM_CLOUD", "AMERICAS=127.0.0.1:0")
	t.Setenv("ESASIM_UNREGISTERED", "true")
	p := run(t, "lab", "--console", "127.0.0.1:0")
	if p.addresses.DeviceID != "" {
		t.Errorf("registered in spite of ESASIM_UNREGISTERED: %+v", p.addresses)
	}
}

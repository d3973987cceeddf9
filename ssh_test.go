package esasim_test

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"esasim/lab"
)

// sshClient is OpenSSH's client, with the administrator's passphrase, as a command of
// the test's PATH. It keeps nothing of the hosts it sees.
func sshClient(t *testing.T, a lab.Addresses) (env []string) {
	t.Helper()
	need(t, "ssh")
	real, err := exec.LookPath("ssh")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, text := range map[string]string{
		"ssh": "exec " + real + ` -F none -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR "$@"`,
		"ask": "echo '" + a.ConsolePassphrase + "'",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+text+"\n"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	return append(os.Environ(), "PATH="+dir+string(os.PathListSeparator)+os.Getenv("PATH"),
		"SSH_ASKPASS="+filepath.Join(dir, "ask"), "SSH_ASKPASS_REQUIRE=force", "SSH_AUTH_SOCK=")
}

// shellSSH runs a block of a document that uses ssh.
func shellSSH(t *testing.T, block string, a lab.Addresses) string {
	t.Helper()
	host, port, _ := net.SplitHostPort(a.SSH)
	cmd := exec.Command("sh", "-euc", strings.ReplaceAll(block, "-p 2222 admin@127.0.0.1", "-p "+port+" "+a.ConsoleUser+"@"+host))
	cmd.Env = sshClient(t, a)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return string(out)
}

// OpenSSH's client gives a line of commands, and has their exit status.
func TestSSHLine(t *testing.T) {
	p := run(t, append(ports(), "--ssh", "127.0.0.1:0")...)
	if out := shellSSH(t, "ssh -p 2222 admin@127.0.0.1 'version; whoami'", p.addresses); !strings.Contains(out, "\nSerial #: "+p.addresses.Serial+"\n") || !strings.HasSuffix(out, "\nUsername: admin\nRole: Administrator\n") {
		t.Errorf("%q", out)
	}
	if out := shellSSH(t, "ssh -p 2222 admin@127.0.0.1 nothing || echo status $?", p.addresses); out != "Unknown command or missing feature key: nothing\nstatus 1\n" {
		t.Errorf("%q", out)
	}
}

// OpenSSH's client has a dialogue on a screen.
func TestSSHDialogue(t *testing.T) {
	p := run(t, append(ports(), "--ssh", "127.0.0.1:0")...)
	out := shellSSH(t, `printf 'whoami\rexit\r' | ssh -tt -p 2222 admin@127.0.0.1`, p.addresses)
	prompt := "esa.esasim.test> "
	for _, want := range []string{"AsyncOS 13.0.0 for Cisco C100V build 392\r\n", prompt + "whoami\r\nUsername: admin\r\nRole: Administrator\r\n", prompt + "exit\r\n"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%q", want, out)
		}
	}
}

package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"esasim/esa"
	"esasim/lab"
	"esasim/traffic"
)

// say runs a command line of esasim.
func say(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	c := command()
	c.SetArgs(args)
	c.SetOut(&out)
	c.SetErr(&out)
	err := c.ExecuteContext(t.Context())
	return out.String(), err
}

// running runs a lab on a data directory until the test, or end, ends it.
func running(t *testing.T, data string) (l *lab.Lab, end func()) {
	t.Helper()
	cfg := lab.DefaultConfig()
	cfg.SMTP, cfg.Console, cfg.Cloud = "127.0.0.1:0", "127.0.0.1:0", lab.Regions{lab.Americas: "127.0.0.1:0"}
	l, err := lab.New(lab.Options{Config: cfg, Dir: data})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- l.Run(ctx) }()
	<-l.Ready()
	ended := false
	end = func() {
		if ended {
			return
		}
		ended = true
		cancel()
		if err := errors.Join(<-done, l.Close()); err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(end)
	return l, end
}

// A backup of a lab under load is a data directory that is sound, and that a lab
// runs on, with every message that was accepted before.
func TestBackupOfRunningLab(t *testing.T) {
	data, to := filepath.Join(t.TempDir(), "data"), filepath.Join(t.TempDir(), "copy")
	l, end := running(t, data)
	a := l.Addresses()
	first := make(chan struct{})
	sent := make(chan error, 1)
	go func() {
		n := 0
		load := traffic.Load{Server: a.SMTP, Sessions: 1, Size: 5000, Limit: 400, Accepted: func(string) {
			if n++; n == 100 {
				close(first)
			}
		}}
		_, err := load.Run(t.Context())
		sent <- err
	}()
	<-first
	if out, err := say(t, "tracking", "verify", "--data", data); err == nil || !strings.Contains(err.Error(), "in use") {
		t.Errorf("verify of a running lab's directory: %q, %v", out, err)
	}
	out, err := say(t, "tracking", "backup", "--console", a.Console, "--to", to)
	if err != nil || !strings.Contains(out, "esasim lab --data "+to) {
		t.Fatalf("%q, %v", out, err)
	}
	if _, err := say(t, "tracking", "backup", "--console", a.Console, "--to", to); err == nil || !strings.Contains(err.Error(), "exist") {
		t.Errorf("over another backup: %v", err)
	}
	if err := <-sent; err != nil {
		t.Fatal(err)
	}
	serial := l.Appliance().Serial()
	end()
	for _, dir := range []string{data, to} {
		if out, err := say(t, "tracking", "verify", "--data", dir); err != nil || !strings.Contains(out, " messages, ") {
			t.Errorf("verify: %s %v", out, err)
		}
	}
	restored, _ := running(t, to)
	if got := restored.Appliance().Serial(); got != serial {
		t.Errorf("serial %s, want %s", got, serial)
	}
	for mid := esa.MID(1); mid <= 100; mid++ {
		if _, err := restored.Appliance().Tracking().Message(t.Context(), mid); err != nil {
			t.Errorf("restored: %v", err)
		}
	}
}

// What is seeded is sound, so is an offline copy of it; what is spoilt is told, by
// the exit status, too.
func TestVerifyAndBackupOffline(t *testing.T) {
	data, to := filepath.Join(t.TempDir(), "data"), filepath.Join(t.TempDir(), "copy")
	if _, err := say(t, "seed", "--data", data, "--messages", "9000", "--end", "2020-05-14T13:24:00Z"); err != nil {
		t.Fatal(err)
	}
	if out, err := say(t, "tracking", "backup", "--data", data, "--to", to); err != nil {
		t.Fatalf("%s %v", out, err)
	}
	for _, dir := range []string{data, to} {
		out, err := say(t, "tracking", "verify", "--data", dir)
		if err != nil || !strings.Contains(out, ", 9000 messages, ") {
			t.Errorf("%s %v", out, err)
		}
	}
	tables, err := filepath.Glob(filepath.Join(to, "tracking", "*.sst"))
	if err != nil || len(tables) == 0 {
		t.Fatalf("%v %v", tables, err)
	}
	for _, path := range tables {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		b[len(b)/2] ^= 1
		_ = os.Remove(path) // it is a link to the other's
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := say(t, "tracking", "verify", "--data", to); err == nil || strings.Contains(out, "<") {
		t.Errorf("spoilt, and nothing said, or in several lines: %s", out)
	}
	if out, err := say(t, "tracking", "verify", "--data", data); err != nil {
		t.Errorf("the original: %s %v", out, err)
	}
	for _, c := range []struct{ args, want string }{
		{"tracking verify", "needs --data"},
		{"tracking backup", "needs --to"},
		{"tracking backup --to x --data y --console z", "give one of them"},
		{"tracking verify --data " + t.TempDir(), "no tracking data"},
		{"tracking backup --to x --data " + t.TempDir(), "no tracking data"},
		{"tracking backup --to " + to + " --data " + data, "exist"},
	} {
		if _, err := say(t, strings.Fields(c.args)...); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", c.args, err, c.want)
		}
	}
}

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/spf13/cobra"

	"esasim/esa"
	"esasim/internal/smalldisk"
	"esasim/lab"
	"esasim/traffic"
)

// onSmallDisk is the test binary in the part of esasim on a disk that has room
// for so many bytes, and that refuses no mail.
func onSmallDisk(t *testing.T, data, addresses string, free int64) (c *exec.Cmd, out *bytes.Buffer) {
	t.Helper()
	c, out = exec.Command(os.Args[0], "-test.run=^TestDiskFull$"), new(bytes.Buffer)
	c.Env = append(os.Environ(), fmt.Sprintf("ESASIM_TEST_DISK=%d %s %s", free, data, addresses))
	c.Stdout, c.Stderr = out, out
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Process.Kill(); _ = c.Wait() })
	return c, out
}

// runOnSmallDisk is that process.
func runOnSmallDisk(t *testing.T, args string) {
	var free int64
	var s settings
	if _, err := fmt.Sscan(args, &free, &s.data, &s.addressesFile); err != nil {
		t.Fatal(err)
	}
	cfg := lab.DefaultConfig()
	cfg.SMTP, cfg.Console, cfg.Cloud = "127.0.0.1:0", "127.0.0.1:0", lab.Regions{lab.Americas: "127.0.0.1:0"}
	cfg.Appliance.Tracking.MinFree = 0
	c := &cobra.Command{}
	c.SetContext(t.Context())
	t.Fatal(s.run(c, lab.Options{Config: cfg, FS: smalldisk.New(vfs.Default, free)}))
}

// The disk becomes full under load: the program ends with a word on it, and
// when there is room everything that it acknowledged is there.
func TestDiskFull(t *testing.T) {
	if args := os.Getenv("ESASIM_TEST_DISK"); args != "" {
		runOnSmallDisk(t, args)
	}
	data, file := filepath.Join(t.TempDir(), "data"), filepath.Join(t.TempDir(), "addresses.json")
	c, out := onSmallDisk(t, data, file, 20<<20)
	var a lab.Addresses
	for deadline := time.Now().Add(30 * time.Second); a.SMTP == ""; {
		if b, err := os.ReadFile(file); err == nil {
			if err := json.Unmarshal(b, &a); err != nil {
				t.Fatal(err)
			}
		}
		if time.Now().After(deadline) {
			t.Fatal("not ready")
		}
		<-time.After(5 * time.Millisecond)
	}
	var mu sync.Mutex
	acked := map[esa.MID]bool{}
	load := traffic.Load{Server: a.SMTP, Sessions: 10, Size: 20_000, Duration: time.Minute, Accepted: func(reply string) {
		var mid esa.MID
		if _, err := fmt.Sscanf(reply, "250 ok:  Message %d accepted", &mid); err != nil {
			t.Errorf("reply %q", reply)
		}
		mu.Lock()
		defer mu.Unlock()
		acked[mid] = true
	}}
	_, _ = load.Run(t.Context()) // it ends because the server goes away
	saysFull(t, c, out, data)
	if len(acked) < 100 {
		t.Fatalf("only %d messages before the disk was full", len(acked))
	}
	t.Logf("%d messages acknowledged", len(acked))

	c, out = onSmallDisk(t, data, file, 0)
	saysFull(t, c, out, data) // no room to start either
	allThere(t, data, acked)
}

// saysFull waits for the end and holds it to what is promised of it.
func saysFull(t *testing.T, c *exec.Cmd, out *bytes.Buffer, data string) {
	t.Helper()
	err := c.Wait()
	if code := c.ProcessState.ExitCode(); code != 1 {
		t.Errorf("exit code %d, %v, want 1", code, err)
	}
	text := out.String()
	if !strings.Contains(text, "esasim: tracking store: disk full: "+data+": ") || strings.Contains(text, "panic") || strings.Contains(text, "goroutine ") {
		t.Errorf("the program said:\n%s", text)
	}
}

// allThere starts a lab on the data, where there is room now, and looks for the
// messages.
func allThere(t *testing.T, data string, mids map[esa.MID]bool) {
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
	defer func() {
		cancel()
		if err := errors.Join(<-done, l.Close()); err != nil {
			t.Error(err)
		}
	}()
	store := l.Appliance().Tracking()
	for deadline := time.Now().Add(time.Minute); ; {
		open, err := store.Open(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if len(open) == 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d messages are not finished", len(open))
		}
		<-time.After(10 * time.Millisecond)
	}
	for mid := range mids {
		m, err := store.Message(ctx, mid)
		if err != nil || m.State != esa.Delivered {
			t.Errorf("MID %d: %v, %v", mid, m.State, err)
			continue
		}
		r, err := store.Content(mid)
		if err != nil {
			t.Errorf("MID %d: %v", mid, err)
			continue
		}
		if n, err := io.Copy(io.Discard, r); n < 20_000 || err != nil {
			t.Errorf("MID %d: %d octets, %v", mid, n, err)
		}
		_ = r.Close() // it only gives back what was lent
	}
}

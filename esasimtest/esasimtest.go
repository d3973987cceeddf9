// Package esasimtest starts a lab in a Go test, in one call:
//
//	lab := esasimtest.Start(t)
//	smtp.SendMail(lab.SMTP, nil, "alice@example.com", []string{"bob@example.org"}, msg)
//
// The lab is real, on ports of its own on loopback, keeps its data in memory,
// and ends with the test.
package esasimtest

import (
	"context"
	"log/slog"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"esasim/lab"
)

// Lab is a running lab and its addresses.
type Lab struct {
	*lab.Lab
	lab.Addresses
}

// Start starts a lab and waits until every face answers and the appliance is
// registered. Each change may alter the options before the start.
func Start(t testing.TB, changes ...func(*lab.Options)) *Lab {
	t.Helper()
	o := lab.Options{Config: lab.DefaultConfig(), FS: vfs.NewMem(), Dir: "data", Logger: slog.New(testLog(t))}
	o.Config.SMTP, o.Config.Console = "127.0.0.1:0", "127.0.0.1:0"
	o.Config.Cloud = lab.Regions{lab.Americas: "127.0.0.1:0", lab.Europe: "127.0.0.1:0"}
	for _, change := range changes {
		change(&o)
	}
	l, err := lab.New(o)
	if err != nil {
		t.Fatalf("start lab: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- l.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("run lab: %v", err)
		}
		if err := l.Close(); err != nil {
			t.Errorf("close lab: %v", err)
		}
	})
	select {
	case <-l.Ready():
	case err := <-done:
		done <- nil
		t.Fatalf("run lab: %v", err)
	}
	return &Lab{Lab: l, Addresses: l.Addresses()}
}

// testLog sends the lab's warnings to the test's log.
func testLog(t testing.TB) slog.Handler {
	return slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn})
}

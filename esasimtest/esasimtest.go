// Package esasimtest starts a lab in a Go test, in one call:
//
//	l := esasimtest.Start(t)
//	mid := l.Send(t, "alice@example.com", "Subject: hello\r\n\r\nhello\r\n", "bob@example.org")
//
// The lab is real, on ports of its own on loopback, keeps its data in memory,
// and ends with the test.
package esasimtest

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/emersion/go-smtp"

	"esasim/esa"
	"esasim/lab"
)

// Lab is a running lab and its addresses.
type Lab struct {
	*lab.Lab
	Addresses lab.Addresses
}

// Start starts a lab and waits until every face answers and the appliance is
// registered. Each change may alter the options before the start.
func Start(t testing.TB, changes ...func(*lab.Options)) *Lab {
	t.Helper()
	o := lab.Options{Config: lab.DefaultConfig(), FS: vfs.NewMem(), Dir: "data", Logger: slog.New(testLog(t))}
	o.Config.SMTP, o.Config.Console, o.Config.SSH = "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"
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

// Send sends a message, header and body with CRLF line ends, by SMTP and gives
// back its MID.
func (l *Lab) Send(t testing.TB, from, message string, to ...string) esa.MID {
	t.Helper()
	mid, err := l.send(from, message, to)
	if err != nil {
		t.Fatalf("send: %v", err)
	}
	return mid
}

func (l *Lab) send(from, message string, to []string) (mid esa.MID, err error) {
	c, err := smtp.Dial(l.Addresses.SMTP)
	if err != nil {
		return 0, err
	}
	defer c.Close()
	if err := c.Mail(from, nil); err != nil {
		return 0, err
	}
	for _, r := range to {
		if err := c.Rcpt(r, nil); err != nil {
			return 0, err
		}
	}
	w, err := c.Data()
	if err != nil {
		return 0, err
	}
	if _, err := io.WriteString(w, message); err != nil {
		return 0, err
	}
	reply, err := w.CloseWithResponse()
	if err != nil {
		return 0, err
	}
	if _, err := fmt.Sscanf(reply.StatusText, "ok:  Message %d accepted", &mid); err != nil {
		return 0, fmt.Errorf("reply %q: %w", reply.StatusText, err)
	}
	return mid, c.Quit()
}

// testLog sends the lab's warnings to the test's log.
func testLog(t testing.TB) slog.Handler {
	return slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn})
}

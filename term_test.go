package esasim_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"syscall"
	"testing"
	"time"

	"esasim/esa"
	"esasim/tracking"
	"esasim/traffic"
)

// TestTerminateUnderLoad ends the lab in order, again and again, while mail
// pours in. Whatever was going on, each message has one story: it began once,
// was accepted or aborted but not both, and finished once.
func TestTerminateUnderLoad(t *testing.T) {
	data := t.TempDir()
	var mu sync.Mutex
	acked := map[esa.MID]bool{}
	for range 8 {
		p := run(t, ports("--data", data)...)
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			defer cancel()
			select {
			case <-time.After(50*time.Millisecond + rand.N(300*time.Millisecond)):
			case <-t.Context().Done():
			}
			p.end(t, syscall.SIGTERM)
		}()
		load := traffic.Load{Server: p.addresses.SMTP, Sessions: 50, Size: 200_000, Duration: time.Minute, Accepted: func(reply string) {
			var mid esa.MID
			if _, err := fmt.Sscanf(reply, "250 ok:  Message %d accepted", &mid); err != nil {
				t.Errorf("reply %q", reply)
			}
			mu.Lock()
			defer mu.Unlock()
			acked[mid] = true
		}}
		_, _ = load.Run(ctx) // it ends because the server goes away
		<-ctx.Done()
	}
	v := reopen(t, data)
	messages := 0
	for q := (tracking.Query{Limit: 200}); ; {
		page, err := v.Appliance().Tracking().Search(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		for i := range page.Messages {
			messages++
			oneStory(t, &page.Messages[i], acked[page.Messages[i].MID])
		}
		if q.Before = page.Next; page.Next == 0 {
			break
		}
	}
	if len(acked) == 0 || messages < len(acked) {
		t.Errorf("%d messages, %d acknowledged", messages, len(acked))
	}
	t.Logf("%d messages, %d acknowledged", messages, len(acked))
}

func oneStory(t *testing.T, m *esa.Message, acked bool) {
	t.Helper()
	n := map[esa.Kind]int{}
	for _, e := range m.Events {
		n[e.Kind]++
	}
	if n[esa.MessageStarted] != 1 || n[esa.MessageFinished] != 1 || n[esa.MessageReady]+n[esa.MessageAborted] != 1 ||
		n[esa.MessageQueued] != n[esa.MessageReady] || n[esa.RecipientDelivered] != n[esa.MessageReady] {
		t.Errorf("MID %d has more than one story: %v", m.MID, n)
	}
	if acked && m.State != esa.Delivered {
		t.Errorf("MID %d was acknowledged and is %s", m.MID, m.State)
	}
}

// A client that sends and never reads does not keep the lab from ending.
func TestTerminateWithDeafClient(t *testing.T) {
	p := run(t, ports()...)
	c := dial(t, p.addresses.SMTP)
	go func() {
		for { // until the connection is closed
			if _, err := c.conn.Write([]byte("NOOP\r\nNOOP\r\nNOOP\r\nNOOP\r\n")); err != nil {
				return
			}
		}
	}()
	if took := p.end(t, syscall.SIGTERM); took > 2*time.Second {
		t.Errorf("took %s, want at most 2s", took)
	}
}

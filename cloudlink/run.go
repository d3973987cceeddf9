package cloudlink

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"
)

// Waiting times between attempts, when the cloud names none.
const (
	firstWait = time.Second
	maxWait   = time.Minute
)

// maxBeat is the longest time between two heartbeats, whatever the cloud asks
// for.
const maxBeat = 24 * time.Hour

// Run pushes sightings, sends heartbeats and fetches the cloud's requests while the
// appliance is registered, until ctx ends. Nothing that the cloud answers ends it: an error is one of
// this side, of the log or of what keeps the registration.
func (l *Link) Run(ctx context.Context) error {
	defer l.http.CloseIdleConnections()
	for ctx.Err() == nil {
		reg, ok, changed := l.working()
		if !ok {
			select {
			case <-ctx.Done():
			case <-changed:
			}
			continue
		}
		if err := l.serve(ctx, reg); err != nil {
			return err
		}
	}
	return nil
}

// serve works for one registration until it ends, or ctx does.
func (l *Link) serve(ctx context.Context, reg Registration) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var wg sync.WaitGroup
	var beat, push, down error
	wg.Go(func() { defer cancel(); beat = l.heartbeats(ctx, reg) })
	wg.Go(func() { defer cancel(); push = l.push(ctx, reg) })
	if l.o.API != nil {
		wg.Go(func() { defer cancel(); down = l.requests(ctx, reg) })
	}
	wg.Go(func() { l.watch(ctx, reg, cancel) })
	wg.Wait()
	for _, err := range []error{beat, push, down} {
		if errors.Is(err, ErrNotDevice) {
			l.o.Logger.Warn("the cloud no longer knows this appliance", "region", reg.Region, "device", reg.DeviceID)
			return l.forget(reg, "The appliance is no longer registered: it was removed from Security Services Exchange.")
		}
	}
	return errors.Join(beat, push, down)
}

// watch ends the work for a registration that is no longer in force: somebody
// deregistered the appliance, and perhaps registered it again since.
func (l *Link) watch(ctx context.Context, reg Registration, cancel func()) {
	for ctx.Err() == nil {
		now, ok, changed := l.working()
		if !ok || now != reg {
			cancel()
			return
		}
		select {
		case <-ctx.Done():
		case <-changed:
		}
	}
}

// heartbeats tells the cloud that the appliance is there, at once and then as
// often as it asked for. One that is refused is no reason to end: the cloud may
// take the next.
func (l *Link) heartbeats(ctx context.Context, reg Registration) error {
	every := time.Duration(min(max(reg.Heartbeat, 1), int(maxBeat/time.Second))) * time.Second
	for {
		err := l.retry(ctx, func() error {
			return l.do(ctx, call{
				method: http.MethodPost, url: reg.device() + "/heartbeat", credential: reg.Credential,
				body: heartbeatRequest{l.o.Device}, answer: &heartbeatResponse{},
			})
		})
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, ErrRefused):
			l.o.Logger.Error("heartbeat refused", "error", err)
		case err != nil:
			return fmt.Errorf("heartbeat: %w", err)
		}
		if !sleep(ctx, every) {
			return nil
		}
	}
}

// retry does f until its answer is anything but "later".
func (l *Link) retry(ctx context.Context, f func() error) error {
	for wait := firstWait; ; wait = min(2*wait, maxWait) {
		err := f()
		var late *later
		if !errors.As(err, &late) {
			return err
		}
		d := late.after
		if d == 0 {
			d = wait/2 + rand.N(wait/2+1)
		}
		l.o.Logger.Debug("cloud not available", "retry_in", d, "error", err)
		if !sleep(ctx, d) {
			return errors.Join(context.Cause(ctx), err)
		}
	}
}

// sleep waits; it is false when ctx ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

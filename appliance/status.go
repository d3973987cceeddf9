package appliance

import (
	"context"
	"crypto/tls"
	"net/http"
	"strings"
	"time"

	"esasim/appliance/asyncos"
	"esasim/appliance/status"
)

// Status is what the appliance has counted.
func (a *Appliance) Status() *status.Status { return a.status }

// API serves the REST API alone, and its description.
func (a *Appliance) API() http.Handler {
	pages := a.Handler()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, p := range asyncos.Prefixes() {
			if r.URL.Path == p || strings.HasSuffix(p, "/") && strings.HasPrefix(r.URL.Path, p) {
				pages.ServeHTTP(w, r)
				return
			}
		}
		http.NotFound(w, r)
	})
}

// TLS is how the appliance proves who it is: by its certificate.
func (a *Appliance) TLS() *tls.Config { return a.common.TLS.Clone() }

// Report is all that is to be said of the appliance's status just now.
func (a *Appliance) Report(ctx context.Context) status.Report {
	c := a.now.Load()
	in, _ := c.Location() // the configuration was checked
	return status.Report{
		Device:  status.Device{Host: c.Hostname, Model: model, Version: c.Version, Serial: a.serial, Location: in},
		Counted: a.status.Counted(), Gauges: a.Gauges(ctx), Features: status.Features(),
	}
}

// serveXML answers /xml/status.
func (a *Appliance) serveXML(w http.ResponseWriter, r *http.Request) {
	report := a.Report(r.Context())
	w.Header().Set("Content-Type", status.Type)
	_, _ = w.Write(report.XML()) // the client is gone; there is nobody to tell
}

// Gauges tell how the appliance stands just now.
func (a *Appliance) Gauges(ctx context.Context) status.Gauges {
	u := a.usage(ctx)
	q := a.delivery.Standing()
	g := status.Gauges{
		RAM: u.RAM, CPU: u.CPU, Swap: u.Swap, DiskIO: u.DiskIO, Process: u.Process,
		Outbound: q.Connections, Unattempted: q.Unattempted, Attempted: q.Attempted, Destinations: q.Destinations,
		Used: q.Octets, WorkQueue: a.inWorkQueue(), System: a.system(),
	}
	for _, l := range a.listeners {
		g.Inbound += l.Connections()
	}
	g.Quarantined, g.QuarantineUsed = a.quarantines.Held()
	g.QuarantineSpace = a.quarantines.Options.Load().Space
	if !a.common.Room.MayBegin() {
		g.Conservation = status.Refusing
	}
	a.room(&g)
	if q.Oldest != 0 {
		if m, err := a.store.Standing(ctx, q.Oldest); err == nil {
			g.Oldest = status.Oldest{MID: m.MID, Age: time.Since(m.Received)}
		}
	}
	return g
}

// inWorkQueue is how many messages are in the work queue: those that entered it, or
// were left over, and have not gone through. What counts those that enter may be a
// moment behind.
func (a *Appliance) inWorkQueue() int {
	in := uint64(len(a.toScan)) + a.status.Entered()
	return int(in - min(in, a.queue.Passed()))
}

// unknownRoom is what is free where the file system does not say, as one in memory.
const unknownRoom = 8 << 30

// room tells how much of the disk there is.
func (a *Appliance) room(g *status.Gauges) {
	u, err := a.o.FS.GetDiskUsage(a.o.Dir)
	if err != nil || u.TotalBytes == 0 {
		g.LogAvailable, g.Free = unknownRoom, unknownRoom
		return
	}
	g.LogAvailable = int64(u.AvailBytes)
	g.LogUsed = int(u.UsedBytes * 100 / u.TotalBytes)
	g.Free = max(int64(u.AvailBytes)-int64(a.now.Load().Tracking.MinFree), 0)
}

// system is what runs of the mail system.
func (a *Appliance) system() string {
	receives := len(a.listeners) == 0
	for _, l := range a.listeners {
		receives = receives || !l.Suspended()
	}
	held, _ := a.delivery.Suspended()
	switch {
	case !receives && held:
		return status.Offline
	case !receives:
		return status.ReceivingSuspended
	case held:
		return status.DeliverySuspended
	case a.queue.Paused():
		return status.WorkQueuePaused
	}
	return status.Online
}

package appliance

import (
	"context"
	"time"

	"esasim/appliance/status"
)

// Status is what the appliance has counted.
func (a *Appliance) Status() *status.Status { return a.status }

// Gauges tell how the appliance stands just now.
func (a *Appliance) Gauges(ctx context.Context) status.Gauges {
	u := a.machine.Usage(ctx)
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

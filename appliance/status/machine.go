package status

import (
	"context"
	"os"
	"sync"
	"time"

	"github.com/shirou/gopsutil/v4/cpu"
	"github.com/shirou/gopsutil/v4/disk"
	"github.com/shirou/gopsutil/v4/mem"
	"github.com/shirou/gopsutil/v4/process"
)

// Machine is what the appliance runs on. What a platform does not tell is 0: that
// of memory and processors is known everywhere, how busy disks are on Linux,
// FreeBSD and Windows alone.
type Machine struct {
	mu    sync.Mutex // guards the rest
	last  sample     // what is asked of was a while ago
	usage Usage
}

// Usage is how much of a machine is used, in percent.
type Usage struct{ RAM, Swap, CPU, Process, DiskIO int }

// sample is what has been used up to a moment.
type sample struct {
	at          time.Time
	busy, total float64 // seconds of processors
	process     float64 // likewise, of this program
	io          uint64  // milliseconds that the busiest disk worked
}

// sampleFor is for how long a look at the machine counts: whoever asks often learns
// nothing new, and a shorter time would say nothing.
const sampleFor = time.Second

// NewMachine begins to look.
func NewMachine() *Machine {
	m := &Machine{}
	m.last = look(context.Background())
	return m
}

// Usage is that of the time since it was last asked for, or since the start.
func (m *Machine) Usage(ctx context.Context) Usage {
	m.mu.Lock()
	defer m.mu.Unlock()
	if time.Since(m.last.at) < sampleFor && m.usage != (Usage{}) {
		return m.usage
	}
	now := look(ctx)
	u := Usage{CPU: share(now.busy-m.last.busy, now.total-m.last.total), Process: share(now.process-m.last.process, now.total-m.last.total),
		DiskIO: share(float64(now.io-min(now.io, m.last.io)), float64(now.at.Sub(m.last.at).Milliseconds()))}
	if v, err := mem.VirtualMemoryWithContext(ctx); err == nil {
		u.RAM = int(v.UsedPercent)
	}
	if s, err := mem.SwapMemoryWithContext(ctx); err == nil {
		u.Swap = int(s.UsedPercent)
	}
	m.last, m.usage = now, u
	return u
}

func share(part, whole float64) int {
	if whole <= 0 || part <= 0 {
		return 0
	}
	return int(min(part/whole*100, 100))
}

func look(ctx context.Context) sample {
	s := sample{at: time.Now()}
	if t, err := cpu.TimesWithContext(ctx, false); err == nil && len(t) > 0 {
		idle := t[0].Idle + t[0].Iowait
		s.total = t[0].User + t[0].System + idle + t[0].Nice + t[0].Irq + t[0].Softirq + t[0].Steal
		s.busy = s.total - idle
	}
	if p, err := process.NewProcessWithContext(ctx, int32(os.Getpid())); err == nil {
		if t, err := p.TimesWithContext(ctx); err == nil {
			s.process = t.User + t.System
		}
	}
	if disks, err := disk.IOCountersWithContext(ctx); err == nil {
		for _, d := range disks {
			s.io = max(s.io, d.IoTime)
		}
	}
	return s
}

package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"esasim/traffic"
)

const (
	apiClients = 50
	apiPause   = time.Second // between two calls of a client
	apiRate    = 1000        // messages a second that come in meanwhile
)

// api measures message tracking by the REST API at full load: many clients that ask
// one thing after another over a past, while mail comes in.
func (b *bench) api() (err error) {
	dir, err := b.past(b.fewer())
	if err != nil {
		return err
	}
	h, err := b.history(b.fewer())
	if err != nil {
		return err
	}
	samples, err := draw(h, drawn)
	if err != nil {
		return err
	}
	l, err := b.startLab(dir)
	if err != nil {
		return err
	}
	// The past has other mail in it now.
	defer func() { delete(b.pasts, b.fewer()); err = errors.Join(err, l.stop()) }()
	clients, err := b.apiClients(l.Console, samples)
	if err != nil {
		return err
	}
	paced, err := b.apiLoad(l, clients, 6*b.each, true) // a minute
	if err != nil {
		return err
	}
	b.apiRows("each once a second", paced, true)
	full, err := b.apiLoad(l, clients, 2*b.each, false)
	if err != nil {
		return err
	}
	b.apiRows("without a pause", full, false)
	return nil
}

// apiMeasured is what a load made of the lab and its clients.
type apiMeasured struct {
	took    apiTimes
	memory  [2]float64    // MiB, when a quarter of the time was over, and at the end
	cpu     time.Duration // that the lab used
	elapsed time.Duration
	mail    traffic.Result
}

// apiTimes are how long calls took, by their kind.
type apiTimes map[string][]time.Duration

func (t apiTimes) add(o apiTimes) {
	for what, list := range o {
		t[what] = append(t[what], list...)
	}
}

func (t apiTimes) all() []time.Duration { return slices.Concat(slices.Collect(maps.Values(t))...) }

// apiLoad has the clients ask while mail comes in.
func (b *bench) apiLoad(l *labProcess, clients []*apiClient, each time.Duration, paced bool) (m apiMeasured, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), each)
	defer cancel()
	before, began := l.used(), time.Now()
	errs := make([]error, len(clients)+1)
	var wg sync.WaitGroup
	for i, c := range clients {
		var first time.Time
		if paced {
			first = began.Add(apiPause * time.Duration(i) / apiClients)
		}
		wg.Go(func() {
			if errs[i] = c.run(ctx, first); errs[i] != nil {
				cancel() // one error is enough
			}
		})
	}
	wg.Go(func() { m.memory, errs[len(clients)] = l.memoryDuring(ctx, each/4) })
	m.mail, err = traffic.Load{Server: l.SMTP, Sessions: 50, Size: size, Duration: each, Rate: apiRate}.Run(ctx)
	wg.Wait()
	m.cpu, m.elapsed, m.took = l.used()-before, time.Since(began), apiTimes{}
	for _, c := range clients {
		m.took.add(c.took)
	}
	if wrong := errors.Join(errs...); wrong != nil {
		err = wrong // mail ended because of it
	}
	return m, err
}

// used is what the process has used of the processors, where that can be learnt.
func (l *labProcess) used() time.Duration {
	t, err := l.cpuTime()
	if err != nil {
		return 0
	}
	return t
}

// memoryDuring is what a process has after a while, and when ctx ends.
func (l *labProcess) memoryDuring(ctx context.Context, while time.Duration) (memory [2]float64, err error) {
	if !hasProc() {
		return memory, nil
	}
	select {
	case <-ctx.Done():
		return memory, nil
	case <-time.After(while):
	}
	memory[0], err = l.memory("VmRSS")
	<-ctx.Done()
	if err == nil {
		memory[1], err = l.memory("VmRSS")
	}
	return memory, err
}

// apiRows adds what was measured. Only clients that pause leave the mail a share of the
// processors that can be promised.
func (b *bench) apiRows(how string, m apiMeasured, barred bool) {
	for _, what := range slices.Sorted(maps.Keys(m.took)) {
		list := m.took[what]
		tell("API, %s: %d calls, p50 %.1f, p99 %.1f ms", what, len(list), percentile(list, 50), percentile(list, 99))
	}
	all := m.took.all()
	p99, mail, grown := plain(percentile(all, 99)), plain(m.mail.PerSecond()/apiRate), plain(m.memory[1]/m.memory[0])
	if barred {
		p99, mail, grown = atMost(p99.value, 200), atLeast(mail.value, 0.98), atMost(grown.value, 1.1)
	}
	b.table.add(fmt.Sprintf("API: %d clients, %s, over %s messages, beside %s msg/s: p50 / p99, ms", apiClients, how, grouped(b.fewer()), grouped(apiRate)),
		plain(percentile(all, 50)), p99)
	b.table.add("  calls a second, none of them wrong", plain(float64(len(all))/m.elapsed.Seconds()))
	b.table.add("  mail taken meanwhile, of what was sent; p99 of its transactions, ms", mail, plain(milliseconds(m.mail.Latency.P99)))
	if hasProc() {
		b.table.add("  of one processor, %, by the lab", plain(100*m.cpu.Seconds()/m.elapsed.Seconds()))
		b.table.add("  memory after a quarter / at the end, MiB; grown to", plain(m.memory[0]), plain(m.memory[1]), grown)
	}
}

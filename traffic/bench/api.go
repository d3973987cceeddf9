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
	apiRate    = 1000 // messages a second that come in meanwhile
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
	took, memory, mail, err := b.apiLoad(l, clients)
	if err != nil {
		return err
	}
	b.apiRows(took, memory, mail)
	return nil
}

// apiTimes are how long calls took, by their kind.
type apiTimes map[string][]time.Duration

func (t apiTimes) add(o apiTimes) {
	for what, list := range o {
		t[what] = append(t[what], list...)
	}
}

func (t apiTimes) all() []time.Duration { return slices.Concat(slices.Collect(maps.Values(t))...) }

// apiLoad has the clients ask while mail comes in. memory is what the lab had when a
// quarter of the time was over, and at the end.
func (b *bench) apiLoad(l *labProcess, clients []*apiClient) (took apiTimes, memory [2]float64, mail traffic.Result, err error) {
	each := 6 * b.each // a minute
	ctx, cancel := context.WithTimeout(context.Background(), each)
	defer cancel()
	errs := make([]error, len(clients)+1)
	var wg sync.WaitGroup
	for i, c := range clients {
		wg.Go(func() {
			if errs[i] = c.run(ctx); errs[i] != nil {
				cancel() // one error is enough
			}
		})
	}
	wg.Go(func() { memory, errs[len(clients)] = l.memoryDuring(ctx, each/4) })
	mail, err = traffic.Load{Server: l.SMTP, Sessions: 50, Size: size, Duration: each, Rate: apiRate}.Run(ctx)
	wg.Wait()
	took = apiTimes{}
	for _, c := range clients {
		took.add(c.took)
	}
	if wrong := errors.Join(errs...); wrong != nil {
		err = wrong // mail ended because of it
	}
	return took, memory, mail, err
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

func (b *bench) apiRows(took apiTimes, memory [2]float64, mail traffic.Result) {
	for _, what := range slices.Sorted(maps.Keys(took)) {
		list := took[what]
		tell("API, %s: %d calls, p50 %.1f, p99 %.1f ms", what, len(list), percentile(list, 50), percentile(list, 99))
	}
	all := took.all()
	b.table.add(fmt.Sprintf("API: %d clients over %s messages, beside %s msg/s: p50 / p99, ms", apiClients, grouped(b.fewer()), grouped(apiRate)),
		plain(percentile(all, 50)), atMost(percentile(all, 99), 200))
	b.table.add("  calls a second, none of them wrong", plain(float64(len(all))/(6*b.each.Seconds())))
	b.table.add("  of the mail taken meanwhile; p99 of its transactions, ms",
		atLeast(mail.PerSecond()/apiRate, 0.98), plain(milliseconds(mail.Latency.P99)))
	if hasProc() {
		b.table.add("  memory after a quarter / at the end, MiB; grown to", plain(memory[0]), plain(memory[1]), atMost(memory[1]/memory[0], 1.1))
	}
}

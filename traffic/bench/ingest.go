package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"esasim/traffic"
)

// ingest measures mail that comes in, beside a server that throws it away, and
// while somebody searches.
func (b *bench) ingest() error {
	var base, accepted, told, searched []float64
	var memory float64
	var asked []time.Duration
	for range b.rounds {
		d, err := measureDiscard(b.each)
		if err != nil {
			return err
		}
		alone, err := b.measureLab(false)
		if err != nil {
			return err
		}
		both, err := b.measureLab(true)
		if err != nil {
			return err
		}
		base, accepted, told = append(base, d), append(accepted, alone.accepted/d), append(told, alone.told/d)
		searched = append(searched, both.accepted/alone.accepted)
		memory, asked = max(memory, alone.memory, both.memory), append(asked, both.searches...)
	}
	b.table.add("go-smtp that discards, msg/s", plain(median(base)))
	b.table.add("lab: accepted, of that", atLeast(median(accepted), 0.7))
	b.table.add("lab: until the last sighting is investigable, of that", atLeast(median(told), 0.5))
	b.table.add("lab: accepted while a client searches, of accepted without", atLeast(median(searched), 0.8))
	b.table.add("  its searches meanwhile: p50 / p99, ms", plain(percentile(asked, 50)), plain(percentile(asked, 99)))
	b.table.add("  its searches a second", plain(float64(len(asked))/(b.each.Seconds()*float64(b.rounds))))
	if hasProc() {
		b.table.add("lab: memory at its highest under these loads, MiB", atMost(memory, 400))
	}
	return nil
}

// ingested is what one lab made of one load.
type ingested struct {
	accepted, told float64 // messages a second; and those until the cloud was told of the last one
	memory         float64 // MiB, at its highest
	searches       []time.Duration
}

// measureLab puts a load on a new lab, with or without somebody who searches.
func (b *bench) measureLab(search bool) (m ingested, err error) {
	data := filepath.Join(b.dir, "ingest")
	defer func() { err = errors.Join(err, os.RemoveAll(data)) }()
	l, err := b.startLab(data)
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, l.stop()) }()
	start := time.Now()
	r, err := m.load(l, b.each, search)
	if err != nil {
		return m, err
	}
	pushed, err := caughtUp(l.Console, r.Accepted)
	total := time.Since(start)
	tell("lab: %d accepted, %.0f/s; %d refused; %d sightings after %.1fs more; %d searches",
		r.Accepted, r.PerSecond(), r.Refused, pushed, (total - r.Elapsed).Seconds(), len(m.searches))
	m.accepted, m.told = r.PerSecond(), float64(r.Accepted)/total.Seconds()
	if err == nil && hasProc() {
		m.memory, err = l.memory("VmHWM")
	}
	return m, err
}

// load sends, and searches until that is over.
func (m *ingested) load(l *labProcess, each time.Duration, search bool) (traffic.Result, error) {
	var wg sync.WaitGroup
	over := make(chan struct{})
	var searchErr error
	if search {
		wg.Go(func() { m.searches, searchErr = newSearcher(l.Console).run(over) })
	}
	r, err := load(l.SMTP, each)
	close(over)
	wg.Wait()
	if err == nil && search && searchErr == nil && len(m.searches) == 0 {
		searchErr = errors.New("no search was answered")
	}
	return r, errors.Join(err, searchErr)
}

// caughtUp waits until every sighting has been pushed.
func caughtUp(console string, want int64) (pushed int64, err error) {
	for began := time.Now(); time.Since(began) < time.Minute; time.Sleep(10 * time.Millisecond) {
		var s struct {
			Pushed int64 `json:"sightings_pushed"`
		}
		if err := getJSON(console+"/_esasim/v1/link", &s); err != nil {
			return pushed, err
		}
		if pushed = s.Pushed; pushed >= want {
			return pushed, nil
		}
	}
	return pushed, fmt.Errorf("%d sightings of %d after a minute", pushed, want)
}

func getJSON(url string, v any) error {
	resp, err := http.Get(url)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err == nil {
		err = json.Unmarshal(text, v)
	}
	return err
}

func median(list []float64) float64 {
	slices.Sort(list)
	return (list[(len(list)-1)/2] + list[len(list)/2]) / 2
}

// percentile is a duration in milliseconds that so many of a hundred do not
// exceed.
func percentile(list []time.Duration, p int) float64 {
	sorted := slices.Sorted(slices.Values(list))
	i := (len(sorted)*p+99)/100 - 1
	return float64(sorted[max(i, 0)].Microseconds()) / 1000
}

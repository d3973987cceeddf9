package main

import (
	"bytes"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// starts is how often a lab is started, to take the median.
const starts = 5

// start measures a lab that starts, does nothing, and shows pages.
func (b *bench) start() error {
	var took []float64
	for i := range starts {
		dir := filepath.Join(b.dir, fmt.Sprintf("empty-%d", i))
		l, err := b.startLab(dir)
		if err != nil {
			return err
		}
		took = append(took, milliseconds(l.Ready))
		if err := errors.Join(l.stop(), os.RemoveAll(dir)); err != nil {
			return err
		}
	}
	b.table.add("ready, in a new directory, ms", atMost(median(took), 150))
	dir, err := b.past(b.messages)
	if err != nil {
		return err
	}
	took = took[:0]
	for i := range starts {
		l, err := b.startLab(dir)
		if err != nil {
			return err
		}
		took = append(took, milliseconds(l.Ready))
		if i == starts-1 {
			b.table.add(fmt.Sprintf("ready, with %s messages, ms", grouped(b.messages)), atMost(median(took), 500))
			err = errors.Join(b.idle(l), b.pages(l))
		}
		if err := errors.Join(err, l.stop()); err != nil {
			return err
		}
	}
	return nil
}

// idle measures what a lab uses that nobody uses.
func (b *bench) idle(l *labProcess) error {
	if !hasProc() {
		b.table.note("What an idle lab uses is measured on Linux only.")
		return nil
	}
	time.Sleep(b.pause(10 * time.Second))
	before, err := l.cpuTime()
	if err != nil {
		return err
	}
	began := time.Now()
	time.Sleep(b.pause(10 * time.Second))
	after, err := l.cpuTime()
	elapsed := time.Since(began)
	if err != nil {
		return err
	}
	memory, err := l.memory("VmRSS")
	if err != nil {
		return err
	}
	b.table.add(fmt.Sprintf("idle with %s messages: memory, MiB", grouped(b.messages)), atMost(memory, 256))
	b.table.add("  of one processor, %", atMost(100*(after-before).Seconds()/elapsed.Seconds(), 0.5))
	return nil
}

// pages measures the first page of searches on the console, over one connection
// that is kept: the server's time and that of HTTP on this machine.
func (b *bench) pages(l *labProcess) error {
	h, err := b.history(b.messages)
	if err != nil {
		return err
	}
	samples, err := draw(h, drawn)
	if err != nil {
		return err
	}
	s := newSearcher(l.Console)
	defer s.client.CloseIdleConnections()
	for _, k := range []struct {
		what string
		has  func(sample) bool
		ask  func(sample) url.Values
	}{
		{"of the last day's mail", func(sample) bool { return true }, func(sample) url.Values { return url.Values{"action": {"search"}, "timerange": {"range_day"}} }},
		{"by sender", sample.hasSender, func(x sample) url.Values { return b.whenever(textIs("sender", x.sender)) }},
		{"by recipient", func(x sample) bool { return x.recipient != "" }, func(x sample) url.Values { return b.whenever(textIs("recipient", x.recipient)) }},
		{"by message-id", sample.hasMessageID, func(x sample) url.Values { return b.whenever(url.Values{"message_id": {x.messageID}}) }},
		{"by MID", func(sample) bool { return true }, func(x sample) url.Values {
			return b.whenever(url.Values{"mid": {strconv.FormatUint(uint64(x.mid), 10)}})
		}},
	} {
		took, err := b.pageTimes(s, with(samples, k.has), k.ask)
		if err != nil {
			return err
		}
		b.table.add(fmt.Sprintf("console page %s, %s messages: p50 / p99, ms", k.what, grouped(b.messages)),
			atMost(percentile(took, 50), 50), atMost(percentile(took, 99), 50))
	}
	if !hasProc() {
		return nil
	}
	memory, err := l.memory("VmRSS")
	b.table.add("  memory after these, MiB", plain(memory))
	return err
}

// pageTimes asks for pages that must have results.
func (b *bench) pageTimes(s *searcher, samples []sample, ask func(sample) url.Values) (took []time.Duration, err error) {
	limit := b.pause(5 * time.Second)
	for i, began := 0, time.Now(); i < b.runs(500) && (time.Since(began) < limit || i < 5); i++ {
		question := ask(samples[i%len(samples)])
		t, page, err := s.ask(question)
		if err != nil {
			return nil, err
		}
		if !bytes.Contains(page, []byte("Displaying 1 ")) {
			return nil, fmt.Errorf("search %s: nothing found", question.Encode())
		}
		if i > 0 { // the first one makes the connection
			took = append(took, t)
		}
	}
	return took, nil
}

// whenever extends a search to all of the past.
func (b *bench) whenever(v url.Values) url.Values {
	v.Set("timerange", "custom")
	begin, end := b.end.AddDate(0, 0, -days-1), b.end.AddDate(0, 0, 1)
	v.Set("date_from", begin.Format("01/02/2006"))
	v.Set("time_from", "00:00")
	v.Set("date_to", end.Format("01/02/2006"))
	v.Set("time_to", "00:00")
	return v
}

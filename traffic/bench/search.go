package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"esasim/esa"
	"esasim/tracking"
)

// search measures searches in the tracking store, opened by this process, so
// without HTTP and pages: in the large past, and in a small one to see what a
// search's time depends on.
func (b *bench) search() error {
	small, err := b.searchPast(b.fewer(), b.namedSearches)
	if err != nil {
		return err
	}
	large, err := b.searchPast(b.messages, b.namedSearches, b.otherSearches, b.wordSearches)
	if err != nil {
		return err
	}
	for _, s := range named() {
		b.table.add(fmt.Sprintf("newest 20 by %s: p50, large past to small", s.what), atMost(large[s.what]/small[s.what], 2))
	}
	return nil
}

// searched is a store and what is in it.
type searched struct {
	dir     string
	n       uint64
	samples []sample
	p50     map[string]float64 // of what was measured, ms
}

func (b *bench) searchPast(messages uint64, measures ...func(*searched) error) (p50 map[string]float64, err error) {
	dir, err := b.past(messages)
	if err != nil {
		return nil, err
	}
	h, err := b.history(messages)
	if err != nil {
		return nil, err
	}
	s := &searched{dir: trackingData(dir), n: messages, p50: map[string]float64{}}
	if s.samples, err = draw(h, drawn); err != nil {
		return nil, err
	}
	for _, measure := range measures {
		if err := measure(s); err != nil {
			return nil, err
		}
	}
	return s.p50, nil
}

// use opens the store for a while.
func (s *searched) use(f func(*tracking.Store) error) error {
	store, err := tracking.Open(tracking.Options{Dir: s.dir})
	if err != nil {
		return err
	}
	return errors.Join(f(store), store.Close())
}

// kind is a kind of searches that samples are found by.
type kind struct {
	what string
	has  func(sample) bool
	ask  func(sample) tracking.Query
}

func is(value string) tracking.Text { return tracking.Text{Op: tracking.Is, Value: value} }

// named are the searches that name something.
func named() []kind {
	return []kind{
		{"sender", sample.hasSender, func(s sample) tracking.Query { return tracking.Query{Sender: is(s.sender)} }},
		{"recipient", func(s sample) bool { return s.recipient != "" }, func(s sample) tracking.Query { return tracking.Query{Recipient: is(s.recipient)} }},
		{"MID", func(s sample) bool { return true }, func(s sample) tracking.Query { return tracking.Query{MID: s.mid} }},
		{"message-id", sample.hasMessageID, func(s sample) tracking.Query { return tracking.Query{MessageID: s.messageID} }},
		{"SHA-256", func(s sample) bool { return s.sha256 != "" }, func(s sample) tracking.Query { return tracking.Query{SHA256: s.sha256} }},
		{"sender IP", func(s sample) bool { return s.source.IsValid() }, func(s sample) tracking.Query {
			return tracking.Query{SenderIP: netip.PrefixFrom(s.source, s.source.BitLen())}
		}},
	}
}

func (s sample) hasSender() bool    { return s.sender != "" }
func (s sample) hasMessageID() bool { return s.messageID != "" }

// namedSearches have bars, whatever the store's size.
func (b *bench) namedSearches(s *searched) error {
	for _, k := range named() {
		t, err := b.times(s, k)
		if err != nil {
			return err
		}
		p50, p99 := percentile(t.warm, 50), percentile(t.warm, 99)
		s.p50[k.what] = p50
		b.table.add(fmt.Sprintf("newest 20 of %s by %s: p50 / p99 / first, ms", grouped(s.n), k.what),
			atMost(p50, 3), atMost(p99, 20), plain(milliseconds(t.first)))
	}
	return nil
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// otherSearches have none.
func (b *bench) otherSearches(s *searched) error {
	for _, k := range []kind{
		{"state bounced", func(sample) bool { return true }, func(x sample) tracking.Query {
			return tracking.Query{States: []esa.State{esa.Bounced}, Before: x.mid}
		}},
		{"sender begins with", sample.hasSender, func(x sample) tracking.Query { return tracking.Query{Sender: tracking.Text{Value: x.beginning()}} }},
		{"a day's range", func(sample) bool { return true }, func(x sample) tracking.Query {
			from, to := x.day()
			return tracking.Query{From: from, To: to}
		}},
	} {
		t, err := b.times(s, k)
		if err != nil {
			return err
		}
		b.table.add(fmt.Sprintf("newest 20 of %s by %s: p50 / p99 / first, ms", grouped(s.n), k.what),
			plain(percentile(t.warm, 50)), plain(percentile(t.warm, 99)), plain(milliseconds(t.first)))
	}
	return b.counts(s)
}

// times are how long searches took.
type times struct {
	first time.Duration   // the first one after the store was opened
	warm  []time.Duration // those after the first hundred
}

// warming is how many searches are not counted.
const warming = 100

// times opens the store and asks for one sample after the other.
func (b *bench) times(s *searched, k kind) (t times, err error) {
	samples := with(s.samples, k.has)
	if len(samples) == 0 {
		return t, fmt.Errorf("by %s: no message drawn has one", k.what)
	}
	limit := b.pause(5 * time.Second)
	err = s.use(func(store *tracking.Store) error {
		began := time.Now()
		for i := 0; i < b.runs(drawn) || len(t.warm) == 0; i++ {
			x := samples[i%len(samples)]
			took, err := find(store, k.ask(x), x.mid)
			if err != nil {
				return fmt.Errorf("by %s: %w", k.what, err)
			}
			switch {
			case i == 0:
				t.first = took
			case i >= min(warming, len(samples)/2) || time.Since(began) > limit:
				t.warm = append(t.warm, took)
			}
			if time.Since(began) > limit && len(t.warm) >= 3 {
				break
			}
		}
		return nil
	})
	return t, err
}

// find searches, and looks whether the answer is right as far as can be known:
// newest first, and with the message, unless that is older than a full page or
// not below the cursor. A search that its time limit stopped has an answer too,
// and its time tells.
func find(store *tracking.Store, q tracking.Query, mid esa.MID) (took time.Duration, err error) {
	began := time.Now()
	page, err := store.Search(context.Background(), q)
	took = time.Since(began)
	if err != nil {
		return took, err
	}
	var mids []esa.MID
	for i := range page.Messages {
		mids = append(mids, page.Messages[i].MID)
	}
	if !slices.IsSortedFunc(mids, func(a, b esa.MID) int { return cmp.Compare(b, a) }) {
		return took, fmt.Errorf("search %s: not newest first: %v", q, mids)
	}
	full := len(mids) == tracking.DefaultLimit && page.Next != 0 && mids[len(mids)-1] > mid
	if !slices.Contains(mids, mid) && !full && q.Before == 0 && page.Stopped == "" {
		return took, fmt.Errorf("search %s: the answer lacks MID %d: %v", q, mid, mids)
	}
	return took, nil
}

// counts measures counting up to the console's limit.
func (b *bench) counts(s *searched) error {
	return s.use(func(store *tracking.Store) error {
		senders := with(s.samples, sample.hasSender)
		var took [2][]time.Duration
		start := time.Now()
		for i := 0; i < b.runs(100) && (time.Since(start) < b.pause(10*time.Second) || i < 3); i++ {
			for k, q := range []tracking.Query{{Sender: is(senders[i%len(senders)].sender)}, {States: []esa.State{esa.Bounced}}} {
				began := time.Now()
				n, err := store.Count(context.Background(), q, tracking.MaxLimit)
				if err != nil {
					return err
				}
				if n == 0 {
					return fmt.Errorf("count %s: none", q)
				}
				took[k] = append(took[k], time.Since(began))
			}
		}
		for k, what := range []string{"of a sender", "that bounced"} {
			b.table.add(fmt.Sprintf("count up to 1,000 of %s %s: p50 / p99, ms", grouped(s.n), what),
				plain(percentile(took[k], 50)), plain(percentile(took[k], 99)))
		}
		return nil
	})
}

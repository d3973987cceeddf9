package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"esasim/esa"
	"esasim/traffic/bench/clickhouse"
	"esasim/traffic/mix"
)

// peers measures the same messages in ClickHouse, if it is installed.
func (b *bench) peers() (err error) {
	ctx := context.Background()
	dir := filepath.Join(b.dir, "clickhouse")
	server, err := clickhouse.Start(ctx, dir)
	if errors.Is(err, clickhouse.ErrMissing) {
		b.table.note("ClickHouse was not measured: %s; `make bench-peers` installs it.", err)
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { server.Stop(); err = errors.Join(err, os.RemoveAll(dir)) }()
	version, err := server.Query(ctx, "SELECT version()", nil)
	if err != nil {
		return err
	}
	h, err := b.history(b.messages)
	if err != nil {
		return err
	}
	messages := clickhouse.Messages{S: server}
	if err := messages.Create(ctx); err != nil {
		return err
	}
	began := time.Now()
	if err := fill(ctx, messages, h); err != nil {
		return err
	}
	b.table.add(fmt.Sprintf("ClickHouse %s: load, msg/s", version), plain(float64(b.messages)/time.Since(began).Seconds()))
	if err := messages.Merge(ctx); err != nil {
		return err
	}
	rows, octets, err := messages.Size(ctx)
	if err != nil {
		return err
	}
	if rows != b.messages {
		return fmt.Errorf("clickhouse has %d rows, want %d", rows, b.messages)
	}
	b.table.add("  on disk, octets a message, without events", plain(float64(octets)/float64(rows)))
	samples, err := draw(h, drawn)
	if err != nil {
		return err
	}
	return b.peerSearches(ctx, messages, samples)
}

// batch is how many chunks of the past are inserted together: 131,072 messages.
const batch = 64

// fill inserts a past: made, written as rows and sent by as many goroutines as
// there are processors, as our own backfill does it.
func fill(ctx context.Context, to clickhouse.Messages, h *mix.History) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var next atomic.Int64
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			var rows []byte
			for ctx.Err() == nil {
				first := int(next.Add(batch)) - batch
				if first >= h.Chunks() {
					return
				}
				rows = rows[:0]
				for i := first; i < min(first+batch, h.Chunks()); i++ {
					rows = appendChunk(rows, h, i)
				}
				if err := to.Insert(ctx, rows); err != nil {
					cancel(err)
				}
			}
		})
	}
	wg.Wait()
	return context.Cause(ctx)
}

func appendChunk(rows []byte, h *mix.History, i int) []byte {
	h.Chunk(i, func(t mix.Told) bool {
		if t.MID != 0 {
			m := esa.Fold(t.Events)
			rows = clickhouse.AppendRow(rows, t.MID, &m)
		}
		return true
	})
	return rows
}

// peerSearches makes the searches that ours are compared with.
func (b *bench) peerSearches(ctx context.Context, messages clickhouse.Messages, samples []sample) error {
	for _, k := range []struct {
		what string
		has  func(sample) bool
		ask  func(sample) string
		none bool // nothing must be found
	}{
		{"newest 20 by sender", sample.hasSender, func(s sample) string { return "sender = " + clickhouse.Quote(s.sender) }, false},
		{"newest 20 by recipient", func(s sample) bool { return s.recipient != "" }, func(s sample) string { return "has(recipients, " + clickhouse.Quote(s.recipient) + ")" }, false},
		{"newest 20 by MID", func(sample) bool { return true }, func(s sample) string { return fmt.Sprintf("mid = %d", s.mid) }, false},
		{"newest 20 by message-id", sample.hasMessageID, func(s sample) string { return "message_id = " + clickhouse.Quote(s.messageID) }, false},
		{"subject contains a word that occurs nowhere", func(sample) bool { return true }, func(sample) string { return "positionCaseInsensitiveUTF8(subject, 'qzxjwvkq') > 0" }, true},
	} {
		var took []time.Duration
		list := with(samples, k.has)
		if len(list) == 0 {
			return fmt.Errorf("%s: no message drawn has one", k.what)
		}
		limit := b.pause(10 * time.Second)
		for i, began := 0, time.Now(); i < b.runs(100) && (time.Since(began) < limit || i < 4); i++ {
			s := list[i%len(list)]
			asked := time.Now()
			mids, err := messages.Newest(ctx, k.ask(s))
			if err != nil {
				return err
			}
			if i > 0 { // the first one makes the connection, and fills the caches
				took = append(took, time.Since(asked))
			}
			found := slices.Contains(mids, s.mid) || len(mids) == 20 && mids[19] > s.mid
			if found == k.none {
				return fmt.Errorf("clickhouse: %s: %v is not the answer for MID %d", k.what, mids, s.mid)
			}
		}
		b.table.add(fmt.Sprintf("  %s, over HTTP: p50 / p99, ms", k.what), plain(percentile(took, 50)), plain(percentile(took, 99)))
	}
	return nil
}

package tracking

import (
	"context"
	"fmt"

	"github.com/cockroachdb/pebble/v2"
)

// syncLoop makes appended entries durable: one sync for all that were appended
// while the sync before it ran. An empty synced record forces everything
// before it in the write-ahead log to disk, so one number, the watermark, says
// what is safe: waiting committers and followers look at nothing else.
func (s *Store) syncLoop() {
	for {
		select {
		case <-s.ctx.Done():
			return
		case <-s.dirty:
		}
		s.mu.Lock()
		upTo := s.last
		s.mu.Unlock()
		if err := s.db.LogData(nil, pebble.Sync); err != nil {
			s.cancel(fmt.Errorf("sync log: %w", err))
			return
		}
		s.setDurable(upTo)
	}
}

func (s *Store) setDurable(seq uint64) {
	s.markMu.Lock()
	defer s.markMu.Unlock()
	s.durable = seq
	close(s.advance)
	s.advance = make(chan struct{})
}

// mark returns the watermark and a channel that is closed when it moves.
func (s *Store) mark() (uint64, <-chan struct{}) {
	s.markMu.Lock()
	defer s.markMu.Unlock()
	return s.durable, s.advance
}

// waitDurable returns when the entry is safely on disk.
func (s *Store) waitDurable(ctx context.Context, seq uint64) error {
	for {
		durable, advance := s.mark()
		if durable >= seq {
			return nil
		}
		select {
		case <-advance:
		case <-ctx.Done():
			if durable, _ := s.mark(); durable >= seq {
				return nil
			}
			return context.Cause(ctx)
		case <-s.ctx.Done():
			return context.Cause(s.ctx)
		}
	}
}

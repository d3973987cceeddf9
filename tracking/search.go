package tracking

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"esasim/esa"
)

// slack is how much later a message with a lower MID may have begun: MIDs are
// given out in order, but the event that says so is stamped a moment after.
const slack = time.Minute

// Message is one message with all its events. The error is ErrNotFound when
// the MID was never given out, or is no longer kept.
func (s *Store) Message(ctx context.Context, mid esa.MID) (esa.Message, error) {
	if events := s.window.message(mid); events != nil {
		return esa.Fold(events), nil
	}
	page, err := s.Search(ctx, Query{MID: mid, Limit: 1})
	if err != nil {
		return esa.Message{}, err
	}
	if len(page.Messages) == 0 {
		return esa.Message{}, fmt.Errorf("MID %d: %w", mid, ErrNotFound)
	}
	return page.Messages[0], nil
}

// Connection is what happened on an injection connection, apart from its
// messages.
func (s *Store) Connection(ctx context.Context, icid esa.ICID) ([]esa.Event, error) {
	r := s.newReader()
	defer r.close()
	it, err := r.iter(key2(prefixConnection, uint64(icid), 0), key2(prefixConnection, uint64(icid)+1, 0))
	if err != nil {
		return nil, err
	}
	var out []esa.Event
	for ok := it.First(); ok; ok = it.Next() {
		events, err := r.entry(number(it.Key(), 1))
		if err != nil {
			return nil, errors.Join(err, it.Close())
		}
		for _, e := range events {
			if e.MID == 0 && e.ICID == icid {
				out = append(out, e)
			}
		}
	}
	if err := errors.Join(it.Error(), it.Close()); err != nil {
		return nil, err
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("ICID %d: %w", icid, ErrNotFound)
	}
	return out, nil
}

// Search finds messages, newest first, one page at a time. It reads a snapshot:
// what arrives meanwhile is not in the page, and the next page begins where this
// one ended. It takes no lock that Append needs.
func (s *Store) Search(ctx context.Context, q Query) (Page, error) {
	limit := cmp.Or(max(q.Limit, 0), DefaultLimit)
	var page Page
	match := q.matcher()
	err := s.scan(ctx, q, func(m *esa.Message) bool {
		if !match(m) {
			return true
		}
		if len(page.Messages) == limit {
			page.Next = page.Messages[limit-1].MID
			return false
		}
		page.Messages = append(page.Messages, *m)
		return true
	})
	if err != nil {
		return Page{}, fmt.Errorf("search %s: %w", q, err)
	}
	return page, nil
}

// scan calls yield for the messages within the query's bounds of MID and time,
// newest first, until it returns false.
func (s *Store) scan(ctx context.Context, q Query, yield func(*esa.Message) bool) error {
	r := s.newReader()
	defer r.close()
	lower, above := q.bounds()
	it, err := r.iter(key2(prefixMessage, lower, 0), key2(prefixMessage, above, 0))
	if err != nil {
		return err
	}
	defer it.Close()
	var seqs []uint64 // of one message, newest first
	for ok := it.Last(); ok; {
		mid := number(it.Key(), 0)
		for seqs = seqs[:0]; ok && number(it.Key(), 0) == mid; ok = it.Prev() {
			seqs = append(seqs, number(it.Key(), 1))
		}
		m, err := r.message(esa.MID(mid), seqs)
		if err != nil {
			return err
		}
		if m.Received.Before(q.From.Add(-slack)) {
			return nil
		}
		if !yield(&m) {
			return nil
		}
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
	}
	return it.Error()
}

// bounds are the lowest MID, and the one above the highest, that can match.
func (q *Query) bounds() (lower, above uint64) {
	above = ^uint64(0)
	if q.Before != 0 {
		above = uint64(q.Before)
	}
	if q.MID != 0 {
		lower, above = uint64(q.MID), min(above, uint64(q.MID)+1)
	}
	return lower, above
}

// Span is when the first and the last message that are kept were received; zero
// when there are none.
func (s *Store) Span(ctx context.Context) (first, last time.Time, err error) {
	err = s.scan(ctx, Query{}, func(m *esa.Message) bool { last = m.Received; return false })
	if err != nil || last.IsZero() {
		return first, last, err
	}
	r := s.newReader()
	defer r.close()
	it, err := r.iter(key2(prefixMessage, 0, 0), upper(prefixMessage))
	if err != nil {
		return first, last, err
	}
	defer it.Close()
	if it.First() {
		m, err := r.message(esa.MID(number(it.Key(), 0)), []uint64{number(it.Key(), 1)})
		return m.Received, last, err
	}
	return first, last, it.Error()
}

// Open lists the messages that are accepted and not finished, oldest first:
// what a restart must take up again.
func (s *Store) Open(ctx context.Context) ([]esa.MID, error) {
	r := s.newReader()
	defer r.close()
	it, err := r.iter(key(prefixOpen, 0), upper(prefixOpen))
	if err != nil {
		return nil, err
	}
	defer it.Close()
	var out []esa.MID
	for ok := it.First(); ok && ctx.Err() == nil; ok = it.Next() {
		out = append(out, esa.MID(number(it.Key(), 0)))
	}
	return out, errors.Join(it.Error(), ctx.Err())
}

// reader reads one snapshot of the store.
type reader struct{ snap *pebble.Snapshot }

func (s *Store) newReader() reader { return reader{s.db.NewSnapshot()} }

func (r reader) close() { _ = r.snap.Close() }

func (r reader) iter(lower, upper []byte) (*pebble.Iterator, error) {
	return r.snap.NewIter(&pebble.IterOptions{LowerBound: lower, UpperBound: upper})
}

// message folds the message from its entries, given newest first.
func (r reader) message(mid esa.MID, seqs []uint64) (esa.Message, error) {
	events := make([]esa.Event, 0, 8*len(seqs))
	for _, seq := range slices.Backward(seqs) {
		entry, err := r.entry(seq)
		if err != nil {
			return esa.Message{}, fmt.Errorf("MID %d: %w", mid, err)
		}
		events = appendOf(events, entry, mid)
	}
	m := esa.Fold(events)
	m.MID = mid
	return m, nil
}

// entry reads one entry of the log.
func (r reader) entry(seq uint64) ([]esa.Event, error) {
	v, closer, err := r.snap.Get(key(prefixLog, seq))
	if err != nil {
		return nil, fmt.Errorf("entry %d: %w", seq, err)
	}
	events, err := decodeEntry(v)
	if err = errors.Join(err, closer.Close()); err != nil {
		return nil, fmt.Errorf("entry %d: %w", seq, err)
	}
	return events, nil
}

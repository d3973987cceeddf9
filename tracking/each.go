package tracking

import (
	"context"
	"time"

	"esasim/esa"
)

// A page of Each ends at the first of these, so that a stream of messages to
// thousands of recipients each needs no more memory than any other.
const (
	eachMessages = 1000
	eachEvents   = 32 << 10
	eachTime     = time.Minute // how long one view is read; pages that find nothing end, too
)

// Each calls yield for every match, newest first, until it returns an error,
// which is then Each's. It needs about as much memory as a page of a search,
// however many matches there are, and has no time limit but ctx: q.Timeout means
// nothing to it, and q.Limit, without MaxLimit, ends it when it is not 0.
//
// It reads page by page, each from a fresh view of the store which is closed
// before the first of the page is handed out; so a slow reader holds up nothing.
// MIDs only fall from one to the next: what arrives meanwhile is not met, nothing
// is met twice, and a message is told as it was when its page was read. yield may
// keep the message.
func (s *Store) Each(ctx context.Context, q Query, yield func(*esa.Message) error) error {
	left := q.Limit
	q.Timeout = eachTime
	for {
		page, next, err := s.eachPage(ctx, q, left)
		if err != nil {
			return err
		}
		for _, m := range page {
			if err := yield(m); err != nil {
				return err
			}
		}
		if left -= len(page); next == 0 || q.Limit != 0 && left == 0 {
			return nil
		}
		if next == q.Before { // the view was closed before anything was looked at
			q.Timeout *= 2
		}
		q.Before = next
	}
}

// Forget lets go of what searches have read and kept in memory, for those who have
// gone through all of it and will not again.
func (s *Store) Forget() { s.cache.forget() }

// eachPage reads the matches below q.Before, at most limit if that is not 0, and
// where to go on; 0 if that was all.
func (s *Store) eachPage(ctx context.Context, q Query, limit int) (page []*esa.Message, next esa.MID, err error) {
	full, events := eachMessages, 0
	if limit > 0 {
		full = min(full, limit)
	}
	enough := false
	w, err := s.walk(ctx, q, full, visitor{found: func(w *walker, h hit) error {
		m, err := w.fold(h)
		if err != nil || m == nil {
			return err
		}
		page = append(page, m)
		events += len(m.Events)
		if enough = len(page) >= full || events >= eachEvents; enough {
			return errEnough
		}
		return nil
	}})
	defer w.close()
	switch {
	case err != nil:
		return nil, 0, err
	case enough:
		return page, page[len(page)-1].MID, nil
	case w.stopped:
		return page, esa.MID(w.reached), nil
	}
	return page, 0, nil
}

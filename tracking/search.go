package tracking

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"esasim/esa"
	"esasim/tracking/segment"
)

// Page is one page of answers.
type Page struct {
	Messages []esa.Message // newest first, each with all its events
	Next     esa.MID       // Query.Before of the next page; 0: this was the last
	// Stopped says why the search ended before the page was full, although there
	// may be more matches: the time was over. Next goes on from there. "" if it
	// did not.
	Stopped string
	Explain *Explained // what was read for it
}

var (
	// errEnough ends a walk that has found what it wanted.
	errEnough = errors.New("enough")
	// errTime ends one that has taken too long.
	errTime = errors.New("time limit reached")
)

// Search finds messages, newest first, one page at a time. It reads a view of the
// store: what arrives meanwhile is not in the page, and the next page begins where
// this one ended. Nobody waits for a search, and it ends at the query's limits of
// rows and time, or when ctx does.
func (s *Store) Search(ctx context.Context, q Query) (Page, error) {
	limit := min(cmp.Or(q.Limit, DefaultLimit), MaxLimit)
	var page Page
	var rest []hit // those on the page that are still to be put together
	found := func(w *walker, h hit) error {
		m := &esa.Message{}
		if !h.sure {
			var err error
			if m, err = w.fold(h); err != nil || m == nil {
				return err
			}
		}
		if len(page.Messages) == limit {
			page.Next = page.Messages[limit-1].MID
			return errEnough
		}
		m.MID = esa.MID(h.number)
		if h.sure {
			h.slot = len(page.Messages)
			rest = append(rest, h)
		}
		page.Messages = append(page.Messages, *m)
		return nil
	}
	w, err := s.walk(ctx, q, limit+1, visitor{found, func(w *walker) error {
		hits := rest
		rest = nil
		return w.foldAll(hits, page.Messages)
	}})
	defer w.close()
	if err != nil {
		return Page{}, err
	}
	page.Explain = &w.explained
	w.explained.Took = time.Since(w.start)
	if w.stopped {
		page.Stopped, page.Next = fmt.Sprintf("the time limit of %s was reached", w.timeout), esa.MID(w.reached)
	}
	return page, nil
}

// hit is a message that matches, or may.
type hit struct {
	number uint64
	open   *openRow        // where it is: in memory,
	reader *segment.Reader // or in a segment
	row    int
	sure   bool // the columns say all: it matches
	slot   int  // its place on the page
}

// Count tells how many messages match a query, but at most limit: when it gives
// limit, or the time limit was reached, there may be more. Like Search it honours
// Before and reads a view; q.Limit means nothing to it.
func (s *Store) Count(ctx context.Context, q Query, limit int) (int, error) {
	if limit <= 0 {
		return 0, nil
	}
	n := 0
	w, err := s.walk(ctx, q, limit, visitor{found: func(w *walker, h hit) error {
		if !h.sure {
			if m, err := w.fold(h); err != nil || m == nil {
				return err
			}
		}
		if n++; n == limit {
			return errEnough
		}
		return nil
	}})
	w.close()
	return n, err
}

package due

import (
	"context"
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"
)

// Reading ends at the moment, without an error; any other error is told, also one that
// comes when the moment has come, and so is the end of the caller.
func TestUntil(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		waits := func(ctx context.Context) (int, error) { <-ctx.Done(); return 1, ctx.Err() }
		late := func(ctx context.Context) (int, error) { <-ctx.Done(); return 0, io.ErrUnexpectedEOF }
		reads := func(context.Context) (int, error) { return 7, nil }
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		soon, never := time.Now().Add(time.Hour), time.Time{}
		for _, c := range []struct {
			name string
			ctx  context.Context
			at   time.Time
			read func(context.Context) (int, error)
			want int
			err  error
		}{
			{"read in time", t.Context(), soon, reads, 7, nil},
			{"no moment", t.Context(), never, reads, 7, nil},
			{"the moment comes", t.Context(), soon, waits, 0, nil},
			{"an error comes late", t.Context(), soon, late, 0, io.ErrUnexpectedEOF},
			{"the caller ends", gone, time.Now().Add(2 * time.Hour), waits, 1, context.Canceled},
			{"the caller ends, no moment", gone, never, waits, 1, context.Canceled},
		} {
			if got, err := Until(c.ctx, c.at, c.read); got != c.want || !errors.Is(err, c.err) {
				t.Errorf("%s: %d, %v; want %d, %v", c.name, got, err, c.want, c.err)
			}
		}
	})
}

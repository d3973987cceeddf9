package tracking

import (
	"context"
	"fmt"

	"esasim/esa"
)

// Count tells how many messages match a query, but at most limit: when it gives
// limit, there may be more. Like Search it honours Before and reads a snapshot;
// q.Limit means nothing to it. It keeps one message in memory at a time, and
// stops reading at the limit.
func (s *Store) Count(ctx context.Context, q Query, limit int) (int, error) {
	if limit <= 0 {
		return 0, nil
	}
	n := 0
	match := q.matcher()
	err := s.scan(ctx, q, func(m *esa.Message) bool {
		if match(m) {
			n++
		}
		return n < limit
	})
	if err != nil {
		return 0, fmt.Errorf("count %s: %w", q, err)
	}
	return n, nil
}

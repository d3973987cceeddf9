package messagetracking

import (
	"context"

	"esasim/appliance/asyncos/rest"
	"esasim/appliance/export"
)

// mostExported is how many rows a file has at most: the larger exports of the new web
// interface (inferred).
const mostExported = 50_000

// exportedAtOnce is how many rows of a file are in memory at a time.
const exportedAtOnce = 250

// serveExport answers GET message-tracking/export: the rows of a search as CSV. When
// tracking breaks in the middle the connection is cut, so that the file is seen to be
// incomplete.
func (a *api) serveExport(c *rest.Call) (any, error) {
	s, err := a.readSearch(c.Parameters)
	switch {
	case err != nil:
		return nil, err
	case s.rejected:
		return nil, rest.Wrong("searchOption", "only messages are exported")
	case !c.Has("limit"):
		s.limit = mostExported
	}
	s.whole = true // the last state is a sentence, of whatever happened last
	out := export.NewAnswer(c.Writer, export.TypeCSV, "message_tracking.csv")
	each := func(yield func(export.Row) error) error { return a.export(c.Request.Context(), &s, yield) }
	err = export.Rows(out, each, export.Options{Host: a.Host, Location: a.Location})
	if out.End(err, func(error) {}) {
		return nil, nil
	}
	return nil, err
}

// export hands out the rows of a search.
func (a *api) export(ctx context.Context, s *search, yield func(export.Row) error) error {
	at := place{}
	for skip, left := s.offset, s.limit; left > 0; skip = 0 {
		n := min(left, exportedAtOnce)
		rows, err := a.rows(ctx, s, &at, skip, n)
		if err != nil {
			return err
		}
		for _, l := range rows {
			if err := yield(exported(l)); err != nil {
				return err
			}
		}
		if left -= n; len(rows) < n {
			return nil
		}
	}
	return nil
}

func exported(l lineage) export.Row {
	final := l.final()
	row := export.Row{Message: l.root(), Last: final[len(final)-1]}
	for i := range l {
		row.MIDs = append(row.MIDs, l[i].MID)
	}
	return row
}

package reports

import (
	"context"
	"time"

	"esasim/appliance/reporting"
)

// answer is what every form has in common. Source: recorded answers, in which
// totalCount is -1 for a report without keys.
type answer struct {
	Meta struct {
		TotalCount int `json:"totalCount"`
	} `json:"meta"`
	Data struct {
		Type      string `json:"type"`
		ResultSet any    `json:"resultSet"`
	} `json:"data"`
}

func (q *asked) answer(count int, set any) answer {
	var a answer
	a.Meta.TotalCount, a.Data.Type, a.Data.ResultSet = count, q.Name, set
	return a
}

// keyed is one key with its value.
type keyed map[string]any

// whole answers sums. Source: recorded answers; that of a single counter is inferred.
func (a *api) whole(ctx context.Context, q *asked) (any, error) {
	found, err := a.ask(ctx, q)
	if err != nil {
		return nil, err
	}
	var rows []reporting.Row
	if len(found) > 0 {
		rows = found[0].Rows
	}
	if q.Key == "" {
		return q.answer(-1, q.plain(rows)), nil
	}
	rows, all := q.chosen(rows)
	set := map[string][]keyed{}
	for _, c := range q.counters {
		set[c] = make([]keyed, 0, len(rows))
		for i := range rows {
			set[c] = append(set[c], keyed{rows[i].Key: q.value(c, &rows[i])})
		}
	}
	return q.answer(all, set), nil
}

// plain are the counters of a report without keys.
func (q *asked) plain(rows []reporting.Row) any {
	var r *reporting.Row
	if len(rows) > 0 {
		r = &rows[0]
	}
	if len(q.counters) == 1 && len(q.Counters) > 1 {
		return keyed{q.counters[0]: q.value(q.counters[0], r)}
	}
	list := make([]keyed, 0, len(q.counters))
	for _, c := range q.counters {
		list = append(list, keyed{c: q.value(c, r)})
	}
	return list
}

// when writes a time as the API does.
func when(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// graph answers a series for each counter, and for each key. The form is inferred.
func (a *api) graph(ctx context.Context, q *asked) (any, error) {
	found, err := a.ask(ctx, q)
	if err != nil {
		return nil, err
	}
	if q.Key == "" {
		set := map[string][][3]any{}
		for _, c := range q.counters {
			set[c] = q.series(found, "", c)
		}
		return q.answer(-1, set), nil
	}
	var all []reporting.Row
	for i := range found {
		all = reporting.Join(all, found[i].Rows)
	}
	rows, n := q.chosen(all)
	set := map[string][]keyed{}
	for _, c := range q.counters {
		set[c] = make([]keyed, 0, len(rows))
		for i := range rows {
			set[c] = append(set[c], keyed{rows[i].Key: q.series(found, rows[i].Key, c)})
		}
	}
	return q.answer(n, set), nil
}

func (q *asked) series(found []reporting.Interval, key, counter string) [][3]any {
	out := make([][3]any, 0, len(found))
	for i := range found {
		out = append(out, [3]any{when(found[i].Begin), when(found[i].End), q.value(counter, reporting.Find(found[i].Rows, key))})
	}
	return out
}

// interval is one of an export. Source: a public client's reader.
type interval struct {
	Begin          string   `json:"begin_time"`
	End            string   `json:"end_time"`
	BeginTimestamp int64    `json:"begin_timestamp"`
	EndTimestamp   int64    `json:"end_timestamp"`
	Keys           []string `json:"keys,omitzero"` // none in reports by address
	Values         any      `json:"counter_values"`
}

// address is a row of an export by address. Source: a public client's reader, to which
// the key is the host's name.
type address struct {
	Values []any  `json:"counter_values"`
	IP     string `json:"ip_domain"`
	Key    string `json:"key"`
}

type exported struct {
	Intervals []interval `json:"time_intervals"` // the oldest first
	Counters  []string   `json:"counter_names"`
}

// export answers everything by time. The page that is asked for is one of each interval.
func (a *api) export(ctx context.Context, q *asked) (any, error) {
	found, err := a.ask(ctx, q)
	if err != nil {
		return nil, err
	}
	out := exported{Intervals: []interval{}, Counters: append([]string{}, q.counters...)}
	for i := range found {
		one := interval{Begin: when(found[i].Begin), End: when(found[i].End), BeginTimestamp: found[i].Begin.Unix(), EndTimestamp: found[i].End.Unix()}
		rows := found[i].Rows
		if q.Key != "" {
			rows, _ = q.chosen(rows)
		} else if len(rows) == 0 {
			rows = []reporting.Row{{}}
		}
		q.fill(&one, rows)
		out.Intervals = append(out.Intervals, one)
	}
	return q.answer(-1, out), nil
}

func (q *asked) fill(one *interval, rows []reporting.Row) {
	if q.ip {
		list := make([]address, 0, len(rows))
		for i := range rows {
			list = append(list, address{q.values(&rows[i]), reporting.Address(rows[i].Key), rows[i].Host.Name})
		}
		one.Values = list
		return
	}
	one.Keys = make([]string, 0, len(rows))
	list := make([][]any, 0, len(rows))
	for i := range rows {
		key := rows[i].Key
		if q.Key == "" {
			key = "total"
		}
		one.Keys, list = append(one.Keys, key), append(list, q.values(&rows[i]))
	}
	one.Values = list
}

func (q *asked) values(r *reporting.Row) []any {
	out := make([]any, 0, len(q.counters))
	for _, c := range q.counters {
		out = append(out, q.value(c, r))
	}
	return out
}

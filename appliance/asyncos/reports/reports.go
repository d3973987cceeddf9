// Package reports is the part of the AsyncOS REST API that answers reports: what
// package reporting has counted, under the names that the vendor gives to reports and
// counters.
package reports

import (
	"context"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"esasim/appliance/asyncos/rest"
	"esasim/appliance/reporting"
	"esasim/appliance/users"
)

// Counts answers what was counted.
type Counts interface {
	Ask(ctx context.Context, q reporting.Question) ([]reporting.Interval, error)
}

// Options of the area. Counts is required.
type Options struct {
	Counts Counts
	Host   string // the appliance's name
}

type api struct {
	Options
	reports map[string]*Report
}

func newAPI(o Options) *api {
	a := &api{Options: o, reports: map[string]*Report{}}
	all := Catalogue()
	for i := range all {
		a.reports[all[i].Name] = &all[i]
	}
	return a
}

// Routes are the calls of the area.
func Routes(o Options) []rest.Route {
	a := newAPI(o)
	var out []rest.Route
	for _, path := range []string{"reporting/{report}", "reporting/{report}/{counter}"} {
		out = append(out, rest.Route{Method: "GET", Path: path, Privilege: "e_reporting", May: MayRead, Takes: takes, Plus: plusses, Serve: a.serve})
	}
	return out
}

// MayRead: help desks track messages, no more. Source: AsyncOS user guide, "User Roles".
func MayRead(r users.Role) bool { return r.MayConfigure() }

// takes are the parameters of every report. Source: the appliance's own description of
// its API; that reports without keys take them, too, is inferred.
var takes = []string{"startDate", "endDate", "device_type", "device_group_name", "device_name", "query_type",
	"top", "offset", "limit", "orderBy", "orderDir", "filterBy", "filterOperator", "filterValue"}

// plusses are those in which + is itself: addresses have no blanks.
var plusses = []string{"filterValue"}

// The forms of an answer.
const (
	formWhole  = ""
	formGraph  = "graph"
	formExport = "export"
)

// mostRows bounds an answer; mostOffset what is passed over.
const (
	mostRows   = 1000
	mostOffset = 1_000_000
)

// asked is a report that is asked for.
type asked struct {
	*Report
	counters  []string // that are answered
	from, to  time.Time
	form      string
	by        number // of what rows are ordered
	ascending bool
	top       int
	offset    int
	limit     int
	filter    func(key string) bool
}

func (a *api) serve(c *rest.Call) (any, error) {
	q, err := a.read(c)
	if err != nil {
		return nil, err
	}
	switch {
	case q.form == formExport:
		return a.export(c.Request.Context(), q)
	case q.form == formGraph:
		return a.graph(c.Request.Context(), q)
	}
	return a.whole(c.Request.Context(), q)
}

// read reads what a call asks for.
func (a *api) read(c *rest.Call) (*asked, error) {
	r := a.reports[c.Request.PathValue("report")]
	if r == nil {
		return nil, rest.Fault{Status: http.StatusNotFound, Message: "There is no report " + rest.Clip(c.Request.PathValue("report")) + "."}
	}
	q := &asked{Report: r, counters: r.Counters}
	if one := c.Request.PathValue("counter"); one != "" {
		if !slices.Contains(r.Counters, one) {
			return nil, rest.Fault{Status: http.StatusNotFound, Message: "The report " + r.Name + " has no counter " + rest.Clip(one) + "."}
		}
		q.counters = []string{one}
	}
	for _, read := range []func(*rest.Call, *asked) error{a.device, span, order, page, filter} {
		if err := read(c, q); err != nil {
			return nil, err
		}
	}
	return q, nil
}

// device looks whether this appliance is meant.
func (a *api) device(c *rest.Call, q *asked) (err error) {
	if _, err = c.One("device_type", "esa"); err != nil {
		return err
	}
	if _, err = c.One("device_group_name", "Hosted_Cluster"); err != nil {
		return err
	}
	if _, err = c.One("device_name", a.Host); err != nil {
		return err
	}
	q.form, err = c.One("query_type", formGraph, formExport)
	return err
}

// span reads the dates, which reports have to the hour.
func span(c *rest.Call, q *asked) (err error) {
	if q.from, q.to, err = c.Span(true); err != nil {
		return err
	}
	for i, t := range []time.Time{q.from, q.to} {
		if t.Minute() != 0 {
			return rest.Wrong([]string{"startDate", "endDate"}[i], "want a date to the hour, as in 2020-05-14T13:00:00.000Z")
		}
	}
	question := reporting.Question{From: q.from, To: earlier(q.to, time.Now()), Step: q.step()}
	if q.form != formWhole && !question.Fits() {
		return rest.Wrong("startDate", "the time range is too long for this query_type")
	}
	return nil
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// step is what a series is told in: hours, or days if there would be too many.
func (q *asked) step() reporting.Step {
	switch {
	case q.form == formWhole:
		return 0
	case q.to.Sub(q.from) > 8*24*time.Hour:
		return reporting.Day
	}
	return reporting.Hour
}

// order reads in which order rows are. Without being told it is by the total, the
// largest first.
func order(c *rest.Call, q *asked) error {
	by, err := c.One("orderBy", q.Counters...)
	if err != nil {
		return rest.Wrong("orderBy", "want a counter of the report")
	}
	dir, err := c.One("orderDir", "asc", "desc")
	q.ascending = dir == "asc"
	if by == "" {
		by = q.defaultOrder()
	}
	q.by = q.number(by)
	return err
}

func (q *asked) defaultOrder() string {
	if len(q.counters) == 1 {
		return q.counters[0]
	}
	for _, total := range []string{"total_recipients", "total_recipients_processed", "incoming_total_recipients", "total_dlp_incidents", "total"} {
		if slices.Contains(q.Counters, total) {
			return total
		}
	}
	if len(q.Counters) > 0 {
		return q.Counters[0]
	}
	return ""
}

// page reads how many rows there are to be.
func page(c *rest.Call, q *asked) (err error) {
	if q.top, err = c.Number("top", 0, 1, mostRows); err != nil {
		return err
	}
	if q.offset, err = c.Number("offset", 0, 0, mostOffset); err != nil {
		return err
	}
	q.limit, err = c.Number("limit", mostRows, 1, mostRows)
	return err
}

// filterWord is what filterBy may be. Its words are not public, and as each report has
// one kind of key, none is needed.
var filterWord = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]{0,63}$`)

// filter reads which keys are meant.
func filter(c *rest.Call, q *asked) error {
	given := 0
	for _, name := range []string{"filterBy", "filterOperator", "filterValue"} {
		if c.Has(name) {
			given++
		}
	}
	if given == 0 {
		return nil
	}
	for _, name := range []string{"filterBy", "filterOperator", "filterValue"} {
		if c.Get(name) == "" {
			return rest.Missing(name)
		}
	}
	if !filterWord.MatchString(c.Get("filterBy")) {
		return rest.Wrong("filterBy", "want a word")
	}
	how, err := c.One("filterOperator", "begins_with", "is")
	want := strings.ToLower(c.Get("filterValue"))
	q.filter = func(key string) bool {
		key = strings.ToLower(key)
		return key == want || how == "begins_with" && strings.HasPrefix(key, want)
	}
	return err
}

// ask asks for a report's rows. Those of several tables with one key are one row each.
func (a *api) ask(ctx context.Context, q *asked) ([]reporting.Interval, error) {
	return a.askIn(ctx, q, q.step())
}

func (a *api) askIn(ctx context.Context, q *asked, step reporting.Step) ([]reporting.Interval, error) {
	var out []reporting.Interval
	for _, t := range q.tables {
		more, err := a.Counts.Ask(ctx, reporting.Question{Table: t, From: q.from, To: q.to, Step: step, Key: q.filter})
		if err != nil {
			return nil, err
		}
		if out == nil {
			out = more
			continue
		}
		for i := range min(len(out), len(more)) { // asked for at two moments: the last may be missing
			out[i].Rows = reporting.Join(out[i].Rows, more[i].Rows)
		}
	}
	return out, nil
}

// value is a row's counter; 0 for what is not fed.
func (q *asked) value(counter string, r *reporting.Row) any {
	if n := q.number(counter); n != nil && r != nil {
		return n(r)
	}
	return 0
}

// chosen are the rows of the page that is asked for, and how many there are on all.
func (q *asked) chosen(rows []reporting.Row) (page []reporting.Row, all int) {
	rows = slices.DeleteFunc(slices.Clone(rows), func(r reporting.Row) bool { return r.Key == reporting.Rest })
	reporting.Order(rows, func(r *reporting.Row) uint64 {
		if q.by == nil {
			return 0
		}
		n, _ := q.by(r).(uint64)
		return n
	}, q.ascending)
	if q.top > 0 {
		rows = rows[:min(q.top, len(rows))]
	}
	all = len(rows)
	rows = rows[min(q.offset, len(rows)):]
	return rows[:min(q.limit, len(rows))], all
}

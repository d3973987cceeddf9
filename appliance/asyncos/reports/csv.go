package reports

import (
	"encoding/csv"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"esasim/appliance/asyncos/rest"
	"esasim/appliance/export"
	"esasim/appliance/reporting"
)

// CSVPath is where the appliance's pages give reports as CSV.
const CSVPath = "/monitor/reports/report"

// sheet is a report as the pages have it: one of the catalogue, or counters of it.
type sheet struct {
	report   string
	counters []string // none: all
	top      int      // so many keys; 0: all
}

// sheets are the queries of public clients that reports of ours answer.
func sheets() map[string]sheet {
	out := map[string]sheet{
		"mga_overview_incoming_mail_summary":                {report: "mail_incoming_traffic_summary"},
		"mga_internal_users_user_monitoring":                {report: "mail_users_detail"},
		"mga_incoming_mail_domain_search":                   {report: "mail_incoming_domain_detail"},
		"mga_virus_types_top_incoming_virus_types":          {"mail_virus_type_detail", []string{"incoming_total_recipients"}, 10},
		"mga_content_filters_top_outgoing_cf_matches":       {report: "mail_content_filter_outgoing", top: 10},
		"mga_content_filters_top_incoming_cf_matches":       {report: "mail_content_filter_incoming", top: 10},
		"mga_content_filters_outgoing_cf_matches":           {report: "mail_content_filter_outgoing"},
		"mga_content_filters_incoming_cf_matches":           {report: "mail_content_filter_incoming"},
		"mga_content_filter_detail_content_filter_by_user":  {report: "mail_content_filter_users"},
		"mga_system_capacity_average_time_workqueue":        capacity("workqueue_average_time_spent"),
		"mga_system_capacity_average_messages_workqueue":    capacity("workqueue_average_messages"),
		"mga_system_capacity_max_messages_workqueue":        capacity("workqueue_maximum_messages"),
		"mga_system_capacity_total_incoming_connections":    capacity("incoming_connections"),
		"mga_system_capacity_total_incoming_messages":       capacity("incoming_messages"),
		"mga_system_capacity_average_incoming_message_size": capacity("average_incoming_message_size_in_bytes"),
		"mga_system_capacity_total_incoming_message_size":   capacity("bytes_in"),
		"mga_system_capacity_total_outgoing_connections":    capacity("outgoing_connections"),
		"mga_system_capacity_total_outgoing_messages":       capacity("outgoing_messages"),
		"mga_system_capacity_total_outgoing_message_size":   capacity("bytes_out"),
		"mga_system_capacity_average_outgoing_message_size": capacity("average_outgoing_message_size_in_bytes"),
		"mga_system_capacity_overall_cpu_usage":             capacity("overall_percent_cpu_usage"),
		"mga_system_capacity_swap_page_out":                 capacity("average_memory_page_swapping"),
		"mga_system_capacity_cpu_by_function": capacity("overall_percent_cpu_usage_for_antispam", "overall_percent_cpu_usage_for_antivirus",
			"overall_percent_cpu_usage_for_mail_count", "overall_percent_cpu_usage_for_quarantine", "overall_percent_cpu_usage_for_reporting"),
	}
	return out
}

func capacity(counters ...string) sheet {
	return sheet{report: "mail_system_capacity", counters: counters}
}

// CSVOptions are what the sheets need. Counts is required.
type CSVOptions struct {
	Counts   Counts
	Location *time.Location // in which hours and days begin; nil: UTC
	Logger   *slog.Logger   // nil: slog.Default()
}

// CSV serves reports as CSV. The caller asks who calls.
func CSV(o CSVOptions) http.Handler {
	if o.Location == nil {
		o.Location = time.UTC
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	a := newAPI(Options{Counts: o.Counts})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rows, err := a.sheet(r, o.Location)
		if f := (rest.Fault{}); errors.As(err, &f) {
			http.Error(w, f.Message, f.Status)
			return
		}
		if err != nil {
			if r.Context().Err() == nil {
				o.Logger.Error("a report could not be made", "error", err)
			}
			http.Error(w, "Internal error. It has been logged.", http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "text/csv; charset=utf-8")
		w.Header().Set("Content-Disposition", "attachment; filename="+r.URL.Query().Get("report_query_id")+".csv")
		out := csv.NewWriter(w)
		_ = out.WriteAll(rows) // the client is gone; there is nobody to tell
	})
}

// sheet are the rows that a request asks for, the names of the columns first.
func (a *api) sheet(r *http.Request, in *time.Location) ([][]string, error) {
	p := r.URL.Query()
	for name := range p {
		if !slices.Contains([]string{"format", "report_query_id", "report_def_id", "date_range", "profile_type"}, name) {
			return nil, rest.Wrong(name, "unknown")
		}
	}
	if p.Get("format") != "csv" {
		return nil, rest.Wrong("format", "want csv")
	}
	s, ok := sheets()[p.Get("report_query_id")]
	if !ok {
		return nil, rest.Fault{Status: http.StatusNotFound, Message: "There is no report " + rest.Clip(p.Get("report_query_id")) + "."}
	}
	from, step, ok := since(p.Get("date_range"), time.Now().In(in))
	if !ok {
		return nil, rest.Wrong("date_range", "want current_hour, current_day, current_week or current_month")
	}
	report := a.reports[s.report]
	q := &asked{Report: report, counters: report.Counters, from: from, to: time.Now(), limit: mostRows, top: s.top}
	if len(s.counters) > 0 {
		q.counters = s.counters
	}
	q.by = q.number(q.defaultOrder())
	return a.cells(r, q, step, in)
}

// since is when a range begins that lasts until now, and in what steps a report
// without keys is told.
func since(word string, now time.Time) (from time.Time, step reporting.Step, ok bool) {
	y, m, d := now.Date()
	switch word {
	case "current_hour":
		return now.Truncate(time.Minute).Add(-time.Duration(now.Minute()) * time.Minute), reporting.Hour, true
	case "current_day":
		return time.Date(y, m, d, 0, 0, 0, 0, now.Location()), reporting.Hour, true
	case "current_week":
		return time.Date(y, m, d-int(now.Weekday()), 0, 0, 0, 0, now.Location()), reporting.Day, true
	case "current_month":
		return time.Date(y, m, 1, 0, 0, 0, 0, now.Location()), reporting.Day, true
	}
	return now, 0, false
}

func (a *api) cells(r *http.Request, q *asked, step reporting.Step, in *time.Location) ([][]string, error) {
	head := []string{"Begin Timestamp", "End Timestamp", "Begin Date", "End Date"}
	if q.Key != "" {
		head, step = append(head, "Key"), 0
	}
	found, err := a.askIn(r.Context(), q, step)
	if err != nil {
		return nil, err
	}
	rows := [][]string{append(head, q.counters...)}
	for i := range found {
		list := found[i].Rows
		if q.Key != "" {
			list, _ = q.chosen(list)
		} else if len(list) == 0 {
			list = []reporting.Row{{}}
		}
		for j := range list {
			cells := bounds(&found[i], in)
			if q.Key != "" {
				cells = append(cells, export.Inert(list[j].Key))
			}
			for _, v := range q.values(&list[j]) {
				cells = append(cells, export.Inert(fmt.Sprint(v)))
			}
			rows = append(rows, cells)
		}
	}
	return rows, nil
}

// bounds are the cells of a time range, whose end is the minute before it ends. Source
// of the form: AsyncOS user guide, "Retrieving CSV Data Via Automated Processes".
func bounds(one *reporting.Interval, in *time.Location) []string {
	date := func(t time.Time) string { return t.In(in).Format("2006-01-02 15:04 ") + zone(t, in) }
	end := one.End.Add(-time.Second)
	return []string{fmt.Sprintf("%d.0", one.Begin.Unix()), fmt.Sprintf("%d.0", end.Unix()), date(one.Begin), date(end)}
}

// zone is the name of the time zone, GMT for UTC.
func zone(t time.Time, in *time.Location) string {
	name, _ := t.In(in).Zone()
	return strings.Replace(name, "UTC", "GMT", 1)
}

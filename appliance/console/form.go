package console

import (
	"encoding/hex"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"esasim/esa"
	"esasim/tracking"
)

// The fields of the search form carry the names of the classic interface's form
// (public client). Ours: icid, direction, before (the cursor) and first (the
// number of the first row, for display only). The message events follow.
var fields = append([]string{
	"action", "sender_match", "sender", "recipient_match", "recipient", "subject_match", "subject",
	"timerange", "date_from", "time_from", "date_to", "time_to",
	"sender_ip", "message_id", "mid", "icid", "attachment_match", "attachment", "file_sha256", "direction",
	"query_timeout", "pageSize", "before", "first",
}, eventFields()...)

// advanced are the fields of the fold-out.
var advanced = append([]string{"sender_ip", "message_id", "mid", "icid", "attachment", "file_sha256", "direction", "query_timeout"}, eventFields()...)

const (
	dateForm  = "01/02/2006"
	clockForm = "15:04"
)

// form is a search as the user typed it, what it means, and what is wrong with
// it by field.
type form struct {
	values   url.Values
	now      time.Time // in the appliance's time zone
	Query    tracking.Query
	Problems map[string]string
	First    int // number of the page's first row, from 1
}

// readForm reads the search form. Absent fields have the form's defaults.
func readForm(values url.Values, now time.Time) *form {
	f := &form{values: values, now: now, Problems: map[string]string{}}
	f.Query = tracking.Query{
		Sender:     f.text("sender"),
		Recipient:  f.text("recipient"),
		Subject:    f.text("subject"),
		Attachment: f.text("attachment"),
		SHA256:     f.sha256(),
		MessageID:  f.trimmed("message_id"),
		MID:        esa.MID(f.number("mid")),
		ICID:       esa.ICID(f.number("icid")),
		SenderIP:   f.senderIP(),
		Direction:  f.direction(),
		Before:     esa.MID(f.number("before")),
		Limit:      f.pageSize(),
		Timeout:    f.timeout(),
	}
	f.Query.From, f.Query.To = f.timeRange()
	f.events(&f.Query)
	f.check()
	f.First = max(1, int(min(f.number("first"), 1_000_000_000)))
	return f
}

// check asks message tracking whether it can make a search whose fields are all
// right by themselves.
func (f *form) check() {
	if len(f.Problems) > 0 {
		return
	}
	if err := f.Query.Check(); err != nil {
		f.wrong("action", "This search is not valid: "+err.Error()+".")
	}
}

func (f *form) wrong(field, problem string) { f.Problems[field] = problem }

func (f *form) trimmed(field string) string { return strings.TrimSpace(f.values.Get(field)) }

// text keeps blanks at the ends: a subject may have them.
func (f *form) text(field string) tracking.Text {
	t := tracking.Text{Value: f.values.Get(field)}
	switch f.values.Get(field + "_match") {
	case "", "match_begins":
	case "match_is":
		t.Op = tracking.Is
	case "match_contains":
		t.Op = tracking.Contains
	case matchEmpty:
		return f.empty(field)
	default:
		f.wrong(field, "Choose Begins With, Is or Contains.")
	}
	return t
}

// matchEmpty is the operator Is Empty, which the subject alone has.
const matchEmpty = "match_empty"

func (f *form) empty(field string) tracking.Text {
	switch {
	case field != "subject":
		f.wrong(field, "Choose Begins With, Is or Contains.")
	case f.values.Get(field) != "":
		f.wrong(field, "Is Empty takes no text: take it out, or choose another operator.")
	}
	return tracking.Text{Op: tracking.Empty}
}

func (f *form) number(field string) uint64 {
	s := f.trimmed(field)
	if s == "" {
		return 0
	}
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil || n == 0 {
		f.wrong(field, "Enter a whole number from 1 up.")
	}
	return n
}

func (f *form) sha256() string {
	s := strings.ToLower(f.trimmed("file_sha256"))
	if b, err := hex.DecodeString(s); s != "" && (err != nil || len(b) != 32) {
		f.wrong("file_sha256", "Enter the 64 hexadecimal digits of a SHA-256.")
	}
	return s
}

func (f *form) senderIP() netip.Prefix {
	s := f.trimmed("sender_ip")
	if s == "" {
		return netip.Prefix{}
	}
	if addr, err := netip.ParseAddr(s); err == nil && addr.Zone() == "" {
		addr = addr.Unmap()
		return netip.PrefixFrom(addr, addr.BitLen())
	}
	p, err := netip.ParsePrefix(s)
	if err != nil {
		f.wrong("sender_ip", "Enter an IP address such as 192.0.2.7 or a network such as 192.0.2.0/24.")
		return netip.Prefix{}
	}
	return p.Masked()
}

func (f *form) direction() *esa.Direction {
	d := esa.Incoming
	switch f.values.Get("direction") {
	case "":
		return nil
	case "incoming":
	case "outgoing":
		d = esa.Outgoing
	default:
		f.wrong("direction", "Choose Incoming or Outgoing.")
	}
	return &d
}

func (f *form) pageSize() int {
	switch s := f.values.Get("pageSize"); s {
	case "", "20":
	case "50":
		return 50
	case "100":
		return 100
	default:
		f.wrong("pageSize", "Choose 20, 50 or 100 items per page.")
	}
	return tracking.DefaultLimit
}

// timeouts are the choices of Query Timeout. Source: AsyncOS user guide, "Tracking
// Messages"; the values in the form are inferred, and the default is ours: who
// waits here is mostly a test.
var timeouts = []choice{{"", "10 Seconds"}, {"1m", "1 Minute"}, {"2m", "2 Minutes"}, {"5m", "5 Minutes"}, {"10m", "10 Minutes"}}

type choice struct{ Value, Label string }

// Timeouts lists them for the form.
func (f *form) Timeouts() []choice { return timeouts }

// timeout is 0 when the default was chosen.
func (f *form) timeout() time.Duration {
	s := f.values.Get("query_timeout")
	if s == "" {
		return 0
	}
	d, err := time.ParseDuration(s)
	if err != nil || !slices.ContainsFunc(timeouts, func(c choice) bool { return c.Value == s }) {
		f.wrong("query_timeout", "Choose one of the times.")
	}
	return d
}

// timeRange is when messages must have been received. The end of a custom range
// is a minute, and that minute belongs to it.
func (f *form) timeRange() (from, to time.Time) {
	switch f.Range() {
	case "range_day":
		return f.now.AddDate(0, 0, -1), time.Time{}
	case "range_week":
		return f.now.AddDate(0, 0, -7), time.Time{}
	case "custom":
		from, to = f.moment("date_from", "time_from"), f.moment("date_to", "time_to").Add(time.Minute)
		if len(f.Problems) == 0 && !from.Before(to) {
			f.wrong("date_to", "The end of the range must not lie before its start.")
		}
		return from, to
	}
	f.wrong("timerange", "Choose Last Day, Last Week or Custom Range.")
	return f.now, time.Time{}
}

func (f *form) moment(date, clock string) time.Time {
	day, err := time.ParseInLocation(dateForm, f.Value(date), f.now.Location())
	if err != nil {
		f.wrong(date, "Enter a date as mm/dd/yyyy.")
	}
	at, err := time.Parse(clockForm, f.Value(clock))
	if err != nil {
		f.wrong(clock, "Enter a time as hh:mm.")
	}
	return time.Date(day.Year(), day.Month(), day.Day(), at.Hour(), at.Minute(), 0, 0, f.now.Location())
}

// Range is the chosen radio button.
func (f *form) Range() string {
	if r := f.values.Get("timerange"); r != "" {
		return r
	}
	return "range_day"
}

// Value is what a field shows: what was typed, else the default of the custom
// range, from yesterday's hour until now, as in the guide's picture.
func (f *form) Value(field string) string {
	if v := f.values.Get(field); v != "" {
		return v
	}
	switch field {
	case "date_from":
		return f.now.AddDate(0, 0, -1).Format(dateForm)
	case "time_from":
		return f.now.Format("15") + ":00"
	case "date_to":
		return f.now.Format(dateForm)
	case "time_to":
		return f.now.Format(clockForm)
	}
	return ""
}

// Problem is what is wrong with a field, "" if nothing is.
func (f *form) Problem(field string) string { return f.Problems[field] }

// Wrong lists what is wrong in the order of the form, for the notice above it.
func (f *form) Wrong() []problem {
	var out []problem
	for _, field := range append(slices.Clone(fields), "scope") {
		if text := f.Problems[field]; text != "" {
			out = append(out, problem{field, label(field), text})
		}
	}
	return out
}

type problem struct{ Field, Label, Text string }

// labels are the names of the fields as the form shows them.
var labels = map[string]string{
	"sender": "Envelope Sender", "recipient": "Envelope Recipient", "subject": "Subject",
	"timerange": "Message Received", "date_from": "Start Date", "time_from": "Start Time",
	"date_to": "End Date", "time_to": "End Time", "sender_ip": "Sender IP Address",
	"message_id": "Message ID Header", "mid": "Cisco IronPort MID", "icid": "ICID",
	"attachment": "Attachment Name", "file_sha256": "File SHA256", "direction": "Message Direction",
	"action": "Search", "query_timeout": "Query Timeout", "pageSize": "Items per page", "quarantine_name": "Quarantined To", "message_filter_name": "Message Filters",
	"content_filter_name": "Content Filters", "dlp_policy": "DLP Violations", ampField: "Advanced Malware Protection",
}

// Is tells whether a choice is the chosen one.
func (f *form) Is(field, value string) bool { return f.values.Get(field) == value }

// Open tells whether the advanced criteria are shown: when one is used.
func (f *form) Open() bool {
	for _, field := range advanced {
		if f.values.Get(field) != "" || f.Problems[field] != "" {
			return true
		}
	}
	return false
}

// Zone is the time zone of the dates typed: "(GMT +00:00)".
func (f *form) Zone() string { return f.now.Format(zoneForm) }

// link is the search again with some fields changed; "" removes one. Fields that
// say nothing are left out.
func (f *form) link(path string, changes ...string) string {
	q := url.Values{}
	for field, v := range f.values {
		if v[0] != "" {
			q.Set(field, v[0])
		}
	}
	for i := 0; i+1 < len(changes); i += 2 {
		if q.Del(changes[i]); changes[i+1] != "" {
			q.Set(changes[i], changes[i+1])
		}
	}
	return path + "?" + q.Encode()
}

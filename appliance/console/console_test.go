package console

import (
	"encoding/csv"
	"errors"
	"flag"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"esasim/esa"
	"esasim/internal/web"
	"esasim/tracking"
)

var update = flag.Bool("update", false, "write the goldens anew")

// TestPages compares whole pages.
func TestPages(t *testing.T) {
	for name, target := range map[string]string{
		"form":      "/monitor/message_tracking",
		"found":     "/monitor/message_tracking?subject_match=match_begins&subject=test+test&timerange=range_day&action=Search",
		"none":      "/monitor/message_tracking?subject=nothing+like+it",
		"problems":  "/monitor/message_tracking?timerange=custom&date_from=2020-05-13&time_to=25:00&mid=eight&sender_ip=300.1.1.1",
		"events":    "/monitor/message_tracking?virus_positive=1&quarantine_name=Policy&amp_verdict=amp_lowrisk&content_filter=1&hard_bounced=yes",
		"details":   "/monitor/message_tracking/details?mid=8",
		"not-yet":   "/network",
		"not-found": "/monitor/message_tracking/details?mid=99",
	} {
		t.Run(name, func(t *testing.T) { golden(t, name+".html", get(t, guide(), target).Body.String()) })
	}
	t.Run("empty", func(t *testing.T) {
		golden(t, "empty.html", get(t, &fakeTracker{}, "/monitor/message_tracking").Body.String())
	})
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
}

// TestScenarios asks for something and looks for words of the guide.
func TestScenarios(t *testing.T) {
	for _, s := range []struct {
		name    string
		tracker *fakeTracker
		target  string
		status  int
		want    []string
		unwant  []string
	}{
		{name: "the start leads to message tracking", target: "/", status: http.StatusFound},
		{name: "so does the later path", target: "/monitor_email_tracking/message_tracking?mid=8", status: http.StatusFound},
		{name: "menu and banner", target: "/monitor/message_tracking", status: 200, want: []string{
			"Cisco C100V", "Email Security Virtual Appliance", "Monitor", "Mail Policies", "Security Services", "Network", "System Administration",
			"Available Time Range: 14 May 2020 12:48 to 14 May 2020 13:23 (GMT +00:00)", "Data in time range: 100.0% complete",
			"Last Day", "Last Week", "Custom Range", "05/13/2020", "13:00", "05/14/2020", "13:42"},
			unwant: []string{"Results"}},
		{name: "the guide's search", target: "/monitor/message_tracking?subject=test+test", status: 200, want: []string{
			"Generated: 14 May 2020 13:42 (GMT +00:00)", "Displaying 1 — 1 of 1 items.", "14 May 2020 13:23:57 (GMT +00:00)", "MID: 8", "Show Details",
			"mgmt01@cisco.com", "testingBren@cisco.com", "Message 8 to testingBren@cisco.com received remote SMTP response 'ok: Message 8 accepted'"}},
		{name: "every message of the day", target: "/monitor/message_tracking?timerange=range_day", status: 200,
			want: []string{"Displaying 1 — 8 of 8 items."}, unwant: []string{"Next page"}},
		{name: "a custom range ends with its last minute", status: 200, want: []string{"of 1 items", "MID: 8"},
			target: "/monitor/message_tracking?timerange=custom&date_from=05/14/2020&time_from=13:23&date_to=05/14/2020&time_to=13:23"},
		{name: "first page of many", tracker: many(57), target: "/monitor/message_tracking?sender=", status: 200,
			want: []string{"Displaying 1 — 20 of 57 items.", "before=38", "first=21"}},
		{name: "last page of many", tracker: many(57), target: "/monitor/message_tracking?before=18&first=41", status: 200,
			want: []string{"Displaying 41 — 57 of 57 items.", "First page"}, unwant: []string{"Next page"}},
		{name: "more than the maximum", tracker: many(1200), target: "/monitor/message_tracking?pageSize=50", status: 200,
			want: []string{"Displaying 1 — 50 of 1000+ items."}},
		{name: "a later page of more than the maximum", tracker: many(1200), target: "/monitor/message_tracking?before=1181&first=21", status: 200,
			want: []string{"Displaying 21 — 40 of 1000+ items."}},
		{name: "exactly the maximum", tracker: many(1000), target: "/monitor/message_tracking?before=981&first=21", status: 200,
			want: []string{"Displaying 21 — 40 of 1000 items."}},
		{name: "a first row of nowhere", tracker: many(57), target: "/monitor/message_tracking?first=999999999999", status: 200,
			want: []string{"Displaying 1000000000 — 1000000019 of 1000+ items."}},
		{name: "the count breaks", tracker: &fakeTracker{messages: many(57).messages, uncounted: errBroken}, status: 500,
			target: "/monitor/message_tracking?sender=", want: []string{"Message tracking did not answer"}, unwant: []string{"disk on fire"}},
		{name: "retention has taken a part", status: 200, target: "/monitor/message_tracking?timerange=range_day",
			tracker: &fakeTracker{messages: []esa.Message{delivered(900, moment.Add(-11*time.Hour-41*time.Minute-47*time.Second), "x")}},
			want:    []string{"Data in time range: 50.0% complete"}},
		{name: "details", target: "/monitor/message_tracking/details?mid=8", status: 200, want: []string{
			"Received Time:", "MID:", "70.3 (KB)", "Subject:", "Envelope Sender:", "Envelope Recipients:", "Message ID Header:",
			"Cisco IronPort Host:", "SMTP Auth User ID:", "Attachments:", "Sending Host Summary", "localhost (verified)", "Processing Details",
			"Start message 8 on incoming connection (ICID 5).",
			"<strong>Message 8 to testingBren@cisco.com received remote SMTP response 'ok: Message 8 accepted'.</strong>"}},
		{name: "details end with the message", target: "/monitor/message_tracking/details?mid=8", tracker: closedLater(), status: 200,
			want: []string{"<strong>Message 8 to testingBren@cisco.com"}, unwant: []string{"closed"}},
		{name: "a delivery to a thousand", target: "/monitor/message_tracking/details?mid=8", tracker: toMany(1000), status: 200,
			want: []string{"<strong>Message 8 to user0@many.example, ", " … ", "user999@many.example received remote SMTP response 'ok: Message 8 accepted'."}},
		{name: "its last state", target: "/monitor/message_tracking?mid=8", tracker: toMany(1000), status: 200,
			want: []string{"Message 8 to user0@many.example, ", " … ", "user999@many.example received remote SMTP response 'ok: Message 8 accepted'"}},
		{name: "details of a message that was made from another, and led to others", target: "/monitor/message_tracking/details?mid=10", tracker: related(), status: 200,
			want: []string{`Came from <a href="/monitor/message_tracking/details?mid=9">MID 9</a>.`,
				`Led to <a href="/monitor/message_tracking/details?mid=11">MID 11</a>, <a`, "MID 110</a> and 20 more.",
				"<strong>Message 10 rewritten to message 130 by antispam.</strong>"}},
		{name: "details of a message without relatives", target: "/monitor/message_tracking/details?mid=8", status: 200, unwant: []string{"Came from", "Led to"}},
		{name: "a chosen event opens the advanced criteria", target: "/monitor/message_tracking?delivered=1", status: 200,
			want: []string{`<details class="advanced" open>`, `name="delivered" value="1" checked`}},
		{name: "the next page keeps the events", tracker: many(57), target: "/monitor/message_tracking?delivered=1&dlp_policy=HIPAA", status: 200,
			want: []string{"before=38&delivered=1&dlp_policy=HIPAA&first=21", "export?delivered=1"}},
		{name: "a box with another value", target: "/monitor/message_tracking?soft_bounced=on", status: 400, want: []string{`<a href="#soft_bounced">Soft Bounced</a>: Tick Soft Bounced`}},
		{name: "an unknown verdict of AMP", target: "/monitor/message_tracking?amp_verdict=bad", status: 400, want: []string{`<a href="#amp_verdict">Advanced Malware Protection</a>: Choose`}},
		{name: "no such MID", target: "/monitor/message_tracking/details?mid=99", status: 404, want: []string{"No message with MID 99 is tracked."}},
		{name: "a MID that is none", target: "/monitor/message_tracking/details?mid=-1", status: 400, want: []string{"not a whole number"}},
		{name: "no MID", target: "/monitor/message_tracking/details", status: 400},
		{name: "a MID too large", target: "/monitor/message_tracking?mid=99999999999999999999999", status: 400, want: []string{"Cisco IronPort MID"}},
		{name: "unknown parameters are named", target: "/monitor/message_tracking?colour=red&Subject=x", status: 400, want: []string{"Subject, colour"}},
		{name: "parameters given twice", target: "/monitor/message_tracking?mid=1&mid=2", status: 400, want: []string{"mid"}},
		{name: "a query that cannot be read", target: "/monitor/message_tracking?subject=%zz", status: 400, want: []string{"cannot be read"}, unwant: []string{"Displaying"}},
		{name: "a query with a semicolon", target: "/monitor/message_tracking/details?mid=8;mid=9", status: 400, want: []string{"cannot be read"}},
		{name: "bad operator", target: "/monitor/message_tracking?sender_match=like", status: 400, want: []string{"Choose Begins With, Is or Contains."}},
		{name: "an empty subject", target: "/monitor/message_tracking?subject_match=match_empty", status: 200,
			tracker: &fakeTracker{messages: []esa.Message{delivered(2, moment, "x"), delivered(1, moment, "")}},
			want:    []string{"of 1 items", "MID: 1", "(No Subject)", `value="match_empty" selected`}},
		{name: "an empty subject with a text", target: "/monitor/message_tracking?subject_match=match_empty&subject=x", status: 400, want: []string{"Is Empty takes no text"}},
		{name: "an empty sender is not asked for so", target: "/monitor/message_tracking?sender_match=match_empty", status: 400, want: []string{"Choose Begins With, Is or Contains."}},
		{name: "what tracking cannot search for", target: "/monitor/message_tracking?message_id=%3C%3E", status: 400, want: []string{`<a href="#action">Search</a>: This search is not valid:`}},
		{name: "bad page size", target: "/monitor/message_tracking?pageSize=1000000", status: 400, want: []string{"Items per page"}},
		{name: "bad cursor", target: "/monitor/message_tracking?before=x", status: 400, want: []string{"before"}},
		{name: "bad hash", target: "/monitor/message_tracking?file_sha256=abc", status: 400, want: []string{"64 hexadecimal digits"}},
		{name: "bad direction", target: "/monitor/message_tracking?direction=up", status: 400, want: []string{"Choose Incoming or Outgoing."}},
		{name: "bad range", target: "/monitor/message_tracking?timerange=year", status: 400, want: []string{"Choose Last Day"}},
		{name: "a range backwards", status: 400, want: []string{"must not lie before"},
			target: "/monitor/message_tracking?timerange=custom&date_from=05/14/2020&date_to=05/13/2020"},
		{name: "tracking is broken", tracker: &fakeTracker{broken: errBroken}, target: "/monitor/message_tracking?mid=1", status: 500,
			want: []string{"Message tracking did not answer"}, unwant: []string{"disk on fire"}},
		{name: "a search that took too long", target: "/monitor/message_tracking?subject=load&query_timeout=2m", status: 200,
			tracker: &fakeTracker{messages: many(57).messages, slow: 15},
			want: []string{"Displaying 1 — 15 of 15+ items.", "The search ended early: the time limit of 10s was reached.", "before=43&first=16&query_timeout=2m&subject=load", "Go on searching",
				`<option value="2m" selected>2 Minutes`},
			unwant: []string{"Next page", "No messages match"}},
		{name: "one that found nothing in its time", target: "/monitor/message_tracking?subject=other&first=21", status: 200, tracker: &fakeTracker{messages: many(57).messages, slow: 1},
			want: []string{"Displaying 0 — 0 of 20+ items.", "Go on searching", "first=21"}, unwant: []string{"No messages match", "Next page"}},
		{name: "a count that took too long", target: "/monitor/message_tracking?subject=load", status: 200, tracker: &fakeTracker{messages: many(57).messages, counting: tracking.DefaultTimeout},
			want: []string{"Displaying 1 — 20 of 57+ items."}},
		{name: "a count that took no longer than it may", target: "/monitor/message_tracking?subject=load&query_timeout=1m", status: 200,
			tracker: &fakeTracker{messages: many(57).messages, counting: countTime / 2}, want: []string{"Displaying 1 — 20 of 57 items."}},
		{name: "another timeout", target: "/monitor/message_tracking?query_timeout=3m", status: 400, want: []string{`<a href="#query_timeout">Query Timeout</a>: Choose one of the times.`}},
		{name: "a menu entry without a page", target: "/mail_policies", status: 200, want: []string{"Not emulated yet"}},
		{name: "no such page", target: "/nothing", status: 404, want: []string{"/nothing"}},
		{name: "no listing of files", target: "/static/", status: 404},
		{name: "no way out of the files", target: "/static/..%2fconsole.go", status: 404},
	} {
		t.Run(s.name, func(t *testing.T) {
			tracker := s.tracker
			if tracker == nil {
				tracker = guide()
			}
			w := get(t, tracker, s.target)
			if w.Code != s.status {
				t.Errorf("status %d, want %d", w.Code, s.status)
			}
			text := plain(w.Body.String())
			for _, want := range s.want {
				if !strings.Contains(text, want) {
					t.Errorf("the page lacks %q", want)
				}
			}
			for _, unwant := range s.unwant {
				if strings.Contains(text, unwant) {
					t.Errorf("the page has %q", unwant)
				}
			}
			if n := w.Body.Len(); n > 200_000 {
				t.Errorf("the page has %d bytes", n)
			}
		})
	}
}

// plain undoes what escaping does to the signs in the expected texts, and folds
// blanks as a browser does.
func plain(html string) string {
	html = strings.NewReplacer("&#39;", "'", "&#43;", "+", "&amp;", "&").Replace(html)
	return regexp.MustCompile(`[ \t\n]+`).ReplaceAllString(html, " ")
}

// TestQuery holds what the fields of the form mean to message tracking.
func TestQuery(t *testing.T) {
	now := time.Date(2020, 5, 14, 13, 42, 10, 0, time.UTC)
	out := esa.Outgoing
	day := now.AddDate(0, 0, -1)
	for query, want := range map[string]tracking.Query{
		"":                             {From: day},
		"sender=a&timerange=range_day": {From: day, Sender: tracking.Text{Value: "a"}},
		"timerange=range_week&recipient=b&recipient_match=match_is": {From: now.AddDate(0, 0, -7), Recipient: tracking.Text{Op: tracking.Is, Value: "b"}},
		"subject=+s+&subject_match=match_contains":                  {From: day, Subject: tracking.Text{Op: tracking.Contains, Value: " s "}},
		"subject_match=match_empty":                                 {From: day, Subject: tracking.Text{Op: tracking.Empty}},
		"query_timeout=5m":                                          {From: day, Timeout: 5 * time.Minute},
		"attachment=a.pdf&mid=+8&icid=5&message_id=%3Cx%3E":         {From: day, Attachment: tracking.Text{Value: "a.pdf"}, MID: 8, ICID: 5, MessageID: "<x>"},
		"sender_ip=192.0.2.7&direction=outgoing":                    {From: day, SenderIP: netip.MustParsePrefix("192.0.2.7/32"), Direction: &out},
		"sender_ip=192.0.2.7/24&pageSize=100&before=9":              {From: day, SenderIP: netip.MustParsePrefix("192.0.2.0/24"), Limit: 100, Before: 9},
		"sender_ip=2001:db8::1":                                     {From: day, SenderIP: netip.MustParsePrefix("2001:db8::1/128")},
		"file_sha256=" + strings.Repeat("Ab", 32):                   {From: day, SHA256: strings.Repeat("ab", 32)},
		"timerange=custom&date_from=05/01/2020&time_from=00:30&date_to=05/02/2020&time_to=10:00": {
			From: time.Date(2020, 5, 1, 0, 30, 0, 0, time.UTC), To: time.Date(2020, 5, 2, 10, 1, 0, 0, time.UTC)},
		"virus_positive=1&spam_positive=1&suspect_spam=1": {From: day, Events: []tracking.EventMatch{
			{Kind: esa.EngineVerdict, Engine: esa.AntiVirus, Verdict: esa.Positive}, {Kind: esa.EngineVerdict, Engine: esa.AntiSpam, Verdict: esa.Positive},
			{Kind: esa.EngineVerdict, Engine: esa.AntiSpam, Verdict: esa.Suspect}}},
		"quarantined_as_spam=1&outbreak_quarantine=1": {From: day, Held: []string{"Outbreak"}, Events: []tracking.EventMatch{
			{Kind: esa.MessageQuarantined, Engine: esa.AntiSpam}, {Kind: esa.MessageQuarantined, Engine: esa.Graymail}}},
		"hard_bounced=1&soft_bounced=1&delivered=1": {From: day, Events: []tracking.EventMatch{
			{Kind: esa.RecipientBounced}, {Kind: esa.RecipientDelayed}, {Kind: esa.RecipientDelivered}}},
		"dropped=1&aborted=1":                             {From: day, States: []esa.State{esa.Dropped, esa.Aborted}},
		"quarantined_to=1":                                {From: day, Events: []tracking.EventMatch{{Kind: esa.MessageQuarantined}}},
		"quarantined_to=1&quarantine_name=+Policy+":       {From: day, Events: []tracking.EventMatch{{Kind: esa.MessageQuarantined, Name: "Policy"}}},
		"content_filter_name=f&content_filter=":           {From: day, Events: []tracking.EventMatch{{Kind: esa.EngineVerdict, Engine: esa.ContentFilters, Verdict: esa.Positive, Name: "f"}}},
		"message_filter_name=g&dlp_violations=1":          {From: day, Events: []tracking.EventMatch{{Kind: esa.EngineVerdict, Engine: esa.MessageFilters, Verdict: esa.Positive, Name: "g"}, {Kind: esa.EngineVerdict, Engine: esa.DLP, Verdict: esa.Positive}}},
		"amp_verdict=amp_clean&quarantine_name=&dropped=": {From: day, Events: []tracking.EventMatch{{Kind: esa.EngineVerdict, Engine: esa.AMP, Verdict: esa.Negative}}},
		"graymail=1&sender=a": {From: day, Sender: tracking.Text{Value: "a"}, Events: []tracking.EventMatch{
			{Kind: esa.EngineVerdict, Engine: esa.Graymail, Verdict: esa.Positive}, {Kind: esa.EngineVerdict, Engine: esa.Graymail, Verdict: esa.Marketing},
			{Kind: esa.EngineVerdict, Engine: esa.Graymail, Verdict: esa.Social}, {Kind: esa.EngineVerdict, Engine: esa.Graymail, Verdict: esa.Bulk}}},
	} {
		values, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		f := readForm(values, now)
		if len(f.Problems) > 0 {
			t.Errorf("%s: %v", query, f.Problems)
		}
		if want.Limit == 0 {
			want.Limit = 20
		}
		if diff := cmp.Diff(want, f.Query, cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })); diff != "" {
			t.Errorf("%s (-want +got):\n%s", query, diff)
		}
	}
}

// TestEventsAsk: each event of the form asks for something, under a label, and
// asking twice asks the same.
func TestEventsAsk(t *testing.T) {
	for _, e := range events {
		for range 2 {
			f := readForm(url.Values{e.field: {"1"}}, moment)
			if n := len(f.Query.States) + len(f.Query.Held) + len(f.Query.Events); n == 0 || label(e.field) == e.field || len(f.Problems) > 0 {
				t.Errorf("%s: asks for %d things, %v", e.field, n, f.Problems)
			}
			for _, m := range f.Query.Events {
				if m.Name != "" {
					t.Errorf("%s asks for the name %q", e.field, m.Name)
				}
			}
		}
		if e.named != "" {
			f := readForm(url.Values{e.named: {"x"}}, moment)
			if len(f.Query.Events) != 1 || f.Query.Events[0].Name != "x" || label(e.named) == e.named {
				t.Errorf("%s: %v", e.named, f.Query.Events)
			}
		}
	}
}

// TestZone: dates are shown, and read, in the appliance's time zone.
func TestZone(t *testing.T) {
	zone := time.FixedZone("", -5*3600)
	f := readForm(url.Values{"timerange": {"custom"}, "date_from": {"05/14/2020"}, "time_from": {"08:00"}, "date_to": {"05/14/2020"}, "time_to": {"09:00"}},
		moment.In(zone))
	if got := f.Query.From.UTC().Format(time.TimeOnly); got != "13:00:00" || f.Zone() != "(GMT -05:00)" {
		t.Errorf("from %s zone %s", got, f.Zone())
	}
}

func TestExport(t *testing.T) {
	for scope, rows := range map[string]int{"page": 20, "all": 1200} {
		tracker := many(1200)
		w := get(t, tracker, "/monitor/message_tracking/export?scope="+scope+"&subject=load")
		if got := w.Header().Get("Content-Disposition"); got != `attachment; filename="message_tracking_20200514T134210.csv"` {
			t.Errorf("disposition %s", got)
		}
		records, err := csv.NewReader(w.Body).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		if len(records) != rows+1 || records[1][1] != "1200" {
			t.Errorf("%s: %d records, the first %v", scope, len(records), records[1])
		}
		if tracker.longest > 0 {
			t.Errorf("%d messages in memory at once", tracker.longest)
		}
	}
	if w := get(t, many(3), "/monitor/message_tracking/export?mid=x"); w.Code != 400 || !strings.Contains(w.Body.String(), "Cisco IronPort MID") {
		t.Errorf("a bad search gives %d", w.Code)
	}
	if w := get(t, &fakeTracker{broken: errBroken}, "/monitor/message_tracking/export?scope=all"); w.Code != 500 {
		t.Errorf("broken tracking gives %d", w.Code)
	}
}

// TestCountLoadsNothing: the number of matches costs no messages in memory.
func TestCountLoadsNothing(t *testing.T) {
	tracker := many(1200)
	get(t, tracker, "/monitor/message_tracking?subject=load")
	if tracker.longest > 20 {
		t.Errorf("a page of 20 loaded %d messages at once", tracker.longest)
	}
}

// TestExportCutShort: a file that lacks matches must not look whole.
func TestExportCutShort(t *testing.T) {
	defer func() {
		if p, ok := recover().(error); !ok || !errors.Is(p, http.ErrAbortHandler) {
			t.Errorf("an export that broke in the middle ended with %v", p)
		}
	}()
	tracker := many(1200)
	tracker.broken, tracker.brokenAt = errBroken, 1000
	h := New(Options{Tracker: tracker})
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/monitor/message_tracking/export?scope=all&timerange=custom&date_from=01/01/2020", nil))
}

// TestHostile: senders choose these texts.
func TestHostile(t *testing.T) {
	const evil = `<script>alert(1)</script>"'><img src=x onerror=alert(1)>`
	m := delivered(1, moment, evil+strings.Repeat("x", 100_000)+"\x00\u202e\xff")
	m.Sender, m.MessageID = evil, evil
	m.Recipients[0].Address = evil
	m.Attachments = []esa.Attachment{{Name: evil}}
	m.Source.Host = evil
	tracker := &fakeTracker{messages: []esa.Message{m}}
	for _, target := range []string{
		"/monitor/message_tracking?timerange=range_day&sender=" + url.QueryEscape(evil),
		"/monitor/message_tracking?date_from=" + url.QueryEscape(evil) + "&timerange=custom",
		"/monitor/message_tracking?" + url.QueryEscape(evil) + "=1",
		"/monitor/message_tracking/details?mid=1",
		"/monitor/message_tracking/details?mid=" + url.QueryEscape(evil),
		"/" + url.PathEscape(evil),
	} {
		body := get(t, tracker, target).Body.String()
		if strings.Contains(body, "<script") || strings.Contains(body, "<img") || strings.Contains(body, `"'>`) {
			t.Errorf("%s: not escaped", target)
		}
		if len(body) > 200_000 {
			t.Errorf("%s: %d bytes", target, len(body))
		}
	}
	m.Subject = "=HYPERLINK(\"http://evil\")"
	tracker.messages[0] = m
	if body := get(t, tracker, "/monitor/message_tracking/export?timerange=range_day").Body.String(); !strings.Contains(body, "'=HYPERLINK") {
		t.Errorf("the export has a formula:\n%.300s", body)
	}
}

// TestBehindGuard: the pages hold to the policy that Guard sends: nothing inline.
func TestBehindGuard(t *testing.T) {
	h := web.Guard(New(Options{Tracker: guide()}), nil)
	for _, target := range []string{"/monitor/message_tracking?mid=8", "/monitor/message_tracking/details?mid=8", "/network"} {
		r := httptest.NewRequest("GET", "http://127.0.0.1:8080"+target, nil)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != 200 || w.Header().Get("Content-Security-Policy") == "" {
			t.Fatalf("%s: %d", target, w.Code)
		}
		if inline := regexp.MustCompile(`(?i)<style|<script|\sstyle=|\son\w+=|javascript:`).FindString(w.Body.String()); inline != "" {
			t.Errorf("%s has %q", target, inline)
		}
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("POST", "http://127.0.0.1:8080/monitor/message_tracking", nil))
	if w.Code != http.StatusMethodNotAllowed {
		t.Errorf("POST gives %d", w.Code)
	}
}

func FuzzForm(f *testing.F) {
	f.Add("subject=test+test&timerange=custom&date_from=05/13/2020&time_from=13:00")
	f.Add("sender_ip=::ffff:1.2.3.4/120&mid=0&first=18446744073709551615")
	f.Fuzz(func(t *testing.T, query string) {
		values, err := url.ParseQuery(query)
		if err != nil || len(web.UnknownParameters(values, fields...)) > 0 {
			return
		}
		form := readForm(values, moment)
		if form.First < 1 || form.Query.Limit < 1 || form.Query.Limit > 100 {
			t.Errorf("first %d, limit %d", form.First, form.Query.Limit)
		}
		_ = form.link("/", "before", "1")
	})
}

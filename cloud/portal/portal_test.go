package portal

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"esasim/cloud/ctim"
	"esasim/cloud/ctr"
	"esasim/internal/web"
)

var update = flag.Bool("update", false, "write the goldens anew")

// moment is when the guide's test message came.
var moment = time.Date(2020, 5, 14, 13, 23, 57, 0, time.UTC)

// fakeInvestigator knows typed observables only, and answers with envelope.
type fakeInvestigator struct {
	envelope ctr.Envelope
	err      error
	asked    []ctim.Observable
}

var typed = regexp.MustCompile(`(\w+):"([^"]+)"`)

func (f *fakeInvestigator) Inspect(text string) []ctim.Observable {
	var out []ctim.Observable
	for _, m := range typed.FindAllStringSubmatch(text, -1) {
		out = append(out, ctim.Observable{Type: ctim.ObservableType(m[1]), Value: m[2]})
	}
	return out
}

func (f *fakeInvestigator) Observe(_ context.Context, o []ctim.Observable) (ctr.Envelope, error) {
	f.asked = o
	return f.envelope, f.err
}

func observable(t ctim.ObservableType, v string) ctim.Observable {
	return ctim.Observable{Type: t, Value: v}
}

// sighting is what an appliance says of one message, as in the guide's picture.
func sighting(mid, sender, recipient, subject string) ctim.Sighting {
	from, to := observable(ctim.Email, sender), observable(ctim.Email, recipient)
	ip, id, about := observable(ctim.IP, "127.0.0.1"), observable(ctim.CiscoMID, mid), observable(ctim.EmailSubject, subject)
	domain := observable(ctim.Domain, sender[strings.LastIndexByte(sender, '@')+1:])
	when := ctim.ObservedTime{Start: ctim.At(moment)}
	relation := func(name string, a, b ctim.Observable) ctim.Relation {
		return ctim.Relation{Origin: "Email Security Appliance", Relation: name, Source: a, Related: b}
	}
	return ctim.Sighting{
		Type: "sighting", ID: "transient:sighting-" + mid, SchemaVersion: ctim.SchemaVersion, Source: "Email Security Appliance",
		Description: "Incoming message (Delivered)", Confidence: "High", Severity: "Low", Count: 1, Internal: true,
		ObservedTime: when, Observables: []ctim.Observable{about},
		Targets: []ctim.Target{{Type: "email", Observables: []ctim.Observable{to}, ObservedTime: when}},
		Relations: []ctim.Relation{relation("Sent_To", from, to), relation("Sent", from, about), relation("Sent", from, id),
			relation("Sent", ip, id), relation("Related_To", domain, ip)},
	}
}

func envelope(sightings ...ctim.Sighting) ctr.Envelope {
	docs := ctr.Docs{}
	for _, s := range sightings {
		docs.Add(ctr.Sightings, s)
	}
	return ctr.Envelope{Data: []ctr.ModuleData{{Label: ctr.Label{Module: "esa03 -----", ModuleInstanceID: "1", ModuleTypeID: "2"}, Data: docs}}}
}

func guide() *fakeInvestigator {
	return &fakeInvestigator{envelope: envelope(sighting("8", "mgmt01@cisco.com", "testingBren@cisco.com", "test test"))}
}

// get asks the portal nine hours after the message.
func get(t *testing.T, i Investigator, target string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(moment.Add(9*time.Hour + 10*time.Minute)))
		h := New(Options{Region: "AMERICAS", Investigator: i, Organisation: "Sourcefire Support", User: "Brenda Marquez",
			Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, target, nil))
	})
	return w
}

func investigate(q string) string { return "/investigate?q=" + url.QueryEscape(q) }

const guideQuery = `email_subject:"test test"`

func TestPages(t *testing.T) {
	broken := guide()
	broken.envelope.Errors = []ctr.ModuleError{{Label: ctr.Label{Module: "esa04"}, Type: "fatal", Code: "timeout", Message: "the device did not answer in time"}}
	for name, page := range map[string]struct {
		i      *fakeInvestigator
		target string
	}{
		"start":        {guide(), "/investigate"},
		"investigated": {guide(), investigate(guideQuery)},
		"module-error": {broken, investigate(guideQuery)},
		"nothing":      {&fakeInvestigator{}, investigate(`ip:"4.2.2.2"`)},
		"bad-syntax":   {guide(), investigate(`email_subject=test`)},
		"not-yet":      {guide(), "/incidents"},
	} {
		t.Run(name, func(t *testing.T) { golden(t, name+".html", get(t, page.i, page.target).Body.String()) })
	}
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

// text is a page without its tags, blanks folded, as one would read it.
func text(html string) string {
	html = regexp.MustCompile(`<[^>]*>`).ReplaceAllString(html, "")
	html = strings.NewReplacer("&#34;", `"`, "&#39;", "'", "&#43;", "+", "&amp;", "&").Replace(html)
	return strings.Join(strings.Fields(html), " ")
}

func TestScenarios(t *testing.T) {
	failing := &fakeInvestigator{err: errors.New("disk on fire")}
	errored := &fakeInvestigator{envelope: ctr.Envelope{Errors: []ctr.ModuleError{{Label: ctr.Label{Module: "esa03"}, Type: "fatal", Code: "unregistered", Message: "device is gone"}}}}
	two := &fakeInvestigator{envelope: envelope(sighting("8", "a@cisco.com", "b@x.example", "one"), sighting("9", "a@cisco.com", "c@x.example", "two"))}
	two.envelope.Data = append(two.envelope.Data, ctr.ModuleData{Label: ctr.Label{Module: "silent"}}, envelope(sighting("8", "a@cisco.com", "b@x.example", "one")).Data[0])
	for _, s := range []struct {
		name   string
		i      *fakeInvestigator
		target string
		status int
		want   []string
		unwant []string
	}{
		{name: "the start leads to investigate", target: "/", status: http.StatusFound},
		{name: "navigation", target: "/investigate", status: 200, want: []string{
			"Threat Response Investigate Snapshots Incidents Beta Intelligence Modules Brenda Marquez Sourcefire Support AMERICAS",
			"Investigate Clear Reset", "What can I search for?", `Email subject email_subject:"Invoice Due"`, `SHA256 filehash sha256:"sha256filehash"`,
			"0 Targets 0 Observables 0 Indicators 0 Domains 0 File Hashes 0 IP Addresses 0 URLs 0 Modules"}, unwant: []string{"Relations Graph"}},
		{name: "the guide's investigation", target: investigate(guideQuery), status: 200, want: []string{
			"1 Target 1 Observable 0 Indicators 0 Domains 0 File Hashes 0 IP Addresses 0 URLs 1 Module ",
			"IP 127.0.0.1", "Target Email testingBren@cisco.co…", "Email Subject test test", "Cisco Message ID 8", "Domain cisco.com", "Email Address mgmt01@cisco.com",
			"Sent_To", "My Environment", "1 sighting on May 14, 2020",
			"Module enriched this investigation esa03 ----- Email Security Appliance 1 Sighting, 0 Judgements",
			"9 hours ago Incoming message (Delivered) High Low Details", `"schema_version": "1.0.16"`}},
		{name: "counters by kind", i: two, status: 200,
			target: investigate(`domain:"cisco.com" url:"http://x" ip:"1.1.1.1" ipv6:"::1" sha256:"a" md5:"b" email:"c"`),
			want: []string{"2 Targets 7 Observables 0 Indicators 1 Domain 2 File Hashes 2 IP Addresses 1 URL 2 Modules",
				"Modules enriched this investigation", "2 Sightings, 0 Judgements", "cisco.com Domain, Unknown 0 Sightings"}, unwant: []string{"silent"}},
		{name: "errors of modules", i: errored, target: investigate(guideQuery), status: 200,
			want: []string{"esa03: device is gone (fatal, unregistered)", "No module enriched this investigation", "No sightings."}},
		{name: "empty query", target: "/investigate?q=+%0A", status: 200, want: []string{"Type what to investigate"}, unwant: []string{"Relations Graph"}},
		{name: "wrong syntax", target: investigate("email_subject=test"), status: 200, want: []string{"Nothing in this text is an observable"}},
		{name: "too long", target: investigate(strings.Repeat("é", 2001)), status: 400, want: []string{"2001 characters; at most 2000"}},
		{name: "just not too long", target: investigate(strings.Repeat("é", 2000)), status: 200, want: []string{"Nothing in this text"}},
		{name: "broken", i: failing, target: investigate(guideQuery), status: 500, want: []string{"could not be made"}, unwant: []string{"disk on fire"}},
		{name: "unknown parameter", target: "/investigate?query=x", status: 400, want: []string{"query"}},
		{name: "a query that cannot be read", target: "/investigate?q=%zz", status: 400, want: []string{"cannot be read"}},
		{name: "an entry without a page", target: "/snapshots", status: 200, want: []string{"Not emulated yet"}},
		{name: "no such page", target: "/x", status: 404, want: []string{"There is no page /x."}},
		{name: "no listing of files", target: "/static/", status: 404},
	} {
		t.Run(s.name, func(t *testing.T) {
			if s.i == nil {
				s.i = guide()
			}
			w := get(t, s.i, s.target)
			if w.Code != s.status {
				t.Errorf("status %d, want %d", w.Code, s.status)
			}
			got := text(w.Body.String())
			for _, want := range s.want {
				if !strings.Contains(got, want) {
					t.Errorf("the page lacks %q:\n%.3000s", want, got)
				}
			}
			for _, unwant := range s.unwant {
				if strings.Contains(got, unwant) {
					t.Errorf("the page has %q", unwant)
				}
			}
		})
	}
}

// TestExamples: what the page proposes is what it accepts.
func TestExamples(t *testing.T) {
	for _, row := range examples {
		for _, e := range row {
			i := guide()
			if w := get(t, i, e.Link()); w.Code != 200 || len(i.asked) != 1 {
				t.Errorf("%s: %d, asked %v", e.Syntax, w.Code, i.asked)
			}
		}
	}
}

// TestHostile: senders choose these texts.
func TestHostile(t *testing.T) {
	const evil = `<script>alert(1)</script>"'><svg onload=alert(1)>]]>`
	s := sighting("8", evil+"@x", evil, evil+strings.Repeat("x", 100_000)+"\x00\u202e\xff")
	s.Description, s.Source, s.Confidence = evil, evil, evil
	s.Relations[0].Relation = evil
	i := &fakeInvestigator{envelope: envelope(s)}
	i.envelope.Data[0].Module = evil
	i.envelope.Errors = []ctr.ModuleError{{Label: ctr.Label{Module: evil}, Message: evil}}
	for _, target := range []string{investigate(`file_name:"` + strings.ReplaceAll(evil, `"`, "") + `"`), investigate(evil),
		"/investigate?" + url.QueryEscape(evil) + "=1", "/" + url.PathEscape(evil)} {
		body := get(t, i, target).Body.String()
		if strings.Count(body, "<script") != 1 || strings.Contains(body, "<svg onload") || strings.Contains(body, `"'>`) {
			t.Errorf("%s: not escaped", target)
		}
		if len(body) > 200_000 {
			t.Errorf("%s: %d bytes", target, len(body))
		}
	}
}

// TestLarge: an investigation with thousands of sightings is still one page.
func TestLarge(t *testing.T) {
	var all []ctim.Sighting
	for n := range 2000 {
		s := sighting(fmt.Sprint(n), fmt.Sprintf("sender%d@host%d.example", n, n%50), fmt.Sprintf("user%d@corp.example", n%300), "a subject of ordinary length "+fmt.Sprint(n))
		s.ObservedTime.Start = ctim.At(moment.Add(-time.Duration(n) * 11 * time.Hour))
		all = append(all, s)
	}
	start := time.Now()
	w := get(t, &fakeInvestigator{envelope: envelope(all...)}, investigate(`ip:"127.0.0.1"`))
	body := w.Body.String()
	t.Logf("%d bytes in %v", len(body), time.Since(start))
	if len(body) > 200_000 {
		t.Errorf("%d bytes", len(body))
	}
	if n := strings.Count(body, "data-node="); n != maxNodes {
		t.Errorf("%d nodes", n)
	}
	for _, want := range []string{"are not drawn", "1950 older sightings are not listed"} {
		if !strings.Contains(body, want) {
			t.Errorf("the page does not say that %q", want)
		}
	}
}

// TestBehindGuard: the pages hold to the policy that Guard sends: nothing inline.
func TestBehindGuard(t *testing.T) {
	h := web.Guard(New(Options{Investigator: guide()}), func() []string { return []string{"visibility.amp.cisco.com"} })
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", "http://visibility.amp.cisco.com"+investigate(guideQuery), nil))
	if w.Code != 200 || w.Header().Get("Content-Security-Policy") == "" {
		t.Fatalf("status %d", w.Code)
	}
	if inline := regexp.MustCompile(`(?i)<style|<script>|\sstyle=|\son\w+=|javascript:`).FindString(w.Body.String()); inline != "" {
		t.Errorf("the page has %q", inline)
	}
}

func TestAgo(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-time.Hour: "just now", 0: "just now", time.Second: "1 second ago", 59 * time.Second: "59 seconds ago", 9*time.Hour + 50*time.Minute: "9 hours ago",
		25 * time.Hour: "1 day ago", 45 * 24 * time.Hour: "1 month ago", 800 * 24 * time.Hour: "2 years ago",
	} {
		if got := ago(d); got != want {
			t.Errorf("%v: %s, want %s", d, got, want)
		}
	}
}

func TestTimeline(t *testing.T) {
	at := func(days ...int) (all []found) {
		for _, d := range days {
			all = append(all, found{Sighting: ctim.Sighting{ObservedTime: ctim.ObservedTime{Start: ctim.At(moment.AddDate(0, 0, d))}}})
		}
		return all
	}
	if drawTimeline(nil) != nil {
		t.Error("a timeline of nothing")
	}
	if got := drawTimeline(at(0)); len(got.Bars) != 1 || got.First != "May 11, 2020" || got.Last != "May 17, 2020" {
		t.Errorf("one day: %+v", got)
	}
	if got := drawTimeline(at(0, 0, -3)); len(got.Bars) != 2 || got.Most != 2 || got.Bars[1].Height != chartHeight || got.Bars[0].Height != chartHeight/2 {
		t.Errorf("two days: %+v", got)
	}
	if got := drawTimeline(at(0, -1000)); len(got.Bars) != 1 || got.Left != 1 || got.Last != "May 14, 2020" {
		t.Errorf("long ago: %+v", got)
	}
	if got := drawTimeline(append(at(0), found{})); got.Left != 1 { // a sighting without a time
		t.Errorf("year one: %+v", got)
	}
}

// TestManyRecipients: the JSON of sightings that are too long for the page is
// not even made.
func TestManyRecipients(t *testing.T) {
	s := sighting("8", "a@cisco.com", "b@x.example", "one")
	for len(s.Relations) < 5000 {
		s.Relations = append(s.Relations, s.Relations[0])
	}
	all := make([]found, maxRows)
	for i := range all {
		all[i] = found{Sighting: s}
	}
	small := sighting("9", "a@cisco.com", "b@x.example", "two")
	all[maxRows-1] = found{Sighting: small}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	rows, _ := sightingRows(all, moment)
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > 1<<20 {
		t.Errorf("%d bytes for a table of %d rows", n, len(rows))
	}
	if rows[0].JSON != "" || rows[maxRows-1].JSON == "" {
		t.Error("the wrong rows have Details")
	}
}

// TestLinks: a link asks for the very value, or there is none.
func TestLinks(t *testing.T) {
	var threat ctr.Threat
	for _, v := range []string{"plain", `with "quotes"`, "with 'quotes'", "in  the middle", `"both' kinds`, "two\nlines", " blank", "blank\t", "", "\u00a0", strings.Repeat("é", 1980), strings.Repeat("é", 2000)} {
		o := observable(ctim.EmailSubject, v)
		link := observableLink(o)
		u, err := url.Parse(link)
		if err != nil {
			t.Fatal(err)
		}
		q := u.Query().Get("q")
		if got := threat.Inspect(q); link != "" && (len(got) != 1 || got[0] != o || len([]rune(q)) > maxQuery) {
			t.Errorf("%.30q leads to %.60v", v, got)
		}
		if bad := strings.ContainsAny(v, "\n\t\u00a0") || v == "" || v[0] == ' ' || v[0] == '"' || len(v) == 4000; bad != (link == "") {
			t.Errorf("%.30q: link %.60q", v, link)
		}
	}
	both := sighting("8", "a@cisco.com", "b@x.example", `"both' kinds`)
	page := get(t, &fakeInvestigator{envelope: envelope(both)}, investigate(guideQuery)).Body.String()
	if n, links := strings.Count(page, "data-node="), strings.Count(page, "<a href=\"/investigate?q=email_subject"); n < 6 || strings.Contains(page, `href=""`) || links == 0 {
		t.Errorf("%d nodes, %d links", n, links)
	}
}

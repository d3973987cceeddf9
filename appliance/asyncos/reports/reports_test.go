package reports

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"esasim/appliance/asyncos/rest"
	"esasim/appliance/reporting"
	"esasim/appliance/users"
)

// nothing has counted nothing.
type nothing struct{ asked []reporting.Question }

func (n *nothing) Ask(_ context.Context, q reporting.Question) ([]reporting.Interval, error) {
	if q.Step != 0 && !q.Fits() {
		panic("too many intervals are asked for")
	}
	n.asked = append(n.asked, q)
	return []reporting.Interval{{Begin: q.From, End: q.To}}, nil
}

// everybody signs in who says a role.
type everybody struct{}

func (everybody) SignIn(_ context.Context, name, _, _ string) (users.User, error) {
	return users.User{Name: name, Role: users.Role(name)}, nil
}
func (everybody) Token(users.User) (string, error)  { return "", nil }
func (everybody) Bearer(string) (users.User, error) { return users.User{}, users.ErrToken }

func handler(c Counts) http.Handler {
	return rest.New(rest.Options{SignIn: everybody{}, Routes: Routes(Options{Counts: c, Host: "esa.esasim.test"})})
}

func call(h http.Handler, role users.Role, where string) *httptest.ResponseRecorder {
	r := httptest.NewRequest("GET", "/esa/api/v2.0/", nil)
	r.URL.Path, r.URL.RawQuery, _ = strings.Cut("/esa/api/v2.0/"+where, "?")
	r.SetBasicAuth(string(role), "x")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

const day = "startDate=2020-05-14T00:00:00.000Z&endDate=2020-05-15T00:00:00.000Z"

// Every report answers in every form, whether or not something feeds it, and so does
// every counter of it.
func TestEveryReport(t *testing.T) {
	h := handler(&nothing{})
	reports := Catalogue()
	if len(reports) != 80 {
		t.Errorf("%d reports, want 80", len(reports))
	}
	for _, r := range reports {
		for _, where := range append([]string{""}, r.Counters...) {
			for _, form := range []string{"", "&query_type=graph", "&query_type=export"} {
				path := strings.TrimSuffix("reporting/"+r.Name+"/"+where, "/") + "?" + day + form
				if w := call(h, users.ReadOnly, path); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), `"type":"`+r.Name+`","resultSet":`) {
					t.Errorf("%s: %d %s", path, w.Code, w.Body)
				}
			}
		}
	}
}

// What is said of where numbers come from is about reports and counters that exist,
// and a report has keys when its tables have.
func TestSources(t *testing.T) {
	byName := map[string]Report{}
	for _, r := range Catalogue() {
		byName[r.Name] = r
	}
	for name, s := range sources() {
		r, ok := byName[name]
		if !ok {
			t.Errorf("there is no report %s", name)
			continue
		}
		for c := range s.other {
			if !slices.Contains(r.Counters, c) {
				t.Errorf("%s has no counter %s", name, c)
			}
		}
		for _, table := range s.tables {
			if table.Keyed() != (r.Key != "") {
				t.Errorf("%s is by %q, and its table is keyed: %t", name, r.Key, table.Keyed())
			}
		}
		if len(r.Fed()) == 0 {
			t.Errorf("%s has tables that feed no counter of it", name)
		}
	}
	for id, s := range sheets() {
		r, ok := byName[s.report]
		for _, c := range s.counters {
			ok = ok && slices.Contains(r.Counters, c)
		}
		if !ok {
			t.Errorf("%s is of %s with counters %v, which do not exist", id, s.report, s.counters)
		}
	}
}

// Help desks see no reports, nor the same as CSV.
func TestRoles(t *testing.T) {
	csv := rest.SignedIn(rest.Options{SignIn: everybody{}}, MayRead, CSV(CSVOptions{Counts: &nothing{}}))
	for role, want := range map[users.Role]int{users.Administrator: 200, users.Operator: 200, users.ReadOnly: 200, users.HelpDesk: 403} {
		if w := call(handler(&nothing{}), role, "reporting/mail_subject_stats?"+day); w.Code != want {
			t.Errorf("%s: %d, want %d", role, w.Code, want)
		}
		r := httptest.NewRequest("GET", CSVPath+"?format=csv&report_query_id=mga_overview_incoming_mail_summary&date_range=current_hour", nil)
		r.SetBasicAuth(string(role), "x")
		w := httptest.NewRecorder()
		if csv.ServeHTTP(w, r); w.Code != want {
			t.Errorf("%s: CSV: %d, want %d", role, w.Code, want)
		}
	}
}

// FuzzReports: whatever is asked for, the answer is a report or the vendor's error,
// and never asks for more than is bounded.
func FuzzReports(f *testing.F) {
	for _, where := range []string{
		"mail_users_detail?" + day, "mail_users_detail/incoming_total_recipients?" + day + "&query_type=export&top=5", "?", "//?" + day,
		"mail_incoming_traffic_summary?startDate=0001-01-01T00:00Z&endDate=9999-12-31T23:00Z&query_type=graph",
		"mail_subject_stats?startDate=1970-01-01T00:00+14:00&endDate=9999-12-31T00:00-12:00&query_type=export",
		"mail_subject_stats?" + day + "&filterBy=x&filterOperator=is&filterValue=%00%ff&orderBy=num_msgs&offset=1000000&limit=1000",
	} {
		f.Add(where)
	}
	h := handler(&nothing{})
	f.Fuzz(func(t *testing.T, where string) {
		path, query, _ := strings.Cut(where, "?")
		if strings.Contains(path, "..") || strings.Contains(path, "//") { // cleaned by a redirect
			return
		}
		w := call(h, users.Administrator, "reporting/"+path+"?"+query)
		if body := w.Body.String(); w.Code != http.StatusOK && !strings.Contains(body, `"explanation":"`) && w.Code/100 != 3 || w.Code >= 500 {
			t.Errorf("%q: %d %s", where, w.Code, body)
		}
	})
}

// Filters and dates reach the question.
func TestQuestion(t *testing.T) {
	n := &nothing{}
	call(handler(n), users.Administrator, "reporting/mail_subject_stats?startDate=2020-05-14T10:00+02:00&endDate=2020-05-14T09:00Z&filterBy=subject&filterOperator=begins_with&filterValue=Re:")
	if len(n.asked) != 1 {
		t.Fatalf("%d questions", len(n.asked))
	}
	q := n.asked[0]
	if q.Table != reporting.Subject || !q.From.Equal(time.Date(2020, 5, 14, 8, 0, 0, 0, time.UTC)) || !q.To.Equal(time.Date(2020, 5, 14, 9, 0, 0, 0, time.UTC)) || q.Step != 0 {
		t.Errorf("%+v", q)
	}
	for key, want := range map[string]bool{"re: you": true, "RE:": true, "you re:": false} {
		if q.Key(key) != want {
			t.Errorf("%q: %t", key, !want)
		}
	}
}

// The document names the reports of the catalogue.
func TestNamesDescribed(t *testing.T) {
	var d struct {
		Components struct {
			Parameters map[string]struct {
				Schema struct{ Enum []string }
			}
		}
	}
	if err := yaml.Unmarshal(document, &d); err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, r := range Catalogue() {
		want = append(want, r.Name)
	}
	if diff := cmp.Diff(want, d.Components.Parameters["ReportName"].Schema.Enum); diff != "" {
		t.Errorf("-catalogue +document:\n%s", diff)
	}
}

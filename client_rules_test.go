package esasim_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// clientRules are what public clients of the API rely on, and by which tests each is
// shown. TestAsyncOS/NAME is a file in testdata/asyncos.
func clientRules() map[string][]string {
	return map[string][]string{
		// Signing in.
		"login: right, wrong, and a token that is too old":                    {"TestAsyncOS/login", "TestClientSTIX", "TestTokenAfterRestart"},
		"login: HTTP Basic on the same path, in place of a token":             {"TestAsyncOS/login", "TestClientSOARSMA"},
		"login: both prefixes":                                                {"TestAsyncOS/transport", "TestClientSOARSMA"},
		"login/privileges as a ping":                                          {"TestClientSTIX", "TestAsyncOS/login"},
		"XSOAR packs: base64 pair, token for 30 minutes, dates in :00.000Z":   {"TestClientXSOARPack"},
		"XSOAR packs: the test of an instance is a search with a limit of 1":  {"TestClientXSOARInstance"},
		"STIX connector: a login anew on one of two texts with 401":           {"TestClientSTIX"},
		"errors: message for the user, code as text, the odd statuses":        {"TestAsyncOS/faults", "TestAsyncOS/transport"},
		"JSON is application/json, so that everything else is taken as files": {"TestClientSOARSMA", "TestConform"},

		// Message tracking.
		"tracking: a missing date is 404 with its text":                          {"TestAsyncOS/faults"},
		"tracking: dates and queries with and without escapes":                   {"TestClientSIEM", "TestClientSTIX", "TestAsyncOS/transport"},
		"tracking: operators and values in pairs, lists with commas":             {"TestAsyncOS/faults", "TestAsyncOS/messages"},
		"tracking: the first page, the last, and one beyond, with totalCount 0":  {"TestClientSIEM", "TestClientXSOARPack", "TestClientSTIX", "TestPagesWhileMailArrives"},
		"XSOAR script: every key of a row is there":                              {"TestClientXSOARScript"},
		"SIEM connector: {} with GET; ends when the total is 0":                  {"TestClientSIEM"},
		"STIX connector: ends when data is empty; times with GMT +00:00; maps":   {"TestClientSTIX"},
		"SOAR app for an SMA: the totals, and three keys of details":             {"TestClientSOARSMA"},
		"details of a MID, of one that is not there, and of two at a time":       {"TestAsyncOS/details", "TestClientXSOARPack"},
		"XSOAR packs: ampDetails, dlpDetails and urlDetails below data.messages": {"TestClientXSOARDetails"},
		"connection-details have no envelope":                                    {"TestAsyncOS/details"},

		// Quarantines.
		"quarantine: search, details, attachment, release and delete with a body, totals": {"TestAsyncOS/quarantine_search", "TestAsyncOS/quarantine_actions", "TestHeldAgainstModel"},
		"XSOAR packs: the text for release and delete is by data.action and totalCount":   {"TestClientXSOARQuarantine"},
		"SOAR app for an SMA: subject, quarantine and reason of pvo details; files":       {"TestClientSOARSMAQuarantine"},
		"settings of quarantines: names of what was made, keys of what is there":          {"TestAsyncOS/quarantine_settings"},

		// Safelists and blocklists, reports, logs.
		"lists: add, view by recipient and by sender, append, edit, delete":         {"TestAsyncOS/safelist", "TestAsyncOS/safelist_faults"},
		"reporting: dates to the hour, and with +00:00":                             {"TestAsyncOS/reports", "TestClientPhantomReports"},
		"SOAR app for an SMA: eleven reports over 249 days, each with a resultSet":  {"TestClientPhantomReports"},
		"SIEM connector: three reports as an export, ascending by time, the shapes": {"TestClientSIEMReports"},
		"log subscriptions, their files and hashes":                                 {"TestAsyncOS/logs"},

		// Health.
		"SOAR app for an ESA: GET health as the test of a connection; error.message": {"TestClientSOARESA", "TestAsyncOS/health"},
		"Elastic: the three calls of health, HTTP Basic, lists in data.resultSet":    {"TestClientElastic", "TestAsyncOS/health"},
		"exporters: /xml/status on the port of the pages":                            {"TestClientExporter"},
	}
}

// Each rule has its tests, and they are there.
func TestClientRules(t *testing.T) {
	there := testNames(t)
	for rule, tests := range clientRules() {
		if len(tests) == 0 {
			t.Errorf("%s: no test", rule)
		}
		for _, name := range tests {
			if file, ok := strings.CutPrefix(name, "TestAsyncOS/"); ok {
				if _, err := os.Stat(filepath.Join("testdata", "asyncos", file+".txtar")); err != nil {
					t.Errorf("%s: %s: %v", rule, name, err)
				}
			} else if !there[name] {
				t.Errorf("%s: there is no test %s", rule, name)
			}
		}
	}
}

// testNames are the tests of this package, and of that which the API is put together in.
func testNames(t *testing.T) map[string]bool {
	t.Helper()
	out := map[string]bool{}
	for _, pattern := range []string{"*_test.go", "appliance/asyncos/*_test.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range f.Decls {
				if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil {
					out[fn.Name.Name] = true
				}
			}
		}
	}
	return out
}

// XSOAR packs test an instance by a search of the last month, with a limit of 1, or
// within a fixed time that is long gone.
func TestClientXSOARInstance(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v, c := restLab(t, 3)
		defer v.stop()
		for span, want := range map[string]int{
			"startDate=2020-07-11T09:53:00.000Z&endDate=2020-08-10T09:54:00.000Z": 1,
			"startDate=2018-01-01T00:00:00.000Z&endDate=2018-11-20T09:36:00.000Z": 0,
		} {
			var page struct{ Data []any }
			c.get("message-tracking/messages?limit=1&offset=0&searchOption=messages&"+span, &page)
			if len(page.Data) != want {
				t.Errorf("%s: %d rows, want %d", span, len(page.Data), want)
			}
		}
	})
}

// XSOAR packs read the details of files, URLs and violations below data.messages, and
// tell by the MIDs whether there is such a message.
func TestClientXSOARDetails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v, c := restLab(t, 1)
		defer v.stop()
		for call, key := range map[string]string{"amp-details": "ampDetails", "dlp-details": "dlpDetails", "url-details": "urlDetails", "details": "summary"} {
			for mid, known := range map[int]bool{1: true, 99: false} {
				var d struct {
					Data struct{ Messages map[string]any }
				}
				c.get(fmt.Sprintf("message-tracking/%s?mid=%d&serialNumber=%s", call, mid, v.Addresses().Serial), &d)
				mids, _ := d.Data.Messages["mid"].([]any)
				if _, ok := d.Data.Messages[key]; !ok || (len(mids) == 1) != known {
					t.Errorf("%s of MID %d: %v", call, mid, d.Data.Messages)
				}
			}
		}
	})
}

// The SOAR app for an ESA tests its connection by GET health, and shows the message of
// an error.
func TestClientSOARESA(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v, c := restLab(t, 1)
		defer v.stop()
		var h struct{ Data map[string]int }
		c.get("health", &h)
		for key := range strings.FieldsSeq(`percentage_ram_utilization percentage_cpu_load percentage_swap_utilization percentage_diskio
			percentage_queue_utilization messages_in_workqueue messages_in_pvo_quarantines resource_conservation`) {
			if _, ok := h.Data[key]; !ok {
				t.Errorf("no %s in %v", key, h.Data)
			}
		}
		status, header, b := c.do("GET", "health?device_type=sma", "")
		var fault struct{ Error struct{ Message string } }
		if err := json.Unmarshal(b, &fault); err != nil || status < 400 || fault.Error.Message == "" || header.Get("Content-Type") != "application/json" {
			t.Errorf("%d %s, %v", status, b, err)
		}
	})
}

// An agent of a search engine polls three calls with HTTP Basic, and walks through the
// lists in data.resultSet.
func TestClientElastic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v, c := restLab(t, 2)
		defer v.stop()
		var hosts struct {
			Data struct{ ResultSet []map[string]any }
		}
		c.get("health/delivery_status", &hosts)
		if r := hosts.Data.ResultSet; len(r) != 1 || r[0]["destination_domain"] != "x.example" || r[0]["delivered_recipients"] != 2.0 {
			t.Errorf("%v", r)
		}
		var system struct {
			Data struct{ ResultSet map[string][]map[string]any }
		}
		c.get("health/system_status", &system)
		for list, key := range map[string]string{"rates": "messages_received_rate_one", "gauges": "overall_cpu_load", "counters": "messages_received_uptime",
			"mail_system_status": "up_since", "version_details": "serial_number"} {
			if r := system.Data.ResultSet[list]; len(r) != 1 || r[0][key] == nil {
				t.Errorf("%s: %v, want one with %s", list, r, key)
			}
		}
		if n := system.Data.ResultSet["counters"][0]["messages_received_uptime"]; n != 2.0 {
			t.Errorf("%v messages received, want 2", n)
		}
	})
}

// Exporters for monitoring read /xml/status on the port of the pages, with HTTP Basic.
func TestClientExporter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v, c := restLab(t, 3)
		defer v.stop()
		c.base = v.Addresses().Console
		status, header, b := c.do("GET", "/xml/status", "")
		type named struct {
			Name     string `xml:"name,attr"`
			Lifetime string `xml:"lifetime,attr"`
			Current  string `xml:"current,attr"`
			LastMin  string `xml:"last_1_min,attr"`
		}
		var s struct {
			Counters []named `xml:"counters>counter"`
			Rates    []named `xml:"rates>rate"`
			Gauges   []named `xml:"gauges>gauge"`
			IDs      struct {
				MID string `xml:"message_id,attr"`
			} `xml:"current_ids"`
		}
		d := xml.NewDecoder(bytes.NewReader(b))
		d.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil } // it is all ASCII
		if err := d.Decode(&s); err != nil || status != http.StatusOK || !strings.Contains(header.Get("Content-Type"), "xml") {
			t.Fatalf("%d %s, %v: %s", status, header.Get("Content-Type"), err, b)
		}
		got := map[string]string{"mid": s.IDs.MID}
		for _, n := range s.Counters {
			got[n.Name] = n.Lifetime
		}
		for _, n := range s.Gauges {
			got[n.Name] = n.Current
		}
		for name, want := range map[string]string{"mid": "3", "inj_msgs": "3", "delivered_recips": "3", "msgs_in_work_queue": "0", "conn_in": "0"} {
			if got[name] != want {
				t.Errorf("%s is %q, want %q", name, got[name], want)
			}
		}
		if len(s.Rates) < 6 || s.Rates[0].LastMin == "" {
			t.Errorf("rates %+v", s.Rates)
		}
		c.with = nil
		if status, _, _ := c.do("GET", "/xml/status", ""); status != http.StatusUnauthorized {
			t.Errorf("nobody is answered %d", status)
		}
	})
}

// The SOAR app for an SMA asks for eleven reports of the last 249 days, dates to the hour
// with +00:00, and needs data.resultSet of each.
func TestClientPhantomReports(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v, c := restLab(t, 3)
		defer v.stop()
		const form = "2006-01-02T15:00+00:00"
		now := time.Now().UTC().Add(time.Hour)
		dates := "&startDate=" + now.AddDate(0, 0, -249).Format(form) + "&endDate=" + now.Format(form)
		for report := range strings.FieldsSeq(`mail_users_detail mail_incoming_domain_detail mail_incoming_ip_hostname_detail mail_incoming_network_detail
			mail_sender_domain_detail mail_sender_ip_hostname_detail mail_destination_domain_detail mail_virus_type_detail
			mail_content_filter_outgoing mail_authentication_incoming_domain mail_dlp_outgoing_policy_detail`) {
			var a struct {
				Data struct {
					Type      string
					ResultSet map[string][]map[string]any
				}
			}
			c.get("reporting/"+report+"?device_type=esa"+dates, &a)
			if a.Data.Type != report || len(a.Data.ResultSet) == 0 {
				t.Errorf("%s: %+v", report, a)
			}
			if report == "mail_incoming_domain_detail" && fmt.Sprint(a.Data.ResultSet["total_recipients"]) != "[map[No Domain Information:3]]" {
				t.Errorf("%s: %v", report, a.Data.ResultSet["total_recipients"])
			}
		}
	})
}

// A SIEM connector exports three reports, and goes through their intervals, which
// ascend, with the names of the counters beside.
func TestClientSIEMReports(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v, c := restLab(t, 3)
		defer v.stop()
		for _, report := range []string{"mail_users_detail", "mail_sender_ip_hostname_detail", "mail_incoming_ip_hostname_detail"} {
			var a struct {
				Data struct {
					Type      string
					ResultSet struct {
						Intervals []struct {
							Begin  int64             `json:"begin_timestamp"`
							Keys   []string          `json:"keys"`
							Values []json.RawMessage `json:"counter_values"`
						} `json:"time_intervals"`
						Names []string `json:"counter_names"`
					}
				}
			}
			c.get("reporting/"+report+"?device_type=esa&query_type=export&startDate=2020-08-10T00:00:00.000Z&endDate=2020-08-11T00:00:00.000Z", &a)
			r := a.Data.ResultSet
			if a.Data.Type != report || len(r.Intervals) == 0 || len(r.Names) == 0 {
				t.Errorf("%s: %+v", report, a)
			}
			for i, in := range r.Intervals {
				if i > 0 && in.Begin <= r.Intervals[i-1].Begin {
					t.Errorf("%s: interval %d does not ascend", report, i)
				}
				for _, value := range in.Values {
					if !strings.Contains(report, "_ip_") {
						var row []any
						if err := json.Unmarshal(value, &row); err != nil || len(row) != len(r.Names) || len(in.Keys) != len(in.Values) {
							t.Errorf("%s: %s of %d counters, %v", report, value, len(r.Names), err)
						}
						continue
					}
					var row struct {
						Values []any  `json:"counter_values"` // most are numbers; the sender group is a name
						IP     string `json:"ip_domain"`
					}
					if err := json.Unmarshal(value, &row); err != nil || len(row.Values) != len(r.Names) || row.IP == "" || in.Keys != nil {
						t.Errorf("%s: %s of %d counters, %v", report, value, len(r.Names), err)
					}
				}
			}
		}
	})
}

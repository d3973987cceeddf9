package esasim_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
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

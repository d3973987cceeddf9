package esasim_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"esasim/esa"
	"esasim/lab"
)

// heldLab is a lab that holds all mail in the quarantine Policy.
func heldLab(t *testing.T, mails ...string) (*virtual, *restClient) {
	time.Sleep(time.Until(scenarioBegins()))
	v := &virtual{fs: vfs.NewMem()}
	v.start(t, func(o *lab.Options) {
		o.Config.Cloud = nil
		o.Config.Appliance.MessageFilters = `Watch: if (true) { quarantine("Policy"); }`
	})
	for _, mail := range mails {
		v.inject(t, "a@b.example", mail)
	}
	time.Sleep(time.Minute)
	return v, &restClient{t: t, base: v.Addresses().Console + "/sma/api/v2.0/", http: v.client(), with: basic}
}

// heldPage is what clients read of a page of held messages.
type heldPage struct {
	Meta struct{ TotalCount int }
	Data []struct {
		MID        esa.MID
		Attributes struct{ Subject, InQuarantines, ScheduledExit string }
	}
}

func (c *restClient) held(query string) (p heldPage) {
	c.t.Helper()
	c.get("quarantine/messages?quarantineType=pvo&quarantines="+query, &p)
	return p
}

// change does something with held messages, and gives how many it was done with.
func (c *restClient) change(method, body string) int {
	c.t.Helper()
	status, _, b := c.do(method, "quarantine/messages", body)
	var a struct{ Data struct{ TotalCount int } }
	if err := json.Unmarshal(b, &a); status != http.StatusOK || err != nil {
		c.t.Fatalf("%s %s: %d %s, %v", method, body, status, b, err)
	}
	return a.Data.TotalCount
}

// The SOAR app for an SMA, in quarantines: subject, quarantine and reason of details;
// what is no JSON is a file, base64 with a name.
func TestClientSOARSMAQuarantine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v, c := heldLab(t, "Subject: see it\r\nContent-Disposition: attachment; filename=\"a b.bin\"\r\nContent-Type: application/octet-stream\r\n\r\nhello\r\n")
		defer v.stop()
		var d struct {
			Data struct {
				Attributes struct {
					MessageDetails     struct{ Subject string }
					MessagePartDetails []struct{ AttachmentID int }
					QuarantineDetails  []struct {
						QuarantineName string
						Reason         []string
					}
				}
			}
		}
		c.get("quarantine/messages/details?mid=1&quarantineType=pvo", &d)
		a := d.Data.Attributes
		if a.MessageDetails.Subject != "see it" || a.QuarantineDetails[0].QuarantineName != "Policy" || !slices.Equal(a.QuarantineDetails[0].Reason, []string{"Message Filter: 'Watch'"}) {
			t.Errorf("%+v", a)
		}
		_, header, b := c.do("GET", fmt.Sprintf("quarantine/messages/attachment?mid=1&attachmentId=%d&quarantineType=pvo", a.MessagePartDetails[0].AttachmentID), "")
		_, p, err := mime.ParseMediaType(header.Get("Content-Disposition"))
		if err != nil || p["filename"] != "a b.bin" || strings.HasPrefix(header.Get("Content-Type"), "application/json") {
			t.Errorf("%v, %v", header, err)
		}
		if text, err := base64.StdEncoding.DecodeString(string(b)); err != nil || !strings.HasPrefix(string(text), "hello") {
			t.Errorf("%s: %v", b, err)
		}
	})
}

// XSOAR packs say what was done by data.action and data.totalCount: of none they say
// that nothing was.
func TestClientXSOARQuarantine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v, c := heldLab(t, "Subject: one\r\n\r\nx\r\n", "Subject: two\r\n\r\nx\r\n")
		defer v.stop()
		for _, call := range []struct{ method, body, action, total string }{
			{"POST", `{"action":"release","mids":[1],"quarantineName":"Policy","quarantineType":"pvo"}`, "release", "1"},
			{"POST", `{"action":"release","mids":[1],"quarantineName":"Policy","quarantineType":"pvo"}`, "release", "0"},
			{"DELETE", `{"mids":[2,77],"quarantineName":"Policy","quarantineType":"pvo"}`, "delete", "1"},
			{"DELETE", `{"mids":[2],"quarantineType":"spam"}`, "delete", "0"},
		} {
			status, _, b := c.do(call.method, "quarantine/messages", call.body)
			if want := `{"data":{"action":"` + call.action + `","totalCount":` + call.total + "}}\n"; status != http.StatusOK || string(b) != want {
				t.Errorf("%s: %d %s, want %s", call.body, status, b, want)
			}
		}
	})
}

// Hostile mail in a quarantine: a page, details and files of it are bounded, and say
// nothing that could be taken for something else.
func TestHostileHeldMail(t *testing.T) {
	parts := strings.Repeat("--b\r\nContent-Disposition: attachment; filename=\"../\\\"\r\n\tx.exe\"\r\n\r\nx\r\n", 3000)
	synctest.Test(t, func(t *testing.T) {
		v, c := heldLab(t,
			"Subject: =?utf-8?q?=00=1b<script>?=\r\nFrom: <<>>,,\"\r\n\r\nx\r\n",
			"Subject: "+strings.Repeat("s", 900)+"\r\nno colon\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n--b--b\r\n--\r\n",
			"Subject: parts\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"+parts,
			"Subject: large\r\n\r\n"+strings.Repeat(strings.Repeat("<&>", 20)+"\r\n", 200_000))
		defer v.stop()
		if p := c.held("Policy"); p.Meta.TotalCount != 4 || len(p.Data) != 4 {
			t.Fatalf("%+v", p)
		}
		for mid := 1; mid <= 4; mid++ {
			status, _, b := c.do("GET", fmt.Sprintf("quarantine/messages/details?quarantineType=pvo&mid=%d", mid), "")
			if status != http.StatusOK || len(b) > 1<<20 || strings.Contains(string(b), "\x1b") {
				t.Errorf("MID %d: %d, %d octets", mid, status, len(b))
			}
			_, header, _ := c.do("GET", fmt.Sprintf("quarantine/messages/attachment?quarantineType=pvo&attachmentId=1&mid=%d", mid), "")
			if d := header.Values("Content-Disposition"); len(d) > 1 || len(d) == 1 && strings.Count(d[0], `"`) != 2 {
				t.Errorf("MID %d: %q", mid, d)
			}
		}
	})
}

// Two hundred held messages are released, deleted, moved and delayed at random by the
// API; where each is, and since which order it leaves, is what a map says.
func TestHeldAgainstModel(t *testing.T) {
	const messages = 200
	mails := make([]string, messages)
	for i := range mails {
		mails[i] = fmt.Sprintf("Subject: number %d\r\n\r\nhello\r\n", i)
	}
	synctest.Test(t, func(t *testing.T) {
		v, c := heldLab(t, mails...)
		defer v.stop()
		r, where := rand.New(rand.NewPCG(1, 2)), map[esa.MID]string{}
		for mid := range esa.MID(messages) {
			where[mid+1] = "Policy"
		}
		names := []string{"Policy", "Virus", "Unclassified"}
		for range 300 {
			from, to := names[r.IntN(3)], names[r.IntN(3)]
			var mids []string
			want := 0
			gone := r.IntN(2) == 0
			for range 1 + r.IntN(4) {
				mid := esa.MID(1 + r.IntN(messages+5))
				if slices.Contains(mids, mid.String()) {
					continue
				}
				if mids = append(mids, mid.String()); where[mid] != from {
					continue
				}
				if want++; from == to && gone {
					delete(where, mid)
				} else if from != to {
					where[mid] = to
				}
			}
			method, body := "POST", fmt.Sprintf(`"mids":[%s],"quarantineType":"pvo","quarantineName":%q`, strings.Join(mids, ","), from)
			switch {
			case from != to:
				body += fmt.Sprintf(`,"action":"move","destinationQuarantineName":%q`, to)
			case !gone:
				body += `,"action":"delay","delay":"8h"`
			case r.IntN(2) == 0:
				body += `,"action":"release"`
			default:
				method = "DELETE"
			}
			if got := c.change(method, "{"+body+"}"); got != want {
				t.Fatalf("%s %s: %d, want %d", method, body, got, want)
			}
		}
		checkModel(t, c, where, names)
	})
}

// checkModel loops over the pages of each quarantine.
func checkModel(t *testing.T, c *restClient, where map[esa.MID]string, names []string) {
	t.Helper()
	seen := map[esa.MID]string{}
	for _, name := range names {
		for offset, n := 0, 1; n > 0; offset += n {
			p := c.held(url.QueryEscape(name) + fmt.Sprintf("&limit=7&offset=%d", offset))
			total := 0
			for _, at := range where {
				if at == name {
					total++
				}
			}
			if n = len(p.Data); p.Meta.TotalCount != total {
				t.Errorf("%s: total %d, want %d", name, p.Meta.TotalCount, total)
			}
			for _, row := range p.Data {
				if seen[row.MID] != "" || where[row.MID] != name || row.Attributes.InQuarantines != name {
					t.Errorf("MID %d: in %s, seen in %q, want %s", row.MID, name, seen[row.MID], where[row.MID])
				}
				seen[row.MID] = name
			}
		}
	}
	if len(seen) != len(where) {
		t.Errorf("%d were seen, want %d", len(seen), len(where))
	}
}

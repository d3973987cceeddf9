package esasim_test

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"esasim/appliance/config"
	"esasim/esa"
	"esasim/esasimtest"
	"esasim/lab"
)

// holdAll has a lab hold all mail in the quarantine Policy.
func holdAll(o *lab.Options) {
	o.Config.Cloud = nil
	o.Config.Appliance.MessageFilters = `Watch: if (true) { quarantine("Policy"); }`
}

// waitHeld waits until messages are in a quarantine.
func waitHeld(t testing.TB, l *esasimtest.Lab, mids ...esa.MID) {
	t.Helper()
	for r := l.Appliance().Tracking().Follow(0); len(mids) > 0; {
		entries, err := r.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for i := range entries {
			for _, e := range entries[i].Events {
				if e.Kind == esa.MessageQuarantined {
					mids = slices.DeleteFunc(mids, func(mid esa.MID) bool { return mid == e.MID })
				}
			}
		}
	}
}

// Each change by the API has one line in the log of who did it, which says with what
// messages; names with blanks are names.
func TestOneLineForEachChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		v := &virtual{fs: vfs.NewMem()}
		v.start(t, func(o *lab.Options) {
			holdAll(o)
			o.Logger = slog.New(slog.NewTextHandler(&out, nil))
		})
		defer v.stop()
		for range 5 {
			v.inject(t, "a@b.example", "Subject: x\r\n\r\nx\r\n")
		}
		time.Sleep(time.Minute)
		c := &restClient{t: t, base: v.Addresses().Console + "/esa/api/v2.0/", http: v.client(), with: basic}
		for _, call := range []struct{ method, path, body, want string }{
			{"POST", "quarantine/messages", `{"action":"move","mids":[1,9],"quarantineType":"pvo","quarantineName":"Policy","destinationQuarantineName":"Virus"}`, `action=move quarantine=Policy messages=1 mids=1 to=Virus`},
			{"POST", "quarantine/messages", `{"action":"delay","mids":[2,3],"quarantineType":"pvo","quarantineName":"Policy","delay":"8h"}`, `action=delay quarantine=Policy messages=2 mids="2 3" to=8h`},
			{"DELETE", "quarantine/messages", `{"mids":[2],"quarantineType":"pvo","quarantineName":"Policy"}`, `action=delete quarantine=Policy messages=1 mids=2`},
			{"POST", "quarantine/messages/rules", `{"action":"release","quarantineType":"pvo","ruleId":["Message Filter: 'Watch'"]}`, `action=release quarantine="Policy, Virus" messages=4 mids="1 3 4 5" rules="Message Filter: 'Watch'"`},
			{"POST", "quarantine/safelist", `{"action":"add","quarantineType":"spam","viewBy":"recipient","recipientAddresses":["u@x.example"],"senderList":["b.example"]}`, "path=/esa/api/v2.0/quarantine/safelist"},
			{"PUT", "config/local_quarantines/File%20Analysis", `{"quarantine_retention_period":2}`, "path=/esa/api/v2.0/config/local_quarantines/File%20Analysis"},
			{"POST", "config/dictionaries/a", `{"data":{"words":[["x",1]]}}`, "path=/esa/api/v2.0/config/dictionaries/a"},
		} {
			before := out.Len()
			status, _, b := c.do(call.method, call.path, call.body)
			synctest.Wait()
			said := out.String()[before:]
			if status != http.StatusOK || strings.Count(said, "from=127.0.0.1") != 1 || !strings.Contains(said, `msg="audit: a change by the API"`) || !strings.Contains(said, call.want) {
				t.Errorf("%s %s: %d %s; the log says %s", call.method, call.path, status, b, said)
			}
		}
	})
}

// While messages leave, a page shows what is held when it is asked for, with its true
// total; a client that always takes what the first page has gets each message once.
func TestPagesWhileHeldLeave(t *testing.T) {
	const messages = 60
	synctest.Test(t, func(t *testing.T) {
		mails := make([]string, messages)
		for i := range mails {
			mails[i] = fmt.Sprintf("Subject: number %d\r\n\r\nx\r\n", i)
		}
		v, c := heldLab(t, mails...)
		defer v.stop()
		left := map[esa.MID]bool{}
		leave := func(mid esa.MID) {
			left[mid] = true
			if n := c.change("DELETE", fmt.Sprintf(`{"mids":[%d],"quarantineType":"pvo","quarantineName":"Policy"}`, mid)); n != 1 {
				t.Fatalf("MID %d: deleted %d times", mid, n)
			}
		}
		for offset, i := 0, 0; offset < messages-len(left); offset += 10 {
			p := c.held(fmt.Sprintf("Policy&limit=10&orderDir=asc&offset=%d", offset))
			if p.Meta.TotalCount != messages-len(left) || len(p.Data) != min(10, messages-len(left)-offset) {
				t.Errorf("offset %d: total %d, %d rows, %d have left", offset, p.Meta.TotalCount, len(p.Data), len(left))
			}
			for j, row := range p.Data {
				if left[row.MID] || j > 0 && row.MID <= p.Data[j-1].MID {
					t.Errorf("offset %d: MID %d has left, or is out of order", offset, row.MID)
				}
			}
			for range 3 { // one before the page, in it, and behind it
				leave(esa.MID(1 + i*19%messages))
				i++
			}
		}
		for p := c.held("Policy&limit=7"); len(p.Data) > 0; p = c.held("Policy&limit=7") {
			for _, row := range p.Data {
				if left[row.MID] {
					t.Fatalf("MID %d is met again", row.MID)
				}
				leave(row.MID)
			}
		}
		if len(left) != messages {
			t.Errorf("%d of %d were met", len(left), messages)
		}
	})
}

// A held message with 10,000 recipients, and one with 50 MB, are answered within
// bounds, and without having them in memory.
func TestHugeHeld(t *testing.T) {
	const recipients, most = 10_000, 16 << 20 // octets of memory
	l := esasimtest.Start(t, holdAll, func(o *lab.Options) {
		o.FS, o.Dir = vfs.Default, t.TempDir()
		o.Config.Appliance.Listener.MaxRecipients, o.Config.Appliance.Listener.MaxMessageSize = recipients, 100<<20
		o.Config.Appliance.Recipients = []config.Recipient{{Address: "x.example"}}
	})
	to := make([]string, recipients)
	for i := range to {
		to[i] = fmt.Sprintf("u%d@x.example", i)
	}
	many := l.Send(t, "a@b.example", "Subject: many\r\n\r\nx\r\n", to...)
	large := l.Send(t, "a@b.example", "Subject: large\r\n\r\n"+strings.Repeat(strings.Repeat("<&>", 20)+"\r\n", 52<<20/62), "u@x.example")
	waitHeld(t, l, many, large)
	c := &restClient{t: t, base: l.Addresses.Console + "/esa/api/v2.0/", http: http.DefaultClient, with: basic}
	var p struct {
		Data []struct {
			Attributes struct{ Recipient []string }
		}
	}
	c.get("quarantine/messages?quarantineType=pvo&quarantines=Policy&orderDir=asc", &p)
	if len(p.Data) != 2 || len(p.Data[0].Attributes.Recipient) != 200 {
		t.Errorf("a row has %d recipients, want the first 200", len(p.Data[0].Attributes.Recipient))
	}
	var d struct {
		Data struct {
			Attributes struct{ MessageDetails struct{ Recipient []string } }
		}
	}
	c.get(fmt.Sprintf("quarantine/messages/details?quarantineType=pvo&mid=%d", many), &d)
	if n := len(d.Data.Attributes.MessageDetails.Recipient); n != recipients {
		t.Errorf("details have %d recipients", n)
	}
	peak := heapPeak(func() {
		status, _, b := c.do("GET", fmt.Sprintf("quarantine/messages/details?quarantineType=pvo&mid=%d", large), "")
		if status != http.StatusOK || len(b) > 200<<10 {
			t.Errorf("details: %d, %d octets", status, len(b))
		}
		r, err := http.NewRequestWithContext(t.Context(), "GET", c.base+fmt.Sprintf("quarantine/messages/attachment?quarantineType=pvo&attachmentId=1&mid=%d", large), nil)
		if err != nil {
			t.Fatal(err)
		}
		basic(r)
		plain := &http.Transport{} // the default one has whole answers in memory, to hold them to the document
		defer plain.CloseIdleConnections()
		resp, err := plain.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if n, err := io.Copy(io.Discard, resp.Body); n < 64<<20 || err != nil {
			t.Errorf("the attachment has %d octets of base64, %v", n, err)
		}
	})
	if t.Logf("at most %d KiB of memory", peak>>10); peak > most {
		t.Errorf("%d octets of memory, want at most %d", peak, most)
	}
}

// heapPeak is by how much the heap grows while something is done.
func heapPeak(do func()) int64 {
	defer debug.SetGCPercent(debug.SetGCPercent(10))
	heap := func() int64 {
		var s runtime.MemStats
		runtime.ReadMemStats(&s)
		return int64(s.HeapAlloc)
	}
	runtime.GC()
	before, peak := heap(), int64(0)
	ended := make(chan struct{})
	var watch sync.WaitGroup
	watch.Go(func() {
		for tick := time.NewTicker(5 * time.Millisecond); ; {
			select {
			case <-tick.C:
				peak = max(peak, heap()-before)
			case <-ended:
				tick.Stop()
				return
			}
		}
	})
	do()
	close(ended)
	watch.Wait()
	return peak
}

// Whatever is said to the quarantines, the lists and the safelists is answered, with
// less than a fault of the emulator.
func FuzzChangingCall(f *testing.F) {
	l := esasimtest.Start(f, holdAll, func(o *lab.Options) { o.Logger = slog.New(slog.DiscardHandler) })
	mid := l.Send(f, "a@b.example", "Subject: x\r\n\r\nx\r\n", "u@esasim.test")
	waitHeld(f, l, mid)
	paths := []string{"quarantine/messages", "quarantine/messages/details", "quarantine/messages/attachment", "quarantine/messages/rules", "quarantine/rules_search",
		"quarantine/safelist", "quarantine/blocklist", "config/local_quarantines", "config/local_quarantines/Policy", "config/local_quarantines/a%20b", "config/quarantine_filters/Policy",
		"config/quarantine_users", "config/dictionaries/a", "config/dictionaries/a/words", "config/url_lists/a", "config/file_hash_lists/a"}
	for i := range paths {
		f.Add("GET", uint8(i), "quarantineType=pvo&quarantines=Policy&mid=1&attachmentId=1&ruleId=x&action=view&viewBy=recipient&limit=1&offset=1", "")
		f.Add("GET", uint8(i), "quarantineType=spam&filterBy=subject&filterOperator=is&filterValue=%ff%00", "{}")
		for _, method := range []string{"POST", "PUT", "DELETE"} {
			for _, body := range []string{``, `[]`, `{"action":"delay","mids":["1"],"quarantineType":"pvo","quarantineName":"Policy","delay":"9223372036854775807w"}`,
				`{"action":"move","mids":[18446744073709551616],"quarantineType":"pvo","quarantineName":"Policy","destinationQuarantineName":"\u0000"}`,
				`{"quarantines":[{"quarantine_name":"a b","quarantine_retention_period":-9223372036854775808,"quarantine_users":null}]}`,
				`{"quarantine_overflow_actions":{"quarantine_header_name":":\r\n","quarantine_header_text":"\ud800"},"quarantine_normal_actions":null}`,
				`{"data":{"words":[["(((",99999999999],[],null]}}`, `{"data":{"urls":[null,"\u0000"]}}`, `{"data":{"hashes":["zz"]}}`,
				`{"action":"edit","quarantineType":"spam","viewBy":"sender","senderAddresses":["@","\n"],"recipientList":[""]}`} {
				f.Add(method, uint8(i), "", body)
			}
		}
	}
	h := l.Appliance().Handler()
	f.Fuzz(func(t *testing.T, method string, path uint8, query, body string) {
		r, err := http.NewRequestWithContext(t.Context(), method, "http://127.0.0.1/esa/api/v2.0/"+paths[int(path)%len(paths)], strings.NewReader(body))
		if err != nil {
			return // no request that a server reads
		}
		r.URL.RawQuery, r.RemoteAddr = query, "127.0.0.1:1"
		basic(r)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code >= 500 || w.Code == http.StatusUnauthorized || w.Body.Len() > 1<<20 {
			t.Errorf("%s %s?%q %q: %d, %.1000s", method, r.URL.Path, query, body, w.Code, w.Body)
		}
	})
}

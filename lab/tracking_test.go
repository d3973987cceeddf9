package lab_test

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"esasim/appliance/export"
	"esasim/esa"
	"esasim/esasimtest"
	"esasim/lab"
	"esasim/tracking"
	"esasim/traffic/mix"
)

// ask makes a tracking call. Its parameters follow in pairs.
func ask(t *testing.T, base, call string, parameters ...string) (status int, kind, body string) {
	t.Helper()
	p := url.Values{}
	for i := 0; i < len(parameters); i += 2 {
		p.Add(parameters[i], parameters[i+1])
	}
	resp, err := http.Get(base + "/_esasim/v1/tracking/" + call + "?" + p.Encode())
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("%s: %v", call, err)
	}
	return resp.StatusCode, resp.Header.Get("Content-Type"), string(b)
}

type page struct {
	Messages []export.Message
	Next     esa.MID
	Stopped  string
}

func readPage(t *testing.T, body string) (p page) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(&p); err != nil {
		t.Fatalf("%v in %.500s", err, body)
	}
	return p
}

// filled is a lab with 30 delivered messages, the last one to two recipients.
func filled(t *testing.T) *esasimtest.Lab {
	t.Helper()
	l := esasimtest.Start(t, func(o *lab.Options) { o.Config.Appliance.Delivery.Bounces = false }) // they would be counted
	var last esa.MID
	for i := range 30 {
		to := []string{"bob@example.org"}
		if i == 29 {
			to = append(to, "bounce@esasim.test")
		}
		last = l.Send(t, "alice@example.com", fmt.Sprintf("Subject: number %d <&>\r\nReply-To: c@example.com\r\n\r\nhello\r\n", i+1), to...)
	}
	q := tracking.Query{States: []esa.State{esa.Delivered}}
	for deadline := time.Now().Add(20 * time.Second); ; {
		n, err := l.Appliance().Tracking().Count(t.Context(), q, int(last))
		if err != nil {
			t.Fatal(err)
		}
		if n == int(last) {
			return l
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d of %d messages are delivered", n, last)
		}
		<-time.After(5 * time.Millisecond)
	}
}

func TestTrackingAPI(t *testing.T) {
	l := filled(t)
	t.Run("pages", func(t *testing.T) {
		status, kind, body := ask(t, l.Addresses.Console, "messages")
		first := readPage(t, body)
		if status != 200 || kind != "application/json" || len(first.Messages) != 20 || first.Next != 11 || first.Messages[0].MID != 30 || strings.Contains(body, `"events"`) {
			t.Errorf("%d %s: next %d in\n%.300s", status, kind, first.Next, body)
		}
		_, _, body = ask(t, l.Addresses.Cloud[lab.Americas], "messages", "before", "11", "q", "before=25") // on every face
		if p := readPage(t, body); len(p.Messages) != 10 || p.Next != 0 || p.Messages[0].MID != 10 {
			t.Errorf("the second page: %.300s", body)
		}
	})
	t.Run("a message", func(t *testing.T) {
		_, _, body := ask(t, l.Addresses.Console, "messages", "q", `subject=is:"number 30 <&>" state=delivered limit=5`, "events", "true")
		p := readPage(t, body)
		if len(p.Messages) != 1 {
			t.Fatalf("%s", body)
		}
		m := p.Messages[0]
		if m.State != "Delivered" || m.Sender != "alice@example.com" || len(m.Recipients) != 2 || m.Recipients[0].Response != "ok:  Message 30 accepted" ||
			m.Recipients[1].State != "Hard Bounced" || m.ReplyTo != "c@example.com" || m.SenderIP != "127.0.0.1" || m.Verdicts["antivirus"] != "negative" || m.Size < 50 {
			t.Errorf("%+v", m)
		}
		told := fmt.Sprint(m.Events)
		if !strings.Contains(told, "Start message 30 on incoming connection") || strings.Contains(told, "Protocol SMTP") {
			t.Errorf("events: %s", told)
		}
	})
	t.Run("none", func(t *testing.T) {
		if status, _, body := ask(t, l.Addresses.Console, "messages", "q", "mid=99"); status != 200 || body != `{"messages":[]}`+"\n" {
			t.Errorf("%d %s", status, body)
		}
		if status, kind, body := ask(t, l.Addresses.Console, "messages", "q", "mid=99", "format", "jsonl"); status != 200 || body != "" || kind != export.TypeJSONLines {
			t.Errorf("%d %s %q", status, kind, body)
		}
	})
	t.Run("streams", func(t *testing.T) {
		_, kind, body := ask(t, l.Addresses.Console, "messages", "format", "jsonl", "events", "true")
		if n := strings.Count(body, "\n"); n != 30 || kind != export.TypeJSONLines || strings.Count(body, `"events":[`) != 30 {
			t.Errorf("%d lines of %s", n, kind)
		}
		_, _, body = ask(t, l.Addresses.Console, "messages", "format", "jsonl", "q", "limit=7", "events", "false")
		if n := strings.Count(body, "\n"); n != 7 || strings.Contains(body, "events") {
			t.Errorf("%d lines in\n%s", n, body)
		}
		_, kind, body = ask(t, l.Addresses.Console, "messages", "format", "csv")
		rows, err := csv.NewReader(strings.NewReader(body)).ReadAll()
		if err != nil || len(rows) != 31 || rows[1][1] != "30" || rows[1][2] != "esa.esasim.test" || kind != export.TypeCSV {
			t.Errorf("%s: %v, %d rows: %v", kind, err, len(rows), rows[1])
		}
	})
	t.Run("family", func(t *testing.T) {
		status, _, body := ask(t, l.Addresses.Console, "messages/30")
		p := readPage(t, body)
		if status != 200 || len(p.Messages) != 1 {
			t.Fatalf("%d %s", status, body)
		}
		told := fmt.Sprint(p.Messages[0].Events)
		for _, want := range []string{"Protocol SMTP interface", "Message 30 to bob@example.org received remote SMTP response", "bounced by destination server"} {
			if !strings.Contains(told, want) {
				t.Errorf("no %q in %s", want, told)
			}
		}
	})
	t.Run("explain", func(t *testing.T) {
		status, kind, body := ask(t, l.Addresses.Console, "explain", "q", "sender=alice limit=7")
		if status != 200 || kind != "text/plain; charset=utf-8" || !strings.HasPrefix(body, "query: sender=contains:\"alice\" limit=7\nmatches on the page: 7\n") || !strings.Contains(body, "open messages looked at: 8") {
			t.Errorf("%d %s\n%s", status, kind, body)
		}
	})
}

func TestTrackingAPIRefuses(t *testing.T) {
	l := esasimtest.Start(t)
	for _, c := range []struct {
		call       string
		parameters []string
		status     int
		want       string
	}{
		{"messages", []string{"q", "colour=red"}, 400, `query: column 1: unknown criterion \"colour\"`},
		{"messages", []string{"q", "limit=-1", "format", "csv"}, 400, "query: column 1: limit: "},
		{"messages", []string{"colour", "red"}, 400, `unknown, or given more than once: [\"colour\"]: want `},
		{"messages", []string{"q", "mid=1", "q", "mid=2"}, 400, `[\"q\"]`},
		{"messages", []string{"format", "xml"}, 400, "format=xml: want json, jsonl or csv"},
		{"messages", []string{"before", "x"}, 400, "before=x: want a MID"},
		{"messages", []string{"before", "0"}, 400, "before=0: want a MID"},
		{"messages", []string{"events", "1"}, 400, "events=1: want true or false"},
		{"messages", []string{"events", "true", "format", "csv"}, 400, "CSV has no place"},
		{"messages/1", nil, 404, "no message with MID 1 is tracked"},
		{"messages/0", nil, 400, `\"0\": want a MID`},
		{"messages/x", nil, 400, `\"x\": want a MID`},
		{"messages/1", []string{"q", "mid=1"}, 400, `[\"q\"]`},
		{"explain", []string{"format", "json"}, 400, `[\"format\"]`},
		{"explain", []string{"q", "from=now"}, 400, "query: column 6: from: "},
		{"nothing", nil, 404, "there is no such call"},
	} {
		status, kind, body := ask(t, l.Addresses.Console, c.call, c.parameters...)
		if status != c.status || kind != "application/json" || !strings.Contains(body, c.want) {
			t.Errorf("%s %q: %d %s %s, want %d %s", c.call, c.parameters, status, kind, body, c.status, c.want)
		}
	}
	resp, err := http.Get(l.Addresses.Console + "/_esasim/v1/tracking/messages?q=%zz")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != 400 {
		t.Errorf("a query that cannot be read: %d", resp.StatusCode)
	}
	resp, err = http.Post(l.Addresses.Console+"/_esasim/v1/tracking/messages/1", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != 405 || resp.Header.Get("Allow") != "GET" {
		t.Errorf("POST: %d, allow %q", resp.StatusCode, resp.Header.Get("Allow"))
	}
}

// A cloud alone has no messages to ask for.
func TestTrackingAPICloudAlone(t *testing.T) {
	l := esasimtest.Start(t, func(o *lab.Options) { o.Config.SMTP, o.Config.Console = "", "" })
	if status, _, body := ask(t, l.Addresses.Cloud[lab.Americas], "messages"); status != 404 {
		t.Errorf("%d %s", status, body)
	}
}

// Streams of a hundred thousand messages need no more memory than a page of a
// thousand and what the store keeps of segments read lately.
func TestTrackingStreamMemory(t *testing.T) {
	const messages, most = 100_000, 96 << 20
	dir := t.TempDir()
	past := mix.Past{Seed: 1, Messages: messages, Days: 30, End: time.Date(2020, 5, 14, 13, 0, 0, 0, time.UTC)}
	if err := lab.Seed(t.Context(), lab.SeedOptions{Dir: dir, Past: past}); err != nil {
		t.Fatal(err)
	}
	l := esasimtest.Start(t, func(o *lab.Options) { o.FS, o.Dir, o.Config.Cloud = vfs.Default, dir, nil })
	begin := heap()
	for format, want := range map[string]int{"jsonl": messages, "csv": messages / 5} {
		resp, err := http.Get(fmt.Sprintf("%s/_esasim/v1/tracking/messages?format=%s&q=limit%%3D%d", l.Addresses.Console, format, want))
		if err != nil {
			t.Fatal(err)
		}
		lines, peak := 0, uint64(0)
		for in := bufio.NewScanner(resp.Body); in.Scan(); lines++ {
			if lines%10_000 == 9_999 {
				peak = max(peak, heap())
			}
		}
		_ = resp.Body.Close() // it has been read
		if lines < want {
			t.Errorf("%s: %d lines", format, lines)
		}
		t.Logf("%s: %d MiB at most, %d at the beginning", format, peak>>20, begin>>20)
		if peak > begin+most {
			t.Errorf("%s: %d MiB more than at the beginning", format, (peak-begin)>>20)
		}
	}
}

// heap is what is in use.
func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

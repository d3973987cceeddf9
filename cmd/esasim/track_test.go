package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"esasim/appliance/export"
	"esasim/esasimtest"
	"esasim/internal/golden"
	"esasim/lab"
	"esasim/traffic/mix"
)

var update = flag.Bool("update", false, "write the goldens anew")

// runs runs a command and gives back what it printed on each stream.
func runs(ctx context.Context, args ...string) (out, diagnostics string, err error) {
	c := command()
	var o, d bytes.Buffer
	c.SetOut(&o)
	c.SetErr(&d)
	c.SetArgs(args)
	err = c.ExecuteContext(ctx)
	return o.String(), d.String(), err
}

// mailed is a lab with messages that have been delivered.
func mailed(t *testing.T, subjects ...string) (l *esasimtest.Lab) {
	t.Helper()
	l = esasimtest.Start(t)
	for _, s := range subjects {
		l.Send(t, "alice@example.com", "Subject: "+s+"\r\n\r\nhello\r\n", "bob@example.org", "carol@example.org")
	}
	out, _, err := runs(t.Context(), "wait", "--console", l.Addresses.Console, "--count", fmt.Sprint(len(subjects)), "state=delivered")
	if err != nil || out != fmt.Sprintf("matches: %d\n", len(subjects)) {
		t.Fatalf("%v, %q", err, out)
	}
	return l
}

func TestTrack(t *testing.T) {
	var subjects []string
	for i := range 25 {
		subjects = append(subjects, fmt.Sprintf("number %d", i+1))
	}
	l := mailed(t, append(subjects, "two words")...)
	track := func(args ...string) (out, diagnostics string) {
		t.Helper()
		out, diagnostics, err := runs(t.Context(), append([]string{"track", "--console", l.Addresses.Console}, args...)...)
		if err != nil {
			t.Errorf("track %q: %v", args, err)
		}
		return out, diagnostics
	}
	for _, c := range []struct {
		args  []string
		lines int
		said  string
	}{
		{nil, 21, "there are more: before=7 goes on, --all shows all\n"},
		{[]string{"--limit", "3"}, 4, "there are more: before=24 goes on, --all shows all\n"},
		{[]string{"limit=3"}, 4, "there are more: before=24 goes on, --all shows all\n"},
		{[]string{"limit=3", "--limit", "5"}, 6, "there are more: before=22 goes on, --all shows all\n"},
		{[]string{"--all"}, 27, ""},
		{[]string{"limit=3", "--all"}, 27, ""},
		{[]string{"before=7"}, 7, ""},
		{[]string{`subject=is:"two words"`, "state=delivered"}, 2, ""},
		{[]string{"subject=nothing"}, 0, "no messages match\n"},
		{[]string{"--format", "jsonl"}, 20, ""},
		{[]string{"--format", "jsonl", "--all"}, 26, ""},
		{[]string{"--format", "csv", "--limit", "2"}, 3, ""},
		{[]string{"--format", "csv", "--all", "mid=26"}, 2, ""},
		{[]string{"--format", "json"}, 1, ""},
	} {
		out, said := track(c.args...)
		if n := strings.Count(out, "\n"); n != c.lines || said != c.said {
			t.Errorf("track %q: %d lines, want %d; said %q, want %q; in\n%s", c.args, n, c.lines, said, c.said, out)
		}
	}
	out, _ := track("--format", "json", "--limit", "2")
	var page found
	if err := json.Unmarshal([]byte(out), &page); err != nil || len(page.Messages) != 2 || page.Next != 25 || page.Messages[0].Subject != "two words" {
		t.Errorf("%v in %s", err, out)
	}
	out, _ = track("--format", "csv", "--all")
	if rows, err := csv.NewReader(strings.NewReader(out)).ReadAll(); err != nil || len(rows) != 27 {
		t.Errorf("%d rows, %v", len(rows), err)
	}
	if out, _ = track("--explain", "sender=alice"); !strings.HasPrefix(out, "query: sender=contains:\"alice\" limit=20\n") || !strings.Contains(out, "\nsegments: ") {
		t.Errorf("explained:\n%s", out)
	}
	if out, _ = track("--mid", "26"); !regexp.MustCompile(`^MID 26: Delivered: two words\n  \d{4}-\d\d-\d\d \d\d:\d\d:\d\d  Incoming connection`).MatchString(out) || !strings.Contains(out, "received remote SMTP response") {
		t.Errorf("message:\n%s", out)
	}
	out, _ = track("--mid", "26", "--format", "json")
	if err := json.Unmarshal([]byte(out), &page); err != nil || len(page.Messages) != 1 || len(page.Messages[0].Events) < 10 {
		t.Errorf("%v in %s", err, out)
	}
}

// What is printed for people cannot harm their terminal, and is the same for the
// same messages.
func TestTrackPrints(t *testing.T) {
	at := "2020-05-14T13:23:57.000120Z"
	messages := []export.Message{
		{MID: 8, Received: at, State: "Delivered", Sender: "alice@example.com", Recipients: []export.Recipient{{Address: "bob@example.org"}}, Subject: "Grüße, 世界"},
		{MID: 1234567, Received: at, State: "Quarantined by Anti-Spam/Graymail", Recipients: []export.Recipient{{Address: strings.Repeat("r", 99)}, {Address: "b"}, {Address: "c"}},
			Subject: "\x1b[2Jbell\x07 \u202eturned\u0085 tab\tline\r\n" + strings.Repeat("long ", 99), Sender: "a\x1b@" + strings.Repeat("s", 99),
			Events: []export.Line{{Time: at, Text: "Message 1 original subject on injection: \x1b[2J"}, {Time: "\x1b", Text: "end"}}},
		{MID: 9},
	}
	var b bytes.Buffer
	for i := range messages {
		fmt.Fprintln(&b, messageRow(&messages[i]))
	}
	if err := printFamily(&b, messages); err != nil {
		t.Fatal(err)
	}
	golden.Check(t, "testdata/track.txt", b.Bytes(), *update)
	if i := bytes.IndexAny(b.Bytes(), "\x1b\x07\r\t\u202e\u0085"); i >= 0 {
		t.Errorf("octet %d can do harm", i)
	}
}

// A search that was stopped by its time limit is gone on with under --all, and
// said otherwise; one that gets nowhere ends.
func TestTrackStopped(t *testing.T) {
	stuck := false
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q := r.FormValue("q")
		switch {
		case strings.Contains(q, "before=40") && !stuck:
			fmt.Fprint(w, `{"messages":[{"mid":30}]}`)
		default:
			fmt.Fprint(w, `{"messages":[{"mid":50}],"next":40,"stopped":"the time limit of 10s was reached"}`)
		}
	}))
	defer server.Close()
	const said = "the search ended early: the time limit of 10s was reached; before=40 goes on, timeout=1m takes longer\n"
	for _, c := range []struct {
		stuck bool
		all   bool
		rows  int
		said  string
	}{{false, false, 1, said}, {false, true, 2, ""}, {true, true, 2, said}} {
		stuck = c.stuck
		args := []string{"track", "--console", server.URL}
		if c.all {
			args = append(args, "--all")
		}
		out, diagnostics, err := runs(t.Context(), args...)
		if n := strings.Count(out, "\n") - 1; err != nil || n != c.rows || diagnostics != c.said {
			t.Errorf("%+v: %v, %d rows, said %q", c, err, n, diagnostics)
		}
	}
}

// The data of a lab that is not running can be read, without harm to it; a
// running lab's cannot.
func TestTrackData(t *testing.T) {
	dir := t.TempDir()
	past := mix.Past{Seed: 1, Messages: 5000, Days: 3, End: time.Date(2020, 5, 14, 13, 0, 0, 0, time.UTC)}
	if err := lab.Seed(t.Context(), lab.SeedOptions{Dir: dir, Past: past}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		out, _, err := runs(t.Context(), "track", "--data", dir, "--all", "--format", "jsonl")
		if n := strings.Count(out, "\n"); err != nil || n != 5000 {
			t.Fatalf("%d messages, %v", n, err)
		}
	}
	out, _, err := runs(t.Context(), "track", "--data", dir, "--mid", "5000")
	if err != nil || !strings.HasPrefix(out, "MID 5000: ") && !strings.Contains(out, "\nMID 5000: ") {
		t.Errorf("%v\n%s", err, out)
	}
	if _, _, err := runs(t.Context(), "track", "--data", t.TempDir()); err == nil || !strings.Contains(err.Error(), "no tracking data") {
		t.Errorf("an empty directory: %v", err)
	}
	esasimtest.Start(t, func(o *lab.Options) { o.FS, o.Dir, o.Config.Cloud = nil, dir, nil })
	if _, _, err := runs(t.Context(), "track", "--data", dir); !errors.Is(err, lab.ErrInUse) {
		t.Errorf("a running lab: %v", err)
	}
}

func TestTrackErrors(t *testing.T) {
	l := esasimtest.Start(t)
	console := "--console=" + l.Addresses.Console
	foreign := httptest.NewServer(http.NotFoundHandler())
	defer foreign.Close()
	cut := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		fmt.Fprintln(w, "{}")
	}))
	defer cut.Close()
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"track", console, "colour=red"}, `query: column 1: unknown criterion "colour"`},
		{[]string{"track", console, "--format", "xml"}, `--format "xml"`},
		{[]string{"track", console, "--limit", "0"}, "--limit 0"},
		{[]string{"track", console, "--limit", "5", "--all"}, "--all and --limit"},
		{[]string{"track", console, "--all", "--format", "json"}, "want jsonl"},
		{[]string{"track", console, "--data", "x"}, "--data and --console"},
		{[]string{"track", console, "--mid", "1"}, "track: no message with MID 1 is tracked"},
		{[]string{"track", console, "--mid", "0"}, "--mid 0"},
		{[]string{"track", console, "--mid", "1", "sender=a"}, "--mid is one message"},
		{[]string{"track", console, "--mid", "1", "--limit", "5"}, "--mid is one message"},
		{[]string{"track", console, "--explain", "--format", "csv"}, "--explain is text"},
		{[]string{"track", console, "--mid", "1", "--format", "csv"}, "--mid has table and json"},
		{[]string{"track", "--console", "127.0.0.1:1"}, "track: no lab answers at http://127.0.0.1:1: dial tcp"},
		{[]string{"track", "--console", foreign.URL}, "answers 404 Not Found: not a console of esasim"},
		{[]string{"track", "--console", cut.URL, "--format", "csv"}, "track: cut short: unexpected EOF"},
		{[]string{"wait"}, "wait needs a query"},
		{[]string{"wait", console, "colour=red"}, `query: column 1: unknown criterion "colour"`},
		{[]string{"wait", console, "mid=1", "--count", "0"}, "--count 0"},
		{[]string{"wait", console, "mid=1", "--timeout", "0s"}, "--timeout 0s"},
		{[]string{"wait", console, "mid=1", "--timeout", "100ms"}, "wait: 0 of 1 messages matched within 100ms"},
		{[]string{"wait", "--console", "127.0.0.1:1", "mid=1", "--timeout", "100ms"}, "wait: no lab answers at http://127.0.0.1:1: dial tcp"},
		{[]string{"wait", "--console", foreign.URL, "mid=1"}, "not a console of esasim"},
	} {
		if out, _, err := runs(t.Context(), c.args...); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %v, want %s\n%s", c.args, err, c.want, out)
		}
	}
}

// Who waits is told when the messages have come, also of a lab that does not
// answer at first; and does not ask all the time.
func TestWait(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := ln.Addr().String()
	if err := ln.Close(); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() {
		_, _, err := runs(t.Context(), "wait", "--console", "http://"+address, "--count", "2", "subject=awaited", "state=delivered")
		done <- err
	}()
	<-time.After(100 * time.Millisecond) // it asks in vain
	l := esasimtest.Start(t, func(o *lab.Options) { o.Config.Console = address })
	l.Send(t, "alice@example.com", "Subject: awaited\r\n\r\n", "bob@example.org")
	l.Send(t, "alice@example.com", "Subject: other\r\n\r\n", "bob@example.org")
	select {
	case err := <-done:
		t.Fatalf("waited for one message: %v", err)
	case <-time.After(300 * time.Millisecond):
	}
	l.Send(t, "alice@example.com", "Subject: Awaited\r\n\r\n", "bob@example.org")
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestWaitPauses(t *testing.T) {
	var asked atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		fmt.Fprintln(w, "{}")
	}))
	defer server.Close()
	_, _, err := runs(t.Context(), "wait", "--console", server.URL, "--count", "2", "--timeout", "1s", "state=delivered")
	if err == nil || !strings.Contains(err.Error(), "1 of 2 messages matched within 1s") || asked.Load() < 2 || asked.Load() > 8 {
		t.Errorf("%v after %d questions", err, asked.Load())
	}
}

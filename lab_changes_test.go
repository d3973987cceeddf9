package esasim_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"esasim/appliance/changes"
	"esasim/esa"
	"esasim/internal/statefile"
	"esasim/lab"
)

// commit sets keys, "key = value", and commits.
func (r reloadable) commit(edits ...string) {
	r.t.Helper()
	c := r.Appliance().Changes()
	for _, e := range edits {
		key, value, _ := strings.Cut(e, " = ")
		if err := c.Set("joe", key, value); err != nil {
			r.t.Fatalf("%s: %v", e, err)
		}
	}
	ctx := changes.WithSource(r.t.Context(), "a test")
	if _, err := c.Commit(ctx, "joe", "because"); err != nil {
		r.t.Fatal(err)
	}
}

// What is committed holds for mail from then on, after a restart, and over another
// configuration file; what is only submitted changes nothing.
func TestCommitted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var audit bytes.Buffer
		v := &virtual{fs: vfs.NewMem()}
		begin := func(text string) {
			v.start(t, func(o *lab.Options) {
				o.Config, o.Logger = configOf(t, text), slog.New(slog.NewTextHandler(&audit, nil))
			})
		}
		begin("")
		r := reloadable{v, t}
		mail := []string{"EHLO c.example", "MAIL FROM:<a@b.example>", "RCPT TO:<u@x.example>"}
		if err := r.Appliance().Changes().Set("joe", "appliance.recipients", "[y.example]"); err != nil {
			t.Fatal(err)
		}
		r.answers("250", mail...)
		r.commit("appliance.listeners[IncomingMail].max_message_size = 1K")
		r.answers("550", mail...)
		r.answers("552", "EHLO c.example", "MAIL FROM:<a@b.example> SIZE=2000")
		if got := audit.String(); !strings.Contains(got, `msg="commit changes" user=joe source="a test" comment=because keys="appliance.recipients, appliance.listener.max_message_size"`) {
			t.Errorf("the log has no audit of it:\n%s", got)
		}
		v.stop()
		begin("appliance: {listener: {max_message_size: 5K, max_recipients: 1}}")
		r.answers("550", mail...)
		r.answers("552", "EHLO c.example", "MAIL FROM:<a@b.example> SIZE=2000")
		r.answers("452", "EHLO c.example", "MAIL FROM:<a@b.example>", "RCPT TO:<u@y.example>", "RCPT TO:<v@y.example>")
		// A reload changes the file below.
		r.change("listener: {max_message_size: 5K}")
		r.answers("250", "EHLO c.example", "MAIL FROM:<a@b.example>", "RCPT TO:<u@y.example>", "RCPT TO:<v@y.example>")
		r.answers("552", "EHLO c.example", "MAIL FROM:<a@b.example> SIZE=2000")
		if err := r.Appliance().Changes().Reset("joe", "appliance.listener.max_message_size"); err != nil {
			t.Fatal(err)
		}
		r.commit()
		r.answers("250", "EHLO c.example", "MAIL FROM:<a@b.example> SIZE=2000")
		r.answers("552", "EHLO c.example", "MAIL FROM:<a@b.example> SIZE=6000")
		v.stop()
	})
}

// fullDisk has no room for what is committed once it is full.
type fullDisk struct {
	vfs.FS
	full *atomic.Bool
}

func (f fullDisk) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	if f.full.Load() && strings.HasSuffix(name, "changes.json.new") {
		return nil, errors.New("no room")
	}
	return f.FS.Create(name, c)
}

// A commit that cannot be carried out, or not be kept, has changed nothing.
func TestCommitFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var full atomic.Bool
		v := &virtual{fs: fullDisk{vfs.NewMem(), &full}}
		v.start(t, nil)
		defer func() { v.stop() }()
		r := reloadable{v, t}
		c := r.Appliance().Changes()
		put := func(key, value string) {
			t.Helper()
			if err := c.Set("joe", key, value); err != nil {
				t.Fatal(err)
			}
		}
		fails := func() {
			t.Helper()
			if _, err := c.Commit(t.Context(), "joe", ""); err == nil {
				t.Fatal("committed")
			}
			r.answers("250", "EHLO c.example", "MAIL FROM:<a@b.example>", "RCPT TO:<u@x.example>")
			if len(c.Pending("joe")) != 2 || len(c.History()) != 0 {
				t.Errorf("then pending %v, history %v", c.Pending("joe"), c.History())
			}
			r.events("u@x.example", "after it")
			if places, err := r.Appliance().Tracking().Cursors("log/"); err != nil || len(places) != 1 {
				t.Errorf("places in the log: %v, %v", places, err)
			}
		}
		if err := statefile.Write(v.fs, "data", "blocked", []byte("a file")); err != nil {
			t.Fatal(err)
		}
		put("appliance.recipients", "[y.example]")
		put("appliance.logs[blocked]", "{type: mail}")
		fails()
		c.Clear("joe")
		full.Store(true)
		put("appliance.recipients", "[y.example]")
		put("appliance.logs[more]", "{type: bounces}")
		fails()
	})
}

// A configuration file that what was committed does not fit is refused, at a start and
// at a reload, and the error says what to do.
func TestCommittedDoesNotFit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &virtual{fs: vfs.NewMem()}
		const mine = "appliance: {quarantines: [{name: Mine, retention: 1h}]}"
		v.start(t, func(o *lab.Options) { o.Config = configOf(t, mine) })
		r := reloadable{v, t}
		r.commit("appliance.quarantines[Mine].retention = 2h", "appliance.recipients = [y.example]")
		says := func(err error, text string) {
			t.Helper()
			if layer := (*changes.LayerError)(nil); !errors.As(err, &layer) || !strings.Contains(err.Error(), text) || !strings.Contains(err.Error(), "esasim config reset") {
				t.Errorf("the error: %v", err)
			}
		}
		says(v.Change(configOf(t, "")), "appliance.quarantines[Mine]: there is none of this name")
		r.answers("550", "EHLO c.example", "MAIL FROM:<a@b.example>", "RCPT TO:<u@x.example>")
		v.stop()
		_, err := lab.New(lab.Options{Config: configOf(t, ""), FS: v.fs, Dir: "data", Listen: v.net.Listen})
		says(err, "appliance.quarantines[Mine]: there is none of this name")
		if gone, err := lab.ForgetChanges(v.fs, "data", "appliance.quarantines[Mine]"); err != nil || len(gone) != 1 {
			t.Fatal(gone, err)
		}
		v.start(t, func(o *lab.Options) { o.Config = configOf(t, "") })
		defer func() { v.stop() }()
		r.answers("550", "EHLO c.example", "MAIL FROM:<a@b.example>", "RCPT TO:<u@x.example>")
	})
}

// Commits change two settings at a time while mail flows: no message meets one of them
// without the other, and what begins after a commit meets what it says.
func TestCommitsWhileMailFlows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &virtual{fs: vfs.NewMem()}
		v.start(t, func(o *lab.Options) {
			o.Config = configOf(t, "appliance: {content_filters: {incoming: [{name: c, actions: [{do: log, text: v0}]}]}, mail_policies: {incoming: [{name: DEFAULT, content_filters: [c]}]}, message_filters: 'm: if (true) { log-entry(\"v0\"); }'}")
		})
		defer func() { v.stop() }()
		r := reloadable{v, t}
		var mu sync.Mutex
		least := map[esa.MID]int{}
		var wg sync.WaitGroup
		ctx, stop := context.WithCancel(t.Context())
		for range 4 {
			wg.Go(func() {
				for ctx.Err() == nil {
					mu.Lock()
					now := len(r.Appliance().Changes().History())
					mu.Unlock()
					mid := v.send(t, "u@x.example", "x")
					mu.Lock()
					least[mid] = now
					mu.Unlock()
					time.Sleep(time.Millisecond)
				}
			})
		}
		for i := 1; i <= 30; i++ {
			r.commit(fmt.Sprintf(`appliance.message_filters = 'm: if (true) { log-entry("v%d"); }'`, i),
				fmt.Sprintf("appliance.content_filters.incoming[c].actions = [{do: log, text: v%d}]", i))
			time.Sleep(time.Millisecond)
		}
		stop()
		wg.Wait()
		time.Sleep(time.Second)
		met := map[string]bool{}
		for mid, version := range least {
			var said []string
			for _, e := range r.eventsOf(mid).Events {
				if e.Kind == esa.LogEntered {
					said = append(said, e.Text)
				}
			}
			if len(said) != 2 || said[0] != said[1] {
				t.Fatalf("MID %d: %q", mid, said)
			}
			if n, err := strconv.Atoi(strings.TrimPrefix(said[0], "v")); err != nil || n < version {
				t.Errorf("MID %d met %s, but began after commit %d", mid, said[0], version)
			}
			met[said[0]] = true
		}
		if len(met) < 10 {
			t.Errorf("messages met %d versions: the commits did not happen while mail flowed", len(met))
		}
	})
}

// A lab that is killed while somebody commits has, when it comes back, what was
// acknowledged, or the commit that was under way.
func TestKillCommits(t *testing.T) {
	data := t.TempDir()
	said := 0
	for cycle := range 5 {
		p := run(t, ports("--data", data)...)
		n := p.hops(t)
		if cycle > 0 && n != 100+said && n != 101+said {
			t.Fatalf("cycle %d: acknowledged %d, in force %d", cycle, 100+said, n)
		}
		said = n - 100
		if got := len(p.commits(t)); got != min(said, 100) {
			t.Errorf("cycle %d: %d commits in the history, %d in force", cycle, got, said)
		}
		time.AfterFunc(time.Duration(20+37*cycle)*time.Millisecond, p.kill)
		for p.commitHops(said + 101) {
			said++
		}
	}
	if said < 10 {
		t.Errorf("only %d commits", said)
	}
}

// config makes a call about the configuration.
func (p *process) config(name string, body, out any) error {
	method, b := http.MethodGet, []byte(nil)
	if body != nil {
		method = http.MethodPost
		b, _ = json.Marshal(body) // of strings
	}
	req, err := http.NewRequest(method, p.addresses.Console+"/_esasim/v1/appliance/config"+name, bytes.NewReader(b))
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	b, err = io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s %s: %w", resp.Status, b, err)
	}
	return json.Unmarshal(b, out)
}

func (p *process) hops(t *testing.T) int {
	t.Helper()
	var got struct{ Value string }
	if err := p.config("?key=appliance.listener.max_hops", nil, &got); err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(got.Value)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func (p *process) commits(t *testing.T) []changes.Entry {
	t.Helper()
	var got struct{ Commits []changes.Entry }
	if err := p.config("/history", nil, &got); err != nil {
		t.Fatal(err)
	}
	return got.Commits
}

// commitHops is false when the process has ended.
func (p *process) commitHops(n int) bool {
	var any map[string]any
	if p.config("/set", map[string]string{"key": "appliance.listener.max_hops", "value": strconv.Itoa(n)}, &any) != nil {
		return false
	}
	return p.config("/commit", map[string]string{"comment": strconv.Itoa(n)}, &any) == nil
}

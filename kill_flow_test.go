package esasim_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"esasim/esa"
	"esasim/lab"
	"esasim/tracking"
)

// flowConfig has every way in which messages are made of others, held and ended. The
// subject of a message chooses.
const flowConfig = `
smtp: 127.0.0.1:0
console: 127.0.0.1:0
cloud: {AMERICAS: 127.0.0.1:0}
appliance:
  logs:
    - {name: mail_logs, type: mail}
    - {name: events, type: consolidated_event}
    - {name: bounces, type: bounces}
  quarantines:
    - {name: Policy, retention: 1m, action: release, release: {subject: "[late] "}}
    - {name: Virus, action: release}
  quarantine_space: {policy: 16K}
  message_filters: |
    held: if (subject == "held") { quarantine("Policy"); }
    kept: if (subject == "kept") { duplicate-quarantine("Virus"); }
    bounced: if (subject == "bounced") { bounce(); }
    dropped: if (subject == "dropped") { drop(); }
    scanned: if (subject == "scanned") { bcc-scan("archive@copies.example"); }
    other: if (subject == "other") { alt-rcpt-to("other@x.example"); }
  content_filters:
    incoming:
      - {name: foot, conditions: [{if: subject, contains: foot}], actions: [{do: add_footer, text: "-- a footer"}]}
      - {name: both, conditions: [{if: subject, contains: both}], actions: [{do: add_footer, text: "-- a footer"}, {do: quarantine, quarantine: Virus}, {do: bcc, to: [archive@copies.example]}]}
      - {name: note, conditions: [{if: subject, contains: note}], actions: [{do: notify, to: [boss@copies.example]}]}
      - {name: back, conditions: [{if: subject, contains: back}], actions: [{do: bounce}]}
  mail_policies:
    incoming:
      - {name: Finance, recipients: ["@fin.example"], content_filters: [foot, note]}
      - {name: DEFAULT, antispam: {enabled: true, positive: {action: quarantine}}, content_filters: [foot, both, note, back]}
`

// flowKinds are the subjects of the load, and how many copies and notifications each
// has.
func flowKinds() map[string]int {
	return map[string]int{"plain": 0, "held": 0, "kept": 1, "bounced": 0, "dropped": 0, "scanned": 1, "other": 0, "foot": 0, "both": 1,
		"note": 2, "back": 0, "spam": 0, "held foot": 0}
}

// flowRecipients are those of every message of the load: of two policies, and one
// whose host refuses.
func flowRecipients() []string {
	return []string{"a@x.example", "b@fin.example", "bounce@esasim.test", "c@x.example"}
}

// flow is a load whose messages are split, changed, copied, held, let go and bounced,
// and what was acknowledged of it.
type flow struct {
	mu    sync.Mutex
	acked map[esa.MID]string // the subject of each
}

// send sends so many messages, or until the lab is gone.
func (f *flow) send(conn net.Conn, most int) {
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(time.Minute))
	in := bufio.NewReader(conn)
	kinds := make([]string, 0, len(flowKinds()))
	for k := range flowKinds() {
		kinds = append(kinds, k)
	}
	say := func(lines string, replies int) (last string) {
		if lines != "" {
			if _, err := io.WriteString(conn, lines); err != nil {
				return ""
			}
		}
		for replies > 0 {
			line, err := in.ReadString('\n')
			if err != nil {
				return ""
			}
			if last = strings.TrimSpace(line); line[3] == ' ' {
				replies--
			}
		}
		return last
	}
	if say("", 1) == "" || say("EHLO flow.test\r\n", 1) == "" {
		return
	}
	for range most {
		kind := kinds[rand.IntN(len(kinds))]
		envelope := "MAIL FROM:<sender@flow.example>\r\n"
		for _, to := range flowRecipients() {
			envelope += "RCPT TO:<" + to + ">\r\n"
		}
		body := "hello\r\n" + strings.Repeat("The quick brown fox jumps over the lazy dog.\r\n", rand.IntN(200))
		if kind == "spam" {
			body += "XJS*C4JDBQADN1.NSBN3*2IDNEN*" + "GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X\r\n"
		}
		if !strings.HasPrefix(say(envelope+"DATA\r\n", 2+len(flowRecipients())), "354") {
			return
		}
		reply := say("From: sender@flow.example\r\nSubject: "+kind+"\r\n\r\n"+body+".\r\n", 1)
		var mid esa.MID
		if _, err := fmt.Sscanf(reply, "250 ok:  Message %d accepted", &mid); err != nil {
			return
		}
		f.mu.Lock()
		f.acked[mid] = kind
		f.mu.Unlock()
	}
}

// release lets go what quarantines hold until the lab is gone.
func (f *flow) release(ctx context.Context, p *process) {
	for ctx.Err() == nil {
		_, body, err := p.get(ctx, "/_esasim/v1/quarantines/messages?limit=20&order=asc")
		var held struct{ Messages []struct{ MID esa.MID } }
		if err != nil || json.Unmarshal([]byte(body), &held) != nil {
			return
		}
		mids := []string{}
		for _, m := range held.Messages {
			mids = append(mids, m.MID.String())
		}
		if len(mids) == 0 {
			continue
		}
		order := []byte(`{"mids":[` + strings.Join(mids, ",") + `]}`)
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.addresses.Console+"/_esasim/v1/quarantines/release", bytes.NewReader(order))
		if err != nil {
			return
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return
		}
		resp.Body.Close()
	}
}

// TestKillFlow kills the lab again and again while messages are split, changed,
// copied, held, let go and bounced. In the end each that was acknowledged has come to
// one end for each of its recipients, what was made of it is there once, and the mail
// log has told it once.
func TestKillFlow(t *testing.T) {
	cycles := 4
	if n, err := strconv.Atoi(os.Getenv("ESASIM_CRASH_CYCLES")); err == nil {
		cycles = n
	}
	t.Setenv("ESASIM_SEGMENT_ROWS", strconv.Itoa(killSegment))
	data, file := t.TempDir(), filepath.Join(t.TempDir(), "esasim.yaml")
	if err := os.WriteFile(file, []byte(flowConfig), 0o600); err != nil {
		t.Fatal(err)
	}
	f := flow{acked: map[esa.MID]string{}}
	for range cycles {
		p := run(t, "lab", "--config", file, "--data", data)
		ctx, cancel := context.WithCancel(t.Context())
		var senders sync.WaitGroup
		for range 8 {
			senders.Go(func() {
				if conn, err := net.Dial("tcp", p.addresses.SMTP); err == nil {
					f.send(conn, math.MaxInt)
				}
			})
		}
		senders.Go(func() { f.release(ctx, p) })
		select {
		case <-time.After(100*time.Millisecond + rand.N(900*time.Millisecond)):
		case <-t.Context().Done():
		}
		p.kill()
		cancel()
		senders.Wait()
	}
	if len(f.acked) < 10*cycles {
		t.Fatalf("only %d messages acknowledged in %d cycles", len(f.acked), cycles)
	}
	all := settle(t, startFlow(t, file, data))
	told := newFlowStory(all)
	told.check(t, f.acked)
	told.checkLogs(t, data)
	t.Logf("%d cycles, %d messages acknowledged, %d with those made of them", cycles, len(f.acked), len(all))
}

// TestPowerFlow is TestKillFlow for a machine that loses its power, at many more
// moments: whenever something is written, and with what was not synced lost, or not.
// Messages are held until their time is over, too, and tried again.
func TestPowerFlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := vfs.NewCrashableMem()
		if err := disk.MkdirAll("data", 0o700); err != nil {
			t.Fatal(err)
		}
		if root, err := disk.OpenDir(""); err != nil || root.Sync() != nil { // the directory is there before the lab
			t.Fatal(err)
		}
		f := flow{acked: map[esa.MID]string{}}
		o := outages{f: &f, disk: disk, r: rand.New(rand.NewPCG(rand.Uint64(), 1))}
		v := &virtual{fs: errorfs.Wrap(disk, errorfs.InjectorFunc(o.see))}
		v.start(t, flowOptions(t))
		for range 24 {
			conn, err := v.net.Dial(t.Context(), "tcp", v.Addresses().SMTP)
			if err != nil {
				t.Fatal(err)
			}
			f.send(conn, 5)
			time.Sleep(time.Duration(rand.IntN(20)) * time.Second)
		}
		time.Sleep(5 * time.Minute)
		all := settle(t, v.Lab)
		v.stop()
		newFlowStory(all).check(t, f.acked)
		if len(o.list) < 50 {
			t.Errorf("%d outages", len(o.list))
		}
		t.Logf("%d messages, %d with those made of them, %d outages, the last one when %d were acknowledged", len(f.acked), len(all), len(o.list), len(o.list[len(o.list)-1].acked))
		for i, out := range o.list {
			v := &virtual{fs: out.disk}
			other := i%3 == 2 // it starts again with quite another configuration
			if other {
				v.start(t, func(o *lab.Options) { o.Config.Cloud, o.SegmentRows = nil, killSegment })
			} else {
				v.start(t, flowOptions(t))
			}
			told := newFlowStory(settle(t, v.Lab))
			v.stop()
			if other {
				told.checkEnds(t, out.acked)
			} else {
				told.check(t, out.acked)
			}
			if t.Failed() {
				t.Fatalf("after %d messages, another configuration: %t", len(out.acked), other)
			}
		}
	})
}

// flowOptions are those of a virtual lab with flowConfig.
func flowOptions(t *testing.T) func(*lab.Options) {
	c, err := lab.ReadConfig("flow", []byte(flowConfig))
	if err != nil {
		t.Fatal(err)
	}
	return func(o *lab.Options) {
		smtp, console := o.Config.SMTP, o.Config.Console
		o.Config, o.SegmentRows = c, killSegment
		o.Config.SMTP, o.Config.Console, o.Config.Cloud = smtp, console, nil
	}
}

// outage is what the disk has after one, and what had been acknowledged.
type outage struct {
	disk  *vfs.MemFS
	acked map[esa.MID]string
}

// outages are what there would be if the power failed at some moments.
type outages struct {
	f    *flow
	disk *vfs.MemFS
	mu   sync.Mutex // guards the rest
	r    *rand.Rand
	list []outage
}

// see may have the power fail just before something is done with the disk.
func (o *outages) see(op errorfs.Op) error {
	if op.Kind.ReadOrWrite() != errorfs.OpIsWrite {
		return nil
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.list) < 150 && o.r.IntN(8) == 0 {
		o.f.mu.Lock()
		acked := maps.Clone(o.f.acked)
		o.f.mu.Unlock()
		o.list = append(o.list, outage{o.disk.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 100 * o.r.IntN(2), RNG: o.r}), acked})
	}
	return nil
}

// startFlow runs the lab on the data that the killed ones left.
func startFlow(t *testing.T, file, data string) *lab.Lab {
	t.Helper()
	c, err := lab.ReadConfig(file, []byte(readFile(t, file)))
	if err != nil {
		t.Fatal(err)
	}
	l, err := lab.New(lab.Options{Config: c, Dir: data})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- l.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	<-l.Ready()
	return l
}

// settle lets go all that is held until nothing more happens, and gives all messages.
func settle(t *testing.T, l *lab.Lab) map[esa.MID]esa.Message {
	t.Helper()
	store := l.Appliance().Tracking()
	deadline := time.Now().Add(2 * time.Minute)
	for {
		all, open, held := map[esa.MID]esa.Message{}, 0, []esa.MID(nil)
		err := store.Each(t.Context(), tracking.Query{}, func(m *esa.Message) error {
			all[m.MID] = *m
			switch {
			case m.State == esa.Quarantined:
				held = append(held, m.MID)
			case !m.Finished && m.State != esa.Receiving:
				open++
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if len(held) > 0 {
			if _, err := l.Appliance().Quarantines().Release(t.Context(), held, ""); err != nil {
				t.Fatal(err)
			}
		} else if open == 0 {
			return all
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d messages open, %d held", open, len(held))
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-t.Context().Done():
		}
	}
}

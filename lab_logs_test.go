package esasim_test

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"net/smtp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"esasim/appliance/config"
	"esasim/esa"
	"esasim/internal/statefile"
	"esasim/lab"
)

// subscribed has the factory's log and some more.
func subscribed(more ...config.LogSubscription) func(*lab.Options) {
	return func(o *lab.Options) {
		o.Config.Appliance.Logs = append(config.Default().Logs, more...)
	}
}

// logLines are the lines in all files of a subscription, without the headers of the
// files.
func (v *virtual) logLines(t *testing.T, subscription, stem string) (lines []string) {
	t.Helper()
	dir := v.fs.PathJoin("data", subscription)
	names, err := v.fs.List(dir)
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(names)
	for _, n := range names {
		if n == stem+".current" { // another name of the newest
			continue
		}
		b, err := statefile.Read(v.fs, v.fs.PathJoin(dir, n))
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, slices.Collect(strings.SplitSeq(strings.TrimSuffix(string(b), "\n"), "\n"))[3:]...)
	}
	return lines
}

// abandon begins a message and goes away.
func (v *virtual) abandon(t *testing.T) {
	t.Helper()
	conn, err := v.net.Dial(t.Context(), "tcp", v.Addresses().SMTP)
	if err != nil {
		t.Fatal(err)
	}
	c, err := smtp.NewClient(conn, "esa.esasim.test")
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Mail("mgmt01@cisco.com"); err != nil {
		t.Fatal(err)
	}
	if err := c.Quit(); err != nil {
		t.Fatal(err)
	}
}

// Every message has one line in the Consolidated Event Log when it has come to its
// end, also over a restart while it waits for its second attempt.
func TestConsolidatedEventLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &virtual{fs: vfs.NewMem()}
		logs := subscribed(config.LogSubscription{Name: "events", Type: "consolidated_event"})
		v.start(t, logs)
		later := v.send(t, "defer@esasim.test", "later")
		arrives := v.send(t, "x@example.org", "a|b=c")
		bounces := v.send(t, "bounce@esasim.test", "no such")
		v.abandon(t)
		time.Sleep(2 * time.Second)
		v.stop()
		v.start(t, logs)
		time.Sleep(2 * time.Minute)
		v.stop()

		serial := v.Appliance().Serial()
		lines := v.logLines(t, "events", "consolidated_event")
		if len(lines) != 5 {
			t.Fatalf("%d lines, want 5:\n%s", len(lines), strings.Join(lines, "\n"))
		}
		for _, want := range [][]string{
			{fmt.Sprintf("ESAMID=%d ", arrives), " act=DELIVERED ", " duser=x@example.org ", ` msg='a|b\=c' `, " cs4Label=ExternalMsgID cs4='<a|b\\=c@cisco.com>' ",
				" Info: CEF:0|Cisco|C100V Email Security Virtual Appliance|13.0.0-392|ESA_CONSOLIDATED_LOG_EVENT|Consolidated Log Event|5|deviceExternalId=" + serial + " ESAMID="},
			{fmt.Sprintf("ESAMID=%d ", bounces), " act=BOUNCED ESAFinalActionDetails=5.1.0 - Unknown address error "},
			{" act=ABORTED ESAFinalActionDetails=Receiving aborted by sender "},
			{" duser=mgmt01@cisco.com", " act=DELIVERED "}, // the bounce message
			{fmt.Sprintf("ESAMID=%d ", later), " act=DELIVERED ", "endTime=Sat Jan  1 00:01:", " startTime=Sat Jan  1 00:00:0"},
		} {
			n := 0
			for _, line := range lines {
				if !strings.Contains(line, want[0]) {
					continue
				}
				n++
				for _, part := range want {
					if !strings.Contains(line, part) {
						t.Errorf("no %q in %s", part, line)
					}
				}
			}
			if n != 1 {
				t.Errorf("%d lines with %s", n, want[0])
			}
		}
	})
}

// A syslog server that is away for hours, over a restart, gets the very lines that
// the file has, once; mail does not wait for it.
func TestSyslogServerAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &virtual{fs: vfs.NewMem()}
		logs := subscribed(config.LogSubscription{Name: "pushed", Type: "mail", Syslog: config.Syslog{Protocol: "tcp", Address: "127.0.0.1:514", Facility: "local4"}})
		v.start(t, logs)
		for i := range 5 {
			begin := time.Now()
			v.send(t, "x@example.org", fmt.Sprintf("hour %d", i))
			if took := time.Since(begin); took > time.Second {
				t.Errorf("a server that is away slowed a message down to %s", took)
			}
			time.Sleep(time.Hour)
			if i == 2 {
				v.stop()
				v.start(t, logs)
			}
		}
		l, err := v.net.Listen("tcp", "127.0.0.1:514")
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		done := make(chan struct{})
		go func() {
			defer close(done)
			conn, err := l.Accept()
			if err != nil {
				return
			}
			defer conn.Close()
			for s := bufio.NewScanner(conn); s.Scan(); {
				got = append(got, s.Text())
			}
		}()
		time.Sleep(2 * time.Minute)
		v.stop()
		l.Close()
		<-done
		var want []string
		for _, line := range v.logLines(t, "mail_logs", "mail") {
			at, err := time.Parse("Mon Jan _2 15:04:05 2006", line[:24])
			if err != nil {
				t.Fatal(err)
			}
			want = append(want, "<166>"+at.Format("Jan _2 15:04:05")+" pushed: "+line[25:])
		}
		if !slices.Equal(got, want) || len(want) < 5*10 {
			t.Errorf("pushed:\n%s\nin the file:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	})
}

// A subscription begins with what happens after it was set up, speaks in the time
// zone of the appliance, and leaves no place behind when it is removed.
func TestSubscriptionsComeAndGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &virtual{fs: vfs.NewMem()}
		v.start(t, nil)
		v.send(t, "bounce@esasim.test", "before")
		time.Sleep(2 * time.Second)
		v.stop()
		zone := func(o *lab.Options) {
			subscribed(config.LogSubscription{Name: "bounces", Type: "bounces"}, config.LogSubscription{Name: "quiet", Type: "mail", Level: "warning"})(o)
			o.Config.Appliance.Timezone = "America/New_York"
		}
		v.start(t, zone)
		mid := v.send(t, "bounce@esasim.test", "after")
		time.Sleep(2 * time.Second)
		places := func() string {
			t.Helper()
			names, err := v.Appliance().Tracking().Cursors("log/")
			if err != nil {
				t.Fatal(err)
			}
			return fmt.Sprint(names)
		}
		if got := places(); got != "[log/bounces log/mail_logs log/quiet]" {
			t.Errorf("places %s", got)
		}
		v.stop()
		got := v.logLines(t, "bounces", "bounces")
		want := fmt.Sprintf(` Info: Bounced: %d:0 From:<mgmt01@cisco.com> To:<bounce@esasim.test> Reason: "5.1.0 - Unknown address error" Response: "('550', ['`, mid)
		if len(got) != 1 || !strings.Contains(got[0], want) || !strings.HasPrefix(got[0], "Fri Dec 31 19:00:0") {
			t.Errorf("bounces %q, want %s", got, want)
		}
		if got := v.logLines(t, "quiet", "mail"); len(got) != 0 {
			t.Errorf("below the level: %q", got)
		}
		head, err := statefile.Read(v.fs, "data/bounces/bounces.current")
		if err != nil || !strings.Contains(string(head), "Info: Time offset from UTC: -18000 seconds\n") {
			t.Errorf("header %q, %v", head, err)
		}
		v.start(t, nil)
		if got := places(); got != "[log/mail_logs]" {
			t.Errorf("places %s", got)
		}
		v.stop()
	})
}

// Whenever the machine goes down, afterwards each message that came to its end has
// one line: none is lost, none is there twice.
func TestConsolidatedEventLogCrash(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := vfs.NewCrashableMem()
		if err := disk.MkdirAll("data", 0o700); err != nil {
			t.Fatal(err)
		}
		if root, err := disk.OpenDir(""); err != nil || root.Sync() != nil { // the directory is there before the lab
			t.Fatal(err)
		}
		v := &virtual{fs: disk}
		logs := subscribed(config.LogSubscription{Name: "events", Type: "consolidated_event", RollSize: 4 << 10, Keep: 1000})
		r := rand.New(rand.NewPCG(1, 2))
		var sent []esa.MID
		for range 12 {
			v.start(t, logs)
			for range 1 + r.IntN(6) {
				to := [...]string{"x@example.org", "defer@esasim.test", "bounce@esasim.test"}[r.IntN(3)]
				sent = append(sent, v.send(t, to, fmt.Sprintf("message %d", len(sent))))
				time.Sleep(time.Duration(r.IntN(700)) * time.Millisecond)
			}
			// What is not synced survives or not, all of it or nothing: halves of a
			// rename are on no real disk.
			after := disk.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 100 * r.IntN(2), RNG: r})
			v.stop()
			disk, v.fs = after, after
		}
		v.start(t, logs)
		time.Sleep(2 * time.Minute)
		v.stop()
		lines := v.logLines(t, "events", "consolidated_event")
		told := map[string]int{}
		for _, line := range lines { // of bounce messages, too
			_, after, _ := strings.Cut(line, " ESAMID=")
			mid, _, _ := strings.Cut(after, " ")
			told[mid]++
		}
		for mid, n := range told {
			if n != 1 {
				t.Errorf("MID %s: %d lines", mid, n)
			}
		}
		for _, mid := range sent {
			if told[mid.String()] != 1 {
				t.Errorf("MID %d has no line", mid)
			}
		}
	})
}

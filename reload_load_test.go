package esasim_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"

	"github.com/cockroachdb/pebble/v2/vfs"

	"esasim/esa"
	"esasim/esasimtest"
	"esasim/internal/statefile"
	"esasim/lab"
	"esasim/traffic"
)

// either is one of two configurations that differ in all that a message meets: which
// one it was is seen in each of its steps.
func either(t *testing.T, began *lab.Config, letter, zone string) lab.Config {
	c := configOf(t, strings.NewReplacer("LETTER", letter, "ZONE", zone).Replace(`
appliance:
  sender_groups: [{name: GROUP_LETTER, policy: $ACCEPTED, members: [127.0.0.1]}]
  message_filters: |
    a: if (true) { log-entry("filter LETTER"); }
  mail_policies:
    incoming: [{name: POLICY_LETTER, content_filters: [cf_LETTER]}]
  content_filters:
    incoming: [{name: cf_LETTER, actions: [{do: log, text: content LETTER}]}]
  quarantines: [{name: Q_LETTER}]
  destination_controls: [{domain: default, recipient_limit: 1000000}, {domain: LETTER.example}]
  timezone: ZONE
  logs:
    - {name: mail_logs, type: mail, max_files: 100}
    - {name: amp_LETTER, type: amp}
`))
	c.SMTP, c.Console, c.SSH, c.Cloud = began.SMTP, began.Console, began.SSH, began.Cloud
	return c
}

// While mail pours in, the configuration is changed twenty times. No message that was
// acknowledged is lost, each met one configuration from the first stage to the last,
// and the mail logs tell of each once.
func TestReloadUnderLoad(t *testing.T) {
	fs := vfs.NewMem()
	var began lab.Config
	l := esasimtest.Start(t, func(o *lab.Options) { o.FS, began = fs, o.Config })
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var mu sync.Mutex
	var acked []esa.MID
	var count atomic.Int64
	load := traffic.Load{Server: l.Addresses.SMTP, Sessions: 10, Size: 2000, Reconnect: true, Limit: 200_000, Accepted: func(reply string) {
		var mid esa.MID
		if _, err := fmt.Sscanf(reply, "250 ok:  Message %d accepted", &mid); err != nil {
			t.Errorf("reply %q", reply)
		}
		mu.Lock()
		defer mu.Unlock()
		acked = append(acked, mid)
		count.Add(1)
	}}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_, _ = load.Run(ctx) // it ends because it is told to
	}()
	for i := range 20 {
		letter, zone := "A", "UTC"
		if i%2 == 1 {
			letter, zone = "B", "Asia/Tokyo"
		}
		if err := l.Change(either(t, &began, letter, zone)); err != nil {
			t.Fatal(err)
		}
		more := count.Load() + 50
		eventually(t, "more mail", func() error {
			if n := count.Load(); n < more {
				return fmt.Errorf("%d of %d", n, more)
			}
			return nil
		})
	}
	stop()
	<-ended
	met := map[string]int{}
	for _, mid := range acked {
		var m esa.Message
		eventually(t, fmt.Sprintf("MID %d to be delivered", mid), func() (err error) {
			if m, err = l.Appliance().Tracking().Message(t.Context(), mid); err == nil && (m.State != esa.Delivered || !m.Finished) {
				err = errors.New(m.Status())
			}
			return err
		})
		met[wholeOf(t, &m)]++
	}
	if met["A"] < 100 || met["B"] < 100 {
		t.Errorf("met: %v", met)
	}
	eventually(t, "the mail logs", func() error { return toldOnce(fs, acked) })
}

// wholeOf is the configuration that a message met, "" for the first one.
func wholeOf(t *testing.T, m *esa.Message) string {
	t.Helper()
	var said []string
	for _, e := range m.Events {
		if e.Kind == esa.LogEntered || e.Kind == esa.PolicyMatched {
			said = append(said, e.Text+e.Name)
		}
	}
	all := strings.Join(said, "|")
	for _, letter := range []string{"A", "B"} {
		if strings.Contains(all, "filter "+letter) && strings.Contains(all, "POLICY_"+letter) && strings.Contains(all, "content "+letter) && len(said) == 3 {
			return letter
		}
	}
	if all != "DEFAULT" {
		t.Errorf("MID %d met %s", m.MID, all)
	}
	return ""
}

func toldOnce(fs vfs.FS, mids []esa.MID) error {
	names, err := fs.List("data/mail_logs")
	if err != nil {
		return err
	}
	times := map[string]int{}
	for _, n := range names {
		if n == "mail.current" {
			continue
		}
		b, err := statefile.Read(fs, "data/mail_logs/"+n)
		if err != nil {
			return err
		}
		for line := range strings.SplitSeq(string(b), "\n") {
			if _, rest, ok := strings.Cut(line, "Message finished MID "); ok {
				times[rest]++
			}
		}
	}
	for _, mid := range mids {
		if n := times[mid.String()+" done"]; n != 1 {
			return fmt.Errorf("MID %d is told of %d times", mid, n)
		}
	}
	return nil
}

// The program reads its file again at SIGHUP, and when it is asked to; with a fault in
// it nothing changes.
func TestReloadOfTheProgram(t *testing.T) {
	file := filepath.Join(t.TempDir(), "esasim.yaml")
	write := func(text string) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("appliance: {recipients: [a.example]}\n")
	p := run(t, ports("--config", file)...)
	takes := func(domain string) bool {
		c := dial(t, p.addresses.SMTP)
		c.say("EHLO x.test")
		c.say("MAIL FROM:<a@x.test>")
		return strings.HasPrefix(c.say("RCPT TO:<u@"+domain+">"), "250")
	}
	becomes := func(domain string) {
		t.Helper()
		eventually(t, domain+" to be taken", func() error {
			if !takes(domain) {
				return errors.New("it is refused")
			}
			return nil
		})
	}
	hangUp := func() {
		if err := p.cmd.Process.Signal(syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
	}
	becomes("a.example")
	write("appliance: {recipients: [b.example]}\n")
	hangUp()
	becomes("b.example")
	if takes("a.example") {
		t.Error("the old recipients are taken, too")
	}
	write("appliance:\n  recipients: [c.example]\n  timezone: Nowhere\n")
	hangUp()
	eventually(t, "the fault to be told", func() error {
		if text := p.out.String(); !strings.Contains(text, "esasim.yaml:3: appliance.timezone: ") {
			return errors.New(text)
		}
		return nil
	})
	reload := func(want string, status int) {
		t.Helper()
		cmd := shellCommand(t, "esasim config reload --console "+p.addresses.Console)
		out, _ := cmd.CombinedOutput()
		if !strings.Contains(string(out), want) || cmd.ProcessState.ExitCode() != status {
			t.Errorf("esasim config reload: %d %s; want %d %s", cmd.ProcessState.ExitCode(), out, status, want)
		}
	}
	reload("3: appliance.timezone: ", 1)
	write("smtp: 127.0.0.1:1\nappliance: {recipients: [c.example], hostname: x.example}\n") // the flag wins over the first
	reload("not reloaded: needs a restart: appliance.hostname", 1)
	if !takes("b.example") || takes("c.example") {
		t.Error("a faulty file has changed something")
	}
	write("appliance: {recipients: [d.example]}\n")
	reload("reloaded", 0)
	becomes("d.example")
	p.end(t, syscall.SIGTERM)
}

// Without a file there is nothing to read again.
func TestReloadOfNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &virtual{fs: vfs.NewMem()}
		v.start(t, nil)
		defer func() { v.stop() }()
		c := v.caller(t)
		c.wants("POST", "config/reload", 409, "without a configuration file")
		c.wants("GET", "config/reload", 405, "POST")
		c.wants("POST", "config/reload?x=1", 400, "unknown")
	})
}

package esasim_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"esasim/cloud/ctim"
	"esasim/esa"
	"esasim/lab"
)

// threeDays are quarantines that let go on different days, and hosts that are busy.
const threeDays = `
appliance:
  message_filters: |
    Hold: if (subject == "hold") { quarantine("Policy"); }
    Keep: if (subject == "keep") { quarantine("Mine"); }
  mail_policies:
    incoming:
      - {name: DEFAULT, antispam: {enabled: true, positive: {action: quarantine}}}
  quarantines:
    - {name: Policy, retention: 24h, action: release}
    - {name: Mine, retention: 48h, action: delete}
    - {name: Spam Quarantine, retention: 60h, action: delete}
  delivery: {max_time_in_queue: 72h30m} # between two attempts: which of them is the last depends on no millisecond
  fates:
    - {recipient: late@example.org, reply: "451 4.2.1 mailbox busy"}
    - {recipient: busy@example.org, reply: "451 4.2.1 mailbox busy", times: 3}
`

// outcome is what a message of the three days has become, by its last event but for
// that it is finished.
type outcome struct {
	to, subject string
	status      string
	last        esa.Kind
	after       time.Duration // of that event, since the message was sent
	attempts    int
	resolution  string // of its sighting
}

// Three days of a lab that is away for three hours in the second one and restarted in
// the third: deliveries are tried again and given up, messages leave quarantines and
// meet busy hosts. What was due meanwhile happens at the start, once, and logs,
// tracking and the cloud say the same of it.
func TestThreeDays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &virtual{fs: vfs.NewMem()}
		start := func() {
			v.start(t, func(o *lab.Options) {
				c, err := lab.ReadConfig("three.yaml", []byte(threeDays))
				if err != nil {
					t.Fatal(err)
				}
				c.Cloud = lab.Regions{lab.Americas: c.Cloud[lab.Americas]}
				o.Config = c
			})
		}
		start()
		begin := time.Now()
		wants := []outcome{
			{to: "late@example.org", subject: "late", status: "Hard Bounced", last: esa.BounceGenerated, after: 72 * time.Hour, attempts: 75, resolution: "detected"},
			{to: "bob@example.org", subject: "hold", status: "Delivered", last: esa.RecipientDelivered, after: 26 * time.Hour, attempts: 1, resolution: "allowed"},
			{to: "busy@example.org", subject: "hold", status: "Delivered", last: esa.RecipientDelivered, after: 26*time.Hour + 7*time.Minute, attempts: 4, resolution: "allowed"},
			{to: "bob@example.org", subject: "keep", status: "Deleted from quarantine", last: esa.QuarantineDeleted, after: 48 * time.Hour, resolution: "blocked"},
			{to: "bob@example.org", subject: "hold and keep", status: "Deleted from quarantine", last: esa.QuarantineDeleted, after: 48 * time.Hour, resolution: "blocked"},
			{to: "bob@example.org", subject: gtube, status: "Deleted from quarantine", last: esa.QuarantineDeleted, after: 60 * time.Hour, resolution: "blocked"},
			{to: "bob@example.org", subject: "keep till I say", status: "Delivered", last: esa.RecipientDelivered, after: 30 * time.Hour, attempts: 1, resolution: "allowed"},
		}
		for _, w := range wants {
			v.send(t, w.to, w.subject)
		}
		until := func(d time.Duration) { time.Sleep(time.Until(begin.Add(d))) }
		until(23 * time.Hour)
		v.stop()
		until(26 * time.Hour) // what was due meanwhile is late
		start()
		until(30 * time.Hour)
		done(t)(v.Appliance().Quarantines().Release(t.Context(), []esa.MID{7}, "Mine"))
		until(50 * time.Hour)
		v.stop()
		start()
		until(76 * time.Hour)
		for i := range wants {
			v.comesTo(t, esa.MID(i+1), &wants[i])
		}
		v.toldOnce(t, len(wants)+1) // and a bounce message
		v.stop()
	})
}

// comesTo looks at what became of a message, in tracking and in the cloud.
func (v *virtual) comesTo(t *testing.T, mid esa.MID, w *outcome) {
	t.Helper()
	m, err := v.Appliance().Tracking().Message(t.Context(), mid)
	if err != nil {
		t.Fatal(err)
	}
	var last *esa.Event
	for i := range m.Events {
		if e := &m.Events[i]; e.Kind != esa.MessageFinished && e.Kind != esa.DeliveryClosed {
			last = e
		}
	}
	after := last.Time.Sub(m.Received)
	if m.Status() != w.status || !m.Finished || last.Kind != w.last || after < w.after || after > w.after+2*time.Minute || m.Recipients[0].Attempts != w.attempts {
		t.Errorf("MID %d to %s: %s, finished %t, kind %d after %s, %d attempts; want %+v", mid, w.to, m.Status(), m.Finished, last.Kind, after, m.Recipients[0].Attempts, *w)
	}
	if s := v.investigate(t, ctim.CiscoMID, mid.String()); len(s) != 1 || s[0].Resolution != w.resolution {
		t.Errorf("MID %d: sightings %+v, want %s", mid, s, w.resolution)
	}
}

// toldOnce looks whether the mail logs of all starts together tell of so many
// messages what tracking has of them, with each line once.
func (v *virtual) toldOnce(t *testing.T, messages int) {
	t.Helper()
	p := newLineParser()
	var lines []logLine
	for _, s := range v.logFile(t) {
		lines = append(lines, p.read(t, s))
	}
	for mid := esa.MID(1); mid <= esa.MID(messages); mid++ {
		m, err := v.Appliance().Tracking().Message(t.Context(), mid)
		if err != nil {
			t.Fatal(err)
		}
		sameStory(t, tell(lines, mid), &m)
		sameLines(t, v.Appliance().Tracking(), lines, mid)
	}
	seen := map[string]int{}
	for _, s := range v.logFile(t) {
		if strings.Contains(s, " Message finished MID ") || strings.Contains(s, " quarantine ") {
			seen[s]++
		}
	}
	for line, n := range seen {
		if n != 1 {
			t.Errorf("%d times %q", n, line)
		}
	}
}

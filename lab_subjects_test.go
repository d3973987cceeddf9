package esasim_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"esasim/appliance/details"
	"esasim/appliance/quarantine"
	"esasim/cloud/ctim"
	"esasim/esa"
	"esasim/internal/group"
	"esasim/lab"
	"esasim/tracking"
)

// subjectsLab is a lab with a filter that looks at subjects, and logs that show them.
const subjectsLab = `appliance:
  message_filters: |
    note: if (subject == "secret") { edit-subject-text("prepend", "[checked] "); }
  logs: [{name: mail_logs, type: mail}, {name: events, type: consolidated_event}]
`

// subjected are the messages that message tracking finds by a text in the subject.
func (r reloadable) subjected(text string) (found []esa.MID) {
	r.t.Helper()
	page, err := r.Appliance().Tracking().Search(r.t.Context(), tracking.Query{Subject: tracking.Text{Op: tracking.Contains, Value: text}, Limit: tracking.MaxLimit})
	if err != nil {
		r.t.Fatal(err)
	}
	for i := range page.Messages {
		found = append(found, page.Messages[i].MID)
	}
	slices.Sort(found)
	return found
}

// told is all that is told of a message: logs, details, its rows of the REST API.
func (r reloadable) told(m *esa.Message) string {
	r.t.Helper()
	family, err := r.Appliance().Tracking().Family(r.t.Context(), m.MID)
	if err != nil {
		r.t.Fatal(err)
	}
	out := append(r.logLines(r.t, "mail_logs", "mail"), r.logLines(r.t, "events", "consolidated_event")...)
	for i := range family {
		for _, l := range details.Lines(family[i].Events) {
			out = append(out, l.Text)
		}
	}
	for _, path := range []string{"/monitor/message_tracking", "/monitor/message_tracking/details?mid=" + m.MID.String(), "/monitor/message_tracking/export",
		"/esa/api/v2.0/message-tracking/messages?startDate=1999-01-01T00:00:00.000Z&endDate=2030-01-01T00:00:00.000Z",
		"/esa/api/v2.0/message-tracking/details?mid=" + m.MID.String(), "/esa/api/v2.0/message-tracking/export?startDate=1999-01-01T00:00:00.000Z&endDate=2030-01-01T00:00:00.000Z",
		"/_esasim/v1/tracking/messages", "/_esasim/v1/tracking/messages/" + m.MID.String()} {
		out = append(out, r.page(path))
	}
	return strings.Join(out, "\n")
}

func (r reloadable) page(path string) string {
	r.t.Helper()
	req, err := http.NewRequest(http.MethodGet, r.Addresses().Console+path, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	req.SetBasicAuth("admin", "ironport")
	resp, err := r.client().Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		r.t.Fatalf("%s: %s, %v: %s", path, resp.Status, err, b)
	}
	return string(b)
}

// Subjects of messages that come while subjects are not logged are never told: by no log,
// no page, no search and no sighting, nor those of what such a message becomes. Filters
// and hosts have them all the same.
func TestSubjectLogging(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &virtual{fs: vfs.NewMem()}
		v.start(t, func(o *lab.Options) { o.Config, o.SegmentRows = configOf(t, subjectsLab), 8 })
		defer func() { v.stop() }()
		r := reloadable{v, t}
		found := map[string]int{}
		for i, step := range []struct{ logged, subject string }{{"true", "secret one"}, {"false", "secret two"}, {"true", "secret three"}} {
			if i > 0 {
				r.commit("appliance.log_subjects = " + step.logged)
			}
			m := r.events("u@x.example", step.subject)
			if len(m.Into) != 1 {
				t.Fatalf("%s: the filter has not seen it: %+v", step.subject, m.Into)
			}
			after := r.eventsOf(m.Into[0])
			if got := v.content(t, after.MID); !strings.Contains(got, "Subject: [checked] "+step.subject+"\r\n") || after.Status() != "Delivered" {
				t.Errorf("%s is %s: %q", step.subject, after.Status(), got)
			}
			if after.OwnSubject() != "[checked] "+step.subject {
				t.Errorf("%s: its successor's is %q", step.subject, after.OwnSubject())
			}
			time.Sleep(time.Minute)
			want := 0
			if step.logged == "true" {
				want = 2
			}
			found[step.subject] = want
			if told := strings.Contains(r.told(after), step.subject); told != (want > 0) {
				t.Errorf("%s: told %t", step.subject, told)
			}
			if n := len(v.investigate(t, ctim.EmailSubject, "[checked] "+step.subject)); n != want/2 {
				t.Errorf("%s: %d sightings of the subject", step.subject, n)
			}
			if n := len(v.investigate(t, ctim.CiscoMID, after.MID.String())); n != 1 {
				t.Errorf("%s: %d sightings", step.subject, n)
			}
		}
		for sealed := range 2 {
			for subject, want := range found {
				if mids := r.subjected(subject); len(mids) != want {
					t.Errorf("%s, round %d: found %v, want %d", subject, sealed, mids, want)
				}
			}
			for i := range 40 { // the others go to segments, and the lab ends
				v.send(t, "u@x.example", fmt.Sprint("filling ", i))
			}
			time.Sleep(time.Minute)
			v.stop()
			v.start(t, func(o *lab.Options) { o.Config, o.SegmentRows = configOf(t, subjectsLab), 8 })
		}
		if log := strings.Join(v.logLines(t, "mail_logs", "mail"), "\n"); strings.Contains(log, "secret two") || !strings.Contains(log, "secret three") {
			t.Error("the mail log after it all:\n", log)
		}
	})
}

// Switched while mail flows: each message is told as a whole or not at all, whatever it
// becomes.
func TestSubjectLoggingWhileMailFlows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &virtual{fs: vfs.NewMem()}
		v.start(t, func(o *lab.Options) { o.Config = configOf(t, subjectsLab) })
		defer func() { v.stop() }()
		r := reloadable{v, t}
		const senders, each = 4, 25
		mids := make([]esa.MID, senders*each)
		g := group.New(t.Context())
		for s := range senders {
			for i := range each {
				g.Go("sender", func(_ context.Context) error {
					time.Sleep(time.Duration(i) * 100 * time.Millisecond)
					mids[s*each+i] = v.send(t, "u@x.example", fmt.Sprint("secret ", s, " ", i))
					return nil
				})
			}
		}
		for i := range 10 {
			r.commit(fmt.Sprint("appliance.log_subjects = ", i%2 == 1))
			time.Sleep(250 * time.Millisecond)
		}
		if err := g.Wait(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		found, logged := r.subjected("secret"), 0
		for _, mid := range mids {
			m := r.eventsOf(mid)
			if m.Unlogged == slices.Contains(found, mid) || m.Unlogged == slices.Contains(found, m.Into[0]) {
				t.Errorf("MID %d: unlogged %t, found %t and %t", mid, m.Unlogged, slices.Contains(found, mid), slices.Contains(found, m.Into[0]))
			}
			if !m.Unlogged {
				logged++
			}
		}
		if logged == 0 || logged == len(mids) {
			t.Errorf("%d of %d were logged", logged, len(mids))
		}
	})
}

// Who looks into a quarantine sees the message, and so its subject.
func TestUnloggedSubjectHeld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &virtual{fs: vfs.NewMem()}
		v.start(t, func(o *lab.Options) {
			o.Config = configOf(t, "appliance:\n  log_subjects: false\n  message_filters: 'hold: if (subject == \"secret\") { quarantine(\"Policy\"); }'\n")
		})
		defer func() { v.stop() }()
		held := v.send(t, "u@x.example", "a secret")
		v.send(t, "u@x.example", "no more")
		time.Sleep(time.Minute)
		search := quarantine.Search{Among: quarantine.Among{Subject: quarantine.Text{Op: quarantine.Contains, Value: "secret"}}}
		page, err := v.Appliance().Quarantines().Search(t.Context(), search)
		if err != nil || len(page.Held) != 1 || page.Held[0].Message.MID != held {
			t.Errorf("found %+v, %v", page.Held, err)
		}
		if got := (reloadable{v, t}).page("/esa/api/v2.0/quarantine/messages?quarantineType=pvo&quarantines=Policy&offset=0&limit=25&startDate=1999-01-01T00:00:00.000Z&endDate=2030-01-01T00:00:00.000Z"); !strings.Contains(got, "a secret") {
			t.Errorf("the API says %s", got)
		}
	})
}

package esasim_test

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"esasim/appliance/config"
	"esasim/appliance/details"
	"esasim/appliance/quarantine"
	"esasim/cloud/ctim"
	"esasim/esa"
	"esasim/lab"
)

// gtube is what antispam calls spam.
const gtube = "XJS*C4JDBQADN1.NSBN3*2IDNEN*" + "GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"

// spamTo is a configuration whose spam goes to a quarantine; more of them are as
// given, the others as they come from the factory.
func spamTo(name string, more ...config.Quarantine) func(*lab.Options) {
	return func(o *lab.Options) {
		a := &o.Config.Appliance
		a.MailPolicies.Incoming[0].AntiSpam.Positive = config.Treatment{Action: "quarantine", Quarantine: name}
		a.Quarantines = more
	}
}

// becomes waits until a message has a status.
func (v *virtual) becomes(t *testing.T, mid esa.MID, status string) esa.Message {
	t.Helper()
	time.Sleep(2 * time.Second)
	synctest.Wait()
	m, err := v.Appliance().Tracking().Message(t.Context(), mid)
	if err != nil || m.Status() != status {
		t.Fatalf("MID %d is %q, %v; want %q", mid, m.Status(), err, status)
	}
	return m
}

// toldSince is the end of what Message Details say of a message, from the first line on
// that has a text.
func toldSince(m *esa.Message, from string) []string {
	var out []string
	for _, l := range details.Lines(m.Events) {
		if len(out) > 0 || strings.Contains(l.Text, from) {
			out = append(out, l.Text)
		}
	}
	return out
}

func (v *virtual) counts() map[string]int {
	out := map[string]int{}
	for _, s := range v.Appliance().Quarantines().List() {
		if s.Messages > 0 {
			out[s.Name] = s.Messages
		}
	}
	return out
}

// done fails unless an operation was done with all messages.
func done(t *testing.T) func(quarantine.Result, error) {
	return func(r quarantine.Result, err error) {
		t.Helper()
		if err != nil || len(r.Refused) > 0 || len(r.Done) == 0 {
			t.Fatalf("done %v, refused %v, %v", r.Done, r.Refused, err)
		}
	}
}

// refused fails unless an operation was done with no message, because of err.
func refused(t *testing.T, want error) func(quarantine.Result, error) {
	return func(r quarantine.Result, err error) {
		t.Helper()
		if err == nil && len(r.Refused) == 1 {
			err = r.Refused[0]
		}
		if !errors.Is(err, want) || len(r.Done) > 0 {
			t.Fatalf("done %v, %v; want %v", r.Done, err, want)
		}
	}
}

func (v *virtual) content(t *testing.T, mid esa.MID) string {
	t.Helper()
	r, err := v.Appliance().Tracking().Content(mid)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// Messages that antispam puts into a quarantine are released and deleted, moved,
// copied and delayed, and those that nobody looks at leave by themselves, also
// behind a restart. The lab's days cost seconds, so a day of it is an hour; the days of the
// factory are in appliance/quarantine.
func TestQuarantines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &virtual{fs: vfs.NewMem()}
		change := spamTo("Policy", config.Quarantine{Name: "Policy", Retention: 10 * time.Hour}, config.Quarantine{Name: "Mine", Retention: 2 * time.Hour, Action: "release"})
		v.start(t, change)
		defer func() { v.stop() }()
		const status = "Quarantined by Anti-Spam/Graymail"
		begin := time.Now()
		var mids []esa.MID
		for i := range 7 {
			mids = append(mids, v.send(t, "a@b.test", fmt.Sprintf("%d %s", i, gtube)))
		}
		released, deleted, moved, copied, delayed, waits, twice := mids[0], mids[1], mids[2], mids[3], mids[4], mids[5], mids[6]
		for _, mid := range mids {
			v.becomes(t, mid, status)
		}
		q := v.Appliance().Quarantines()
		if got := v.counts(); got["Policy"] != 7 || len(got) != 1 {
			t.Errorf("held: %v", got)
		}
		if s := v.investigate(t, ctim.CiscoMID, released.String()); len(s) != 1 || s[0].Resolution != "contained" {
			t.Errorf("sightings of a held message: %+v", s)
		}

		done(t)(q.Release(t.Context(), []esa.MID{released}, "Policy"))
		m := v.becomes(t, released, "Delivered")
		if got, want := toldSince(&m, "released")[:3], []string{
			fmt.Sprintf(`Message %d released from quarantine "Policy" (manual).`, released),
			fmt.Sprintf("Message %d released from all quarantines.", released),
			fmt.Sprintf("Message %d scanned by Anti-Virus engine Sophos. Interim verdict: CLEAN", released)}; !slices.Equal(got, want) {
			t.Errorf("released: %q", got)
		}
		if s := v.investigate(t, ctim.CiscoMID, released.String()); len(s) != 1 || s[0].Resolution != "allowed" {
			t.Errorf("sightings of a released message: %+v", s)
		}
		refused(t, quarantine.ErrNotHeld)(q.Release(t.Context(), []esa.MID{released}, "Policy"))
		refused(t, quarantine.ErrNotHeld)(q.Delete(t.Context(), []esa.MID{deleted}, "Virus"))
		done(t)(q.Delete(t.Context(), []esa.MID{deleted}, ""))
		m = v.becomes(t, deleted, "Deleted from quarantine")
		if got := toldSince(&m, "deleted"); len(got) != 2 || got[0] != fmt.Sprintf(`Message %d deleted from quarantine "Policy" (manual).`, deleted) || !m.Finished {
			t.Errorf("deleted: %q", got)
		}

		for _, to := range []string{"None", "Spam Quarantine", "Policy"} {
			if r, err := q.Move(t.Context(), []esa.MID{moved}, "Policy", to); err == nil || len(r.Done) > 0 {
				t.Errorf("moved to %s: %v", to, r.Done)
			}
		}
		time.Sleep(time.Hour)
		done(t)(q.Move(t.Context(), []esa.MID{moved}, "Policy", "Mine"))
		done(t)(q.Copy(t.Context(), []esa.MID{copied, twice}, "Policy", "Mine"))
		refused(t, quarantine.ErrHeld)(q.Copy(t.Context(), []esa.MID{copied}, "Policy", "Mine"))
		done(t)(q.Delay(t.Context(), []esa.MID{delayed}, "Policy", 7*time.Hour))
		if got := v.counts(); got["Policy"] != 4 || got["Mine"] != 3 {
			t.Errorf("held: %v", got)
		}
		done(t)(q.Release(t.Context(), []esa.MID{twice}, "Mine"))
		v.becomes(t, twice, status)
		v.stop()
		v.start(t, change)
		q = v.Appliance().Quarantines()
		v.becomes(t, twice, status)
		if got := v.counts(); got["Policy"] != 4 || got["Mine"] != 2 {
			t.Errorf("held after a restart: %v", got)
		}
		done(t)(q.Release(t.Context(), []esa.MID{twice}, "Policy"))
		m = v.becomes(t, twice, "Delivered")
		if got := toldSince(&m, "released"); len(got) < 3 || !strings.Contains(got[1], "Policy") || !strings.Contains(got[2], "from all") {
			t.Errorf("held twice: %q", got)
		}

		time.Sleep(time.Until(begin.Add(4 * time.Hour)))
		m = v.becomes(t, copied, status) // Mine released it, Policy has it still
		if len(m.Quarantines) != 1 || m.Quarantines[0] != "Policy" {
			t.Errorf("held by %v", m.Quarantines)
		}
		v.becomes(t, moved, status)
		time.Sleep(time.Until(begin.Add(10*time.Hour - time.Minute)))
		v.becomes(t, moved, status)
		v.becomes(t, waits, status)
		v.stop()
		time.Sleep(time.Hour)
		v.start(t, change) // behind their time
		m = v.becomes(t, waits, "Deleted from quarantine")
		if got := toldSince(&m, "deleted"); got[0] != fmt.Sprintf(`Message %d deleted from quarantine "Policy" (expired).`, waits) {
			t.Errorf("expired: %q", got)
		}
		m = v.becomes(t, moved, "Delivered") // Mine releases
		if !strings.Contains(v.content(t, moved), "\r\nhello\r\n") {
			t.Errorf("content %q", v.content(t, moved))
		}
		v.becomes(t, copied, "Deleted from quarantine")
		v.becomes(t, delayed, status)
		time.Sleep(time.Until(begin.Add(17*time.Hour + time.Minute)))
		v.becomes(t, delayed, "Deleted from quarantine")
		if got := v.counts(); len(got) > 0 {
			t.Errorf("held in the end: %v", got)
		}
		lines := strings.Join(v.logLines(t, "mail_logs", "mail"), "\n")
		for _, want := range []string{
			`Info: MID 1 quarantined to "Policy"`, `Info: MID 1 released from quarantine "Policy" (manual) t=14`, "Info: MID 1 released from all quarantines", "Info: MID 1 queued for delivery",
			`Info: MID 2 deleted from quarantine "Policy" (manual) t=1`, "Info: MID 2 deleted from all quarantines", "Info: Message finished MID 2 done",
			`Info: MID 3 moved from quarantine "Policy" to quarantine "Mine"`, fmt.Sprintf(`Info: MID %d deleted from quarantine "Policy" (expired) t=`, waits),
		} {
			if strings.Count(lines, want) != 1 {
				t.Errorf("not once in the mail log: %s", want)
			}
		}
	})
}

// What the spam quarantine releases is a new message, which goes straight to
// delivery; what nobody looks at is deleted.
func TestSpamQuarantine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &virtual{fs: vfs.NewMem()}
		v.start(t, spamTo("", config.Quarantine{Name: "Spam Quarantine", Retention: 14 * time.Hour}))
		defer func() { v.stop() }()
		const status = "Quarantined by Anti-Spam/Graymail"
		one, other := v.send(t, "a@b.test", "1 "+gtube), v.send(t, "a@b.test", "2 "+gtube)
		v.becomes(t, one, status)
		q := v.Appliance().Quarantines()
		done(t)(q.Release(t.Context(), []esa.MID{one}, ""))
		m := v.becomes(t, one, "Rewritten")
		if len(m.Into) != 1 {
			t.Fatalf("became %v", m.Into)
		}
		again := v.becomes(t, m.Into[0], "Delivered")
		if again.From != one || again.Subject != m.Subject || again.Verdicts != m.Verdicts || v.content(t, again.MID) != v.content(t, one) {
			t.Errorf("injected again: %+v", again)
		}
		if lines := strings.Join(v.logLines(t, "mail_logs", "mail"), "\n"); !strings.Contains(lines, fmt.Sprintf("Info: ISQ: Quarantined MID %d\n", one)) || !strings.Contains(lines, fmt.Sprintf("Info: ISQ: Reinjected MID %d as MID %d\n", one, again.MID)) {
			t.Error("not in the mail log: quarantined and injected again")
		}
		for _, e := range again.Events {
			if e.Kind == esa.PolicyMatched || e.Kind == esa.EngineVerdict {
				t.Errorf("it met the stages: %+v", e)
			}
		}
		refused(t, quarantine.ErrNotHeld)(q.Release(t.Context(), []esa.MID{one}, ""))
		time.Sleep(13 * time.Hour)
		v.becomes(t, other, status)
		time.Sleep(time.Hour)
		v.becomes(t, other, "Deleted from quarantine")
	})
}

// When there is no more room, the oldest leave early, but not from a quarantine that
// keeps them.
func TestQuarantineSpace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &virtual{fs: vfs.NewMem()}
		var size int64
		change := func(o *lab.Options) {
			spamTo("Mine", config.Quarantine{Name: "Mine", Action: "release", Release: config.QuarantineRelease{Header: "X-Early: yes"}},
				config.Quarantine{Name: "Kept", KeepWhenFull: true})(o)
			o.Config.Appliance.QuarantineSpace.Policy = config.Size(3*size + size/2)
		}
		v.start(t, change)
		defer func() { v.stop() }()
		const status = "Quarantined by Anti-Spam/Graymail"
		send := func(i int) esa.MID { return v.send(t, "a@b.test", fmt.Sprintf("%d %s", i, gtube)) }
		first := send(1)
		size = v.becomes(t, first, status).Size
		v.stop()
		v.start(t, change)
		q := v.Appliance().Quarantines()
		done(t)(q.Copy(t.Context(), []esa.MID{first}, "Mine", "Virus")) // takes no more room
		done(t)(q.Move(t.Context(), []esa.MID{first}, "Mine", "Kept"))
		done(t)(q.Delete(t.Context(), []esa.MID{first}, "Virus"))
		second, third, fourth := send(2), send(3), send(4)
		v.becomes(t, first, status) // it is the oldest
		m := v.becomes(t, second, "Rewritten")
		if got, want := toldSince(&m, "released"), []string{
			fmt.Sprintf(`Message %d released from quarantine "Mine" (queue full).`, second),
			fmt.Sprintf("Message %d rewritten to message %d by quarantine.", second, m.Into[0])}; !slices.Equal(got, want) {
			t.Errorf("early: %q", got)
		}
		m = v.becomes(t, m.Into[0], "Delivered")
		if got := toldSince(&m, "released from all"); len(got) < 2 || !strings.Contains(got[1], "Anti-Virus") {
			t.Errorf("early, rewritten: %q", got)
		}
		v.becomes(t, third, status)
		v.becomes(t, fourth, status)
		if got := v.counts(); got["Mine"] != 2 || got["Kept"] != 1 {
			t.Errorf("held: %v", got)
		}
	})
}

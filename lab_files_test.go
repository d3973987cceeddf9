package esasim_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"esasim/appliance/config"
	"esasim/esa"
	"esasim/lab"
	"esasim/tracking"
)

// withFiles is a message with attachments of these names; what is in one is its name.
func withFiles(subject string, names ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "From: a@b.example\r\nSubject: %s\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nhello\r\n", subject)
	for _, n := range names {
		fmt.Fprintf(&b, "--b\r\nContent-Type: application/octet-stream\r\nContent-Disposition: attachment; filename=%s\r\n\r\n%s\r\n", n, n)
	}
	return b.String() + "--b--\r\n"
}

// mail sends a message and gives back its MID.
func (v *virtual) mail(t *testing.T, message string) (mid esa.MID) {
	t.Helper()
	reply := v.inject(t, "a@b.example", message)
	if _, err := fmt.Sscanf(reply, "250 ok:  Message %d accepted", &mid); err != nil {
		t.Fatalf("%q: %v", reply, err)
	}
	return mid
}

// analysing has a cloud that knows some files, and holds what is being analysed.
func analysing(o *lab.Options) {
	a := &o.Config.Appliance
	a.Files = []config.File{
		{Name: "good*", Analysis: &config.Analysis{Takes: 10 * time.Minute, Verdict: "clean"}},
		{Name: "slow*", Analysis: &config.Analysis{Takes: 30 * time.Minute, Verdict: "low_risk"}},
		{Name: "bad*", Malware: "W32.Bad", Analysis: &config.Analysis{Takes: 20 * time.Minute, Verdict: "malicious"}},
		{Name: "late*", Malware: "W32.Late", Later: &config.Later{After: 2 * time.Hour, Verdict: "malicious"}},
	}
	amp := a.MailPolicies.Incoming[0].AMP
	amp.Pending = config.Treatment{Action: "quarantine"}
	amp.Remediation = "delete"
}

// stands fails unless messages have these states.
func (v *virtual) stands(t *testing.T, when string, want map[esa.MID]string) {
	t.Helper()
	time.Sleep(2 * time.Second)
	synctest.Wait()
	for mid, status := range want {
		m, err := v.Appliance().Tracking().Message(t.Context(), mid)
		if err != nil || m.Status() != status {
			t.Errorf("%s: MID %d is %q, %v; want %q", when, mid, m.Status(), err, status)
		}
	}
}

// Messages wait until all their files are analysed, also over a restart, during which
// an analysis ends; then they go on, or not.
func TestFileAnalysis(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &virtual{fs: vfs.NewMem()}
		v.start(t, analysing)
		const held, delivered, dropped = "Quarantined by Advanced Malware Protection", "Delivered", "Dropped By Advanced Malware Protection"
		good, both := v.mail(t, withFiles("good", "good.doc")), v.mail(t, withFiles("both", "good.doc", "slow.doc"))
		bad, two := v.mail(t, withFiles("bad", "bad.doc")), v.mail(t, withFiles("two", "good2.doc", "bad.doc"))
		v.stands(t, "at once", map[esa.MID]string{good: held, both: held, bad: held, two: held})
		time.Sleep(11 * time.Minute)
		v.stands(t, "after 11 minutes", map[esa.MID]string{good: delivered, both: held, bad: held, two: held})
		v.stop()
		time.Sleep(10 * time.Minute)
		v.start(t, analysing)
		v.stands(t, "after 21 minutes and a restart", map[esa.MID]string{good: delivered, both: held, bad: dropped, two: dropped})
		time.Sleep(10 * time.Minute)
		v.stands(t, "after 31 minutes", map[esa.MID]string{both: delivered})
		v.stop()
		v.start(t, analysing) // and tells nothing twice
		time.Sleep(time.Hour)
		v.stop()
		v.start(t, nil)
		defer v.stop()
		for mid, want := range map[esa.MID]int{good: 1, both: 2, bad: 1, two: 2} {
			m, err := v.Appliance().Tracking().Message(t.Context(), mid)
			told := slices.DeleteFunc(m.Events, func(e esa.Event) bool { return e.Kind != esa.VerdictChanged })
			if err != nil || len(told) != want {
				t.Errorf("MID %d: verdicts changed %d times, %v; want %d", mid, len(told), err, want)
			}
		}
	})
}

// A file turns out to be malicious when its messages are delivered: all of them are
// found by its hash, and are in mailboxes no longer. Each has its own two hours, also
// over a restart.
func TestRetrospectiveVerdict(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &virtual{fs: vfs.NewMem()}
		v.start(t, analysing)
		first := v.mail(t, withFiles("one", "late.exe"))
		time.Sleep(time.Hour)
		second := v.mail(t, withFiles("two", "late.exe", "x.txt"))
		other := v.mail(t, withFiles("three", "x.txt"))
		v.stands(t, "after an hour", map[esa.MID]string{first: "Delivered", second: "Delivered", other: "Delivered"})
		v.stop()
		time.Sleep(30 * time.Minute)
		v.start(t, analysing)
		defer func() { v.stop() }()
		inbox := func() (out []esa.MID) {
			p, err := v.Appliance().Mailboxes().List(t.Context(), "u@x.example", 0, 0)
			if err != nil {
				t.Fatal(err)
			}
			for _, l := range p.Letters {
				out = append(out, l.Message.MID)
			}
			slices.Sort(out)
			return out
		}
		if got := inbox(); !slices.Equal(got, []esa.MID{first, second, other}) {
			t.Errorf("in the mailbox at first: %v", got)
		}
		time.Sleep(31 * time.Minute)
		if got := inbox(); !slices.Equal(got, []esa.MID{second, other}) {
			t.Errorf("in the mailbox after two hours: %v", got)
		}
		time.Sleep(time.Hour)
		if got := inbox(); !slices.Equal(got, []esa.MID{other}) {
			t.Errorf("in the mailbox after three hours: %v", got)
		}
		v.stands(t, "after three hours", map[esa.MID]string{first: "Delivered", second: "Delivered", other: "Delivered"})
		m, err := v.Appliance().Tracking().Message(t.Context(), second)
		if err != nil || m.Verdicts[esa.AMP] != esa.Positive || len(m.Files) != 2 || m.Files[0].Malware != "W32.Late" || m.Files[1].Verdict != esa.Unknown {
			t.Errorf("MID %d: verdict %d, files %+v, %v", second, m.Verdicts[esa.AMP], m.Files, err)
		}
		page, err := v.Appliance().Tracking().Search(t.Context(), tracking.Query{SHA256: m.Files[0].SHA256, Events: []tracking.EventMatch{{Kind: esa.VerdictChanged, Verdict: esa.Positive, Name: "W32.Late"}}})
		if err != nil || len(page.Messages) != 2 {
			t.Errorf("%d messages are found by the file and its verdict, %v", len(page.Messages), err)
		}
	})
}

package maillog

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"esasim/appliance/specimen"
	"esasim/esa"
	"esasim/internal/golden"
	"esasim/internal/statefile"
)

var update = flag.Bool("update", false, "write the golden files again")

// The whole life of messages in the appliance's words: delivered over TLS to
// two recipients with an attachment, dropped as spam and as a virus, delayed
// and bounced, aborted.
func TestSentencesGolden(t *testing.T) {
	src := &esa.Source{Listener: "IncomingMail", Local: netip.MustParseAddr("2.2.2.2"), Remote: netip.MustParseAddr("1.1.1.1"),
		Host: "mail.b.example", Verified: true, Rule: "ACCEPT", Group: "UNKNOWNLIST", Match: "sbrs[none]", SBRS: "None", Country: "not enabled"}
	refused := &esa.Source{Remote: netip.MustParseAddr("1.1.1.1"), Rule: "TCPREFUSE", Group: "BLACKLIST", Match: "sbrs[-10.0:-3.0]", SBRS: "-9.9", Country: "Netherlands"}
	at := time.Date(2020, 8, 10, 9, 52, 59, 0, time.UTC)
	dcid := &esa.Source{Local: netip.MustParseAddr("2.2.2.2"), Remote: netip.MustParseAddr("3.3.3.3")}
	var out []byte
	for _, e := range []esa.Event{
		{Kind: esa.ConnectionOpened, ICID: 5, Source: src},
		{Kind: esa.HATDecided, ICID: 5, Source: src},
		{Kind: esa.TLSStarted, ICID: 5, Name: "TLSv1.2", Text: "ECDHE-RSA-AES256-GCM-SHA384"},
		{Kind: esa.MessageStarted, ICID: 5, MID: 89, Source: src},
		{Kind: esa.SenderGiven, ICID: 5, MID: 89, Address: "a@b.example"},
		{Kind: esa.RecipientGiven, ICID: 5, MID: 89, Address: "u@x.example", RIDs: []esa.RID{0}},
		{Kind: esa.RecipientGiven, ICID: 5, MID: 89, Address: "v@x.example", RIDs: []esa.RID{1}},
		{Kind: esa.RecipientRejected, ICID: 5, MID: 89, Address: "nobody@y.example", Text: "RAT"},
		{Kind: esa.MessageIDSeen, MID: 89, Text: "<x@b.example>"},
		{Kind: esa.SubjectSeen, MID: 89, Text: "hello"},
		{Kind: esa.SubjectSeen, MID: 90, Text: "it's"},
		{Kind: esa.SubjectSeen, MID: 91, Text: "two\nFri Aug 10 09:52:59 2020 Info: forged\u2028lines"},
		{Kind: esa.HeaderSeen, MID: 89, Name: "From", Text: "A <a@b.example>"},
		{Kind: esa.AttachmentSeen, MID: 89, Attachment: &esa.Attachment{Name: "a.pdf"}},
		{Kind: esa.MessageReady, MID: 89, Size: 71983, Address: "a@b.example"},
		{Kind: esa.PolicyMatched, MID: 89, Name: "DEFAULT"},
		{Kind: esa.PolicyMatched, MID: 92, Name: "DEFAULT", Direction: esa.Outgoing},
		{Kind: esa.EngineVerdict, MID: 89, Engine: esa.AntiSpam, Verdict: esa.Negative},
		{Kind: esa.EngineVerdict, MID: 90, Engine: esa.AntiSpam, Verdict: esa.Positive},
		{Kind: esa.EngineVerdict, MID: 91, Engine: esa.AntiSpam, Verdict: esa.Suspect},
		{Kind: esa.MessageDropped, MID: 90, Engine: esa.AntiSpam, Text: "Dropped by CASE"},
		{Kind: esa.EngineVerdict, MID: 89, Engine: esa.AntiVirus, Verdict: esa.Negative},
		{Kind: esa.EngineVerdict, MID: 91, Engine: esa.AntiVirus, Verdict: esa.Positive, Name: "EICAR-AV-Test"},
		{Kind: esa.EngineVerdict, MID: 89, Engine: esa.AMP, Verdict: esa.Skipped},
		{Kind: esa.EngineVerdict, MID: 90, Engine: esa.AMP, Verdict: esa.Unknown},
		{Kind: esa.EngineVerdict, MID: 91, Engine: esa.AMP, Verdict: esa.Positive},
		{Kind: esa.EngineVerdict, MID: 92, Engine: esa.AMP, Verdict: esa.Negative},
		{Kind: esa.EngineVerdict, MID: 89, Engine: esa.Graymail, Verdict: esa.Negative},
		{Kind: esa.EngineVerdict, MID: 89, Engine: esa.OutbreakFilters, Verdict: esa.Negative},
		{Kind: esa.MessageQueued, MID: 89},
		{Kind: esa.ConnectionTrouble, ICID: 5, Text: "Unknown command: FOO"},
		{Kind: esa.ConnectionClosed, ICID: 5},
		{Kind: esa.ConnectionClosed, ICID: 6, Text: "lost"},
		{Kind: esa.ConnectionOpened, ICID: 7, Source: refused},
		{Kind: esa.HATDecided, ICID: 7, Source: refused},
		{Kind: esa.ConnectionClosed, ICID: 7, Text: "refused"},
		{Kind: esa.DeliveryOpened, DCID: 7, Source: dcid, Size: 25},
		{Kind: esa.DeliveryStarted, DCID: 7, MID: 89, RIDs: []esa.RID{0, 1}},
		{Kind: esa.RecipientDelivered, DCID: 7, MID: 89, RIDs: []esa.RID{0, 1}, Text: "2.0.0 OK  1591 gsmtp"},
		{Kind: esa.RecipientDelayed, DCID: 7, MID: 90, RIDs: []esa.RID{0}, Name: "4.1.0 - Unknown address error", Text: "451 greylisted", Until: at.Add(time.Hour)},
		{Kind: esa.RecipientBounced, DCID: 7, MID: 91, RIDs: []esa.RID{0}, Name: "5.1.0 - Unknown address error", Text: "550 5.1.1 user unknown"},
		{Kind: esa.MessageFinished, MID: 89, Text: "done"},
		{Kind: esa.DeliveryClosed, DCID: 7},
		{Kind: esa.MessageAborted, MID: 93, Text: "Receiving aborted by sender"},
		{Kind: esa.MessageFinished, MID: 93, Text: "aborted"},
		{Kind: esa.EngineVerdict, MID: 94, Engine: esa.AntiSpam, Verdict: esa.Marketing},
		{Kind: esa.EngineVerdict, MID: 94, Engine: esa.AntiSpam, Verdict: esa.Unscannable},
		{Kind: esa.EngineVerdict, MID: 94, Engine: esa.AntiVirus, Verdict: esa.Unscannable},
		{Kind: esa.EngineVerdict, MID: 94, Engine: esa.AMP, Verdict: esa.LowRisk},
		{Kind: esa.EngineVerdict, MID: 94, Engine: esa.AMP, Verdict: esa.Unscannable},
		{Kind: esa.EngineVerdict, MID: 94, Engine: esa.AMP, Verdict: esa.Unknown, Text: "File analysis pending"},
		{Kind: esa.EngineVerdict, MID: 94, Engine: esa.Graymail, Verdict: esa.Social},
		{Kind: esa.EngineVerdict, MID: 94, Engine: esa.OutbreakFilters, Verdict: esa.Positive},
		{Kind: esa.EngineVerdict, MID: 94, Engine: esa.DLP, Verdict: esa.Negative},
		{Kind: esa.EngineVerdict, MID: 94, Engine: esa.DLP, Verdict: esa.Positive, Name: "HIPAA", Text: "Severity: LOW (Risk Factor: 15)"},
		{Kind: esa.EngineVerdict, MID: 94, Engine: esa.ContentFilters, Verdict: esa.Positive, Name: "f"},
		{Kind: esa.EngineVerdict, MID: 94, Engine: esa.AntiSpam},
		{Kind: esa.MessageSplit, MID: 94, Other: 95, Name: "Finance", RIDs: []esa.RID{1}},
		{Kind: esa.MessageRewritten, MID: 94, Other: 96, Engine: esa.AntiSpam, Text: "antispam"},
		{Kind: esa.MessageStarted, MID: 96, Other: 94},
		{Kind: esa.MessageQuarantined, MID: 96, Engine: esa.ContentFilters, Name: "Policy", Text: "content filter:f"},
		{Kind: esa.MessageQuarantined, MID: 96, Engine: esa.AntiVirus, Name: "Virus"},
		{Kind: esa.MessageReleased, MID: 96, Name: "Policy", Text: "manual", Size: 190},
		{Kind: esa.QuarantineDeleted, MID: 96, Name: "Virus", Text: "expired\nforged", Size: 3600},
		{Kind: esa.MessageReleased, MID: 96},
		{Kind: esa.QuarantineDeleted, MID: 96},
		{Kind: esa.MessageQuarantined, MID: 97, Engine: esa.AntiSpam, Name: "Spam Quarantine"},
		{Kind: esa.BounceGenerated, MID: 91, Other: 98},
		{Kind: esa.AuthChecked, MID: 99, ICID: 5, Name: esa.SPF, Text: "helo identity postmaster@mail.b.example None"},
		{Kind: esa.AuthChecked, MID: 99, ICID: 5, Name: esa.SPF, Text: "mailfrom identity a@b.example Pass (v=spf1)"},
		{Kind: esa.AuthChecked, MID: 99, ICID: 5, Name: esa.DKIM, Text: "permfail body hash did not verify [final] (d=b.example s=sel1 i=@b.example)"},
		{Kind: esa.AuthChecked, MID: 99, ICID: 5, Name: esa.DMARC, Text: "Message from domain b.example, DMARC pass (SPF aligned True, DKIM aligned False)"},
		{Kind: esa.AuthChecked, MID: 99, ICID: 5, Name: esa.DMARC, Text: "Verification passed"},
	} {
		for _, s := range sentencesOf(&e) {
			out = line(out, at, s)
		}
	}
	golden.Check(t, "testdata/sentences.txt", out, *update)
	if n := bytes.Count(out, []byte("forged")); n != 2 || bytes.Contains(out, []byte("\nforged")) || bytes.Contains(out, []byte("\nFri")) {
		t.Error("mail can break a log line in two")
	}
}

// Every kind of event has a sentence, or is known to have none.
func TestEveryKindHasASentence(t *testing.T) {
	for k := esa.ConnectionOpened; k < esa.Kinds; k++ {
		e := esa.Event{Kind: k, Source: &esa.Source{}, RIDs: []esa.RID{0}, Attachment: &esa.Attachment{}, Engine: esa.AntiSpam, Verdict: esa.Negative}
		if got := sentencesOf(&e); (len(got) == 0) != (k == esa.HeaderSeen) {
			t.Errorf("kind %d: %q", k, got)
		}
	}
}

// Every verdict an engine can have has a sentence, which never makes a bad one
// look clean; filters are silent.
func TestVerdictsHaveSentences(t *testing.T) {
	for _, e := range specimen.Events() {
		if e.Kind != esa.EngineVerdict {
			continue
		}
		got := sentencesOf(e)
		silent := e.Engine == esa.MessageFilters || e.Engine == esa.ContentFilters
		if (len(got) == 0) != silent {
			t.Errorf("engine %d verdict %d: %q", e.Engine, e.Verdict, got)
		}
		for _, s := range got {
			if e.Verdict != esa.Negative && (strings.Contains(s, "negative") || strings.Contains(s, "CLEAN")) {
				t.Errorf("engine %d verdict %d: %q", e.Engine, e.Verdict, s)
			}
		}
	}
}

// memory is a log in memory, with its cursor.
type memory struct {
	entries []esa.Entry
	seq     uint64
	note    []byte
}

func (m *memory) Cursor(string) (uint64, []byte, error) { return m.seq, m.note, nil }
func (m *memory) SetCursor(_ string, seq uint64, note []byte) error {
	m.seq, m.note = seq, slices.Clone(note)
	return nil
}

// reader hands out what is there up to a place, then waits for ctx.
type reader struct {
	m        *memory
	next, to int
}

func (r *reader) Next(ctx context.Context) ([]esa.Entry, error) {
	if r.next < r.to {
		n := min(r.next+1+rand.IntN(20), r.to)
		out := r.m.entries[r.next:n]
		r.next = n
		return out, nil
	}
	<-ctx.Done()
	return nil, ctx.Err()
}

// After any number of crashes each line is in the files once, in order, and the
// files roll and expire as set.
func TestCrashesAndRolling(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fs := vfs.NewCrashableMem()
		if err := fs.MkdirAll("data", 0o755); err != nil {
			t.Fatal(err)
		}
		root, err := fs.OpenDir("")
		if err != nil || root.Sync() != nil {
			t.Fatal(err)
		}
		m := &memory{}
		for i := range 2000 {
			m.entries = append(m.entries, esa.Entry{Seq: uint64(i + 1), Events: []esa.Event{{Kind: esa.MessageQueued, MID: esa.MID(i + 1), Time: time.Now()}}})
		}
		o := Options{FS: fs, Dir: "data/mail_logs", Version: "13.0.0-392", Serial: "S", RollSize: 8 << 10, Keep: 1000}
		for written := 0; written < len(m.entries); {
			written = min(written+1+rand.IntN(300), len(m.entries))
			w, err := Open(o, m)
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan error, 1)
			go func() { done <- w.Run(ctx, &reader{m, int(w.Seq()), written}) }()
			synctest.Wait()
			if rand.IntN(2) == 0 {
				time.Sleep(2 * settle) // long enough to be synced
				synctest.Wait()
			}
			var crashed *vfs.MemFS
			seq, note := m.seq, m.note
			if rand.IntN(2) == 0 {
				// What is not synced survives or not, all of it or nothing: in
				// between, this file system would do half of a rename, which
				// no real one does.
				crashed = fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 100 * rand.IntN(2), RNG: rand.New(rand.NewPCG(1, uint64(written)))})
			}
			cancel()
			if err := <-done; err != nil {
				t.Fatal(err)
			}
			if crashed != nil {
				fs, m.seq, m.note = crashed, seq, note
				o.FS = fs
			}
		}
		if w, err := Open(o, m); err != nil {
			t.Fatal(err)
		} else {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			if err := w.Run(ctx, &reader{m, int(w.Seq()), len(m.entries)}); err != nil {
				t.Fatal(err)
			}
		}
		checkLines(t, fs, len(m.entries))
	})
}

func checkLines(t *testing.T, fs vfs.FS, want int) {
	t.Helper()
	names, err := fs.List("data/mail_logs")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	for _, n := range names {
		if n == current { // another name of the newest
			continue
		}
		b, err := statefile.Read(fs, "data/mail_logs/"+n)
		if err != nil {
			t.Fatal(err)
		}
		last := 0
		for _, m := range regexp.MustCompile(`MID (\d+) queued`).FindAllStringSubmatch(string(b), -1) {
			seen[m[1]]++
			var mid int
			fmt.Sscan(m[1], &mid)
			if mid <= last {
				t.Errorf("%s: MID %d after %d", n, mid, last)
			}
			last = mid
		}
		if len(b) > 12<<10 {
			t.Errorf("%s has %d bytes", n, len(b))
		}
		if !strings.Contains(string(b), "Begin Logfile") {
			t.Errorf("%s has no header", n)
		}
	}
	for i := 1; i <= want; i++ {
		if n := seen[fmt.Sprint(i)]; n != 1 {
			t.Errorf("MID %d: %d lines", i, n)
		}
	}
}

// overtaken hands out an error, then the rest.
type overtaken struct {
	reader
	lost uint64
}

func (r *overtaken) Next(ctx context.Context) ([]esa.Entry, error) {
	if n := r.lost; n > 0 {
		r.lost = 0
		r.next += int(n)
		return nil, &esa.Overtaken{Events: n}
	}
	return r.reader.Next(ctx)
}

// Where the log was cut off before the writer, one line says how much is missing,
// and a restart goes on behind it.
func TestOvertaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fs := vfs.NewMem()
		m := &memory{}
		for i := range 100 {
			m.entries = append(m.entries, esa.Entry{Seq: uint64(i + 1), Events: []esa.Event{{Kind: esa.MessageQueued, MID: esa.MID(i + 1), Time: time.Now()}}})
		}
		o := Options{FS: fs, Dir: "mail_logs", Version: "13.0.0-392", Serial: "S"}
		text := ""
		for _, run := range []struct{ lost, to int }{{0, 10}, {42, 60}, {1, 100}} {
			w, err := Open(o, m)
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			if err := w.Run(ctx, &overtaken{reader{m, int(w.Seq()), run.to}, uint64(run.lost)}); err != nil {
				t.Fatal(err)
			}
			cancel()
			names, err := w.files()
			if err != nil {
				t.Fatal(err)
			}
			b, err := statefile.Read(fs, w.path(names[len(names)-1]))
			if err != nil {
				t.Fatal(err)
			}
			text += string(b)
		}
		if m.seq != 100 {
			t.Errorf("cursor at %d, want 100", m.seq)
		}
		for mid := 1; mid <= 100; mid++ {
			want := 1
			if mid > 10 && mid <= 52 || mid == 61 {
				want = 0
			}
			if n := strings.Count(text, fmt.Sprintf(" MID %d queued", mid)); n != want {
				t.Errorf("MID %d: %d lines, want %d", mid, n, want)
			}
		}
		for _, line := range []string{
			" 2000 Warning: Log subscription mail_logs: 42 events were lost because writing fell behind.\n",
			" 2000 Warning: Log subscription mail_logs: 1 event was lost because writing fell behind.\n",
		} {
			if strings.Count(text, line) != 1 {
				t.Errorf("no line %q in\n%s", line, text)
			}
		}
	})
}

// Only the newest files are kept.
func TestExpire(t *testing.T) {
	dir := t.TempDir()
	m := &memory{}
	o := Options{FS: vfs.Default, Dir: dir, RollSize: 1, Keep: 3}
	for range 6 {
		w, err := Open(o, m)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := w.Run(ctx, &reader{m, 0, 0}); err != nil {
			t.Fatal(err)
		}
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != 5 {
		t.Errorf("%d files, %v, want the current one under both its names, and 3", len(files), err)
	}
}

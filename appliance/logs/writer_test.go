package logs

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"esasim/esa"
	"esasim/internal/statefile"
)

// queued says of each message that it was queued.
type queued struct{ forgot int }

func (*queued) Write(_ context.Context, l *Lines, entries []esa.Entry) error {
	for _, entry := range entries {
		for _, e := range entry.Events {
			l.Say(e.Time, Info, fmt.Sprintf("MID %d queued for delivery", e.MID))
		}
	}
	return nil
}

func (q *queued) Forget() { q.forgot++ }

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
		o := Options{Name: "mail_logs", Content: &queued{}, Level: Info, Files: &Files{FS: fs, Dir: "data/mail_logs", Stem: "mail", Version: "13.0.0-392", Serial: "S", RollSize: 8 << 10, Keep: 1000}}
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
				o.Files.FS = fs
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
		if n == "mail"+current { // another name of the newest
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
		says := &queued{}
		o := Options{Name: "mail_logs", Content: says, Level: Info, Files: &Files{FS: fs, Dir: "mail_logs", Stem: "mail", Version: "13.0.0-392", Serial: "S"}}
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
			names, err := w.to.(*files).files()
			if err != nil {
				t.Fatal(err)
			}
			b, err := statefile.Read(fs, w.to.(*files).path(names[len(names)-1]))
			if err != nil {
				t.Fatal(err)
			}
			text += string(b)
		}
		if says.forgot != 2 {
			t.Errorf("what is remembered was let go %d times, want 2", says.forgot)
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
	o := Options{Name: "mail_logs", Content: &queued{}, Files: &Files{FS: vfs.Default, Dir: dir, Stem: "mail", RollSize: 1, Keep: 3}}
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

// A subscription that is new begins where it is told to, one that has a place there,
// even if that is the beginning; files of another life of it stay.
func TestBegin(t *testing.T) {
	fs, m := vfs.NewMem(), &memory{}
	old := "data/mail_logs/mail.@19990101T000000.c"
	if err := fs.MkdirAll("data/mail_logs", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := statefile.Write(fs, "data/mail_logs", "mail.@19990101T000000.c", []byte("old\n")); err != nil {
		t.Fatal(err)
	}
	toFiles := Options{Name: "mail_logs", Content: &queued{}, Files: &Files{FS: fs, Dir: "data/mail_logs", Stem: "mail"}}
	toServer := Options{Name: "mail_logs", Content: &queued{}, Syslog: &Syslog{}}
	for i, step := range []struct {
		o          Options
		from, want uint64
	}{{toFiles, 0, 0}, {toFiles, 7, 0}, {toServer, 7, 0}, {toFiles, 7, 0}} {
		step.o.From = step.from
		w, err := Open(step.o, m)
		if err != nil {
			t.Fatal(err)
		}
		if w.Seq() != step.want {
			t.Errorf("step %d: begins behind %d, want %d", i, w.Seq(), step.want)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := fs.Stat(strings.TrimSuffix(old, "c") + "s"); err != nil {
		t.Errorf("the file of before: %v", err)
	}
	m = &memory{}
	toServer.From = 7
	if w, err := Open(toServer, m); err != nil || w.Seq() != 7 {
		t.Errorf("a new one begins behind %d, %v, want 7", w.Seq(), err)
	}
}

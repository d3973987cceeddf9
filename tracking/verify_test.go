package tracking

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/go-cmp/cmp"

	"esasim/esa"
	"esasim/tracking/segment"
)

func verify(t *testing.T, o Options) Report {
	t.Helper()
	r, err := Verify(t.Context(), o, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// Nothing is wrong with a store, whatever it has been through, and Verify changes
// nothing of it.
func TestVerifySound(t *testing.T) {
	w := newTruth(t, 7)
	before := files(t, w.fs)
	r := verify(t, w.o)
	if r.Problem() > 0 || r.Segments < 5 || r.Messages != damagedLives || r.Connections != damagedLives/3 || r.Entries == 0 || r.Octets == 0 {
		t.Errorf("%+v", r)
	}
	if d := cmp.Diff(before, files(t, w.fs)); d != "" {
		t.Error(d)
	}
}

func files(t *testing.T, fs vfs.FS) map[string]int {
	t.Helper()
	names, err := fs.List("tracking")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]int{}
	for _, n := range names {
		out[n] = len(read(t, fs, "tracking/"+n))
	}
	return out
}

// Each kind of thing that can be wrong is told, by what it is of.
func TestVerifyTells(t *testing.T) {
	whole := newTruth(t, 8)
	for _, c := range []struct {
		name  string
		spoil func(*Store, *pebble.Batch)
		want  string
	}{
		{"unknown key", func(_ *Store, b *pebble.Batch) { _ = b.Set([]byte("x/1"), nil, nil) }, `key "x/1": no such key`},
		{"short key", func(_ *Store, b *pebble.Batch) { _ = b.Set([]byte("l/1"), nil, nil) }, `key "l/1": it is no number`},
		{"part gone", func(_ *Store, b *pebble.Batch) { _ = b.Delete(keyPart(3, segment.Subjects), nil) }, "segment 3: "},
		{"part of another", func(s *Store, b *pebble.Batch) {
			v, _ := (&verifier{db: s.db}).get(keyPart(4, segment.Senders))
			_ = b.Set(keyPart(3, segment.Senders), v, nil)
		}, "segment 3: "},
		{"part too many", func(_ *Store, b *pebble.Batch) { _ = b.Set(keyPart(3, segment.Sources+7), nil, nil) }, "segment 3: 0207 is no part"},
		{"parts without directory", func(_ *Store, b *pebble.Batch) { _ = b.Set(keyPart(300, segment.Frame), nil, nil) }, "segment 300: it has parts"},
		{"directory gone", func(_ *Store, b *pebble.Batch) { _ = b.Delete(key(prefixDirectory, 3), nil) }, "segment 4: the one before it is 2"},
		{"last directory gone", func(s *Store, b *pebble.Batch) { _ = b.Delete(key(prefixDirectory, s.sealed.nextSegment-1), nil) }, "it is missing"},
		{"directory spoilt", func(_ *Store, b *pebble.Batch) { _ = b.Set(key(prefixDirectory, 3), []byte{9}, nil) }, "segment 3: damaged segment"},
		{"directory's states", func(s *Store, b *pebble.Batch) { dir(s, b, func(d *segment.Directory) { d.States = 1 << 31 }) }, "segment 3: damaged segment: the directory has states"},
		{"directory's times", func(s *Store, b *pebble.Batch) {
			dir(s, b, func(d *segment.Directory) { d.Newest = d.Newest.Add(1e9) })
		}, "segment 3: damaged segment: the directory begins"},
		{"directory's ICIDs", func(s *Store, b *pebble.Batch) { dir(s, b, func(d *segment.Directory) { d.ICIDs[1]++ }) }, "segment 3: damaged segment: the directory has ICIDs"},
		{"directory's odd ones", func(s *Store, b *pebble.Batch) { dir(s, b, func(d *segment.Directory) { d.Odd++ }) }, "segment 3: damaged segment: the directory has"},
		{"directory's size", func(s *Store, b *pebble.Batch) { dir(s, b, func(d *segment.Directory) { d.Size++ }) }, "segment 3: damaged segment: the directory has"},
		{"directory's MIDs", func(s *Store, b *pebble.Batch) { dir(s, b, func(d *segment.Directory) { d.First[0] = 1 }) }, "segment 3: MIDs 1 to"},
		{"directory's filter", func(s *Store, b *pebble.Batch) { dir(s, b, func(d *segment.Directory) { d.Filter = segment.Filter{} }) }, "the filter has not the message-id"},
		{"trigrams empty", func(s *Store, b *pebble.Batch) {
			_ = b.Set(key(prefixGroup, 0), (&segment.Trigrams{}).Append(nil, s.packer), nil)
		}, "the trigrams have not the sender"},
		{"trigrams gone", func(_ *Store, b *pebble.Batch) { _ = b.Delete(key(prefixGroup, 0), nil) }, "segment 3: its group has no trigrams"},
		{"late for nothing", func(_ *Store, b *pebble.Batch) {
			_ = b.Set(keyLate(segment.Messages, 9999, 1), appendEntry(nil, []esa.Event{{Kind: esa.MessageFinished, MID: 9999}}), nil)
		}, "late events of MID 9999: only those up to"},
		{"late spoilt", func(_ *Store, b *pebble.Batch) { _ = b.Set(keyLate(segment.Messages, 5, 1), []byte{1, 2, 3}, nil) }, "late events of MID 5: "},
		{"unfinished for nothing", func(_ *Store, b *pebble.Batch) { _ = b.Set(key(prefixOpen, 9999), nil, nil) }, "MID 9999: it is in the list"},
		{"unfinished list empty", func(_ *Store, b *pebble.Batch) {
			_ = b.DeleteRange(key(prefixOpen, 0), upper(prefixOpen), nil)
		}, "unfinished: true; in the list of such: false"},
		{"log with a gap", func(s *Store, b *pebble.Batch) {
			_ = b.Delete(key(prefixLog, entryAfter(s, s.last/2)), nil)
		}, "the one before ends with"},
		{"log without end", func(s *Store, b *pebble.Batch) { _ = b.Delete(key(prefixLog, s.last), nil) }, "log: "},
		{"log without beginning", func(s *Store, b *pebble.Batch) {
			_ = b.DeleteRange(key(prefixLog, 0), key(prefixLog, entryAfter(s, s.sealed.from)+1), nil)
		}, "log: it begins with"},
		{"log entry spoilt", func(s *Store, b *pebble.Batch) { _ = b.Set(key(prefixLog, s.last), []byte{0xff}, nil) }, "log entry "},
		{"state too early", func(s *Store, b *pebble.Batch) {
			h := s.sealed
			h.bounds = [2]uint64{3, 3}
			_ = b.Set([]byte{prefixState}, h.append(nil), nil)
		}, "only those up to 3 are said to be sealed"},
		{"state too late", func(s *Store, b *pebble.Batch) {
			h := s.sealed
			h.from = s.last + 2
			_ = b.Set(key(prefixLog, s.last+1), appendEntry(nil, []esa.Event{{Kind: esa.MessageStarted, MID: 9999}}), nil)
			_ = b.Set([]byte{prefixState}, h.append(nil), nil)
		}, "it is not sealed, but all before"},
		{"cursor ahead", func(s *Store, b *pebble.Batch) {
			_ = b.Set(keyName(prefixCursor, "a"), binary.BigEndian.AppendUint64(nil, s.last+1), nil)
		}, "cursor a: it is at event"},
		{"number behind", func(_ *Store, b *pebble.Batch) { _ = b.Set(keyName(prefixNumber, "mid"), []byte{7}, nil) }, "number mid: the next would be 7"},
		{"number gone", func(_ *Store, b *pebble.Batch) { _ = b.Delete(keyName(prefixNumber, "dcid"), nil) }, "number dcid: the next would be 1"},
		{"chunk gone", func(_ *Store, b *pebble.Batch) { _ = b.Delete(keyChunk(50, 0), nil) }, "content of MID 50: chunk 1 where 0 must be"},
		{"chunk short", func(_ *Store, b *pebble.Batch) { _ = b.Set(keyChunk(50, 0), []byte("x"), nil) }, "content of MID 50: chunk 1: only the last"},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := whole.o
			o.FS = whole.clone(t, "none", nil)
			s, err := openStore(o)
			if err != nil {
				t.Fatal(err)
			}
			b := s.db.NewBatch()
			c.spoil(s, b)
			err = errors.Join(s.db.Apply(b, pebble.Sync), b.Close(), s.db.Close())
			s.packer.Close()
			if err != nil {
				t.Fatal(err)
			}
			r := verify(t, o)
			if !strings.Contains(strings.Join(r.Problems, "\n"), c.want) {
				t.Errorf("problems %q, want %q", r.Problems, c.want)
			}
		})
	}
}

// dir writes the directory of segment 3 with a change.
func dir(s *Store, b *pebble.Batch, change func(*segment.Directory)) {
	for _, g := range s.segments {
		if g.number == 3 {
			d := *g.dir
			change(&d)
			_ = b.Set(key(prefixDirectory, 3), segment.AppendDirectory(nil, &d), nil)
		}
	}
}

// entryAfter is the number of the first entry that ends at an event or behind it.
func entryAfter(s *Store, event uint64) uint64 {
	e, err := s.entries(event, s.last, 1)
	if err != nil {
		panic(err)
	}
	return e[0].Seq
}

// No more problems are told than somebody would read.
func TestVerifyManyProblems(t *testing.T) {
	o := Options{FS: vfs.NewMem(), Dir: "tracking"}
	s := open(t, o.FS)
	for i := range 3 * mostProblems {
		if err := s.db.Set(fmt.Appendf(nil, "x%d", i), nil, pebble.NoSync); err != nil {
			t.Fatal(err)
		}
	}
	s.Close()
	if r := verify(t, o); len(r.Problems) != mostProblems || r.Problem() != 3*mostProblems {
		t.Errorf("%d problems told, %d more", len(r.Problems), r.More)
	}
}

// TestBackupUnderLoad takes copies of a store while many write to it: each is
// sound, and has all that was acknowledged before.
func TestBackupUnderLoad(t *testing.T) {
	o := Options{FS: vfs.NewMem(), Dir: "tracking", SegmentRows: 32}
	s, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	var acked [4]atomic.Uint64 // the last MID of each writer
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for w := range acked {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if err := send(s, &acked[w]); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for n := range 5 {
		for lowest(&acked) < uint64(100*(n+1)) && !t.Failed() {
			_ = s.waitDurable(t.Context(), s.Last()+1)
		}
		var want []uint64
		for w := range acked {
			want = append(want, acked[w].Load())
		}
		dir := fmt.Sprint("backup", n)
		if err := s.Backup(dir); err != nil {
			t.Fatal(err)
		}
		if err := s.Backup(dir); err == nil {
			t.Error("a backup over another")
		}
		checkBackup(t, Options{FS: o.FS, Dir: dir}, want)
	}
	close(stop)
	wg.Wait()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := BackupOffline(o, "offline"); err != nil {
		t.Fatal(err)
	}
	checkBackup(t, Options{FS: o.FS, Dir: "offline"}, []uint64{acked[0].Load()})
}

// lowest is the MID that the slowest writer has come to; 0: one has not begun.
func lowest(acked *[4]atomic.Uint64) uint64 {
	n := acked[0].Load()
	for w := range acked {
		n = min(n, acked[w].Load())
	}
	return n
}

// send sends a message of two entries.
func send(s *Store, acked *atomic.Uint64) error {
	mid, err := s.NextMID()
	if err != nil {
		return err
	}
	c := s.NewContent(mid)
	_, _ = io.WriteString(c, fmt.Sprint("content of ", mid))
	if err := s.Commit([]esa.Event{{Kind: esa.MessageStarted, MID: mid, Time: worldStart}, {Kind: esa.MessageReady, MID: mid, Time: worldStart}}, c); err != nil {
		return err
	}
	acked.Store(uint64(mid))
	return s.Append([]esa.Event{{Kind: esa.MessageFinished, MID: mid, Time: worldStart}})
}

func checkBackup(t *testing.T, o Options, mids []uint64) {
	t.Helper()
	if r := verify(t, o); r.Problem() > 0 {
		t.Errorf("%s: %q", o.Dir, r.Problems)
	}
	s, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	for _, mid := range mids {
		m, err := s.Message(t.Context(), esa.MID(mid))
		if err != nil || m.State != esa.Processing && !m.Finished {
			t.Errorf("%s: MID %d: %v, %v", o.Dir, mid, m.State, err)
		}
		r, err := s.Content(esa.MID(mid))
		if err != nil {
			t.Errorf("%s: %v", o.Dir, err)
			continue
		}
		b, err := io.ReadAll(r)
		if want := fmt.Sprint("content of ", mid); string(b) != want || err != nil {
			t.Errorf("%s: MID %d: %q, %v", o.Dir, mid, b, err)
		}
		r.Close()
	}
	if next, err := s.NextMID(); err != nil || next <= esa.MID(mids[0]) {
		t.Errorf("%s: next MID %d, %v", o.Dir, next, err)
	}
}

// A store that has failed takes nothing more.
func TestFailedStore(t *testing.T) {
	s := open(t, vfs.NewMem())
	defer s.Close()
	func() {
		defer func() {
			if recover() == nil {
				t.Error("Fatalf returned")
			}
		}()
		storeLog{fail: s.watch.fail}.Fatalf("the disk is %s", "gone")
	}()
	events := []esa.Event{{Kind: esa.MessageStarted, MID: 1}}
	if err := s.Commit(events, nil); err == nil || !strings.Contains(err.Error(), "the disk is gone") {
		t.Errorf("commit: %v", err)
	}
	if err := s.Append(events); err == nil {
		t.Error("append: no error")
	}
}

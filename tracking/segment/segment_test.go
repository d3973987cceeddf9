package segment

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"esasim/esa"
	"esasim/tracking/fold"
)

func newPacker(t testing.TB) *Packer {
	t.Helper()
	p, err := NewPacker()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

func pick[T any](r *rand.Rand, list ...T) T { return list[r.IntN(len(list))] }

// anyEvent is any event at all, however little sense it makes.
func anyEvent(r *rand.Rand, number uint64, at time.Time) esa.Event {
	e := esa.Event{Kind: esa.Kind(1 + r.IntN(int(esa.Kinds))), Time: at}
	some := func() bool { return r.IntN(3) == 0 }
	if some() {
		e.MID = pick(r, esa.MID(number), esa.MID(number), 7)
	}
	if some() {
		e.ICID = pick(r, esa.ICID(number/3), esa.ICID(number), 9)
	}
	if some() {
		e.DCID = esa.DCID(r.IntN(4))
	}
	if some() {
		e.Other = esa.MID(r.Uint64())
	}
	for range pick(r, 0, 0, 1, 2, 5) {
		e.RIDs = append(e.RIDs, pick(r, esa.RID(len(e.RIDs)), esa.RID(len(e.RIDs)), 3))
	}
	if some() {
		e.Direction, e.Engine, e.Verdict = esa.Direction(r.IntN(256)), esa.Engine(r.IntN(256)), esa.Verdict(r.IntN(256))
	}
	if some() {
		e.Size = r.Int64() - r.Int64()
	}
	texts := []string{"", "x A@b.test <7@relay.test> \x01\x00\x02", "<7@relay.test>", "relay.test", "a", "A@b.test", "Straße", "中文", "\xff\x00", "From", "Reply-To", "Date", strings.Repeat("long ", 40), fmt.Sprint(number)}
	e.Address, e.Name, e.Text = pick(r, texts...), pick(r, texts...), pick(r, texts...)
	if some() {
		e.Until = at.Add(time.Duration(r.IntN(1e3)) * time.Millisecond)
	}
	if some() {
		e.Source = &esa.Source{Listener: pick(r, texts...), Remote: pick(r, netip.Addr{}, netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("fe80::1%eth0")),
			Group: pick(r, texts...), Host: pick(r, texts...), Verified: some(), Outgoing: some()}
	}
	if some() {
		e.Attachment = &esa.Attachment{Name: pick(r, texts...), Type: "x/y", Size: r.Int64(),
			SHA256: pick(r, "", "zz", "=", strings.Repeat("ab", 32), strings.Repeat("AB", 32), strings.Repeat("3d", 32))}
	}
	return e
}

type testRow struct {
	table  Table
	number uint64
	events []esa.Event
}

func anyRows(r *rand.Rand, n int) (out []testRow) {
	for t := range tables {
		number := r.Uint64N(100)
		for range r.IntN(n) + 1 - int(t) {
			number += 1 + r.Uint64N(3)
			row := testRow{table: t, number: number}
			at := time.Date(2020, 5, 14, 13, 0, 0, r.IntN(1e9), time.UTC).Truncate(time.Millisecond)
			for range 1 + r.IntN(12) {
				at = at.Add(time.Duration(r.IntN(20)-5) * time.Millisecond)
				row.events = append(row.events, anyEvent(r, number, at))
			}
			out = append(out, row)
		}
	}
	return out
}

func build(b *Builder, list []testRow) Segment {
	for _, row := range list {
		b.Add(row.table, row.number, row.events)
	}
	return b.Finish(1)
}

func reader(p *Packer, s Segment) *Reader {
	return NewReader(&s.Directory, p, NewState(), func(part Part) ([]byte, error) { return s.Parts[part], nil })
}

var sameAddr = cmp.Comparer(func(a, b netip.Addr) bool { return a == b })

// TestRoundTrip: what comes out is what went in, whatever it is.
func TestRoundTrip(t *testing.T) {
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 0))
	p := newPacker(t)
	b := NewBuilder(p)
	for i := range 100 {
		n := 40
		if i == 0 { // several blocks
			n = 4 * BlockRows
		}
		list := anyRows(r, n)
		s := build(b, list)
		d, err := ReadDirectory(AppendDirectory(nil, &s.Directory))
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		if diff := cmp.Diff(&s.Directory, d, cmp.AllowUnexported(Filter{}), cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("seed %d: directory (-written +read):\n%s", seed, diff)
		}
		rd := reader(p, s)
		for _, row := range list {
			i, ok, err := rd.Find(row.table, row.number)
			if err != nil || !ok {
				t.Fatalf("seed %d: row %d not found: %v", seed, row.number, err)
			}
			got, err := rd.Events(row.table, i)
			if err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
			if diff := cmp.Diff(row.events, got, sameAddr); diff != "" {
				t.Fatalf("seed %d: row %d (-want +got):\n%s", seed, row.number, diff)
			}
		}
	}
}

// TestQuestions holds the answers of the columns against the folded messages.
func TestQuestions(t *testing.T) {
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 0))
	p := newPacker(t)
	b := NewBuilder(p)
	for range 60 {
		list := slices.DeleteFunc(anyRows(r, 30), func(row testRow) bool { return row.table == Connections })
		for i := range list { // most of them ordinary
			list[i].events[0].Kind = esa.MessageStarted
			list[i].events[0].MID = esa.MID(list[i].number)
		}
		s := build(b, list)
		rd := reader(p, s)
		odd, err := rd.Odd()
		if err != nil {
			t.Fatal(err)
		}
		ask := func(what string, got Rows, err error, want func(*esa.Message) bool) {
			t.Helper()
			if err != nil {
				t.Fatalf("seed %d: %s: %v", seed, what, err)
			}
			for i, row := range list {
				m := esa.Fold(row.events)
				if !odd.Has(i) && got.Has(i) != want(&m) {
					t.Fatalf("seed %d: %s: row %d: %t, want %t\n%+v", seed, what, i, got.Has(i), want(&m), row.events)
				}
			}
		}
		askAll(rd, ask)
		for _, row := range list {
			m := esa.Fold(row.events)
			held := func(c Column, v string) {
				t.Helper()
				if v != "" && !s.Directory.Filter.May(Hash(c, v)) {
					t.Fatalf("seed %d: filter has not %q", seed, v)
				}
				if !s.Trigrams.May(c, v) {
					t.Fatalf("seed %d: trigrams have not %q", seed, v)
				}
			}
			held(Sender, fold.String(m.Sender))
			held(MessageID, fold.String(TrimID(m.MessageID)))
			for _, a := range m.Attachments {
				held(SHA256, a.SHA256)
			}
		}
	}
}

func askAll(rd *Reader, ask func(string, Rows, error, func(*esa.Message) bool)) {
	for _, what := range []string{"a", "b.test", "strasse", "文", "g l", "2"} {
		for c, values := range map[Column]func(*esa.Message) []string{
			Sender:  func(m *esa.Message) []string { return []string{m.Sender} },
			Subject: func(m *esa.Message) []string { return []string{m.Subject} },
			ReplyTo: func(m *esa.Message) []string { return []string{m.ReplyTo} },
			Recipient: func(m *esa.Message) (out []string) {
				for _, r := range m.Recipients {
					out = append(out, r.Address)
				}
				return out
			},
			Attachment: func(m *esa.Message) (out []string) {
				for _, a := range m.Attachments {
					out = append(out, a.Name)
				}
				return out
			},
		} {
			if c == Recipient {
				continue // without RIDs they do not count; see the store's tests
			}
			rows, err := rd.Contain(c, what)
			ask(fmt.Sprintf("column %d contains %q", c, what), rows, err, func(m *esa.Message) bool {
				return slices.ContainsFunc(values(m), func(v string) bool { return strings.Contains(fold.String(v), what) })
			})
			rows, err = rd.Match(c, func(v string) bool { return v == what })
			ask(fmt.Sprintf("column %d is %q", c, what), rows, err, func(m *esa.Message) bool {
				return slices.ContainsFunc(values(m), func(v string) bool { return fold.String(v) == what })
			})
		}
	}
	rows, err := rd.ByICID(9)
	ask("ICID", rows, err, func(m *esa.Message) bool { return m.ICID == 9 })
	rows, err = rd.BySource(func(s *esa.Source) bool { return s.Outgoing })
	ask("source", rows, err, func(m *esa.Message) bool { return m.Source.Outgoing })
	for _, want := range []netip.Addr{{}, netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("fe80::1%eth0")} {
		rows, err = rd.ByRemote(func(a netip.Addr) bool { return a == want })
		ask("address", rows, err, func(m *esa.Message) bool { return m.Source.Remote == want })
	}
	rows, err = rd.InState(1<<esa.Bounced | 1<<esa.Receiving)
	ask("state", rows, err, func(m *esa.Message) bool { return m.State == esa.Bounced || m.State == esa.Receiving })
	rows, err = rd.ByFile(strings.Repeat("ab", 32))
	ask("file", rows, err, func(m *esa.Message) bool {
		return slices.ContainsFunc(m.Attachments, func(a esa.Attachment) bool { return a.SHA256 == strings.Repeat("ab", 32) })
	})
	from := time.Date(2020, 5, 14, 13, 0, 0, 3e8, time.UTC)
	rows, err = rd.Between(from, from.Add(3e8))
	ask("time", rows, err, func(m *esa.Message) bool { return !m.Received.Before(from) && m.Received.Before(from.Add(3e8)) })
	for k := esa.Kind(1); k < esa.Kinds; k++ {
		rows, err = rd.Happened(Happening{Kind: k, Engine: 1})
		ask("event", rows, err, func(m *esa.Message) bool {
			return slices.ContainsFunc(m.Events, func(e esa.Event) bool { return e.Kind == k && e.Engine == 1 })
		})
		rows, err = rd.Happened(Happening{Kind: k, Name: func(n string) bool { return n == "strasse" }})
		ask("named event", rows, err, func(m *esa.Message) bool {
			return slices.ContainsFunc(m.Events, func(e esa.Event) bool { return e.Kind == k && fold.String(e.Name) == "strasse" })
		})
	}
}

// TestDamage: a flipped octet anywhere is an error or goes unnoticed by this
// package (the store below has checksums), but never a panic.
func TestDamage(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	p := newPacker(t)
	s := build(NewBuilder(p), anyRows(r, 30))
	for range 500 {
		part := pick(r, s.Directory.Parts()...)
		b := bytes.Clone(s.Parts[part])
		if r.IntN(4) == 0 {
			b = b[:r.IntN(len(b))]
		} else {
			b[r.IntN(len(b))] ^= 1 << r.IntN(8)
		}
		readAll(t, p, s, part, b)
	}
}

// readAll reads everything of a segment of which one part is b.
func readAll(t *testing.T, p *Packer, s Segment, part Part, b []byte) {
	t.Helper()
	rd := NewReader(&s.Directory, p, NewState(), func(q Part) ([]byte, error) {
		if q == part {
			return b, nil
		}
		return s.Parts[q], nil
	})
	for table := range tables {
		for i := range rd.Len(table) {
			if _, err := rd.Events(table, i); err != nil && !errors.Is(err, ErrDamaged) {
				t.Fatal(err)
			}
		}
	}
	askAll(rd, func(_ string, _ Rows, err error, _ func(*esa.Message) bool) {
		if err != nil && !errors.Is(err, ErrDamaged) {
			t.Fatal(err)
		}
	})
}

func FuzzSegment(f *testing.F) {
	p := newPacker(f)
	r := rand.New(rand.NewPCG(1, 2))
	s := build(NewBuilder(p), anyRows(r, 5))
	for part, b := range s.Parts {
		f.Add(uint16(part), b)
	}
	f.Fuzz(func(t *testing.T, part uint16, b []byte) {
		if _, ok := s.Parts[Part(part)]; ok {
			readAll(t, p, s, Part(part), b)
		}
	})
}

func FuzzDirectory(f *testing.F) {
	s := build(NewBuilder(newPacker(f)), anyRows(rand.New(rand.NewPCG(1, 2)), 5))
	f.Add(AppendDirectory(nil, &s.Directory))
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := ReadDirectory(b)
		if err == nil {
			d.Filter.May(Hash(Sender, "x"))
		}
	})
}

// TestManyRecipients: what is written can be read, also of a message to many that
// is delayed for days.
func TestManyRecipients(t *testing.T) {
	p := newPacker(t)
	at := time.Date(2020, 5, 14, 13, 0, 0, 0, time.UTC)
	const recipients = 1 << 14
	events := []esa.Event{{Kind: esa.MessageStarted, Time: at, MID: 1}}
	var everybody []esa.RID
	for i := range recipients {
		events = append(events, esa.Event{Kind: esa.RecipientGiven, Time: at, MID: 1, Address: "x@y.test", RIDs: []esa.RID{esa.RID(i)}})
		everybody = append(everybody, esa.RID(i))
	}
	for range mostBare + 1 { // with nothing of their own
		events = append(events, esa.Event{Kind: esa.EngineVerdict, Time: at, MID: 1})
	}
	for range mostImplied/recipients + 2 {
		events = append(events, esa.Event{Kind: esa.EngineVerdict, Time: at, MID: 1, RIDs: everybody})
	}
	b := NewBuilder(p)
	b.Add(Messages, 1, events)
	got, err := reader(p, b.Finish(1)).Events(Messages, 0)
	if err != nil || len(got) != len(events) {
		t.Fatalf("%d events, want %d: %v", len(got), len(events), err)
	}
	for i := range got {
		if got[i].Kind != events[i].Kind || !got[i].Time.Equal(at) || !slices.Equal(got[i].RIDs, events[i].RIDs) {
			t.Fatalf("event %d is not as it was", i)
		}
	}
}

// TestDirectorySpan: no moment and no missing number stands for something else.
func TestDirectorySpan(t *testing.T) {
	b := NewBuilder(newPacker(t))
	for i, m := range []struct {
		at   time.Time
		icid esa.ICID
	}{{time.Time{}, 5}, {time.Unix(0, 0).UTC(), 0}, {time.Unix(0, 0).UTC(), 7}} {
		b.Add(Messages, uint64(i+1), []esa.Event{{Kind: esa.MessageStarted, Time: m.at, MID: esa.MID(i + 1), ICID: m.icid}})
	}
	s := b.Finish(1)
	d, err := ReadDirectory(AppendDirectory(nil, &s.Directory))
	if err != nil {
		t.Fatal(err)
	}
	if !d.Oldest.Equal(time.Time{}) || !d.Newest.Equal(time.Unix(0, 0)) || d.ICIDs != [2]esa.ICID{5, 7} {
		t.Errorf("received from %s to %s, ICIDs %d", d.Oldest, d.Newest, d.ICIDs)
	}
}

// TestManyValues: a column of more values than a chunk has gives each back, and
// finds each, wherever the chunks end.
func TestManyValues(t *testing.T) {
	p := newPacker(t)
	b := NewBuilder(p)
	at := time.Date(2020, 5, 14, 13, 0, 0, 0, time.UTC)
	address := func(i int) string { return fmt.Sprintf("Person%d@Example.com", i) }
	const n = 2*chunkValues + 1
	for i := range n {
		b.Add(Messages, uint64(i+1), []esa.Event{
			{Kind: esa.MessageStarted, Time: at, MID: esa.MID(i + 1)},
			{Kind: esa.SenderGiven, Time: at, MID: esa.MID(i + 1), Address: address(i)},
			{Kind: esa.AttachmentSeen, Time: at, MID: esa.MID(i + 1), Attachment: &esa.Attachment{Name: "a", SHA256: fmt.Sprint(i)}},
		})
	}
	s := b.Finish(1)
	rd := reader(p, s)
	for _, i := range []int{0, 1, chunkValues - 1, chunkValues, 2*chunkValues - 1, 2 * chunkValues} {
		events, err := rd.Events(Messages, i)
		if err != nil || events[1].Address != address(i) {
			t.Fatalf("row %d: %v, %v", i, events, err)
		}
		want := NewRows(n, false)
		want.Add(i)
		is, err := rd.Match(Sender, func(v string) bool { return v == fold.String(address(i)) })
		part, err2 := rd.Contain(Sender, fmt.Sprintf("son%d@", i))
		file, err3 := rd.ByFile(fmt.Sprint(i))
		if err := errors.Join(err, err2, err3); err != nil || !slices.Equal(is, want) || !slices.Equal(part, want) || !slices.Equal(file, want) {
			t.Errorf("value %d is found in rows %v, %v and %v: %v", i, is, part, file, err)
		}
		fresh := reader(p, s)
		if may, err := fresh.MayContain(Sender, fmt.Sprintf("son%d@", i)); !may || err != nil {
			t.Errorf("value %d: a glance sees %v, %v", i, may, err)
		}
		if may, err := fresh.MayContain(Attachment, "b"); may || err != nil {
			t.Errorf("a glance sees what is not there: %v", err)
		}
	}
}

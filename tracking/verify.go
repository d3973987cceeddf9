package tracking

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"esasim/esa"
	"esasim/tracking/segment"
)

// Report is what Verify found.
type Report struct {
	Problems []string // the first hundred, each with the segment, message or key it is of
	More     int      // those beyond

	Segments, Messages, Connections, Entries uint64
	Octets                                   int64 // of segments, log and contents, as kept
}

// Problem is how many there are.
func (r *Report) Problem() int { return len(r.Problems) + r.More }

const mostProblems = 100

// Verify reads all of a store that nobody has open, changes nothing, and tells
// what is not as this package would have written it. It goes on after a problem;
// the error is for a store that cannot be read at all, and ctx's. told, if set, is
// called after each segment with how many of how many have been read. It needs the
// memory of the directory's list and of one segment for each processor; what came
// late is in memory, too, as when the store is open.
func Verify(ctx context.Context, o Options, told func(done, of int)) (Report, error) {
	v := &verifier{o: o, ctx: ctx, told: told, groups: map[uint64]bool{}, unfinished: map[uint64]bool{}}
	v.late = [2]map[uint64][]esa.Event{{}, {}}
	if v.o.FS == nil {
		v.o.FS = vfs.Default
	}
	err := v.open()
	if err == nil {
		err = errors.Join(v.all(), v.db.Close())
		v.packer.Close()
	}
	if err != nil {
		return v.report, fmt.Errorf("verify tracking store %s: %w", o.Dir, err)
	}
	return v.report, nil
}

type verifier struct {
	o      Options
	ctx    context.Context
	told   func(done, of int)
	db     *pebble.DB
	packer *segment.Packer

	sealed     sealState
	segments   []extent
	groups     map[uint64]bool
	late       [2]map[uint64][]esa.Event // by number; those in no segment stay
	unfinished map[uint64]bool           // the list; those that belong there are taken out
	end        uint64                    // of the log

	mu     sync.Mutex // guards the rest
	report Report
	seen   [3]uint64 // the highest MID, ICID and DCID
	done   int
	met    map[segment.Table]map[uint64]bool // late rows that are in a segment
}

// extent is what must be remembered of a segment.
type extent struct {
	number uint64
	last   [2]uint64
}

func (v *verifier) open() (err error) {
	if err := checkManifest(v.o.FS, v.o.Dir); err != nil {
		return err
	}
	o := pebbleOptions(v.o)
	newWatch(func(error) {}).attach(o, v.o.Logger)
	o.ReadOnly, o.ErrorIfNotExists = true, true
	if v.db, err = openPebble(v.o.Dir, o); err != nil {
		return err
	}
	if v.packer, err = segment.NewPacker(); err == nil {
		err = (&Store{db: v.db}).checkFormat()
	}
	if err != nil {
		return errors.Join(err, v.db.Close())
	}
	return nil
}

// wrong notes a problem.
func (v *verifier) wrong(where string, err error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.report.Problems) == mostProblems {
		v.report.More++
		return
	}
	v.report.Problems = append(v.report.Problems, where+": "+oneLine(err))
}

// oneLine is the text of an error without what joined errors repeat, and without
// the name that Pebble's errors give a part of themselves that has no text.
func oneLine(err error) string {
	var lines []string
	for line := range strings.Lines(err.Error()) {
		line = strings.TrimSpace(line)
		if line != "" && line != "<corruption detail carrier>" && !slices.Contains(lines, line) {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "; ")
}

func (v *verifier) say(where, format string, args ...any) {
	v.wrong(where, fmt.Errorf(format, args...))
}

// all looks at everything. What is about the whole of something is a problem;
// errors are for what ends the look.
func (v *verifier) all() error {
	for _, step := range []struct {
		what string
		do   func() error
	}{
		{"keys", v.keys}, {"state", v.state}, {"directories", v.directories}, {"parts", v.parts}, {"trigrams", v.trigrams},
		{"late events", v.lateEvents}, {"unfinished messages", v.unfinishedList}, {"segments", v.allSegments}, {"log", v.log},
		{"rest", v.rest}, {"cursors", v.cursors}, {"numbers", v.numbers}, {"contents", v.contents},
	} {
		err := step.do()
		if err := context.Cause(v.ctx); err != nil {
			return err
		}
		if err != nil { // a block that cannot be read: the rest may be well
			v.wrong(step.what, err)
		}
	}
	return nil
}

// each calls f for the keys and values with a prefix.
func (v *verifier) each(prefix byte, f func(k, value []byte)) error {
	it, err := v.db.NewIter(&pebble.IterOptions{LowerBound: []byte{prefix, '/'}, UpperBound: upper(prefix)})
	if err != nil {
		return err
	}
	for n, ok := 0, it.First(); ok; n, ok = n+1, it.Next() {
		if n%1024 == 0 && v.ctx.Err() != nil {
			break
		}
		value, err := it.ValueAndErr()
		if err != nil {
			return errors.Join(err, it.Close())
		}
		f(it.Key(), value)
	}
	return errors.Join(it.Error(), it.Close())
}

// numbered is each for keys that are one number.
func (v *verifier) numbered(prefix byte, f func(n uint64, value []byte)) error {
	return v.each(prefix, func(k, value []byte) {
		if len(k) != 10 {
			v.say(fmt.Sprintf("key %q", k), "it is no number")
			return
		}
		f(number(k), value)
	})
}

// keys looks for those that do not exist (keys.go).
func (v *verifier) keys() error {
	it, err := v.db.NewIter(nil)
	if err != nil {
		return err
	}
	for ok := it.First(); ok && v.ctx.Err() == nil; {
		k := it.Key()
		switch {
		case len(k) == 1 && (k[0] == prefixFormat || k[0] == prefixState):
			ok = it.Next()
		case len(k) > 1 && k[1] == '/' && bytesHave("ldsgpqnrcb", k[0]):
			ok = it.SeekGE(upper(k[0]))
		default:
			v.say(fmt.Sprintf("key %q", k), "no such key exists")
			ok = it.Next()
		}
	}
	return errors.Join(it.Error(), it.Close())
}

func bytesHave(list string, b byte) bool { return slices.Contains([]byte(list), b) }

func (v *verifier) state() error {
	v.sealed = sealState{nextSegment: 1, from: 1}
	b, closer, err := v.db.Get([]byte{prefixState})
	if errors.Is(err, pebble.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := v.sealed.read(b); err != nil {
		v.wrong("key h", err)
	}
	return closer.Close()
}

// directories looks at each, and at all of them together.
func (v *verifier) directories() error {
	var last extent
	err := v.numbered(prefixDirectory, func(n uint64, value []byte) {
		where := fmt.Sprintf("segment %d", n)
		d, err := segment.ReadDirectory(value)
		if err != nil {
			v.wrong(where, err)
		}
		if last.number != 0 && n != last.number+1 {
			v.say(where, "the one before it is %d", last.number)
		}
		if n >= v.sealed.nextSegment {
			v.say(where, "the next one to be written would be %d", v.sealed.nextSegment)
		}
		now := extent{n, last.last}
		for t := range now.last {
			if d == nil || d.Rows[t] == 0 {
				continue
			}
			name := segment.Table(t).Name()
			if d.First[t] <= last.last[t] || d.Last[t] < d.First[t] {
				v.say(where, "%ss %d to %d: those before end with %d", name, d.First[t], d.Last[t], last.last[t])
			}
			if d.Last[t] > v.sealed.bounds[t] {
				v.say(where, "%s %d: only those up to %d are said to be sealed", name, d.Last[t], v.sealed.bounds[t])
			}
			now.last[t] = d.Last[t]
		}
		last = now
		v.segments = append(v.segments, now)
		v.report.Segments++
	})
	if n := v.sealed.nextSegment; len(v.segments) > 0 && last.number+1 < n {
		v.say(fmt.Sprintf("segment %d", n-1), "it is missing")
	}
	return err
}

// parts looks for those of segments that are not there. Missing ones are the
// segments' matter.
func (v *verifier) parts() error {
	it, err := v.db.NewIter(&pebble.IterOptions{LowerBound: key(prefixSegment, 0), UpperBound: upper(prefixSegment)})
	if err != nil {
		return err
	}
	for ok := it.First(); ok && v.ctx.Err() == nil; {
		k := it.Key()
		if len(k) < 10 {
			v.say(fmt.Sprintf("key %q", k), "it is no part")
			ok = it.Next()
			continue
		}
		n := number(k)
		if _, there := slices.BinarySearchFunc(v.segments, n, func(e extent, n uint64) int { return cmp.Compare(e.number, n) }); !there {
			v.say(fmt.Sprintf("segment %d", n), "it has parts and no directory")
		}
		ok = it.SeekGE(key(prefixSegment, n+1))
	}
	return errors.Join(it.Error(), it.Close())
}

func (v *verifier) trigrams() error {
	err := v.numbered(prefixGroup, func(n uint64, value []byte) {
		where := fmt.Sprintf("trigrams of group %d", n)
		if _, err := segment.ReadTrigrams(value, v.packer); err != nil {
			v.wrong(where, err)
		}
		v.groups[n] = true
		if !slices.ContainsFunc(v.segments, func(e extent) bool { return e.number/groupSize == n }) {
			v.say(where, "no segment is of that group")
		}
	})
	for _, e := range v.segments {
		if !v.groups[e.number/groupSize] {
			v.say(fmt.Sprintf("segment %d", e.number), "its group has no trigrams")
		}
	}
	return err
}

// note notes the numbers that events speak of.
func (s *seenNumbers) note(events []esa.Event) {
	for i := range events {
		e := &events[i]
		s[0], s[1], s[2] = max(s[0], uint64(e.MID), uint64(e.Other)), max(s[1], uint64(e.ICID)), max(s[2], uint64(e.DCID))
	}
}

// seenNumbers are the highest MID, ICID and DCID.
type seenNumbers [3]uint64

func (v *verifier) saw(s seenNumbers) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for i := range s {
		v.seen[i] = max(v.seen[i], s[i])
	}
}

func (v *verifier) cursors() error {
	return v.each(prefixCursor, func(k, value []byte) {
		where := fmt.Sprintf("cursor %s", k[2:])
		seq, _, err := readCursor(value)
		if err != nil {
			v.wrong(where, err)
		} else if seq > v.end {
			v.say(where, "it is at event %d, the log ends with %d", seq, v.end)
		}
	})
}

func (v *verifier) numbers() error {
	names := []string{"mid", "icid", "dcid"}
	next := map[string]uint64{}
	err := v.each(prefixNumber, func(k, value []byte) {
		name := string(k[2:])
		n, size := binary.Uvarint(value)
		if size != len(value) || size <= 0 || !slices.Contains(names, name) {
			v.say(fmt.Sprintf("number %q", name), "%x is not the next of one of %v", value, names)
		}
		next[name] = n
	})
	for i, name := range names {
		if v.seen[i] > 0 && next[name] <= v.seen[i] {
			v.say("number "+name, "the next would be %d, but %d has been given out", max(next[name], 1), v.seen[i])
		}
	}
	return err
}

// contents looks for gaps between the chunks of a message. Which messages have a
// content is nobody's promise.
func (v *verifier) contents() error {
	var mid uint64
	var chunk uint32
	size := chunkSize
	return v.each(prefixContent, func(k, value []byte) {
		if len(k) != 14 {
			v.say(fmt.Sprintf("key %q", k), "it is no chunk")
			return
		}
		n, c := number(k), binary.BigEndian.Uint32(k[10:])
		where := fmt.Sprintf("content of MID %d", n)
		if n != mid {
			mid, chunk, size = n, 0, chunkSize
		}
		switch {
		case c != chunk:
			v.say(where, "chunk %d where %d must be", c, chunk)
		case size != chunkSize || len(value) > chunkSize:
			v.say(where, "chunk %d: only the last may be smaller than %d octets, and none larger", c, chunkSize)
		}
		chunk, size = c+1, len(value)
		v.report.Octets += int64(len(value))
	})
}

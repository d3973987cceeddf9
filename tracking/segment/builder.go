package segment

import (
	"encoding/binary"
	"unsafe"

	"github.com/FastFilter/xorfilter"
	"github.com/cespare/xxhash/v2"

	"esasim/esa"
	"esasim/tracking/fold"
)

// Builder makes segments, one after another: Add each row, then Finish. Messages
// come before connections, and the numbers of each table rise. A builder is used
// again after Finish, which saves most of its memory's making.
type Builder struct {
	packer  *Packer
	streams [streamCount]*stream
	used    []streamID // those that hold something
	parts   map[Part][]byte
	blockAt int // the row that the block under way begins with
	implied int // recipients that its events list without naming them
	index   index
	fuse    xorfilter.BinaryFuseBuilder // its memory is used again

	signatures map[signature]uint32
	shapes     map[string]uint32
	shapeList  []byte      // each: count of runs; signature, length of each run
	order      []signature // by their codes
	plain      []bool      // of each shape
	settled    []settled   // of each shape
	runs       []byte      // for use within one call

	tables   [tables]rows
	dir      Directory
	message  esa.Message   // for use within one call
	source   []byte        // likewise
	short    []byte        // likewise
	folded   []byte        // likewise; never nil
	out      []byte        // likewise: the part that is being written
	sources  places        // the codes of those seen
	profiles interner      // the same of what many sources share
	recent   [512]struct { // signatures that came lately: a few dozen are most of all
		signature signature
		code      uint32
	}
}

// rows are the frame's columns of one table.
type rows struct {
	n                              int
	numbers, starts, shapes, state []byte
	last                           uint64
	lastStart                      int64
	step, times                    uint64 // how the last numbers rose, and how often they did so
}

// number notes the row's number.
func (r *rows) number(n uint64) {
	if step := n - r.last; step != r.step || r.times == 0 {
		r.flush()
		r.step = step
	}
	r.times++
	r.last = n
}

// flush writes what number has noted.
func (r *rows) flush() {
	if r.times > 0 {
		r.numbers = binary.AppendUvarint(binary.AppendUvarint(r.numbers, r.step), r.times)
		r.times = 0
	}
}

// NewBuilder makes a builder.
func NewBuilder(p *Packer) *Builder {
	return &Builder{packer: p, signatures: map[signature]uint32{}, shapes: map[string]uint32{}, parts: map[Part][]byte{}, folded: []byte{}}
}

// Segment is a finished segment, to be kept.
type Segment struct {
	Directory Directory
	Trigrams  *Trigrams // valid until the builder's next Add
	Parts     map[Part][]byte
}

// Len is how many rows have been added.
func (b *Builder) Len() int { return b.tables[Messages].n + b.tables[Connections].n }

// Add adds a row: all events of a message or a connection, oldest first, of
// which there is one at least. It keeps nothing of the slice, but may keep the
// texts.
func (b *Builder) Add(t Table, number uint64, events []esa.Event) {
	if b.Len()-b.blockAt == BlockRows {
		b.flushBlock()
	}
	start := events[0].Time.UnixMilli()
	c := context{table: t, number: number}
	if t == Connections {
		c.icid = esa.ICID(number)
	}
	b.runs = b.runs[:0]
	var run struct{ code, n uint32 }
	at := start
	for i := range events {
		e := &events[i]
		g := c.sign(e)
		now := e.Time.UnixMilli()
		if now != at {
			g |= hasTime
			b.stream(id(e.Kind, fTime)).number(now - at)
		}
		at = now
		g = b.bound(&c, e, g)
		b.store(&c, e, g)
		c.after(e)
		code := b.signature(g)
		if run.n > 0 && run.code != code {
			b.run(run.code, run.n)
			run.n = 0
		}
		run.code, run.n = code, run.n+1
	}
	b.run(run.code, run.n)
	shape := b.shape(events)
	b.row(t, number, start, shape)
	if t == Messages {
		b.summary(events, shape)
		if !b.plain[shape] {
			b.dir.Odd++
		}
	}
}

// bound keeps what a row implies within the bounds that readers set against
// damage: beyond them it says things outright.
func (b *Builder) bound(c *context, e *esa.Event, g signature) signature {
	if g.where(shiftRIDs) == all {
		if b.implied += c.recipients; b.implied > mostImplied {
			b.implied -= c.recipients
			g = g&^(all<<shiftRIDs) | stored<<shiftRIDs
		}
	}
	if c.events++; c.events > mostBare/2 && !g.has(hasTime) {
		g |= hasTime
		b.stream(id(e.Kind, fTime)).number(0)
	}
	return g
}

func (b *Builder) run(code, n uint32) {
	if n == 1 {
		b.runs = binary.AppendUvarint(b.runs, uint64(code)<<1)
	} else {
		b.runs = binary.AppendUvarint(binary.AppendUvarint(b.runs, uint64(code)<<1|1), uint64(n))
	}
}

// signature gives the code of a signature: the order in which they came.
func (b *Builder) signature(g signature) uint32 {
	last := &b.recent[uint64(g)*0x9e3779b97f4a7c15>>55]
	if last.signature == g && g != 0 {
		return last.code
	}
	code, ok := b.signatures[g]
	if !ok {
		code = uint32(len(b.signatures))
		b.signatures[g] = code
		b.order = append(b.order, g)
	}
	last.signature, last.code = g, code
	return code
}

// shape gives the code of the shape in b.runs.
func (b *Builder) shape(events []esa.Event) uint32 {
	shape, ok := b.shapes[string(b.runs)]
	if !ok {
		shape = uint32(len(b.shapes))
		b.shapes[string(b.runs)] = shape
		b.shapeList = binary.AppendUvarint(b.shapeList, uint64(len(b.runs)))
		b.shapeList = append(b.shapeList, b.runs...)
		var seen pattern
		for i := range events {
			seen.add(events[i].Kind, 1, events[i].Name == headers[2])
		}
		plain := seen.plain(events[0].Kind)
		b.plain = append(b.plain, plain)
		b.settled = append(b.settled, settled{may: plain && b.settles()})
	}
	return shape
}

// row writes the row's line of the frame.
func (b *Builder) row(t Table, number uint64, start int64, shape uint32) {
	r := &b.tables[t]
	r.number(number)
	r.starts = binary.AppendVarint(r.starts, start-r.lastStart)
	r.shapes = binary.AppendUvarint(r.shapes, uint64(shape))
	if r.n == 0 {
		b.dir.First[t] = number
	}
	b.dir.Last[t] = number
	r.lastStart = start
	r.n++
}

// summary notes what the directory and the frame say of a message.
func (b *Builder) summary(events []esa.Event, shape uint32) {
	b.settled[shape].fold(&b.message, events)
	b.tables[Messages].state = append(b.tables[Messages].state, byte(b.message.State))
	b.dir.note(&b.message, b.tables[Messages].n == 1)
}

// note takes a message into the summary; first says that it is the first.
func (d *Directory) note(m *esa.Message, first bool) {
	d.States |= 1 << m.State
	if first || m.Received.Before(d.Oldest) {
		d.Oldest = m.Received
	}
	if first || m.Received.After(d.Newest) {
		d.Newest = m.Received
	}
	if m.ICID == 0 { // it was made here: it came by no connection
		return
	}
	if d.ICIDs[0] == 0 || m.ICID < d.ICIDs[0] {
		d.ICIDs[0] = m.ICID
	}
	d.ICIDs[1] = max(d.ICIDs[1], m.ICID)
}

// transient is the text in a buffer, until the buffer is used again. What keeps a
// text here copies it.
func transient(buf []byte) string { return unsafe.String(unsafe.SliceData(buf), len(buf)) }

func (b *Builder) stream(of streamID) *stream {
	s := b.streams[of]
	if s == nil {
		s = &stream{words: of.refersTo(), unique: of.unique(), searched: of.searched()}
		b.streams[of] = s
	}
	if s.n == 0 {
		b.used = append(b.used, of)
	}
	return s
}

func (b *Builder) text(c *context, of streamID, v string) {
	kept := v
	s := b.stream(of)
	switch {
	case s.words != nil:
		kept, b.short = c.words.shorten(v, s.words, b.short)
	case of.field() == fFileSHA:
		b.short = appendSHA(b.short[:0], v)
		kept = transient(b.short)
	}
	if s.unique {
		s.uniqueText(kept)
		b.index.value(of, v)
		return
	}
	hash := xxhash.Sum64String(kept)
	if _, isNew := s.text(kept, hash); !isNew {
		return
	}
	if !s.searched {
		s.add(kept)
		b.index.value(of, v)
		return
	}
	b.folded = fold.Append(b.folded[:0], v)
	if string(b.folded) == v {
		s.add(v)
		s.cases = append(s.cases, 0) // folding took nothing
	} else {
		s.addFolded(v, b.folded)
		hash = xxhash.Sum64(b.folded)
	}
	b.index.folded(of, b.folded, hash)
}

// store puts the values of an event into their streams.
func (b *Builder) store(c *context, e *esa.Event, g signature) {
	k := e.Kind
	if g.where(shiftMID) == stored {
		b.stream(id(k, fMID)).number(int64(e.MID))
	}
	if g.where(shiftICID) == stored {
		b.stream(id(k, fICID)).difference(int64(e.ICID))
	}
	if g.where(shiftDCID) == stored {
		b.stream(id(k, fDCID)).difference(int64(e.DCID))
	}
	if g.where(shiftRIDs) == stored {
		s := b.stream(id(k, fRIDs))
		s.number(int64(len(e.RIDs)))
		for _, rid := range e.RIDs {
			s.number(int64(rid))
		}
	}
	if g.where(shiftSource) == stored {
		b.addSource(e.Source)
	}
	b.fields(c, e, g)
}

// addSource stores a source. Events share them, so most are known by their
// address.
func (b *Builder) addSource(src *esa.Source) {
	s := b.stream(id(0, fSource))
	if at := b.sources.at(src); at.source != nil {
		s.code(at.code)
		return
	}
	b.source = appendProfile(b.source[:0], src)
	v := transient(b.source)
	profile, isNew := b.profiles.number(v)
	if isNew {
		b.stream(id(0, fProfile)).uniqueText(v)
	}
	b.source = appendPeer(b.source[:0], src, profile)
	v = transient(b.source)
	code, isNew := s.text(v, xxhash.Sum64String(v))
	if isNew {
		s.add(v)
		if src.Remote.IsValid() {
			b.index.hashes = append(b.index.hashes, HashAddr(src.Remote))
		}
	}
	b.sources.note(src, code)
}

// fields stores those that are there or not.
func (b *Builder) fields(c *context, e *esa.Event, g signature) {
	k := e.Kind
	if g.has(hasOther) {
		b.stream(id(k, fOther)).number(int64(e.Other - esa.MID(c.number)))
	}
	if g.has(hasSize) {
		b.stream(id(k, fSize)).number(e.Size)
	}
	if g.has(hasUntil) {
		b.stream(id(k, fUntil)).number(e.Until.UnixMilli() - e.Time.UnixMilli())
	}
	if g.has(hasAddress) {
		b.text(c, id(k, fAddress), e.Address)
	}
	if g.has(hasName) {
		b.text(c, id(k, fName), e.Name)
	}
	if g.has(hasText) {
		b.text(c, id(k, g.text()), e.Text)
	}
	if g.has(hasAttachment) {
		b.text(c, id(k, fFileName), e.Attachment.Name)
		b.text(c, id(k, fFileType), e.Attachment.Type)
		b.stream(id(k, fFileSize)).number(e.Attachment.Size)
		b.text(c, id(k, fFileSHA), e.Attachment.SHA256)
	}
}

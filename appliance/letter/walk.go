package letter

import (
	"io"
	"strings"

	"esasim/internal/rawmime"
)

// visitor is told what a walker comes across, in the order of the message.
type visitor interface {
	// begin is told of every header, and reads the rest of one that is too long.
	begin(h *header, e *entity)
	// leaf must read the body to its end.
	leaf(h *header, e *entity)
	// attached is told of a message in the message before it is walked
	// through, and done, if not nil, afterwards.
	attached(h *header, e *entity) (done func())
	// raw is what belongs to no part: before the first and behind the last one.
	raw(b []byte)
	// boundary is told of a boundary of the multipart e before the walk goes
	// on behind it; lines has it.
	boundary(e *entity)
	// end is told that the multipart e ends, before its closing boundary if it
	// has one.
	end(e *entity)
}

// entity is a message or a part, and where it stands.
type entity struct {
	rawmime.Entity
	index  int  // of a leaf, or of an attached message with a name; else -1
	depth  int  // of entities around it
	body   bool // what a person reads first: not a later part, not an attached message
	signed bool // within multipart/signed
	parent *entity
}

// walker takes a message apart.
type walker struct {
	lines  rawmime.Lines
	head   header
	parts  int
	leaves int
	cut    bool
	taps   []*tap
	visit  visitor
}

// message walks through all of a message. The error is that of r.
func (w *walker) message(r io.Reader) error {
	w.lines.Reset(r)
	w.parts, w.leaves, w.cut, w.taps = 0, 0, false, w.taps[:0]
	w.entity(&entity{body: true})
	for w.lines.Hit != rawmime.NoBoundary { // cannot be; but nothing may stay unread
		w.lines.Pass()
		w.raw()
	}
	w.raw()
	err := w.lines.Err()
	w.lines.Reset(nil)
	return err
}

// entity walks through one whose header comes next, up to a boundary or to the
// end of the message.
func (w *walker) entity(e *entity) {
	h := &w.head
	h.read(&w.lines)
	w.cut = w.cut || h.more || len(h.fields) > maxFields
	e.Entity = rawmime.NewEntity(h.first("Content-Type"), h.first("Content-Disposition"), h.first("Content-Transfer-Encoding"))
	deep := e.depth >= rawmime.MaxDepth
	message := e.Type == "message/rfc822" && rawmime.Identity(e.Encoding)
	w.cut = w.cut || deep && (e.Boundary != "" || message)
	e.index = -1
	if e.Boundary != "" && !deep {
		w.visit.begin(h, e)
		w.multipart(e)
		return
	}
	walked := message && !deep
	if !walked || e.File {
		e.index = w.leaves
		w.leaves++
	}
	if !walked {
		w.visit.begin(h, e)
		w.visit.leaf(h, e)
		return
	}
	w.visit.begin(h, e)
	done := w.visit.attached(h, e)
	w.entity(&entity{depth: e.depth + 1, signed: e.signed, parent: e})
	if done != nil {
		done()
	}
}

// multipart walks through every part. It ends at the boundary of a multipart
// around it, or at the end of the message.
func (w *walker) multipart(e *entity) {
	level := len(w.lines.Bounds)
	w.lines.Bounds = append(w.lines.Bounds, []byte(e.Boundary))
	w.raw()
	for n := 0; w.lines.Hit == level && !w.lines.Last; n++ {
		if w.parts++; w.parts > rawmime.MaxParts {
			w.overflow(e)
			break
		}
		w.pass(e)
		w.entity(&entity{depth: e.depth + 1, body: e.body && (n == 0 || e.Type == "multipart/alternative"),
			signed: e.signed || e.Type == "multipart/signed", parent: e})
	}
	w.visit.end(e)
	w.lines.Bounds = w.lines.Bounds[:min(level, len(w.lines.Bounds))]
	if w.lines.Hit == level {
		w.pass(e)
		w.raw()
	}
}

// overflow passes over all that is left: there are too many parts.
func (w *walker) overflow(e *entity) {
	w.cut = true
	w.lines.Bounds = w.lines.Bounds[:0]
	w.pass(e)
	w.raw()
}

// pass goes on behind the boundary at which the lines stopped.
func (w *walker) pass(e *entity) {
	w.visit.boundary(e)
	w.feed(w.lines.Mark)
	w.lines.Pass()
}

// raw passes over lines up to the next boundary.
func (w *walker) raw() {
	for {
		b, _, ok := w.lines.Next()
		if !ok {
			return
		}
		w.visit.raw(b)
	}
}

// tap has t see all lines until untap.
func (w *walker) tap(t *tap) {
	w.taps = append(w.taps, t)
	w.lines.Tee = w.feed
}

func (w *walker) untap() {
	w.taps = w.taps[:len(w.taps)-1]
	if len(w.taps) == 0 {
		w.lines.Tee = nil
	}
}

func (w *walker) feed(line []byte) {
	for _, t := range w.taps {
		t.write(line)
	}
}

// within is the index of the nearest part around it, or -1.
func (e *entity) within() int {
	for p := e.parent; p != nil; p = p.parent {
		if p.index >= 0 {
			return p.index
		}
	}
	return -1
}

// encrypted is true if the header says so.
func (e *entity) encrypted() bool {
	switch e.Type {
	case "multipart/encrypted", "application/pgp-encrypted":
		return true
	case "application/pkcs7-mime", "application/x-pkcs7-mime":
		kind := strings.ToLower(e.Params["smime-type"])
		return kind == "" || kind == "enveloped-data" || kind == "authenveloped-data"
	}
	return false
}

package segment

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"esasim/esa"
	"esasim/tracking/fold"
)

// The questions that a search asks of the messages of a segment. Each is
// answered from one part, exactly for the rows that are not [Reader.Odd].

// stream is where the values of a column of texts are.
func (c Column) stream() streamID {
	switch c {
	case Sender, Domain:
		return id(esa.SenderGiven, fAddress)
	case Recipient:
		return id(esa.RecipientGiven, fAddress)
	case Subject:
		return id(esa.SubjectSeen, fText)
	case Attachment:
		return id(esa.AttachmentSeen, fFileName)
	case SHA256:
		return id(esa.AttachmentSeen, fFileSHA)
	case ReplyTo:
		return id(esa.HeaderSeen, fReplyTo)
	default:
		return id(esa.MessageIDSeen, fText)
	}
}

// Odd are the messages whose events do not follow the usual pattern (begun
// twice, say, or with two subjects). What columns say of them need not be what
// the folded message says: ask that.
func (r *Reader) Odd() (Rows, error) {
	if r.Directory.Odd == 0 {
		return NewRows(r.Len(Messages), false), nil
	}
	f, err := r.getFrame()
	if err != nil {
		return nil, err
	}
	return r.shapes(func(i int) bool { return !f.plain(f.shapes[i]) })
}

// shapes gives the messages whose shape answers true.
func (r *Reader) shapes(match func(shape int) bool) (Rows, error) {
	f, err := r.getFrame()
	if err != nil {
		return nil, err
	}
	hit := make([]bool, len(f.shapes))
	for i := range f.shapes {
		hit[i] = match(i)
	}
	ft := &f.tables[Messages]
	out := NewRows(len(ft.shapes), false)
	for row, s := range ft.shapes {
		if hit[s] {
			out.Add(row)
		}
	}
	return out, nil
}

// Between gives the messages that were received at from or after and before to;
// a zero time is no bound.
func (r *Reader) Between(from, to time.Time) (Rows, error) {
	f, err := r.getFrame()
	if err != nil {
		return nil, err
	}
	starts, err := f.tables[Messages].times(r.packer)
	if err != nil {
		return nil, err
	}
	out := NewRows(len(starts), false)
	for row, at := range starts {
		t := time.UnixMilli(at)
		if (from.IsZero() || !t.Before(from)) && (to.IsZero() || t.Before(to)) {
			out.Add(row)
		}
	}
	return out, nil
}

// InState gives the messages in one of the states: a bit 1<<State each.
func (r *Reader) InState(mask uint32) (Rows, error) {
	f, err := r.getFrame()
	if err != nil {
		return nil, err
	}
	states := f.tables[Messages].states
	out := NewRows(len(states), false)
	for row, s := range states {
		if s < 32 && mask&(1<<s) != 0 {
			out.Add(row)
		}
	}
	return out, nil
}

// ByICID gives the messages that came by a connection.
func (r *Reader) ByICID(icid esa.ICID) (Rows, error) {
	of := id(esa.MessageStarted, fICID)
	cols, err := r.columns(of.part())
	if err != nil {
		return nil, err
	}
	var list []int64
	if col := cols.get(of); col != nil {
		if list, err = col.ints(); err != nil {
			return nil, err
		}
	}
	return r.occurrences(of, func(_ *column, i int) bool { return list[i] == int64(icid) })
}

// MayContain is false when no value of the column contains the folded text. It
// reads no more than it must for that, and keeps nothing of it: it is asked of
// thousands of segments of which hardly any has a match.
func (r *Reader) MayContain(c Column, folded string) (bool, error) {
	of := c.stream()
	r.mu.Lock()
	cols := r.parts[of.part()]
	r.mu.Unlock()
	if cols != nil {
		return cols.get(of).mayContain(folded)
	}
	b, err := r.load(of.part())
	if err != nil {
		return false, err
	}
	return r.packer.contains(b, of, folded)
}

// Contain gives the messages with a value in the column that contains the folded
// text.
func (r *Reader) Contain(c Column, folded string) (Rows, error) {
	return r.valued(c.stream(), func(col *column) ([]bool, error) { return col.containing(folded) })
}

// Match gives the messages with a value in the column, folded, for which match is
// true.
func (r *Reader) Match(c Column, match func(folded string) bool) (Rows, error) {
	return r.valued(c.stream(), func(col *column) ([]bool, error) { return col.which(col.folding(match)) })
}

// Filled gives the messages that have a value in the column that is not empty.
func (r *Reader) Filled(c Column) (Rows, error) {
	f, err := r.getFrame()
	if err != nil {
		return nil, err
	}
	counts := f.counts(c.stream())
	return r.shapes(func(i int) bool { return counts[i] > 0 })
}

// ByFile gives the messages with an attachment of that SHA-256, in lower case.
func (r *Reader) ByFile(sha string) (Rows, error) {
	want := packSHA(sha)
	return r.valued(SHA256.stream(), func(col *column) ([]bool, error) { return col.which(func(v string) bool { return v == want }) })
}

// ByMessageID gives the messages that may have the message-id, which is folded
// and without its brackets: of those kept with references to their row it looks
// at the beginning only.
func (r *Reader) ByMessageID(folded string) (Rows, error) {
	f, err := r.getFrame()
	if err != nil {
		return nil, err
	}
	shapes := f.tables[Messages].shapes
	out := NewRows(len(shapes), false)
	of := MessageID.stream()
	counts := f.counts(of)
	var buf []byte
	for first := 0; first < len(shapes); first += BlockRows {
		cols, err := r.columns(MessageIDs + Part(first/BlockRows))
		if err != nil {
			return nil, err
		}
		at, col := 0, cols.get(of)
		for row := first; row < min(first+BlockRows, len(shapes)); row++ {
			for range counts[shapes[row]] {
				v, err := col.text(at)
				if err != nil {
					return nil, err
				}
				buf = fold.Append(buf[:0], v)
				if mayBe(string(buf), folded) {
					out.Add(row)
				}
				at++
			}
		}
	}
	return out, nil
}

func mayBe(kept, messageID string) bool {
	begin := literal(kept)
	if len(begin) == len(kept) {
		return TrimID(kept) == messageID
	}
	return strings.HasPrefix(messageID, strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(begin), "<")))
}

// BySource gives the messages whose source answers true. One without a source is
// asked as the zero Source.
func (r *Reader) BySource(match func(*esa.Source) bool) (Rows, error) {
	return r.bySource(match(&esa.Source{}), func(v string) (bool, error) {
		src, err := readSource(v, r.profile)
		return err == nil && match(src), err
	})
}

// ByProfile is BySource for those who do not ask for the host's name or address: it
// looks at what many sources share.
func (r *Reader) ByProfile(match func(*esa.Source) bool) (Rows, error) {
	cols, err := r.columns(Sources)
	if err != nil {
		return nil, err
	}
	var hit []bool
	if col := cols.get(id(0, fProfile)); col != nil {
		hit = make([]bool, col.n)
	}
	for n := range hit {
		v, err := cols.get(id(0, fProfile)).text(n)
		if err != nil {
			return nil, err
		}
		src, err := readProfile(v)
		if err != nil {
			return nil, err
		}
		hit[n] = match(&src)
	}
	return r.bySource(match(&esa.Source{}), func(v string) (bool, error) {
		c := textCursor(v)
		n := c.uvarint()
		if c.err != nil || n >= uint64(len(hit)) {
			return false, fmt.Errorf("%w: profile %d of a source", ErrDamaged, n)
		}
		return hit[n], nil
	})
}

// ByRemote gives the messages whose sender's address answers true; that of one
// without a source is asked, too.
func (r *Reader) ByRemote(match func(netip.Addr) bool) (Rows, error) {
	return r.bySource(match(netip.Addr{}), func(v string) (bool, error) {
		remote, err := readRemote(v)
		return err == nil && match(remote), err
	})
}

// bySource gives the messages with one of the sources, as they are kept, that match
// chooses, and those without one, if none.
func (r *Reader) bySource(none bool, match func(kept string) (bool, error)) (Rows, error) {
	cols, err := r.columns(Sources)
	if err != nil {
		return nil, err
	}
	f, _ := r.getFrame() // it is there: columns needs it
	var hit []bool
	col := cols.get(id(0, fSource))
	if col != nil {
		var wrong error
		hit, err = col.which(func(kept string) bool {
			yes, err := match(kept)
			wrong = cmp.Or(wrong, err)
			return yes
		})
		if err = cmp.Or(err, wrong); err != nil {
			return nil, err
		}
	}
	ft := &f.tables[Messages]
	out := NewRows(len(ft.shapes), false)
	at, counts := 0, f.counts(id(0, fSource))
	for row, s := range ft.shapes {
		has := f.signatures[f.shapes[s][0].signature].where(shiftSource) == stored
		if !has && none || has && hit[col.code(at)] {
			out.Add(row)
		}
		at += counts[s]
	}
	return out, nil
}

// Happening is an event that a message may have: of that kind, and with that
// engine, verdict and name, where these are set; the name is asked folded.
type Happening struct {
	Kind    esa.Kind
	Engine  esa.Engine
	Verdict esa.Verdict
	Name    func(folded string) bool
}

// Happened gives the messages with such an event.
func (r *Reader) Happened(h Happening) (Rows, error) {
	f, err := r.getFrame()
	if err != nil {
		return nil, err
	}
	fits := func(g signature) bool {
		return g.kind() == h.Kind && (h.Engine == 0 || esa.Engine(g>>8) == h.Engine) &&
			(h.Verdict == 0 || esa.Verdict(g>>16) == h.Verdict)
	}
	rows, err := r.shapes(func(i int) bool {
		return slices.ContainsFunc(f.shapes[i], func(r run) bool { return fits(f.signatures[r.signature]) })
	})
	if err != nil || h.Name == nil {
		return rows, err
	}
	return r.named(f, rows, h, fits)
}

// named leaves those of the rows whose fitting event has the name.
func (r *Reader) named(f *frame, rows Rows, h Happening, fits func(signature) bool) (Rows, error) {
	of := id(h.Kind, fName)
	cols, err := r.columns(of.part())
	if err != nil {
		return nil, err
	}
	var hit []bool
	col := cols.get(of)
	if col != nil {
		if hit, err = col.which(col.folding(h.Name)); err != nil {
			return nil, err
		}
	}
	at := 0
	for row, s := range f.tables[Messages].shapes {
		found := false
		for _, run := range f.shapes[s] {
			g := f.signatures[run.signature]
			if header := g.where(shiftHeader); header != 0 { // the signature says the name
				found = found || fits(g) && h.Name(fold.String(headers[header]))
			}
			if g.kind() != h.Kind || !g.has(hasName) {
				continue
			}
			for range run.n {
				found = found || fits(g) && hit[col.code(at)]
				at++
			}
		}
		if !found {
			rows.Remove(row)
		}
	}
	return rows, nil
}

// valued gives the messages that have one of the values of a stream that which
// chooses.
func (r *Reader) valued(of streamID, which func(*column) ([]bool, error)) (Rows, error) {
	cols, err := r.columns(of.part())
	if err != nil {
		return nil, err
	}
	var hit []bool
	if col := cols.get(of); col != nil {
		if hit, err = which(col); err != nil {
			return nil, err
		}
	}
	if !slices.Contains(hit, true) {
		return NewRows(r.Len(Messages), false), nil
	}
	return r.occurrences(of, func(col *column, i int) bool { return hit[col.code(i)] })
}

// occurrences gives the messages of which one value in a stream answers true.
func (r *Reader) occurrences(of streamID, match func(col *column, i int) bool) (Rows, error) {
	cols, err := r.columns(of.part())
	if err != nil {
		return nil, err
	}
	f, _ := r.getFrame()
	ft := &f.tables[Messages]
	out := NewRows(len(ft.shapes), false)
	col := cols.get(of)
	if col == nil {
		return out, nil
	}
	counts := f.counts(of)
	at := 0
	for row, s := range ft.shapes {
		for range counts[s] {
			if match(col, at) {
				out.Add(row)
			}
			at++
		}
	}
	return out, nil
}

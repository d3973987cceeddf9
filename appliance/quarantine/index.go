package quarantine

import (
	"cmp"
	"slices"
	"time"

	"esasim/esa"
	"esasim/internal/due"
)

// Stay is a message's stay in one quarantine.
type Stay struct {
	Quarantine string
	Reasons    []string // why it is there, in the words of the logs; may be empty
	Since      time.Time
	Until      time.Time // when it leaves by itself
}

// stays are where a message is held now, in the order in which it came there.
// Without a moment in the log, the retention counts from when it came.
func (o *Options) stays(m *esa.Message) []Stay {
	if m.State != esa.Quarantined {
		return nil
	}
	var out []Stay
	for _, h := range m.Holds {
		until := h.Until
		if until.IsZero() {
			until = h.Since.Add(o.of(h.Quarantine).Retention)
		}
		i := slices.IndexFunc(out, func(s Stay) bool { return s.Quarantine == h.Quarantine })
		if i < 0 {
			i = len(out)
			out = append(out, Stay{Quarantine: h.Quarantine, Since: h.Since})
		}
		s := &out[i]
		if h.Since.Before(s.Since) {
			s.Since = h.Since
		}
		if until.After(s.Until) {
			s.Until = until
		}
		if h.Reason != "" && !slices.Contains(s.Reasons, h.Reason) {
			s.Reasons = append(s.Reasons, h.Reason)
		}
	}
	return out
}

// held is a message in a quarantine: what must be known of it without asking the
// log. There may be a million, so it has some 100 octets.
type held struct {
	due.Item      // when it leaves by itself
	age      aged // the place among those of its quarantine by when they came
	mid      esa.MID
	size     int64
	box      *box
	also     *held // the same message in another quarantine
}

// aged is due earlier, the longer a message has been there.
type aged struct {
	due.Item
	*held
}

func (a *aged) Due() *due.Item { return &a.Item }
func (h *held) Due() *due.Item { return &h.Item }

// Order has the older message be first of those that came at the same moment.
func (h *held) Order() uint64 { return uint64(h.mid) }

// box is what is known of a quarantine without asking the log.
type box struct {
	name string
	ages due.Queue[*aged]
	size int64 // octets of the messages in it
}

// index is what is in which quarantine.
type index struct {
	boxes map[string]*box
	held  map[esa.MID]*held
	exits due.Queue[*held]
	size  int64 // octets of the messages in all but the spam quarantine, each counted once
	count int   // these messages
}

func newIndex() index { return index{boxes: map[string]*box{}, held: map[esa.MID]*held{}} }

// box is a quarantine by its name.
func (x *index) box(name string) *box {
	b := x.boxes[name]
	if b == nil {
		b = &box{name: name}
		x.boxes[name] = b
	}
	return b
}

// set notes how a message stands; no stays: it is in no quarantine any more.
func (x *index) set(mid esa.MID, size int64, stays []Stay) {
	for h := x.held[mid]; h != nil; h = h.also {
		x.remove(h)
	}
	delete(x.held, mid)
	for _, s := range stays {
		x.add(mid, size, &s)
	}
}

func (x *index) add(mid esa.MID, size int64, s *Stay) {
	h := &held{Item: due.At(s.Until), mid: mid, size: size, box: x.box(s.Quarantine), also: x.held[mid]}
	h.age = aged{due.At(s.Since), h}
	if s.Quarantine != Spam && !h.also.elsewhere() {
		x.size += size
		x.count++
	}
	x.held[mid] = h
	h.box.size += size
	h.box.ages.Add(&h.age)
	x.exits.Add(h)
}

// remove takes a message out of a quarantine; the list of where it is stays as it is.
func (x *index) remove(h *held) {
	x.exits.Remove(h)
	h.box.ages.Remove(&h.age)
	h.box.size -= h.size
	if h.box.name != Spam && !h.also.elsewhere() {
		x.size -= h.size
		x.count--
	}
}

// elsewhere tells whether the message is in another quarantine than that for spam,
// from h on in its list.
func (h *held) elsewhere() bool {
	for ; h != nil; h = h.also {
		if h.box.name != Spam {
			return true
		}
	}
	return false
}

// next is what leaves next by itself; nil: nothing.
func (x *index) next() *held {
	if x.exits.Len() == 0 {
		return nil
	}
	return x.exits.First()
}

// oldest is what has been longest in one of the quarantines that are chosen; nil:
// nothing is in them.
func (x *index) oldest(chosen func(name string) bool) *held {
	var out *aged
	for name, b := range x.boxes {
		if b.ages.Len() == 0 || !chosen(name) {
			continue
		}
		first := b.ages.First()
		if out == nil || cmp.Or(first.When().Compare(out.When()), cmp.Compare(first.mid, out.mid), cmp.Compare(name, out.box.name)) < 0 {
			out = first
		}
	}
	if out == nil {
		return nil
	}
	return out.held
}

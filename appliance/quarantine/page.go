package quarantine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"esasim/esa"
)

// place is a match's place in the order of a search. Of all matches only these are in
// memory; the messages of the page are asked for afterwards.
type place struct {
	sortKey
	mid esa.MID
}

// Search finds messages in quarantines. Where they are and since when is known without
// the log: a search for no more than that, not sorted by a text, takes some
// milliseconds however many are held. Any other looks at the messages that the log
// cannot leave out. The error is ErrInvalid or ErrUnknown for a search that cannot
// be made.
func (k *Keeper) Search(ctx context.Context, q Search) (Page, error) {
	if err := q.Check(); err != nil {
		return Page{}, err
	}
	if err := k.checkNames(q.Quarantines); err != nil {
		return Page{}, err
	}
	var page Page
	for range 3 { // of what was found some may have left before it was looked at
		found, err := k.places(ctx, &q)
		if err != nil {
			return Page{}, fmt.Errorf("search quarantines: %w", err)
		}
		rows := found.rows()
		rows = rows[min(q.Offset, len(rows)):]
		page.Total = found.total
		if page.Held, err = k.stand(ctx, &q, rows); err != nil {
			return Page{}, fmt.Errorf("search quarantines: %w", err)
		}
		if len(page.Held) == len(rows) {
			break
		}
	}
	return page, nil
}

// checkNames says which quarantine there is not.
func (k *Keeper) checkNames(names []string) error {
	if len(names) == 0 {
		return nil
	}
	list := k.List()
	for _, name := range names {
		if !slices.ContainsFunc(list, func(s Status) bool { return s.Name == name }) {
			return fmt.Errorf("%.120q: %w", name, ErrUnknown)
		}
	}
	return nil
}

// places are those of the page, and of what comes before it.
func (k *Keeper) places(ctx context.Context, q *Search) (*top, error) {
	found := &top{order: q.order(), most: q.Offset + cmp.Or(q.Limit, DefaultLimit)}
	if k.placesKnown(q, found) {
		return found, nil
	}
	key := sortKeys(q.Sort)
	err := k.Each(ctx, q.Among, func(h *Held) error {
		if q.match(h) {
			found.add(place{key(h), h.Message.MID})
		}
		return nil
	})
	return found, err
}

// placesKnown finds the places without the log, if that can be done.
func (k *Keeper) placesKnown(q *Search, found *top) bool {
	key := knownKeys(q.Sort)
	if key == nil || q.Also != nil || q.hasTexts() {
		return false
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if !k.whole {
		return false
	}
	for mid, first := range k.index.held {
		for h := first; h != nil; h = h.also {
			if q.there(h.box.name, h.age.When()) {
				found.add(place{sortKey{number: key(first)}, mid})
				break
			}
		}
	}
	return true
}

// knownKeys are the orders of sortKeys that are known without the log; nil: it is
// none of them.
func knownKeys(by string) func(*held) int64 {
	least := func(of func(*held) int64) func(*held) int64 {
		return func(h *held) int64 {
			out := of(h)
			for h = h.also; h != nil; h = h.also {
				out = min(out, of(h))
			}
			return out
		}
	}
	switch by {
	case "", "received":
		return least(func(h *held) int64 { return h.age.When().UnixNano() })
	case "exit":
		return least(func(h *held) int64 { return h.When().UnixNano() })
	case "size":
		return func(h *held) int64 { return h.size }
	}
	return nil
}

// stand are the messages at places, without those that have left.
func (k *Keeper) stand(ctx context.Context, q *Search, rows []place) ([]Held, error) {
	o := k.Options.Load()
	out := make([]Held, 0, len(rows))
	for _, at := range rows {
		m, err := k.Log.Standing(ctx, at.mid)
		if errors.Is(err, ErrNotHeld) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if h := (Held{Message: m, Stays: o.stays(&m)}); q.match(&h) {
			out = append(out, h)
		}
	}
	return out, nil
}

// Each calls yield for every held message that is meant, the newest first, in the
// order of [Log.Held]. Others may come, too.
func (k *Keeper) Each(ctx context.Context, of Among, yield func(*Held) error) error {
	o := k.Options.Load()
	return k.Log.Held(ctx, of, func(m *esa.Message) error {
		h := Held{Message: *m, Stays: o.stays(m)}
		if h.Message.Events = nil; len(h.Stays) == 0 {
			return nil
		}
		return yield(&h)
	})
}

// order is the order of matches; those that are equal in it come by their MID.
func (q *Search) order() func(a, b place) int {
	sign := -1
	if q.Ascending {
		sign = 1
	}
	return func(a, b place) int {
		c := cmp.Compare(a.number, b.number)
		if c == 0 {
			c = cmp.Or(strings.Compare(a.text, b.text), cmp.Compare(a.mid, b.mid))
		}
		return sign * c
	}
}

// top keeps the first of what it is given, in an order.
type top struct {
	order func(a, b place) int
	most  int
	total int
	list  []place // at most twice as many
	last  *place  // what comes behind it is not wanted; nil: not known yet
}

func (t *top) add(p place) {
	t.total++
	if t.last != nil && t.order(p, *t.last) > 0 {
		return
	}
	if t.list = append(t.list, p); len(t.list) >= 2*t.most {
		t.rows()
	}
}

// rows are the first ones, in order.
func (t *top) rows() []place {
	slices.SortFunc(t.list, t.order)
	if len(t.list) > t.most {
		clear(t.list[t.most:])
		t.list = t.list[:t.most]
		last := t.list[t.most-1]
		t.last = &last
	}
	return t.list
}

package reporting

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"esasim/esa"
	"esasim/esa/gather"
)

// What is remembered at most of messages that may still have something to count.
// Beyond it all are let go, and those that are wanted are asked for.
const (
	mostOpen    = 20_000
	mostSpare   = 512 // of which the memory is used again
	mostKnown   = 20_000
	mostHosts   = 4096
	mostStretch = 64 // recipients and attachments of a message whose memory is used again
)

// tally counts events. What it holds of messages and connections it could do without:
// the store has it.
type tally struct {
	store    Store
	minutes  map[int64]*minute // by Unix time, in minutes
	current  *minute
	rows     int // in all minutes
	open     map[esa.MID]*held
	spare    []*held
	sources  map[esa.ICID]*esa.Source
	hostKeys map[hostID]*hostKeys
	dcid     esa.DCID // opened in this entry, and nobody delivered to by it yet
	secured  bool     // it has TLS
}

// minute is what was counted in one.
type minute struct {
	unix   int64
	tables [Tables]page
}

// held is a message that may still have something to count.
type held struct {
	m       esa.Message
	ready   time.Time // when it was accepted
	counted bool      // by what was found of it
	policy  string    // the DLP policy that it violates
	level   Counter   // how badly
	files   bool      // AMP spoke of single files
}

func (t *tally) clear() {
	clear(t.minutes)
	t.current, t.rows = nil, 0
}

// forget lets go of all that is remembered, apart from what was counted.
func (t *tally) forget() {
	t.open, t.sources, t.hostKeys = map[esa.MID]*held{}, map[esa.ICID]*esa.Source{}, map[hostID]*hostKeys{}
	if t.minutes == nil {
		t.minutes = map[int64]*minute{}
	}
}

func (t *tally) bound() {
	if len(t.open) > mostOpen {
		clear(t.open)
	}
	if len(t.sources) > mostKnown {
		clear(t.sources)
	}
	if len(t.hostKeys) > mostHosts {
		clear(t.hostKeys)
	}
}

// sorted are the minutes in their order.
func (t *tally) sorted() []*minute {
	return slices.SortedFunc(maps.Values(t.minutes), func(a, b *minute) int { return cmp.Compare(a.unix, b.unix) })
}

// row is that of a key at a time.
func (t *tally) row(at time.Time, table Table, k string) *row {
	if k == "" && table.Keyed() {
		k = None
	}
	unix := at.Unix()
	unix -= unix % 60
	m := t.current
	if m == nil || m.unix != unix {
		if m = t.minutes[unix]; m == nil {
			m = &minute{unix: unix}
			t.minutes[unix] = m
		}
		t.current = m
	}
	p := m.tables[table]
	if p == nil {
		p = page{}
		m.tables[table] = p
	}
	r := p[k]
	if r == nil {
		r = &row{}
		if k != "" {
			k = key(k)
			if old := p[k]; old != nil {
				return old
			}
		}
		p[k] = r
		t.rows++
	}
	return r
}

func (t *tally) add(at time.Time, table Table, k string, c Counter, n int) {
	if n > 0 {
		t.row(at, table, k).add(c, uint64(n))
	}
}

// entry counts what one entry tells.
func (t *tally) entry(ctx context.Context, events []esa.Event) error {
	t.dcid = 0
	for len(events) > 0 {
		n := 1
		for n < len(events) && events[n].MID == events[0].MID {
			n++
		}
		var err error
		if events[0].MID == 0 {
			err = t.connections(ctx, events[:n])
		} else {
			err = t.message(ctx, events[:n])
		}
		if err != nil {
			return err
		}
		events = events[n:]
	}
	return nil
}

// message counts what events tell of their message. Each is counted by how the
// message stood before it.
func (t *tally) message(ctx context.Context, events []esa.Event) error {
	h, err := t.hold(ctx, events)
	if h == nil || err != nil {
		return err
	}
	away := false
	for i := range events {
		e := &events[i]
		t.event(e, h)
		h.add(events[i : i+1])
		away = away || e.Kind == esa.MessageFinished || e.Kind == esa.MessageQuarantined
	}
	if away {
		t.letGo(events[0].MID, h)
	}
	return nil
}

// add goes on to how the message stands after one more event.
func (h *held) add(one []esa.Event) {
	switch e := &one[0]; e.Kind {
	case esa.MessageReady:
		h.ready = e.Time
	case esa.EngineVerdict:
		if e.Engine == esa.DLP && e.Verdict == esa.Positive {
			h.policy, h.level = e.Name, severity(e.Text)
		}
	case esa.FileJudged:
		h.files = true
	case esa.MessageQueued, esa.MessageQuarantined, esa.MessageDropped, esa.MessageBounced:
		h.counted = true
	}
	h.m.Add(one)
}

// hold is the message before the events; nil: it is no longer kept, and nothing is
// known of it.
func (t *tally) hold(ctx context.Context, events []esa.Event) (*held, error) {
	mid := events[0].MID
	if h := t.open[mid]; h != nil {
		return h, nil
	}
	if events[0].Kind == esa.MessageStarted {
		h := t.fresh()
		t.open[mid] = h
		return h, nil
	}
	m, err := t.store.Message(ctx, mid)
	if errors.Is(err, gather.ErrGone) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	h := &held{}
	for i := range m.Events {
		if same(&m.Events[i], &events[0]) {
			break
		}
		h.add(m.Events[i : i+1])
	}
	t.open[mid] = h
	return h, nil
}

// same tells whether two are one event. The store keeps times to the millisecond.
func same(a, b *esa.Event) bool {
	return a.Kind == b.Kind && a.Time.UnixMilli() == b.Time.UnixMilli() && a.Engine == b.Engine && a.Other == b.Other &&
		a.DCID == b.DCID && a.Name == b.Name && a.Text == b.Text && a.Address == b.Address && slices.Equal(a.RIDs, b.RIDs)
}

func (t *tally) fresh() *held {
	n := len(t.spare)
	if n == 0 {
		return &held{}
	}
	h := t.spare[n-1]
	t.spare = t.spare[:n-1]
	m := h.m
	*h = held{}
	h.m = m
	h.m.Fold(nil) // its memory is used again
	return h
}

func (t *tally) letGo(mid esa.MID, h *held) {
	delete(t.open, mid)
	if len(t.spare) < mostSpare && cap(h.m.Recipients) <= mostStretch && cap(h.m.Attachments) <= mostStretch {
		t.spare = append(t.spare, h)
	}
}

// source is what is known of who is at the other end of a connection; nil: nothing.
func (t *tally) source(ctx context.Context, icid esa.ICID) (*esa.Source, error) {
	if s, ok := t.sources[icid]; ok {
		return s, nil
	}
	events, err := t.store.Connection(ctx, icid)
	if err != nil && !errors.Is(err, gather.ErrGone) {
		return nil, err
	}
	var s *esa.Source
	for i := range events {
		if events[i].Kind == esa.HATDecided {
			s = events[i].Source
		}
	}
	t.sources[icid] = s
	return s, nil
}

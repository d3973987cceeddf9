package messagetracking

import (
	"context"
	"net/http"
	"time"

	"esasim/appliance/asyncos/rest"
	"esasim/esa"
	"esasim/tracking"
)

// queryTimeout is how long a search may take: the longest that the product's search
// form offers. Source: AsyncOS user guide, "Tracking Messages".
const queryTimeout = 10 * time.Minute

// errTooLong is the refusal of a search that took longer. Its words are ours.
var errTooLong = rest.Fault{Status: http.StatusServiceUnavailable, Message: "The query took too long. Ask for a shorter time range."}

// place is where a page of rows ended: the next one goes on there.
type place struct {
	before esa.MID // messages below this one are still to come; 0: all
	// shown are the roots of rows that were shown, of which messages are still to
	// come.
	shown map[esa.MID]bool
}

func (p place) clone() place {
	shown := map[esa.MID]bool{}
	for root := range p.shown {
		if root < p.before { // its other messages are behind us
			shown[root] = true
		}
	}
	return place{p.before, shown}
}

// rows finds the rows from a place on, the newest first. It passes over some, and
// moves the place behind the last one.
func (a *api) rows(ctx context.Context, s *search, at *place, skip, limit int) ([]lineage, error) {
	q := s.query
	if !narrow(&q, s.events) {
		return nil, nil
	}
	ctx, cancel := context.WithTimeoutCause(ctx, queryTimeout, errTooLong)
	defer cancel()
	q.Timeout = queryTimeout
	if q.MID != 0 { // it may have been made long after the message that it is of was received
		q.From, q.To = time.Time{}, time.Time{}
	}
	if at.shown == nil {
		at.shown = map[esa.MID]bool{}
	}
	var out []lineage
	for q.Limit = min(skip+limit, tracking.MaxLimit); ; {
		q.Before, q.Want = at.before, s.want()
		if skip > 0 && len(s.events) == 0 { // rows that are passed over
			q.Limit, q.Want = min(skip, tracking.MaxLimit), passing()
		}
		page, err := a.Tracker.Search(ctx, q)
		if err != nil {
			return nil, err
		}
		passed := 0
		for i := range page.Messages {
			row, err := a.row(ctx, s, at, &page.Messages[i])
			switch {
			case err != nil:
				return nil, err
			case row == nil:
				passed++
			case skip > 0:
				skip--
			default:
				out = append(out, row)
			}
			if len(out) == limit {
				return out, nil
			}
		}
		if at.before = page.Next; page.Next == 0 {
			at.before = 1 // there is nothing below
			return out, nil
		}
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		q.Limit = more(skip+limit-len(out), len(page.Messages), passed)
	}
}

// passing is what is read of messages whose rows are passed over.
func passing() *tracking.Want {
	return &tracking.Want{Bare: []esa.Kind{esa.MessageRewritten, esa.MessageSplit, esa.MessageReinjected}}
}

// more is how many messages to ask for that so many rows are expected of, when so
// many were looked at last and some of them made no row.
func more(rows, looked, passed int) int {
	if looked == passed { // none did
		return min(2*max(rows, looked), tracking.MaxLimit)
	}
	return min((rows*looked+looked-passed-1)/(looked-passed), tracking.MaxLimit)
}

// row is what a message that was found belongs to; nil if that was shown already,
// or is not meant. The place is behind the message then.
func (a *api) row(ctx context.Context, s *search, at *place, m *esa.Message) (lineage, error) {
	at.before = m.MID
	row, err := a.lineageOf(ctx, m)
	if err != nil {
		return nil, err
	}
	root := row.root()
	if at.shown[root.MID] || !s.means(row) {
		return nil, nil
	}
	if len(row) > 1 {
		at.shown[root.MID] = true
	}
	return row, nil
}

// means tells whether the search asks for a row: when it was received is when its
// first message was, and what is asked for may have happened to any of them.
func (s *search) means(row lineage) bool {
	at := row.root().Received
	if at.Before(s.query.From) || !at.Before(s.query.To) {
		return false
	}
	for i := range s.events {
		for j := range row {
			if s.events[i].holds(&row[j]) {
				return true
			}
		}
	}
	return len(s.events) == 0
}

// want is what is read of messages: what rows say, and what is asked for.
func (s *search) want() *tracking.Want {
	if s.whole {
		return nil
	}
	w := &tracking.Want{
		Whole: []esa.Kind{esa.SenderGiven, esa.RecipientGiven, esa.MessageIDSeen, esa.SubjectSeen, esa.HeaderSeen, esa.PolicyMatched, esa.Inherited, esa.MessageReinjected,
			esa.MessageQuarantined, esa.MessageReleased, esa.QuarantineDeleted, esa.QuarantineMoved, esa.QuarantineDelayed, esa.FileJudged, esa.VerdictChanged, esa.MessageRemediated},
		Bare: []esa.Kind{esa.MessageReady, esa.MessageAborted, esa.EngineVerdict, esa.MessageDropped, esa.MessageBounced, esa.MessageQueued, esa.DeliveryStarted,
			esa.RecipientDelivered, esa.RecipientDelayed, esa.RecipientBounced, esa.MessageRewritten, esa.MessageSplit, esa.BounceGenerated, esa.MessageGenerated},
		Headers: []string{"From", "Reply-To"},
	}
	for i := range s.events {
		h := &s.events[i]
		if h.rest != nil { // which may look at anything
			return nil
		}
		for _, e := range h.events {
			w.Whole = append(w.Whole, e.Kind)
		}
	}
	return w
}

// page finds the rows of one page, and remembers where it ended.
func (a *api) page(ctx context.Context, key string, s *search) ([]lineage, error) {
	at, skip := place{}, s.offset
	if s.offset > 0 { // the first page begins anew
		at, skip = a.places.from(key, s.offset)
	}
	rows, err := a.rows(ctx, s, &at, skip, s.limit)
	if err == nil {
		a.places.keep(key, s.offset == 0, s.offset+len(rows), at)
	}
	return rows, err
}

package ctia

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// seenIn is true when a document is about an observable: its own, or one of
// those that it has.
func seenIn(d Document, kind, value string) bool {
	one := func(v any) bool {
		o, ok := v.(Document)
		return ok && o["type"] == kind && strings.EqualFold(text(o["value"]), value)
	}
	all, _ := d["observables"].([]any)
	return one(d["observable"]) || slices.ContainsFunc(all, one)
}

// about asks for the entities of a type that are about an observable; judgements
// only those that hold now.
func about(entities, kind, value string) Query {
	path := "observables.value"
	if entities == "judgement" {
		path = "observable.value"
	}
	now := stamp(time.Now())
	return Query{
		Filters: map[string][]string{path: {value}}, Limit: DefaultLimit,
		also: func(d Document) bool {
			return seenIn(d, kind, value) && (entities != "judgement" || holds(d, now))
		},
	}
}

// holds is true for a judgement that is neither to come nor over.
func holds(d Document, now string) bool {
	span, _ := d["valid_time"].(Document)
	return text(span["start_time"]) <= now && now < text(span["end_time"])
}

// Verdict gives what the judgements that hold now make of an observable, or nil:
// the one of the highest priority, of those the best disposition (Clean before
// Malicious ... before Unknown), of those the one that has held longest. Source:
// public code; the last is inferred.
func (in *Intel) Verdict(ctx context.Context, who Caller, kind, value string) (Document, error) {
	q := about("judgement", kind, value)
	var best Document
	err := in.each(ctx, who, "judgement", q, func(r *record, _ *entry) error {
		if best == nil || outweighs(r.Doc, best) {
			best = in.shown(r)
		}
		return nil
	})
	if best == nil || err != nil {
		return nil, err
	}
	return verdictOf(best), nil
}

func verdictOf(judgement Document) Document {
	return Document{
		"type": "verdict", "disposition": judgement["disposition"], "disposition_name": judgement["disposition_name"],
		"observable": judgement["observable"], "judgement_id": judgement["id"], "valid_time": judgement["valid_time"],
	}
}

func outweighs(a, b Document) bool {
	number := func(d Document, name string) int {
		n, _ := strconv.Atoi(text(d[name])) // checked when it was stored
		return n
	}
	start := func(d Document) string {
		span, _ := d["valid_time"].(Document)
		return text(span["start_time"])
	}
	return cmp.Or(
		cmp.Compare(number(b, "priority"), number(a, "priority")),
		cmp.Compare(number(a, "disposition"), number(b, "disposition")),
		cmp.Compare(start(a), start(b)),
	) < 0
}

func (q *request) verdict() (answer, error) {
	v, err := q.in.Verdict(q.r.Context(), q.who, q.at["seen"], q.at["value"])
	if err == nil && v == nil {
		err = &Fault{http.StatusNotFound, refusal{Message: "no verdict currently available for the supplied observable"}}
	}
	return answer{http.StatusOK, v}, err
}

func (q *request) judgements() (answer, error) { return q.about("judgement") }
func (q *request) sightings() (answer, error)  { return q.about("sighting") }

func (q *request) about(entities string) (answer, error) {
	s, err := q.paged()
	if err != nil {
		return answer{}, err
	}
	a := about(entities, q.at["seen"], q.at["value"])
	s.Filters, s.also = a.Filters, a.also
	return q.found(entities, s)
}

// maxRelated is how many entities about one observable are followed to what they
// are related to (ours).
const maxRelated = 1000

// related answers with the ids of the entities of one type that entities of
// another, which are about an observable, have a relationship to. Which types of
// relationship count is inferred: all.
func related(from, to string) func(*request) (answer, error) {
	return func(q *request) (answer, error) {
		s, err := q.paged()
		if err != nil {
			return answer{}, err
		}
		about := about(from, q.at["seen"], q.at["value"])
		about.Limit = maxRelated
		page, err := q.in.Search(q.r.Context(), q.who, from, about)
		if err != nil {
			return answer{}, err
		}
		ids, err := q.in.targets(q.r.Context(), q.who, page.Docs, to)
		if err != nil {
			return answer{}, err
		}
		p := Page{Total: len(ids)}
		ids = ids[min(s.Offset, len(ids)):]
		p.More = len(ids) > s.Limit
		q.pageHeaders(s.Limit, s.Offset, p)
		return ok(ids[:min(s.Limit, len(ids))])
	}
}

// targets gives the ids of a type to which some entities have a relationship, in
// the order of the relationships.
func (in *Intel) targets(ctx context.Context, who Caller, from []Document, kind string) ([]string, error) {
	out := []string{}
	links, err := in.from(ctx, who, from)
	for _, link := range links {
		if id := text(link["target_ref"]); KindOf(id) == kind && !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	return out, err
}

// from gives the relationships that begin at some entities.
func (in *Intel) from(ctx context.Context, who Caller, entities []Document) ([]Document, error) {
	if len(entities) == 0 {
		return nil, nil
	}
	var ids []string
	for _, d := range entities {
		ids = append(ids, text(d["id"]))
	}
	page, err := in.Search(ctx, who, "relationship", Query{Filters: map[string][]string{"source_ref": ids}, Limit: maxRelated})
	return page.Docs, err
}

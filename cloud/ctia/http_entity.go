package ctia

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/cockroachdb/pebble/v2"
)

// version says what is served. Source: public code; the versions are ours.
func (q *request) version() (answer, error) {
	return ok(map[string]any{"base": "/ctia", "ctim-version": q.in.schema, "beta": true,
		"ctia-build": "esasim", "ctia-config": "esasim", "ctia-supported_features": []string{}})
}

func (q *request) create() (answer, error) {
	d, err := q.document()
	if err != nil {
		return answer{}, err
	}
	if d, err = q.in.Create(q.r.Context(), q.who, q.at["type"], d); err != nil {
		return answer{}, err
	}
	q.w.Header().Set("Location", text(d["id"]))
	return answer{http.StatusCreated, d}, nil
}

func (q *request) get() (answer, error) {
	d, err := q.in.Get(q.r.Context(), q.who, q.at["type"], q.at["id"])
	if err != nil {
		return answer{}, err
	}
	fields, err := q.fields("fields")
	if err != nil {
		return answer{}, err
	}
	return ok(only(d, fields))
}

func (q *request) put() (answer, error)   { return q.change(q.in.Update) }
func (q *request) patch() (answer, error) { return q.change(q.in.Patch) }

func (q *request) change(f changer) (answer, error) {
	d, err := q.document()
	if err != nil {
		return answer{}, err
	}
	if d, err = f(q.r.Context(), q.who, q.at["type"], q.at["id"], d); err != nil {
		return answer{}, err
	}
	return ok(d)
}

func (q *request) delete() (answer, error) {
	if err := q.in.Delete(q.r.Context(), q.who, q.at["type"], q.at["id"]); err != nil {
		return answer{}, err
	}
	return answer{status: http.StatusNoContent}, nil
}

func (q *request) byExternalID() (answer, error) {
	s, err := q.paged()
	if err != nil {
		return answer{}, err
	}
	s.Filters = map[string][]string{"external_ids": {q.at["external"]}}
	return q.found(q.at["type"], s)
}

// feedback lists what was said of an entity.
func (q *request) feedback() (answer, error) {
	id := q.query.Get("entity_id")
	if id == "" {
		return answer{}, misshapen(map[string]any{"entity_id": "missing-required-key"})
	}
	q.query.Del("entity_id")
	s, err := q.paged()
	if err != nil {
		return answer{}, err
	}
	s.Filters = map[string][]string{"entity_id": {id}}
	return q.found("feedback", s)
}

// expire ends the time for which a judgement holds, now.
func (q *request) expire() (answer, error) {
	reason := q.query.Get("reason")
	d, err := q.in.Change(q.r.Context(), q.who, "judgement", q.at["id"], func(d Document) (Document, error) {
		span, _ := d["valid_time"].(Document) // there since it was made
		now := stamp(time.Now())
		span["end_time"] = now
		if text(span["start_time"]) > now {
			span["start_time"] = now
		}
		if reason != "" {
			d["reason"] = strings.TrimSpace(text(d["reason"]) + " " + reason)
		}
		return d, nil
	})
	if err != nil {
		return answer{}, err
	}
	return ok(d)
}

func (q *request) search() (answer, error) {
	s, err := q.searched()
	if err != nil {
		return answer{}, err
	}
	return q.found(q.at["type"], s)
}

func (q *request) count() (answer, error) {
	s, err := q.searched()
	if err != nil {
		return answer{}, err
	}
	n, err := q.in.Count(q.r.Context(), q.who, q.at["type"], s)
	return answer{http.StatusOK, n}, err
}

// reallyDelete is the parameter without which a deletion by search counts only.
const reallyDelete = "REALLY_DELETE_ALL_THESE_ENTITIES"

func (q *request) deleteSearched() (answer, error) {
	really := q.query.Get(reallyDelete) == "true"
	q.query.Del(reallyDelete)
	q.query.Del("wait_for")
	s, err := q.searched()
	if err != nil {
		return answer{}, err
	}
	if s.From.IsZero() && s.To.IsZero() && s.Lucene == "" && s.Simple == "" && len(s.Filters) == 0 {
		return answer{}, &Fault{http.StatusForbidden, refusal{Error: "you must provide at least one of from, to, query or any field filter."}}
	}
	kind := q.at["type"]
	s.also = q.who.mayWrite
	var doomed []uint64
	err = q.in.each(q.r.Context(), q.who, kind, s, func(r *record, _ *entry) error {
		doomed = append(doomed, r.seq)
		return nil
	})
	if err == nil && really {
		err = q.in.dropAll(kind, doomed)
	}
	return answer{http.StatusOK, len(doomed)}, err
}

// dropAll deletes entities, many in one step; those that are gone are left out.
func (in *Intel) dropAll(kind string, seqs []uint64) error {
	const step = 500
	for len(seqs) > 0 {
		n := min(step, len(seqs))
		in.mu.Lock()
		err := in.store.Write(func(b *pebble.Batch) error {
			return in.rowsOf(kind, seqs[:n], func(r *record) error { return drop(b, r) })
		})
		in.mu.Unlock()
		if err != nil {
			return err
		}
		seqs = seqs[n:]
	}
	return nil
}

// found answers with a page of a search and its headers.
func (q *request) found(kind string, s Query) (answer, error) {
	page, err := q.in.Search(q.r.Context(), q.who, kind, s)
	if err != nil {
		return answer{}, err
	}
	q.pageHeaders(s.Limit, s.Offset, page)
	return ok(page.Docs)
}

// pageHeaders says where the pages beside this one are. That the values of
// X-Sort are a JSON array, and their names repeated, is inferred.
func (q *request) pageHeaders(limit, offset int, p Page) {
	h := q.w.Header()
	h.Set("X-Total-Hits", strconv.Itoa(p.Total))
	if p.More {
		h.Set("X-Next", pageAt(limit, offset+limit, p.Last))
	}
	if offset > 0 {
		h.Set("X-Previous", pageAt(limit, max(0, offset-limit), nil))
	}
	if p.Last != nil {
		h.Set("X-Sort", "["+quotedList(p.Last)+"]")
	}
}

package ctr

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"esasim/cloud/route"
	"esasim/cloud/store"
)

// entity is a module type, an instance or a patch as clients see it.
type entity map[string]any

// listed are the query parameters of a list, its own before those of every list.
// Source: schema.
func listed(own ...string) []string {
	return append(own, "query", "sort_by", "sort_order", "offset", "limit")
}

// maxListed is how many entities one answer has at most, and there may be of a
// kind (ours).
const maxListed = 1000

// serveList answers with a part of a list. Entities come in the order in which
// they were made unless a query parameter says otherwise. Those named in exact
// are kept that have the very value; query is a part of the name or the title.
func (t *Threat) serveList(w http.ResponseWriter, r *http.Request, all []entity, exact ...string) {
	q := r.URL.Query()
	offset, wrongOffset := number(q.Get("offset"), 0)
	limit, wrongLimit := number(q.Get("limit"), maxListed)
	order := cmp.Or(q.Get("sort_order"), "asc")
	wrong := map[string]any{}
	if wrongOffset != nil {
		wrong["offset"] = wrongOffset
	}
	if wrongLimit != nil {
		wrong["limit"] = wrongLimit
	}
	if fault := oneOf("asc", "desc")(order); fault != nil {
		wrong["sort_order"] = fault
	}
	if len(wrong) > 0 {
		refuseKeys(w, wrong)
		return
	}
	kept := slices.DeleteFunc(all, func(e entity) bool {
		return slices.ContainsFunc(exact, func(key string) bool { return q.Has(key) && !e.has(key, q.Get(key)) }) ||
			!e.named(q.Get("query"))
	})
	if key := q.Get("sort_by"); key != "" {
		slices.SortStableFunc(kept, func(a, b entity) int { return cmp.Compare(a.text(key), b.text(key)) })
	}
	if order == "desc" {
		slices.Reverse(kept)
	}
	kept = kept[min(offset, len(kept)):]
	route.JSON(w, http.StatusOK, append([]entity{}, kept[:min(limit, len(kept))]...))
}

// number reads a number of a query, or gives what is wrong with it.
func number(s string, otherwise int) (int, any) {
	if s == "" {
		return otherwise, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 {
		return 0, fmt.Sprintf("(not (integer? %.40q))", s)
	}
	return n, nil
}

// entities gives those under a prefix of the store, the oldest first.
func entities(s *store.Store, prefix []byte) ([]entity, error) {
	var out []entity
	err := s.Each(prefix, func(value []byte) error {
		var e entity
		if err := json.Unmarshal(value, &e); err != nil {
			return err
		}
		out = append(out, e)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("entities under %s: %w", prefix, err)
	}
	slices.SortFunc(out, func(a, b entity) int {
		return cmp.Or(cmp.Compare(a.text("created_at"), b.text("created_at")), cmp.Compare(a.text("id"), b.text("id")))
	})
	return out, nil
}

// now is the time of something that is made after others, as text: no two are of
// one moment, because lists come in this order.
func now(others []entity) string {
	at := time.Now().UTC().Truncate(time.Millisecond)
	if n := len(others); n > 0 {
		if last, err := time.Parse(time.RFC3339, others[n-1].text("created_at")); err == nil && !at.After(last) {
			at = last.Add(time.Millisecond)
		}
	}
	return spell(at)
}

// spell writes a time as entities have it.
func spell(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05.000Z") }

// text is the value of a key as text: "" for none.
func (e entity) text(key string) string {
	switch v := e[key].(type) {
	case nil:
		return ""
	case string:
		return v
	default:
		return fmt.Sprint(v)
	}
}

func (e entity) has(key, value string) bool { return e.text(key) == value }

// named is true when a part of the name or the title is as asked for.
func (e entity) named(part string) bool {
	part = strings.ToLower(part)
	return strings.Contains(strings.ToLower(e.text("name")), part) || strings.Contains(strings.ToLower(e.text("title")), part)
}

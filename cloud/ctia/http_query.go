package ctia

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// changer is what makes another document of an entity.
type changer = func(ctx context.Context, who Caller, kind, id string, d Document) (Document, error)

// paging are the parameters of lists.
func paging() []string {
	return []string{"limit", "offset", "sort_by", "sort_order", "search_after", "fields"}
}

// kept are the fields of every stored entity that are not in what clients send.
func kept() []string { return []string{"created", "modified", "owner", "groups", "client_id"} }

// has is true for the fields that an entity of the type may have.
func (t *Type) has(path string) bool {
	s := t.at(path)
	return s != nil && s.kind != anObject && s.kind != anything || slices.Contains(kept(), path)
}

// searched reads the query of a search. Every field of the type is a filter.
func (q *request) searched() (Query, error) {
	t := q.in.types[q.at["type"]]
	own := append(paging(), "query", "simple_query", "search_fields", "from", "to")
	if err := known(q.query, func(name string) bool { return slices.Contains(own, name) || t.has(name) }); err != nil {
		return Query{}, err
	}
	s, err := q.paged()
	if err != nil {
		return s, err
	}
	s.Lucene, s.Simple = q.query.Get("query"), q.query.Get("simple_query")
	if s.In, err = q.fields("search_fields"); err != nil {
		return s, err
	}
	if s.From, err = q.moment("from"); err != nil {
		return s, err
	}
	if s.To, err = q.moment("to"); err != nil {
		return s, err
	}
	s.Filters = map[string][]string{}
	for name, values := range q.query {
		if !slices.Contains(own, name) {
			s.Filters[name] = values
		}
	}
	return s, nil
}

// paged reads the parameters of a list.
func (q *request) paged() (Query, error) {
	s := Query{Limit: DefaultLimit}
	var err error
	if s.Limit, err = q.number("limit", DefaultLimit); err != nil {
		return s, err
	}
	if s.Offset, err = q.number("offset", 0); err != nil {
		return s, err
	}
	if s.Fields, err = q.fields("fields"); err != nil {
		return s, err
	}
	if after, given := q.query["search_after"]; given {
		s.After = after
	}
	s.Sort, err = q.sorted()
	return s, err
}

func (q *request) number(name string, otherwise int) (int, error) {
	v := q.query.Get(name)
	if v == "" {
		return otherwise, nil
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < 0 || n > 1<<30 {
		return 0, misshapen(map[string]any{name: not("natural-int?", v)})
	}
	return n, nil
}

func (q *request) moment(name string) (time.Time, error) {
	v := q.query.Get(name)
	if v == "" {
		return time.Time{}, nil
	}
	for _, form := range []string{time.RFC3339, time.DateOnly} {
		if at, err := time.Parse(form, v); err == nil {
			return at, nil
		}
	}
	return time.Time{}, misshapen(map[string]any{name: not("instance? java.util.Date", v)})
}

// fields reads a parameter that names fields: repeated, or with commas (ours).
func (q *request) fields(name string) ([]string, error) {
	var out []string
	for _, v := range q.query[name] {
		for f := range strings.SplitSeq(v, ",") {
			if f = strings.TrimSpace(f); f != "" {
				out = append(out, f)
			}
		}
	}
	if len(out) > 200 {
		return nil, misshapen(map[string]any{name: "more than 200 fields"})
	}
	return out, nil
}

// sorted reads sort_by, "f1:asc,f2:desc", whose fields without a word have that
// of sort_order.
func (q *request) sorted() ([]Sort, error) {
	otherwise := q.query.Get("sort_order")
	if otherwise != "" && otherwise != "asc" && otherwise != "desc" {
		return nil, misshapen(map[string]any{"sort_order": not(`#{"asc" "desc"}`, otherwise)})
	}
	var out []Sort
	for _, part := range strings.Split(q.query.Get("sort_by"), ",") {
		if part == "" {
			continue
		}
		name, word, given := strings.Cut(part, ":")
		if !given {
			word = otherwise
		}
		if len(out) == 10 || given && word != "asc" && word != "desc" || !q.sortable(name) {
			return nil, misshapen(map[string]any{"sort_by": not("sort-field?", part)})
		}
		out = append(out, Sort{name, word == "desc"})
	}
	if len(out) == 0 && otherwise == "desc" {
		out = []Sort{{natural, true}}
	}
	return out, nil
}

// sortable is true for a field of any type that the route is about.
func (q *request) sortable(name string) bool {
	if t := q.in.types[q.at["type"]]; t != nil {
		return t.has(name)
	}
	return slices.ContainsFunc([]string{"judgement", "sighting", "feedback"}, func(kind string) bool { return q.in.types[kind].has(name) })
}

// pageAt writes what a client asks for to get another page.
func pageAt(limit, offset int, after []string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "limit=%d&offset=%d", limit, offset)
	for _, v := range after {
		b.WriteString("&search_after=" + url.QueryEscape(v))
	}
	return b.String()
}

// quotedList writes texts as the inside of a JSON array.
func quotedList(all []string) string {
	out := make([]string, len(all))
	for i, v := range all {
		out[i] = strconv.QuoteToASCII(v)
	}
	return strings.Join(out, ",")
}

package safelist

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"esasim/appliance/asyncos/rest"
	"esasim/appliance/slbl"
)

var viewParameters = []string{"action", "quarantineType", "viewBy", "orderBy", "orderDir", "offset", "limit", "search"}

// Rows of a page: ours, as in message tracking.
const (
	usualRows   = 20
	mostRows    = 100
	mostSkipped = slbl.MostEntries
)

// page is the answer to a view. Unlike in message tracking the total is that of all
// rows.
type page struct {
	Meta struct {
		TotalCount int `json:"totalCount"`
	} `json:"meta"`
	Data []any `json:"data"`
}

// recipientRow and senderRow are the rows of the two views.
type recipientRow struct {
	Senders   []string `json:"senderList"`
	Recipient string   `json:"recipientAddress"`
}

type senderRow struct {
	Sender     string   `json:"senderAddress"`
	Recipients []string `json:"recipientList"`
}

// row is one of either view: who it is about, and those on the other side, sorted.
type row struct {
	name string
	with []string
}

// question is what a view is asked for.
type question struct {
	viewBy, orderBy, search string
	down                    bool
	offset, limit           int
}

func (a *area) view(c *rest.Call) (any, error) {
	q, err := readQuestion(c.Parameters)
	if err != nil {
		return nil, err
	}
	rows := q.rows(a.lists.All(a.list))
	out := page{Data: []any{}}
	out.Meta.TotalCount = len(rows)
	from := min(q.offset, len(rows))
	for _, r := range rows[from:min(from+q.limit, len(rows))] {
		if q.viewBy == byRecipient {
			out.Data = append(out.Data, recipientRow{r.with, r.name})
		} else {
			out.Data = append(out.Data, senderRow{r.name, r.with})
		}
	}
	return out, nil
}

func readQuestion(p rest.Parameters) (q question, err error) {
	if !p.Has("quarantineType") {
		return q, rest.Missing("quarantineType")
	}
	down := ""
	for _, read := range []func() error{
		func() error { _, err := p.One("action", "view"); return err },
		func() error { _, err := p.One("quarantineType", "spam"); return err },
		func() (err error) { q.viewBy, err = p.One("viewBy", byRecipient, bySender); return err },
		func() (err error) { q.orderBy, err = p.One("orderBy", byRecipient, bySender); return err },
		func() (err error) { down, err = p.One("orderDir", "asc", "desc"); return err },
		func() (err error) { q.offset, err = p.Number("offset", 0, 0, mostSkipped); return err },
		func() (err error) { q.limit, err = p.Number("limit", usualRows, 1, mostRows); return err },
	} {
		if err := read(); err != nil {
			return q, err
		}
	}
	q.viewBy, q.down = cmp.Or(q.viewBy, byRecipient), down == "desc"
	if q.search = strings.ToLower(p.Get("search")); p.Has("search") {
		if q.orderBy = cmp.Or(q.orderBy, byRecipient); q.orderBy != byRecipient {
			return q, rest.Wrong("search", "only with orderBy=recipient")
		}
	}
	q.orderBy = cmp.Or(q.orderBy, q.viewBy)
	return q, nil
}

// rows are all rows that are asked for, in order. In the order of the other side a
// row stands where its first there does.
func (q *question) rows(list map[string][]string) []row {
	var out []row
	if q.viewBy == byRecipient {
		for recipient, senders := range list {
			if q.finds(recipient) {
				out = append(out, row{recipient, senders})
			}
		}
	} else {
		out = q.turned(list)
	}
	slices.SortFunc(out, func(a, b row) int {
		n := cmp.Compare(a.name, b.name)
		if q.orderBy != q.viewBy {
			n = cmp.Or(cmp.Compare(a.with[0], b.with[0]), n)
		}
		if q.down {
			return -n
		}
		return n
	})
	return out
}

func (q *question) finds(recipient string) bool { return strings.Contains(recipient, q.search) }

// turned are the rows by sender. With a search they are those on the list of a
// recipient that is found, each with all of its recipients.
func (q *question) turned(list map[string][]string) []row {
	by, found := map[string][]string{}, map[string]bool{}
	for _, recipient := range slices.Sorted(maps.Keys(list)) {
		for _, s := range list[recipient] {
			by[s] = append(by[s], recipient)
			found[s] = found[s] || q.finds(recipient)
		}
	}
	var out []row
	for s, recipients := range by {
		if found[s] {
			out = append(out, row{s, recipients})
		}
	}
	return out
}

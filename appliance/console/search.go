package console

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"esasim/appliance/details"
	"esasim/esa"
	"esasim/internal/web"
	"esasim/tracking"
)

// maxCount is how far matches are counted: the form's largest "Max. Results
// Returned". Source: AsyncOS user guide, "Tracking Messages".
const maxCount = 1000

// countTime is how long the matches behind a page are counted.
const countTime = 15 * time.Millisecond

// searchBody is the search page.
type searchBody struct {
	Form      *form
	Available string // "14 May 2020 12:44 to 14 May 2020 13:41 (GMT +00:00)"
	Complete  string // "100.0"
	Results   *results
}

// results is one page of them.
type results struct {
	Generated string
	Range     string // "Displaying 1 — 1 of 1 items."
	Rows      []row
	Export    string // URLs, "" when there is no such page
	ExportAll string
	First     string
	Next      string
	Stopped   string // why the search ended early: "the time limit of 10s was reached"
	GoOn      string // URL that takes it up again
}

// row is one message of the results. Long texts are cut, so that a page of
// hostile messages stays small; Message Details has them whole.
type row struct {
	Number    int
	Received  string
	MID       esa.MID
	Sender    string
	Recipient string
	Subject   string
	LastState string
}

// search shows the form, and the results once something was asked. It is a GET,
// so that a search can be linked to. Errors of fields are shown beside them.
func (c *console) search(w http.ResponseWriter, r *http.Request) {
	if c.refused(w, r, fields...) {
		return
	}
	values := r.URL.Query()
	f := readForm(values, time.Now().In(c.Location))
	body := searchBody{Form: f}
	if err := c.availability(r.Context(), &body); err != nil {
		c.broken(w, r, err)
		return
	}
	status := http.StatusOK
	switch {
	case len(f.Problems) > 0:
		status = http.StatusBadRequest
	case len(values) > 0:
		found, err := c.find(r.Context(), f)
		if err != nil {
			c.broken(w, r, err)
			return
		}
		body.Results = found
	}
	c.log(web.Render(w, status, c.tracking, c.page("Monitor", "Message Tracking", body)))
}

// availability fills in the two statements above the form.
func (c *console) availability(ctx context.Context, body *searchBody) error {
	first, last, err := c.Tracker.Span(ctx)
	if err != nil {
		return fmt.Errorf("span of tracking data: %w", err)
	}
	if first.IsZero() {
		body.Available, body.Complete = "no messages tracked yet", "0.0"
		return nil
	}
	first, last = first.In(c.Location), last.In(c.Location)
	body.Available = first.Format(minuteForm) + " to " + last.Format(minuteForm+" "+zoneForm)
	q := body.Form.Query
	if q.To.IsZero() || q.To.After(body.Form.now) {
		q.To = body.Form.now
	}
	share, err := c.covered(ctx, first, q)
	if err != nil {
		return err
	}
	body.Complete = strconv.FormatFloat(100*share, 'f', 1, 64)
	return nil
}

// covered is the part of the queried range that tracking data covers. What lies
// before the oldest message kept is covered too when that message is MID 1:
// nothing came before it, so nothing was lost. The guide shows this: 100.0 %
// for a day of which the appliance was up for one hour.
func (c *console) covered(ctx context.Context, first time.Time, q tracking.Query) (float64, error) {
	length := q.To.Sub(q.From)
	if length <= 0 || !q.From.Before(first) {
		return 1, nil
	}
	oldest, err := c.Tracker.Oldest(ctx)
	if err != nil {
		return 0, fmt.Errorf("oldest message: %w", err)
	}
	if oldest == 1 {
		return 1, nil
	}
	return max(0, float64(q.To.Sub(first))/float64(length)), nil
}

// find makes one page of results.
func (c *console) find(ctx context.Context, f *form) (*results, error) {
	found, err := c.Tracker.Search(ctx, f.Query)
	if err != nil {
		return nil, err
	}
	count, err := c.count(ctx, f, found)
	if err != nil {
		return nil, err
	}
	res := &results{
		Generated: f.now.Format(minuteForm + " " + zoneForm),
		Export:    f.link(trackingPath+"/export", "scope", "page"),
		ExportAll: f.link(trackingPath+"/export", "scope", "all", "before", "", "first", ""),
	}
	for i := range found.Messages {
		res.Rows = append(res.Rows, c.row(&found.Messages[i], f.First+i))
	}
	last := f.First + len(res.Rows) - 1
	res.Range = fmt.Sprintf("Displaying %d — %d of %s items.", min(f.First, max(last, 0)), last, count)
	switch {
	case len(res.Rows) == 0 && found.Stopped == "":
		res.Range = "Displaying 0 — 0 of 0 items."
	case len(res.Rows) == 0:
		res.Range = fmt.Sprintf("Displaying 0 — 0 of %s items.", count)
	}
	if f.Query.Before != 0 {
		res.First = f.link(trackingPath, "before", "", "first", "")
	}
	if found.Next == 0 {
		return res, nil
	}
	next := f.link(trackingPath, "before", found.Next.String(), "first", strconv.Itoa(last+1))
	if res.Stopped = found.Stopped; res.Stopped != "" {
		res.GoOn = next
	} else {
		res.Next = next
	}
	return res, nil
}

// count says of how many items the page is a part. What lies before this page
// and on it is known; only the rest, if there is one, must be counted, and only
// up to the product's own maximum, and not for long: the page is worth more than
// its number of items.
func (c *console) count(ctx context.Context, f *form, found tracking.Page) (string, error) {
	n := f.First - 1 + len(found.Messages)
	if found.Next == 0 {
		return strconv.Itoa(n), nil
	}
	if found.Stopped != "" { // there has been time enough
		return strconv.Itoa(n) + "+", nil
	}
	q, begun := f.Query, time.Now()
	q.Before, q.Timeout = found.Next, countTime
	rest, err := c.Tracker.Count(ctx, q, maxCount+1-n)
	if err != nil {
		return "", err
	}
	if n += rest; n > maxCount {
		return strconv.Itoa(maxCount) + "+", nil
	}
	if time.Since(begun) >= countTime {
		return strconv.Itoa(n) + "+", nil
	}
	return strconv.Itoa(n), nil
}

func (c *console) row(m *esa.Message, number int) row {
	return row{
		Number:    number,
		Received:  c.second(m.Received),
		MID:       m.MID,
		Sender:    clip(sender(m), 400),
		Recipient: clip(recipients(m, 10), 1000),
		Subject:   clip(cmp.Or(m.Subject, "(No Subject)"), 500),
		LastState: clipMiddle(details.LastState(m), 1000),
	}
}

func sender(m *esa.Message) string { return cmp.Or(m.Sender, "<>") }

// recipients lists the first n addresses and says how many more there are.
func recipients(m *esa.Message, n int) string {
	var names []string
	for _, r := range m.Recipients[:min(n, len(m.Recipients))] {
		names = append(names, r.Address)
	}
	list := strings.Join(names, ", ")
	if more := len(m.Recipients) - n; more > 0 {
		list += fmt.Sprintf(" and %d more", more)
	}
	return list
}

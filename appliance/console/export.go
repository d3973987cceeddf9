package console

import (
	"encoding/csv"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"esasim/appliance/details"
	"esasim/esa"
	"esasim/tracking"
)

// batch is how many messages of an export are in memory at a time.
const batch = 500

// columns of the CSV file. The vendor's were not found; these are what its
// result rows show (inferred).
var columns = [...]string{"Timestamp", "MID", "Host", "Sender", "Recipient", "Subject", "Last State", "Sender IP", "Message ID"}

// export sends the results as CSV: of this page, or of all matches. All matches
// are streamed; when tracking breaks in the middle the connection is cut, so
// that the file is seen to be incomplete.
func (c *console) export(w http.ResponseWriter, r *http.Request) {
	if c.refused(w, r, append(slices.Clone(fields[:]), "scope")...) {
		return
	}
	f := readForm(r.URL.Query(), time.Now().In(c.Location))
	all := r.URL.Query().Get("scope") == "all"
	if scope := r.URL.Query().Get("scope"); !all && scope != "page" && scope != "" {
		f.wrong("scope", "Choose page or all.")
	}
	if wrong := f.Wrong(); len(wrong) > 0 {
		c.fail(w, http.StatusBadRequest, "Nothing exported", "The search is not valid. "+wrong[0].Label+": "+wrong[0].Text)
		return
	}
	q := f.Query
	if all {
		q.Limit = batch
	}
	page, err := c.Tracker.Search(r.Context(), q)
	if err != nil {
		c.broken(w, r, err)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/csv; charset=utf-8")
	h.Set("Content-Disposition", fmt.Sprintf(`attachment; filename="message_tracking_%s.csv"`, stamp(f.now)))
	h.Set("Cache-Control", "no-store")
	if err := c.stream(w, r, q, page, all); err != nil {
		if r.Context().Err() == nil {
			c.Logger.Error("export cut short", "err", err)
		}
		panic(http.ErrAbortHandler)
	}
}

// stream writes the first page and, if all, those after it.
func (c *console) stream(w http.ResponseWriter, r *http.Request, q tracking.Query, page tracking.Page, all bool) error {
	out := csv.NewWriter(w)
	if err := out.Write(columns[:]); err != nil {
		return err
	}
	for {
		for i := range page.Messages {
			if err := out.Write(c.record(&page.Messages[i])); err != nil {
				return err
			}
		}
		out.Flush()
		if err := out.Error(); err != nil || !all || page.Next == 0 {
			return err
		}
		var err error
		q.Before = page.Next
		if page, err = c.Tracker.Search(r.Context(), q); err != nil {
			return err
		}
	}
}

func (c *console) record(m *esa.Message) []string {
	var to []string
	for _, r := range m.Recipients {
		to = append(to, r.Address)
	}
	ip := ""
	if m.Source.Remote.IsValid() {
		ip = m.Source.Remote.String()
	}
	cells := []string{c.second(m.Received), m.MID.String(), c.Host, m.Sender, strings.Join(to, ";"), m.Subject,
		details.LastState(m), ip, m.MessageID}
	for i := range cells {
		cells[i] = inert(cells[i])
	}
	return cells
}

// inert keeps a cell from being a formula: spreadsheets run what begins with
// one of these signs, and senders choose subjects and names.
func inert(cell string) string {
	if cell != "" && strings.ContainsRune("=+-@\t\r\n", rune(cell[0])) {
		return "'" + cell
	}
	return cell
}

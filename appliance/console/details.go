package console

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"esasim/appliance/details"
	"esasim/esa"
	"esasim/internal/web"
	"esasim/tracking"
)

// maxLines bounds Processing Details: a message to thousands of recipients with
// many attempts has more.
const maxLines = 2000

// maxFamily bounds the links to messages that were made from one.
const maxFamily = 100

// detailsBody is the Message Details page.
type detailsBody struct {
	From    family // the message that it was made from
	Into    family // those made from it
	Summary []field
	Sending []field
	Lines   []line
	Left    int // lines that were left out
}

// family are related messages, shown as links above the summary: between its rows
// they would be in the way of who reads the page by its labels.
type family struct {
	MIDs []esa.MID
	More int // that are not shown
}

type field struct{ Label, Value string }

type line struct {
	Time, Text string
	Last       bool // shown in bold
}

// showDetails is the page behind Show Details.
func (c *console) showDetails(w http.ResponseWriter, r *http.Request) {
	if c.refused(w, r, "mid") {
		return
	}
	text := r.URL.Query().Get("mid")
	mid, err := strconv.ParseUint(text, 10, 64)
	if err != nil || mid == 0 {
		c.fail(w, http.StatusBadRequest, "Bad MID", "The MID "+strconv.Quote(clip(text, 40))+" is not a whole number from 1 up.")
		return
	}
	m, err := c.Tracker.Message(r.Context(), esa.MID(mid))
	if errors.Is(err, tracking.ErrNotFound) {
		c.fail(w, http.StatusNotFound, "Message not found", fmt.Sprintf("No message with MID %d is tracked.", mid))
		return
	}
	if err != nil {
		c.broken(w, r, err)
		return
	}
	connection, err := c.Tracker.Connection(r.Context(), m.ICID)
	if err != nil && !errors.Is(err, tracking.ErrNotFound) {
		c.broken(w, r, err)
		return
	}
	body := detailsBody{From: relatives(m.From), Into: relatives(m.Into...), Summary: c.summary(&m), Sending: sendingHost(&m.Source)}
	body.Lines, body.Left = c.lines(details.Whole(&m, connection))
	c.log(web.Render(w, http.StatusOK, c.details, c.page("Monitor", "Message Details", body)))
}

// summary has the labels and the order of the classic page (public client: a
// scraper cuts on them).
func (c *console) summary(m *esa.Message) []field {
	var files []string
	for _, a := range m.Attachments {
		files = append(files, cmp.Or(a.Name, "(unnamed)"))
	}
	return []field{
		{"Received Time:", c.second(m.Received)},
		{"MID:", m.MID.String()},
		{"Message Size:", size(m.Size)},
		{"Subject:", clip(cmp.Or(m.Subject, "(No Subject)"), 4000)},
		{"Envelope Sender:", sender(m)},
		{"Envelope Recipients:", recipients(m, 200)},
		{"Message ID Header:", cmp.Or(m.MessageID, "N/A")},
		{"Cisco IronPort Host:", c.Host},
		{"SMTP Auth User ID:", "N/A"},
		{"Attachments:", cmp.Or(clip(strings.Join(files, ", "), 4000), "N/A")},
	}
}

// relatives leaves out MID 0, which is none.
func relatives(mids ...esa.MID) family {
	mids = slices.DeleteFunc(slices.Clone(mids), func(m esa.MID) bool { return m == 0 })
	n := min(len(mids), maxFamily)
	return family{MIDs: mids[:n], More: len(mids) - n}
}

func sendingHost(src *esa.Source) []field {
	host := "unknown"
	if src.Host != "" {
		host = src.Host + " (unverified)"
		if src.Verified { // this form was seen
			host = src.Host + " (verified)"
		}
	}
	ip := "N/A"
	if src.Remote.IsValid() {
		ip = src.Remote.String()
	}
	return []field{
		{"Reverse DNS Hostname:", host},
		{"IP Address:", ip},
		{"SBRS Score:", cmp.Or(src.SBRS, "None")},
	}
}

func (c *console) lines(all []details.Line) (shown []line, left int) {
	if left = max(0, len(all)-maxLines); left > 0 {
		all = all[left:] // the last ones say how it ended
	}
	for i, l := range all {
		shown = append(shown, line{Time: c.second(l.Time), Text: clipMiddle(l.Text, 4000), Last: i == len(all)-1})
	}
	return shown, left
}

// size is in the form "70.3 (KB)". Source: recorded answers.
func size(n int64) string {
	return strconv.FormatFloat(float64(n)/1024, 'f', 1, 64) + " (KB)"
}

// stamp is for file names.
func stamp(t time.Time) string { return t.Format("20060102T150405") }

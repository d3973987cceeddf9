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

// detailsBody is the Message Details page.
type detailsBody struct {
	Summary []field
	Sending []field
	Lines   []line
	Left    int // lines that were left out
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
	body := detailsBody{Summary: c.summary(&m), Sending: sendingHost(&m.Source)}
	body.Lines, body.Left = c.lines(append(untilEnd(connection, &m), m.Events...))
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

// untilEnd leaves out what happened on the connection after the message was
// finished: that is no part of its story, and the last event, in bold, must be
// its own. Source: recorded answers, which end with the remote's response.
func untilEnd(connection []esa.Event, m *esa.Message) []esa.Event {
	connection = slices.Clone(connection)
	if !m.Finished || len(m.Events) == 0 {
		return connection
	}
	end := m.Events[len(m.Events)-1].Time
	return slices.DeleteFunc(connection, func(e esa.Event) bool { return e.Time.After(end) })
}

func (c *console) lines(events []esa.Event) (shown []line, left int) {
	all := details.Lines(events)
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

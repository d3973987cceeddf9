package console

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"esasim/internal/web"
)

// menu is the main menu. Source: vendor's integration guide.
var menu = [...]menuEntry{
	{"Monitor", trackingPath},
	{"Mail Policies", "/mail_policies"},
	{"Security Services", "/security_services"},
	{"Network", "/network"},
	{"System Administration", "/system_administration"},
}

type menuEntry struct{ Name, Path string }

// page is what the layout needs around every body.
type page struct {
	Options
	Title   string // of the page, its only h1
	Section string // the entry of the main menu it is under
	Body    any
}

// Menu lists the main menu for the layout.
func (p page) Menu() []menuEntry { return menu[:] }

// Year-first would be clearer, but this is the appliance's form.
// Source: vendor's integration guide, recorded answers.
const (
	secondForm = "02 Jan 2006 15:04:05 (GMT -07:00)"
	minuteForm = "02 Jan 2006 15:04"
	zoneForm   = "(GMT -07:00)"
)

func (c *console) page(section, title string, body any) page {
	return page{Options: c.Options, Title: title, Section: section, Body: body}
}

// fail shows an error within the layout.
func (c *console) fail(w http.ResponseWriter, status int, title, text string) {
	c.log(web.Render(w, status, c.failed, c.page("", title, text)))
}

// broken answers a question that message tracking could not. What went wrong is
// for the log; the client learns only that it did.
func (c *console) broken(w http.ResponseWriter, r *http.Request, err error) {
	if r.Context().Err() != nil {
		return // the client has gone
	}
	c.Logger.Error("message tracking could not answer", "path", r.URL.Path, "err", err)
	c.fail(w, http.StatusInternalServerError, "Message tracking did not answer",
		"The search could not be made. The appliance's log says why.")
}

// refused answers a query that has parameters which this page does not know,
// and tells whether it did.
func (c *console) refused(w http.ResponseWriter, r *http.Request, known ...string) bool {
	if _, err := url.ParseQuery(r.URL.RawQuery); err != nil { // Query leaves out what it cannot read
		c.fail(w, http.StatusBadRequest, "Bad query", "The part of the address after the question mark cannot be read.")
		return true
	}
	bad := web.UnknownParameters(r.URL.Query(), known...)
	if len(bad) == 0 {
		return false
	}
	for i := range bad {
		bad[i] = clip(bad[i], 100)
	}
	c.fail(w, http.StatusBadRequest, "Unknown parameter",
		"This page does not know, or was given more than once: "+strings.Join(bad[:min(len(bad), 20)], ", ")+".")
	return true
}

func (c *console) log(err error) {
	if err != nil {
		c.Logger.Error("page not shown", "err", err)
	}
}

// showNotYet is the page of a menu entry that holds nothing yet: an honest
// empty state instead of a dead link.
func (c *console) showNotYet(m menuEntry) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !c.refused(w, r) {
			c.log(web.Render(w, http.StatusOK, c.notYet, c.page(m.Name, m.Name, m.Name)))
		}
	}
}

// clip cuts a text to n characters and shows that it did.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	if r := []rune(s); len(r) > n {
		return string(r[:n]) + "…"
	}
	return s
}

// clipMiddle is clip for sentences that begin with a list of recipients and end
// with what became of them: it cuts the list.
func clipMiddle(s string, n int) string {
	if len(s) <= n {
		return s
	}
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return string(r[:n/2]) + " … " + string(r[len(r)-n/2:])
}

func (c *console) second(t time.Time) string { return t.In(c.Location).Format(secondForm) }

package console

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	"esasim/appliance/export"
	"esasim/esa"
)

// export sends the results as CSV: of this page, or of all matches. When tracking
// breaks in the middle the connection is cut, so that the file is seen to be
// incomplete.
func (c *console) export(w http.ResponseWriter, r *http.Request) {
	if c.refused(w, r, append(slices.Clone(fields), "scope")...) {
		return
	}
	f := readForm(r.URL.Query(), time.Now().In(c.Location))
	q := f.Query
	switch r.URL.Query().Get("scope") {
	case "all":
		q.Limit = 0
	case "page", "":
	default:
		f.wrong("scope", "Choose page or all.")
	}
	if wrong := f.Wrong(); len(wrong) > 0 {
		c.fail(w, http.StatusBadRequest, "Nothing exported", "The search is not valid. "+wrong[0].Label+": "+wrong[0].Text)
		return
	}
	out := export.NewAnswer(w, export.TypeCSV, fmt.Sprintf("message_tracking_%s.csv", stamp(f.now)))
	each := func(yield func(*esa.Message) error) error { return c.Tracker.Each(r.Context(), q, yield) }
	err := export.CSV(out, each, export.Options{Host: c.Host, Location: c.Location})
	settled := out.End(err, func(err error) {
		if r.Context().Err() == nil {
			c.Logger.Error("export cut short", "err", err)
		}
	})
	if !settled {
		c.broken(w, r, err)
	}
}

package console

import (
	"encoding/csv"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"esasim/appliance/details"
	"esasim/esa"
	"esasim/tracking"
)

// batch is how many messages of an export are in memory at a time. They are
// whole messages: one to a thousand recipients takes hundreds of kilobytes.
const batch = 50

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

// inert keeps a cell from being a formula, and from showing other than it is:
// senders choose subjects and names. Spreadsheets run what begins with one of
// the signs, some of them also after blanks, a byte order mark or other signs
// that are not seen, and when the sign is of full width. A control at the very
// beginning is not left to chance either.
func inert(cell string) string {
	seen := strings.TrimLeftFunc(cell, unseen)
	sign, _ := utf8.DecodeRuneInString(seen)
	formula := seen != "" && strings.ContainsRune(signs, sign) || cell != "" && cell[0] < ' '
	cell = strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Bidi_Control, r) {
			return utf8.RuneError
		}
		return r // of an octet that is no UTF-8: RuneError, too
	}, cell)
	if formula {
		return "'" + cell
	}
	return cell
}

// signs begin a formula: in ASCII, of full width, and as small forms.
const signs = "=+-@＝＋－＠﹦﹢﹣−﹫"

// unseen tells that a spreadsheet may pass over a character: blanks of any kind,
// controls, format characters, fillers, and octets that are no UTF-8.
func unseen(r rune) bool {
	const brailleBlank = '\u2800'
	return unicode.IsSpace(r) || r == brailleBlank || r == utf8.RuneError ||
		unicode.In(r, unicode.Z, unicode.C, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}

package export

import (
	"cmp"
	"encoding/csv"
	"io"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"esasim/appliance/details"
	"esasim/esa"
)

// Columns of the CSV file. The vendor's were not found; these are what its
// result rows show (inferred).
func Columns() []string {
	return []string{"Timestamp", "MID", "Host", "Sender", "Recipient", "Subject", "Last State", "Sender IP", "Message ID"}
}

// timestamp is the appliance's form. Source: vendor's integration guide.
const timestamp = "02 Jan 2006 15:04:05 (GMT -07:00)"

// CSV writes a row for each message, below a row of the columns' names. What a
// spreadsheet would run is made inert. The error is that of each, or of w.
func CSV(w io.Writer, each Each, o Options) error {
	return Rows(w, func(yield func(Row) error) error {
		return each(func(m *esa.Message) error { return yield(Row{Message: m, MIDs: []esa.MID{m.MID}, Last: m}) })
	}, o)
}

// Row is a message with what it turned into.
type Row struct {
	Message *esa.Message // as it was received
	MIDs    []esa.MID    // of it, and of what it turned into
	Last    *esa.Message // whose last state is shown
}

// Rows is CSV with a line for each row.
func Rows(w io.Writer, each func(yield func(Row) error) error, o Options) error {
	out := csv.NewWriter(w)
	if err := out.Write(Columns()); err != nil {
		return err
	}
	zone := cmp.Or(o.Location, time.UTC)
	if err := each(func(r Row) error { return out.Write(r.record(o.Host, zone)) }); err != nil {
		return err
	}
	out.Flush()
	return out.Error()
}

func (r *Row) record(host string, zone *time.Location) []string {
	m := r.Message
	var mids []string
	for _, mid := range r.MIDs {
		mids = append(mids, mid.String())
	}
	var to []string
	for _, r := range m.Recipients {
		to = append(to, r.Address)
	}
	cells := []string{m.Received.In(zone).Format(timestamp), strings.Join(mids, ";"), host, m.Sender, strings.Join(to, ";"), m.Subject,
		details.LastState(r.Last), senderIP(m), m.MessageID}
	for i := range cells {
		cells[i] = Inert(cells[i])
	}
	return cells
}

// senderIP is empty when the peer is not known.
func senderIP(m *esa.Message) string {
	if !m.Source.Remote.IsValid() {
		return ""
	}
	return m.Source.Remote.String()
}

// Inert keeps a cell from being a formula, and from showing other than it is:
// senders choose subjects and names. Spreadsheets run what begins with one of
// the signs, some of them also after blanks, a byte order mark or other signs
// that are not seen, and when the sign is of full width. A control at the very
// beginning is not left to chance either.
func Inert(cell string) string {
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

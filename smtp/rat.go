package smtp

import (
	"fmt"
	"strconv"
	"strings"

	gosmtp "github.com/emersion/go-smtp"

	"esasim/smtp/dialect"
)

// Recipient is a row of the Recipient Access Table. Source: AsyncOS user guide,
// "Recipient Access Table".
type Recipient struct {
	Address string // see [table]
	Access  string // "accept", which "" means too, or "reject"
	Reply   string // to those rejected, with its code: "550 no such user"; empty: "550 #5.1.0 Address rejected."
	Bypass  bool   // the mail flow policy's recipients per hour do not count here
}

// RAT is the Recipient Access Table of a public listener: for whom mail is
// taken. Whom it does not have is rejected.
type RAT struct{ rows table[ratRow] }

type ratRow struct {
	reply  *gosmtp.SMTPError // of a rejection; nil: accepted
	bypass bool
}

// NewRAT checks the rows.
func NewRAT(rows []Recipient) (RAT, error) {
	var r RAT
	for i := range rows {
		row, err := newRATRow(&rows[i])
		if err == nil {
			err = r.rows.add(rows[i].Address, row)
		}
		if err != nil {
			return RAT{}, fmt.Errorf("recipient %s: %w", rows[i].Address, err)
		}
	}
	return r, nil
}

func newRATRow(r *Recipient) (row ratRow, err error) {
	switch strings.ToLower(r.Access) {
	case "", "accept":
		if r.Reply != "" {
			return row, fmt.Errorf("reply %q: only those with access reject are told one", r.Reply)
		}
	case "reject":
		row.reply = dialect.AddressRejected
		if r.Reply != "" {
			row.reply, err = customReply(r.Reply)
		}
	default:
		return row, fmt.Errorf("access %q: want accept or reject", r.Access)
	}
	row.bypass = r.Bypass
	return row, err
}

// maxReply is how many octets a reply of an administrator may have: a reply line
// has 512 (RFC 5321 4.5.3.1.5).
const maxReply = 500

// customReply reads "550 #5.1.1 no such user".
func customReply(s string) (*gosmtp.SMTPError, error) {
	code, text, _ := strings.Cut(s, " ")
	n, err := strconv.Atoi(code)
	text = strings.TrimSpace(text)
	odd := strings.ContainsFunc(s, func(ch rune) bool { return ch < ' ' || ch > '~' })
	if err != nil || n < 400 || n > 599 || text == "" || len(s) > maxReply || odd {
		return nil, fmt.Errorf("reply %q: want a code from 400 to 599 and a text of printable ASCII, at most %d octets", s, maxReply)
	}
	return dialect.Custom(n, text), nil
}

// judge is the table's word on a recipient.
func (r *RAT) judge(address string) ratRow {
	if row, ok := r.rows.find(address); ok {
		return row
	}
	return ratRow{reply: dialect.AddressRejected}
}

package quarantines

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"esasim/appliance/asyncos/rest"
	"esasim/appliance/quarantine"
	"esasim/esa"
)

// mostListed bounds the addresses in a row: a page of a hundred messages with ten
// thousand recipients each would be a list that no client reads.
const mostListed = 200

// page is the answer to a search. Other than in message tracking, the total is that
// of all pages. Source: recorded answers.
type page struct {
	Meta meta  `json:"meta"`
	Data []any `json:"data"`
}

type meta struct {
	Total int `json:"totalCount"`
}

type row struct {
	MID        any `json:"mid"` // a number; a string in rows of rules_search
	Attributes any `json:"attributes"`
}

// spamRow is a message in the spam quarantine.
type spamRow struct {
	EnvelopeRecipient []string `json:"envelopeRecipient"`
	ToAddress         []string `json:"toAddress"`
	Subject           string   `json:"subject"`
	Date              string   `json:"date"`
	FromAddress       []string `json:"fromAddress"`
	Size              string   `json:"size"`
}

// pvoRow is a message in other quarantines.
type pvoRow struct {
	Received      string       `json:"received"`
	Sender        string       `json:"sender"`
	Subject       string       `json:"subject"`
	Host          string       `json:"esaHostName"`
	InQuarantines string       `json:"inQuarantines"`
	ScheduledExit string       `json:"scheduledExit"`
	OriginatingIP string       `json:"originatingEsaIp"`
	Reasons       []string     `json:"quarantineForReason"`
	ReasonDict    []reasonsFor `json:"quarantineForReasonDict"`
	EsaMID        esa.MID      `json:"esaMid"`
	Recipient     []string     `json:"recipient"`
	FromAddress   []string     `json:"fromAddress"`
	Size          string       `json:"size"`
}

type reasonsFor struct {
	Reason     []string `json:"reason"`
	Quarantine string   `json:"quarantineName"`
}

// serveSearch finds held messages.
func (a *api) serveSearch(c *rest.Call) (any, error) {
	kind, q, err := a.readSearch(c)
	if err != nil {
		return nil, err
	}
	found, err := a.Keeper.Search(c.Request.Context(), q)
	if errors.Is(err, quarantine.ErrUnknown) { // it has gone just now
		err = rest.Wrong("quarantines", "one of them is not there any more")
	}
	if err != nil {
		return nil, err
	}
	out := page{meta{found.Total}, []any{}}
	for i := range found.Held {
		h := &found.Held[i]
		var attributes any = a.pvoRow(h)
		if kind == spam {
			attributes = a.spamRow(h)
		}
		out.Data = append(out.Data, row{h.Message.MID, attributes})
	}
	return out, nil
}

func (a *api) spamRow(h *quarantine.Held) spamRow {
	to := listed(h.Recipients())
	return spamRow{EnvelopeRecipient: to, ToAddress: to, Subject: h.Message.OwnSubject(), Date: a.timestamp(received(h, true)),
		FromAddress: listed(h.From()), Size: fmt.Sprintf("%.2fK", kilobytes(h.Message.Size))}
}

func (a *api) pvoRow(h *quarantine.Held) pvoRow {
	out := pvoRow{Received: a.timestamp(received(h, false)), Sender: h.Message.Sender, Subject: h.Message.OwnSubject(), Host: a.Host,
		OriginatingIP: origin(h).String(), Reasons: []string{}, ReasonDict: []reasonsFor{}, EsaMID: h.Message.MID,
		Recipient: listed(h.Recipients()), FromAddress: listed(h.From()), Size: size(h.Message.Size)}
	var names []string
	var exit time.Time
	for _, s := range h.Stays {
		if s.Quarantine == quarantine.Spam {
			continue
		}
		if names = append(names, s.Quarantine); exit.IsZero() || s.Until.Before(exit) {
			exit = s.Until
		}
		why := reasons(&h.Message, s.Quarantine)
		out.ReasonDict = append(out.ReasonDict, reasonsFor{why, s.Quarantine})
		for _, r := range why {
			if !slices.Contains(out.Reasons, r) {
				out.Reasons = append(out.Reasons, r)
			}
		}
	}
	out.InQuarantines, out.ScheduledExit = strings.Join(names, ", "), a.timestamp(exit)
	return out
}

// received is when a message came into the first quarantine of a kind.
func received(h *quarantine.Held, spam bool) (out time.Time) {
	for _, s := range h.Stays {
		if (s.Quarantine == quarantine.Spam) == spam && (out.IsZero() || s.Since.Before(out)) {
			out = s.Since
		}
	}
	return out
}

// origin is the address by which the appliance received a message.
func origin(h *quarantine.Held) netip.Addr {
	if ip := h.Message.Source.Local; ip.IsValid() {
		return ip.Unmap()
	}
	return netip.AddrFrom4([4]byte{127, 0, 0, 1})
}

// timestamp is a time as quarantines show it, without seconds. Source: recorded
// answers; zones other than GMT are inferred.
func (a *api) timestamp(t time.Time) string {
	t = t.In(a.Location)
	if _, offset := t.Zone(); offset == 0 {
		return t.Format("02 Jan 2006 15:04 (GMT)")
	}
	return t.Format("02 Jan 2006 15:04 (GMT -07:00)")
}

func kilobytes(octets int64) float64 { return float64(octets) / 1024 }

// size is a size as policy quarantines show it. Source: recorded answers, which have
// none of a megabyte.
func size(octets int64) string { return fmt.Sprintf("%.2f K", kilobytes(octets)) }

// listed bounds a list of addresses; it is never null.
func listed(list []string) []string { return append([]string{}, list[:min(len(list), mostListed)]...) }

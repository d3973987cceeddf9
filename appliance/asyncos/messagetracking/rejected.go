package messagetracking

import (
	"cmp"
	"context"
	"fmt"

	"esasim/esa"
	"esasim/tracking"
)

// refusals are the rules of the Host Access Table by which a connection is rejected.
var refusals = []string{"REJECT", "TCPREFUSE"}

// rejectedRow is a connection that was rejected. Source: the product's published
// schema; the words in messageStatus and rejected are not known.
type rejectedRow struct {
	HostName  string   `json:"hostName"`
	ICID      esa.ICID `json:"icid"`
	Status    string   `json:"messageStatus"`
	Rejected  string   `json:"rejected"`
	SBRS      string   `json:"sbrs"`
	Group     string   `json:"senderGroup"`
	SenderIP  string   `json:"senderIp"`
	Serial    string   `json:"serialNumber"`
	Timestamp string   `json:"timestamp"`
}

// rejected finds one page of them. Where it ended is remembered as for messages,
// but by ICID.
func (a *api) rejected(ctx context.Context, key string, s *search) ([]attributes, error) {
	if a.Unsaved {
		return nil, nil
	}
	at, skip := place{}, s.offset
	if s.offset > 0 {
		at, skip = a.places.from(key, s.offset)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, queryTimeout, errTooLong)
	defer cancel()
	q := tracking.Connections{Rules: refusals, SenderIP: s.query.SenderIP, From: s.query.From, To: s.query.To, Before: esa.ICID(at.before)}
	var rows []attributes
	for len(rows) < s.limit {
		q.Limit = min(skip+s.limit-len(rows), tracking.MaxLimit)
		found, err := a.Tracker.Connections(ctx, q)
		if err != nil {
			return nil, err
		}
		for _, events := range found {
			if q.Before = events[0].ICID; skip > 0 {
				skip--
				continue
			}
			rows = append(rows, attributes{a.rejectedRow(events)})
		}
		if len(found) < q.Limit { // there is nothing below
			q.Before = 1
			break
		}
	}
	at.before = esa.MID(q.Before)
	a.places.keep(key, s.offset == 0, s.offset+len(rows), at)
	return rows, nil
}

func (a *api) rejectedRow(events []esa.Event) rejectedRow {
	src := decided(events)
	return rejectedRow{
		HostName: a.hostName(&src), ICID: events[0].ICID, Status: "REJECTED",
		Rejected: fmt.Sprintf("%s sender group %s match %s SBRS %s", src.Rule, src.Group, src.Match, cmp.Or(src.SBRS, "None")),
		SBRS:     cmp.Or(src.SBRS, "None"), Group: src.Group, SenderIP: address(&src), Serial: a.Serial, Timestamp: a.timestamp(events[0].Time),
	}
}

package messagetracking

import (
	"time"

	"esasim/appliance/asyncos/rest"
	"esasim/esa"
)

// remediationDetails are what was done to messages in mailboxes. Source: recorded
// answers. Batches are not known here, so what names one is empty.
type remediationDetails struct {
	Batch struct {
		User        string `json:"b_init_username"`
		Action      string `json:"mor_action"`
		Begun       string `json:"b_init_time"`
		Name        string `json:"batch_name"`
		Description string `json:"batch_desc"`
		Source      string `json:"b_init_source"`
	} `json:"batch_details"`
	Messages []remediated `json:"message_details"`
}

type remediated struct {
	Delivered string  `json:"delivered_at"`
	MID       esa.MID `json:"mid"`
	From      string  `json:"from_email"`
	Recipient string  `json:"recipient_email"`
	Status    string  `json:"mor_status"`
	Read      string  `json:"msg_read"`
}

// serveRemediation answers GET message-tracking/remediation-details.
func (a *api) serveRemediation(c *rest.Call) (any, error) {
	d, err := a.readDetails(c)
	if err != nil {
		return nil, err
	}
	out := remediationDetails{Messages: []remediated{}}
	for i := range d.lineage {
		m := &d.lineage[i]
		for _, e := range m.Events {
			if e.Kind != esa.MessageRemediated {
				continue
			}
			out.Batch.Action, out.Batch.Begun, out.Batch.Description = action(e.Text), a.timestamp(e.Time), e.Name
			for _, rid := range e.RIDs {
				out.Messages = append(out.Messages, a.remediated(m, rid))
			}
		}
	}
	return out, nil
}

// action is what was done, as the API names it.
func action(text string) string {
	if text == "deleted" { // seen
		return "Delete"
	}
	return text
}

func (a *api) remediated(m *esa.Message, rid esa.RID) remediated {
	out := remediated{MID: m.MID, From: m.Sender, Status: "Success", Read: "N/A"}
	for _, r := range m.Recipients {
		if r.RID == rid {
			out.Recipient = r.Address
		}
	}
	if at := deliveredAt(m, rid); !at.IsZero() {
		out.Delivered = a.timestamp(at)
	}
	return out
}

func deliveredAt(m *esa.Message, rid esa.RID) (at time.Time) {
	for _, e := range m.Events {
		for _, r := range e.RIDs {
			if e.Kind == esa.RecipientDelivered && r == rid {
				at = e.Time
			}
		}
	}
	return at
}

// serveAvailability answers GET message-tracking/availability: of what time there is
// data. The names are a guess.
func (a *api) serveAvailability(c *rest.Call) (any, error) {
	first, last, err := a.Tracker.Span(c.Request.Context())
	if err != nil {
		return nil, err
	}
	type stretch struct {
		Start string `json:"startTime"`
		End   string `json:"endTime"`
	}
	out := struct {
		Range []stretch `json:"dateRange"`
	}{[]stretch{}}
	if !first.IsZero() {
		out.Range = append(out.Range, stretch{a.timestamp(first), a.timestamp(last)})
	}
	return rest.Data{Data: out}, nil
}

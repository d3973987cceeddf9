package export

import (
	"bufio"
	"encoding/json"
	"io"
	"time"

	"esasim/appliance/details"
	"esasim/esa"
	"esasim/tracking"
)

// Message is a message as JSON. Its names are ours, for the lab's own API. Texts
// are as the sender chose them.
type Message struct {
	MID         esa.MID           `json:"mid"`
	ICID        esa.ICID          `json:"icid,omitempty"` // none: the appliance made the message itself
	Received    string            `json:"received"`       // RFC 3339, UTC, with microseconds
	State       string            `json:"state"`          // in the words of esa.Message.Status
	Sender      string            `json:"sender"`         // of the envelope; empty: the null sender
	Recipients  []Recipient       `json:"recipients"`
	Subject     string            `json:"subject"`
	MessageID   string            `json:"message_id,omitempty"`
	From        string            `json:"from,omitempty"` // the header
	ReplyTo     string            `json:"reply_to,omitempty"`
	Attachments []Attachment      `json:"attachments,omitempty"`
	SenderIP    string            `json:"sender_ip,omitempty"`
	Host        string            `json:"host,omitempty"` // of the sender, by reverse DNS
	SenderGroup string            `json:"sender_group,omitempty"`
	Direction   string            `json:"direction"` // incoming or outgoing
	Policy      string            `json:"policy,omitempty"`
	Verdicts    map[string]string `json:"verdicts,omitempty"` // by engine, both in the words of the query language
	Quarantines []string          `json:"quarantines,omitempty"`
	Size        int64             `json:"size"`                // octets as received
	CameFrom    esa.MID           `json:"came_from,omitempty"` // the message it was made from
	Became      []esa.MID         `json:"became,omitempty"`    // those made from it
	Events      []Line            `json:"events,omitempty"`    // if they were asked for
}

// Recipient is one recipient of a Message.
type Recipient struct {
	Address  string `json:"address"`
	State    string `json:"state"`              // "Delivered", "Hard Bounced": in the words of esa.State
	Response string `json:"response,omitempty"` // the remote host's last answer
}

// Attachment is one attachment of a Message.
type Attachment struct {
	Name   string `json:"name,omitempty"`
	Type   string `json:"type,omitempty"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256,omitempty"`
}

// Line is one line of Message Details.
type Line struct {
	Time string `json:"time"` // as Message.Received
	Text string `json:"text"`
}

// rfc3339 is RFC 3339 with microseconds, all six, so that texts sort as times.
const rfc3339 = "2006-01-02T15:04:05.000000Z"

func moment(t time.Time) string { return t.UTC().Format(rfc3339) }

// JSONLines writes an object for each message, each on a line of its own. The
// error is that of each, or of w.
func JSONLines(w io.Writer, each Each, o Options) error {
	out := bufio.NewWriter(w)
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	err := each(func(m *esa.Message) error {
		j := JSON(m)
		if o.Events {
			j.Events = Lines(details.Lines(m.Events))
		}
		return enc.Encode(j)
	})
	if err != nil {
		return err
	}
	return out.Flush()
}

// JSON is the message without its events.
func JSON(m *esa.Message) Message {
	j := Message{
		MID: m.MID, ICID: m.ICID, Received: moment(m.Received), State: m.Status(), Sender: m.Sender,
		Recipients: []Recipient{}, Subject: m.Subject, MessageID: m.MessageID, From: m.HeaderFrom, ReplyTo: m.ReplyTo,
		SenderIP: senderIP(m), Host: m.Source.Host, SenderGroup: m.Source.Group, Direction: m.Direction.String(),
		Policy: m.Policy, Verdicts: verdicts(m), Quarantines: m.Quarantines, Size: m.Size, CameFrom: m.From, Became: m.Into,
	}
	for _, r := range m.Recipients {
		j.Recipients = append(j.Recipients, Recipient{Address: r.Address, State: r.State.String(), Response: r.Response})
	}
	for _, a := range m.Attachments {
		j.Attachments = append(j.Attachments, Attachment(a))
	}
	return j
}

// verdicts are those of the engines that had a look.
func verdicts(m *esa.Message) map[string]string {
	out := map[string]string{}
	for e, v := range m.Verdicts {
		if v != esa.NotEvaluated {
			out[tracking.EngineName(esa.Engine(e))] = tracking.VerdictName(v)
		}
	}
	return out
}

// Lines are lines of Message Details as JSON.
func Lines(lines []details.Line) []Line {
	out := make([]Line, len(lines))
	for i, l := range lines {
		out[i] = Line{Time: moment(l.Time), Text: l.Text}
	}
	return out
}

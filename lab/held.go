package lab

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"esasim/appliance/quarantine"
	"esasim/esa"
)

// heldMessage is a message in quarantines as JSON.
type heldMessage struct {
	MID         esa.MID      `json:"mid"`
	Sender      string       `json:"sender"`
	Recipients  []string     `json:"recipients"`
	Subject     string       `json:"subject"`
	From        string       `json:"from,omitempty"`
	Received    string       `json:"received"` // RFC 3339, UTC
	Size        int64        `json:"size"`
	State       string       `json:"state"`
	Quarantines []stay       `json:"quarantines"`
	Header      []field      `json:"header,omitempty"`
	Parts       []letterPart `json:"parts,omitempty"`
}

type stay struct {
	Name    string   `json:"name"`
	Reasons []string `json:"reasons"`
	Since   string   `json:"since"`
	Until   string   `json:"until"`
}

type field struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

type letterPart struct {
	Part   int    `json:"part"` // its number, as in the call for an attachment
	Type   string `json:"type"`
	Name   string `json:"name,omitempty"`
	File   bool   `json:"attachment,omitempty"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256,omitempty"`
	Text   string `json:"text,omitempty"`
}

func utc(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func heldJSON(h *quarantine.Held) heldMessage {
	m := &h.Message
	out := heldMessage{MID: m.MID, Sender: m.Sender, Recipients: append([]string{}, h.Recipients()...), Subject: m.OwnSubject(), From: m.HeaderFrom,
		Received: utc(m.Received), Size: m.Size, State: m.Status(), Quarantines: []stay{}}
	for _, s := range h.Stays {
		out.Quarantines = append(out.Quarantines, stay{s.Quarantine, append([]string{}, s.Reasons...), utc(s.Since), utc(s.Until)})
	}
	return out
}

// readHeldSearch reads the parameters of a search.
func readHeldSearch(r *http.Request) (s quarantine.Search, err error) {
	p, err := parameters(r, "quarantine", "sender", "recipient", "subject", "attachment", "from", "to", "sort", "order", "offset", "limit")
	if err != nil {
		return s, err
	}
	for name := range strings.SplitSeq(p.Get("quarantine"), ",") {
		if name != "" {
			s.Quarantines = append(s.Quarantines, name)
		}
	}
	text := func(key string) quarantine.Text {
		v := p.Get(key)
		if op, value, ok := strings.Cut(v, ":"); ok && quarantine.Op(op).Known() {
			return quarantine.Text{Op: quarantine.Op(op), Value: value}
		}
		return quarantine.Text{Value: v}
	}
	s.Sender, s.Recipient, s.Subject, s.Attachment = text("sender"), text("recipient"), text("subject"), text("attachment")
	for key, to := range map[string]*time.Time{"from": &s.From, "to": &s.To} {
		if v := p.Get(key); v != "" {
			if *to, err = time.Parse(time.RFC3339, v); err != nil {
				return s, fmt.Errorf("%s=%.40s: want a time such as 2026-11-26T10:00:00Z", key, v)
			}
		}
	}
	for key, to := range map[string]*int{"offset": &s.Offset, "limit": &s.Limit} {
		if v := p.Get(key); v != "" {
			if *to, err = strconv.Atoi(v); err != nil {
				return s, fmt.Errorf("%s=%.40s: want a number", key, v)
			}
		}
	}
	order := p.Get("order")
	if s.Sort, s.Ascending = p.Get("sort"), order == "asc"; order != "" && order != "asc" && order != "desc" {
		return s, fmt.Errorf("order=%.40s: want asc or desc", order)
	}
	return s, nil
}

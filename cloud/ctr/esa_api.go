package ctr

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"esasim/cloud/sse"
)

// apiPath is where a device has its own API. Source: AsyncOS API guide.
const apiPath = "/esa/api/v2.0/"

// deviceAPI makes calls of one device's own API, for one action.
type deviceAPI struct {
	devices Devices
	device  string
	trigger *Trigger
}

// refused says that the device's API did not do what it was asked.
type refused struct {
	status  int
	message string
}

func (r refused) Error() string { return fmt.Sprintf("%d %s", r.status, r.message) }

// do makes a call and reads the answer's data. The body is written as JSON.
func (d *deviceAPI) do(ctx context.Context, method, path string, body, data any) error {
	r := sse.Request{Method: method, Path: apiPath + path}
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return err
		}
		r.Body, r.Header = b, map[string]string{"Content-Type": "application/json"}
	}
	a, err := d.devices.Proxy(ctx, d.device, r)
	if err != nil {
		d.trigger.Did(method + " " + path + ": " + err.Error())
		return err
	}
	d.trigger.Did(method + " " + path + ": " + strconv.Itoa(a.Status))
	if a.Status != 200 {
		var said struct {
			Error struct{ Message string }
		}
		_ = json.Unmarshal(a.Body, &said) // what cannot be read has no message
		return refused{a.Status, fmt.Sprintf("%.200s", said.Error.Message)}
	}
	var answer struct{ Data json.RawMessage }
	if err = json.Unmarshal(a.Body, &answer); err == nil && data != nil {
		err = json.Unmarshal(answer.Data, data)
	}
	if err != nil {
		return fmt.Errorf("%w: %w", sse.ErrAnswer, err)
	}
	return nil
}

// total makes a call that counts what it was done with.
func (d *deviceAPI) total(ctx context.Context, method, path string, body any) (int, error) {
	var done struct {
		Total int `json:"totalCount"`
	}
	err := d.do(ctx, method, path, body, &done)
	return done.Total, err
}

// quarantinedTo are the sentences of Message Details that name a quarantine.
// Source: AsyncOS user guide.
var quarantinedTo = regexp.MustCompile(`quarantined to "([^"]+)"|moved from quarantine "[^"]+" to (?:quarantine )?"([^"]+)"`)

// place is where a message is, and all that it became.
type place struct {
	mids        []uint64
	quarantines []string // that it was in; the spam quarantine is not among them
	held        bool     // it is in some quarantine now
}

// where is what the device's message tracking knows of a message.
func (d *deviceAPI) where(ctx context.Context, mid uint64) (place, error) {
	var found struct {
		Messages struct {
			MIDs    []uint64 `json:"mid"`
			Status  string   `json:"messageStatus"`
			Summary []struct {
				Description string `json:"description"`
			} `json:"summary"`
		} `json:"messages"`
	}
	if err := d.do(ctx, "GET", "message-tracking/details?mid="+strconv.FormatUint(mid, 10), nil, &found); err != nil {
		return place{}, err
	}
	p := place{mids: found.Messages.MIDs, held: strings.HasPrefix(found.Messages.Status, "Quarantined")}
	for _, s := range found.Messages.Summary {
		for _, m := range quarantinedTo.FindAllStringSubmatch(s.Description, -1) {
			if name := m[1] + m[2]; name != spamQuarantine && !slices.Contains(p.quarantines, name) {
				p.quarantines = append(p.quarantines, name)
			}
		}
	}
	return p, nil
}

// spamQuarantine is the quarantine that has a type of its own in the API.
const spamQuarantine = "Spam Quarantine"

// held is the body of an action on held messages. Source: AsyncOS API guide.
type held struct {
	Action      string   `json:"action,omitempty"`
	Type        string   `json:"quarantineType"`
	Quarantine  string   `json:"quarantineName,omitempty"`
	Destination string   `json:"destinationQuarantineName,omitempty"`
	MIDs        []uint64 `json:"mids"`
}

// deleteHeld deletes a message from the quarantines that it may be in, and says
// from how many.
func (d *deviceAPI) deleteHeld(ctx context.Context, p place) (int, error) {
	if !p.held {
		return 0, nil
	}
	done, err := d.total(ctx, "DELETE", "quarantine/messages", held{Type: "spam", MIDs: p.mids})
	for _, q := range p.quarantines {
		if err != nil {
			break
		}
		var n int
		if n, err = d.total(ctx, "DELETE", "quarantine/messages", held{Type: "pvo", Quarantine: q, MIDs: p.mids}); gone(err) {
			err = nil
		}
		done += n
	}
	return done, err
}

// keepHeld moves a held message to the quarantine Policy, and says 1 if it is in
// some quarantine then: in the spam quarantine it stays where it is.
func (d *deviceAPI) keepHeld(ctx context.Context, p place) (int, error) {
	if !p.held {
		return 0, nil
	}
	for _, q := range p.quarantines {
		if q == policyQuarantine {
			continue
		}
		body := held{Action: "move", Type: "pvo", Quarantine: q, Destination: policyQuarantine, MIDs: p.mids}
		if _, err := d.total(ctx, "POST", "quarantine/messages", body); err != nil && !gone(err) {
			return 0, err
		}
	}
	return 1, nil
}

// gone is true when the API says that there is no such quarantine any more.
func gone(err error) bool {
	r := refused{}
	return errors.As(err, &r) && (r.status == 400 || r.status == 404)
}

// remediate takes delivered messages out of mailboxes.
func (d *deviceAPI) remediate(ctx context.Context, mids []uint64) (int, error) {
	return d.total(ctx, "POST", "message-tracking/remediation", map[string]any{"action": "delete", "mids": mids, "reason": "Threat Response"})
}

// block puts a sender on the blocklists of some recipients.
func (d *deviceAPI) block(ctx context.Context, sender string, recipients []string) error {
	return d.do(ctx, "POST", "quarantine/blocklist", map[string]any{"action": "append", "quarantineType": "spam", "viewBy": "sender",
		"senderAddresses": []string{sender}, "recipientList": recipients}, nil)
}

// addWord adds a word to a dictionary.
func (d *deviceAPI) addWord(ctx context.Context, dictionary, word string) error {
	return d.do(ctx, "POST", "config/dictionaries/"+url.PathEscape(dictionary)+"/words",
		map[string]any{"data": map[string]any{"words": []any{[]any{word, 1}}}}, nil)
}

package ctr

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"esasim/cloud/ctim"
	"esasim/cloud/sse"
)

// The actions of an Email Security Appliance. What the real module can do is not
// public (ours).
const (
	deleteMessage     = "delete-message"
	quarantineMessage = "quarantine-message"
	blockSender       = "block-sender"
)

// messageTypes are the observables that mean single messages.
var messageTypes = []ctim.ObservableType{ctim.CiscoMID, ctim.EmailMessageID, ctim.SHA256}

// senderTypes are those that mean who sent it.
var senderTypes = []ctim.ObservableType{ctim.Email, ctim.Domain}

// Respond gives what can be done: it asks nothing of the device.
func (e esa) Respond(ctx context.Context, m Module, asked []ctim.Observable) ([]Action, []Complaint) {
	if c := e.reach(ctx, m); c != nil {
		return nil, []Complaint{*c}
	}
	var out []Action
	add := func(id, title, description string, o ctim.Observable) {
		out = append(out, Action{ID: id, Title: title, Description: description, URL: triggerURL(m, id, o), Categories: []string{m.Type}})
	}
	for _, o := range asked {
		if slices.Contains(messageTypes, o.Type) {
			add(deleteMessage, "Delete the message", "Deletes the message from quarantines, or takes it out of mailboxes after it was delivered", o)
			add(quarantineMessage, "Keep the message in quarantine", "Moves a held message to the quarantine "+policyQuarantine+"; takes it out of mailboxes after it was delivered", o)
		}
		if slices.Contains(senderTypes, o.Type) {
			add(blockSender, "Block the sender", "Has the appliance stop mail of this sender", o)
		}
	}
	return out, nil
}

// policyQuarantine is where held messages go that are to stay. Every appliance has
// it. Source: AsyncOS user guide.
const policyQuarantine = "Policy"

// Trigger does one of the actions by calls of the device's own API.
func (e esa) Trigger(ctx context.Context, m Module, t Trigger) []Complaint {
	if c := e.reach(ctx, m); c != nil {
		return []Complaint{*c}
	}
	api := &deviceAPI{e.devices, m.DeviceID, &t}
	var err error
	switch {
	case t.Action == blockSender && slices.Contains(senderTypes, t.Observable.Type):
		err = e.block(ctx, m, api, t.Observable)
	case (t.Action == deleteMessage || t.Action == quarantineMessage) && slices.Contains(messageTypes, t.Observable.Type):
		err = e.remove(ctx, m, api, t)
	default:
		return []Complaint{{Error, "invalid argument", fmt.Sprintf("There is no action %.60q for %.40q", t.Action, t.Observable.Type)}}
	}
	if err == nil {
		return nil
	}
	return []Complaint{*e.failed(m, err)}
}

// errNothing says that there was nothing to do something about.
var errNothing = errors.New("there is nothing to do it with")

// failed sorts what kept an action from being done into codes of the service.
func (e esa) failed(m Module, err error) *Complaint {
	var r refused
	var c Complaint
	switch {
	case errors.As(err, &r):
		c = ClientError(r.message, r.status)
	case errors.Is(err, errNothing):
		c = ClientError(err.Error(), 404)
	case errors.Is(err, sse.ErrOffline), errors.Is(err, sse.ErrTimeout):
		c = TimedOut(m)
	case errors.Is(err, sse.ErrBusy):
		c = Complaint{Error, "too many requests", "The device has too many requests to answer"}
	case errors.Is(err, sse.ErrAnswer):
		c = Complaint{Fatal, "invalid-json-response", "The server response is not properly JSON encoded"}
	default:
		return e.complaintOf(m, err)
	}
	return &c
}

// remove deletes messages, or keeps them in quarantine; those that were delivered
// are taken out of mailboxes by both.
func (e esa) remove(ctx context.Context, m Module, api *deviceAPI, t Trigger) error {
	mids, err := e.mids(ctx, m, t.Observable)
	if err != nil {
		return err
	}
	done := 0
	for _, mid := range mids {
		p, err := api.where(ctx, mid)
		if err != nil {
			return err
		}
		if len(p.mids) == 0 {
			continue
		}
		act := api.deleteHeld
		if t.Action == quarantineMessage {
			act = api.keepHeld
		}
		n, err := act(ctx, p)
		if err == nil {
			done += n
			n, err = api.remediate(ctx, p.mids)
		}
		if err != nil {
			return err
		}
		done += n
	}
	if done == 0 {
		return fmt.Errorf("%w: no such message is in a quarantine or in a mailbox", errNothing)
	}
	return nil
}

// mids are the messages that an observable means on the device.
func (e esa) mids(ctx context.Context, m Module, o ctim.Observable) ([]uint64, error) {
	if o.Type == ctim.CiscoMID {
		mid, err := strconv.ParseUint(o.Value, 10, 64)
		if err != nil || mid == 0 {
			return nil, fmt.Errorf("%w: %.40q is no MID", errNothing, o.Value)
		}
		return []uint64{mid}, nil
	}
	found, err := e.seen(ctx, m, o, maxPerObservable)
	var out []uint64
	for _, s := range found.Sightings {
		for _, id := range s.ExternalIDs {
			if mid, err := strconv.ParseUint(id[strings.LastIndexByte(id, '-')+1:], 10, 64); err == nil {
				out = append(out, mid)
			}
		}
	}
	if err == nil && len(found.More) > 0 {
		err = refused{413, fmt.Sprintf("more than %d messages", maxPerObservable)}
	}
	return out, err
}

// seen finds the sightings of an observable within the module's timeframe.
func (e esa) seen(ctx context.Context, m Module, o ctim.Observable, limit int) (sse.Found, error) {
	return e.devices.Sightings(ctx, sse.Search{
		DeviceID: m.DeviceID, Observables: []ctim.Observable{o}, Since: time.Now().UTC().AddDate(0, 0, -m.TimeframeDays),
		PerEach: limit, InAll: limit, Bytes: maxModuleBytes,
	})
}

// block stops a sender: by a dictionary of the device if the module names one, else
// on the blocklists of those who had mail of him.
func (e esa) block(ctx context.Context, m Module, api *deviceAPI, o ctim.Observable) error {
	if name, _ := m.Settings[blockKey].(string); name != "" {
		return api.addWord(ctx, name, o.Value)
	}
	found, err := e.seen(ctx, m, o, maxPerObservable)
	if err != nil {
		return err
	}
	var recipients []string
	for _, s := range found.Sightings {
		for _, t := range s.Targets {
			for _, who := range t.Observables {
				if who.Type == ctim.Email && !slices.Contains(recipients, who.Value) {
					recipients = append(recipients, who.Value)
				}
			}
		}
	}
	if len(recipients) == 0 {
		return fmt.Errorf("%w: nobody had mail of this sender", errNothing)
	}
	return api.block(ctx, o.Value, recipients[:min(len(recipients), maxBlockedFor)])
}

// maxBlockedFor is for how many recipients a sender is blocked at once (ours).
const maxBlockedFor = 1000

// Refer gives links to the device's own message tracking, for what it has seen.
func (e esa) Refer(ctx context.Context, m Module, asked []ctim.Observable) ([]Ref, []Complaint) {
	if c := e.reach(ctx, m); c != nil {
		return nil, []Complaint{*c}
	}
	var out []Ref
	for _, o := range asked {
		found, err := e.seen(ctx, m, o, 1)
		if err != nil {
			return out, []Complaint{*e.complaintOf(m, err)}
		}
		if len(found.Sightings) == 0 {
			continue
		}
		if link, ok := trackingLink(found.Sightings[0].SourceURI, o, m.TimeframeDays); ok {
			out = append(out, Ref{ID: "ref-esa-tracking-" + string(o.Type) + "-" + o.Value, Title: "Search for this " + string(o.Type),
				Description: "Look for it in Message Tracking of the " + m.Type, URL: link, Categories: []string{m.Type, "Search"}})
		}
	}
	return out, nil
}

// trackingLink is the page of a device that has what is known of an observable. uri
// is the page of one of its messages, as the device told it.
func trackingLink(uri string, o ctim.Observable, days int) (string, bool) {
	if o.Type == ctim.CiscoMID {
		return uri, uri != ""
	}
	u, err := url.Parse(uri)
	if err != nil || u.Host == "" {
		return "", false
	}
	fields := map[ctim.ObservableType][]string{
		ctim.Email: {"sender", o.Value, "sender_match", "match_is"}, ctim.Domain: {"sender", "@" + o.Value, "sender_match", "match_contains"},
		ctim.IP: {"sender_ip", o.Value}, ctim.IPv6: {"sender_ip", o.Value}, ctim.EmailMessageID: {"message_id", o.Value},
		ctim.EmailSubject: {"subject", o.Value, "subject_match", "match_is"}, ctim.SHA256: {"file_sha256", o.Value}, ctim.FileName: {"attachment", o.Value},
	}[o.Type]
	if fields == nil {
		return "", false
	}
	now := time.Now().UTC()
	q := url.Values{"action": {"Search"}, "timerange": {"custom"}, "time_from": {"00:00"}, "time_to": {"23:59"},
		"date_from": {now.AddDate(0, 0, -days).Format("01/02/2006")}, "date_to": {now.Format("01/02/2006")}}
	for i := 0; i < len(fields); i += 2 {
		q.Set(fields[i], fields[i+1])
	}
	u.Path, u.RawQuery = strings.TrimSuffix(u.Path, "/details"), q.Encode()
	return u.String(), true
}

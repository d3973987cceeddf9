package quarantines

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"esasim/appliance/asyncos/rest"
	"esasim/appliance/quarantine"
	"esasim/esa"
)

// Bounds of an action.
const (
	mostOrder      = 256 << 10 // octets of its body
	mostMIDs       = 1000
	mostRecipients = 100
)

// order is the body of an action. Source: AsyncOS API guide, "Performing Actions on
// Messages".
type order struct {
	Action      string        `json:"action"`
	Kind        string        `json:"quarantineType"`
	Quarantine  string        `json:"quarantineName"`
	Destination string        `json:"destinationQuarantineName"`
	MIDs        []json.Number `json:"mids"` // numbers, also in quotes: rules_search has them so
	Recipients  []string      `json:"recipients"`
	Delay       string        `json:"delay"`
	Rules       []string      `json:"ruleId"`
}

type result struct {
	Action      string `json:"action"`
	Total       int    `json:"totalCount"` // of the messages with which it was done
	Destination string `json:"destinationQuarantineName,omitempty"`
	Delayed     string `json:"delayedTime,omitempty"`
}

// The actions there are besides delete, which has a method of its own.
const (
	releaseAction = "release"
	deleteAction  = "delete"
	moveAction    = "move"
	copyAction    = "copy"
	delayAction   = "delay"
)

// serveAction does something with held messages.
func (a *api) serveAction(c *rest.Call) (any, error) {
	var o order
	if err := c.Body(&o, mostOrder); err != nil {
		return nil, err
	}
	switch o.Action {
	case "":
		return nil, rest.Missing("action")
	case releaseAction, moveAction, copyAction, delayAction:
		return a.act(c, &o)
	}
	return nil, rest.Wrong("action", "want release, move, copy or delay")
}

// serveDelete deletes held messages.
func (a *api) serveDelete(c *rest.Call) (any, error) {
	var o order
	if err := c.Body(&o, mostOrder); err != nil {
		return nil, err
	}
	if o.Action != "" && o.Action != deleteAction {
		return nil, rest.Wrong("action", "is not for DELETE")
	}
	o.Action = deleteAction
	return a.act(c, &o)
}

// act does an action with the messages of an order that are held. Others are left out
// of the total: clients tell by it whether it was done.
func (a *api) act(c *rest.Call, o *order) (any, error) {
	mids, err := o.mids()
	if err != nil {
		return nil, err
	}
	if err := a.check(c, o); err != nil {
		return nil, err
	}
	out := result{Action: o.Action, Destination: o.Destination}
	res, err := a.do(c.Request.Context(), o, mids, &out)
	if errors.Is(err, quarantine.ErrInvalid) && o.Action == copyAction {
		return nil, rest.Wrong("recipients", "want addresses")
	}
	if errors.Is(err, quarantine.ErrUnknown) { // it has gone just now
		return nil, rest.Wrong("destinationQuarantineName", "there is no such quarantine any more")
	}
	out.Total = len(res.Done)
	a.audit(c, o, o.from(), res)
	if err != nil {
		return nil, err
	}
	return rest.Data{Data: out}, nil
}

func (a *api) do(ctx context.Context, o *order, mids []esa.MID, out *result) (quarantine.Result, error) {
	switch o.Action {
	case releaseAction:
		return a.Keeper.Release(ctx, mids, o.from())
	case deleteAction:
		return a.Keeper.Delete(ctx, mids, o.from())
	case moveAction:
		return a.Keeper.Move(ctx, mids, o.from(), o.Destination)
	case copyAction:
		return a.Keeper.SendCopy(ctx, mids, o.from(), o.Recipients)
	}
	by, err := quarantine.ParseDelay(o.Delay)
	if err == nil && (by < time.Second || by > quarantine.MostRetention) {
		err = quarantine.ErrInvalid
	}
	if err != nil {
		return quarantine.Result{}, rest.Wrong("delay", "want a time such as 8h, 24h, 48h or 1w")
	}
	out.Delayed = spoken(by)
	return a.Keeper.Delay(ctx, mids, o.from(), by)
}

// from is the quarantine that has the messages.
func (o *order) from() string {
	if o.Kind == spam {
		return quarantine.Spam
	}
	return o.Quarantine
}

// mids are the messages of an order, each once.
func (o *order) mids() ([]esa.MID, error) {
	if len(o.MIDs) == 0 {
		return nil, rest.Missing("mids")
	}
	if len(o.MIDs) > mostMIDs {
		return nil, rest.Wrong("mids", fmt.Sprintf("want at most %d", mostMIDs))
	}
	var out []esa.MID
	for _, n := range o.MIDs {
		mid, err := rest.ReadID[esa.MID]("mids", n.String())
		if err != nil {
			return nil, err
		}
		if !slices.Contains(out, mid) {
			out = append(out, mid)
		}
	}
	return out, nil
}

// check says what an action wants, or cannot have.
func (a *api) check(c *rest.Call, o *order) error {
	switch o.Kind {
	case "":
		return rest.Missing("quarantineType")
	case spam:
		if o.Action != releaseAction && o.Action != deleteAction {
			return rest.Wrong("action", o.Action+" is not for quarantineType="+spam)
		}
	case pvo:
	default:
		return rest.Wrong("quarantineType", "want spam or pvo")
	}
	for _, key := range []struct {
		name          string
		given, wanted bool
	}{
		{"quarantineName", o.Quarantine != "", o.Kind == pvo}, {"destinationQuarantineName", o.Destination != "", o.Action == moveAction},
		{"recipients", len(o.Recipients) > 0, o.Action == copyAction}, {"delay", o.Delay != "", o.Action == delayAction}, {"ruleId", o.Rules != nil, false},
	} {
		if key.wanted && !key.given {
			return rest.Missing(key.name)
		}
		if key.given && !key.wanted {
			return rest.Wrong(key.name, "is not for the action "+o.Action+" with quarantineType="+o.Kind)
		}
	}
	return a.checkNames(c, o)
}

// checkNames says which quarantine of an order there is not, or not for the caller.
func (a *api) checkNames(c *rest.Call, o *order) error {
	if o.Kind == spam {
		return a.use(c, "", quarantine.Spam, mayChange)
	}
	if err := a.use(c, "quarantineName", o.Quarantine, mayChange); err != nil {
		return err
	}
	if len(o.Recipients) > mostRecipients {
		return rest.Wrong("recipients", fmt.Sprintf("want at most %d", mostRecipients))
	}
	if o.Action != moveAction {
		return nil
	}
	if o.Destination == o.Quarantine {
		return rest.Wrong("destinationQuarantineName", "want another quarantine")
	}
	if s := a.find(o.Destination); s != nil && s.Gone {
		return rest.Wrong("destinationQuarantineName", "there is no such quarantine any more")
	}
	return a.use(c, "destinationQuarantineName", o.Destination, mayLook)
}

// audit says in the log's line of the call what was done. It is bounded as mids are.
func (a *api) audit(c *rest.Call, o *order, in string, res quarantine.Result) {
	mids := make([]string, 0, min(len(res.Done), mostMIDs))
	for _, mid := range res.Done[:cap(mids)] {
		mids = append(mids, mid.String())
	}
	c.Note("action", o.Action, "quarantine", in, "messages", len(res.Done), "mids", strings.Join(mids, " "))
	if to := cmp.Or(o.Destination, o.Delay, strings.Join(o.Recipients, " ")); to != "" {
		c.Note("to", to)
	}
	if len(o.Rules) > 0 {
		c.Note("rules", strings.Join(o.Rules, ", "))
	}
	for _, r := range res.Refused[:min(len(res.Refused), 10)] {
		if !errors.Is(r.Err, quarantine.ErrNotHeld) {
			a.Logger.Warn("the API could not change a held message", "mid", r.MID, "action", o.Action, "error", r.Err)
		}
	}
}

// spoken is a time in words. Source: recorded answers, which have "8 hours"; weeks,
// days, minutes and seconds are inferred.
func spoken(d time.Duration) string {
	const day = 24 * time.Hour
	n, unit := int64(d/time.Second), "second"
	switch {
	case d%(7*day) == 0:
		n, unit = int64(d/(7*day)), "week"
	case d%time.Hour == 0:
		n, unit = int64(d/time.Hour), "hour"
	case d%time.Minute == 0:
		n, unit = int64(d/time.Minute), "minute"
	}
	if n != 1 {
		unit += "s"
	}
	return fmt.Sprintf("%d %s", n, unit)
}

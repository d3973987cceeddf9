// Package remediation is the part of the AsyncOS REST API that takes delivered
// messages out of mailboxes again. The real appliance does so from its pages,
// by Search and Remediate; what its API calls that is not public.
package remediation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"esasim/appliance/asyncos/rest"
	"esasim/appliance/mailbox"
	"esasim/appliance/users"
	"esasim/esa"
	"esasim/internal/fidelity"
)

// Mailboxes is where delivered messages are.
type Mailboxes interface {
	// Holding gives the addresses in whose mailboxes a message may be; none for one
	// that there is not.
	Holding(ctx context.Context, mid esa.MID) ([]string, error)
	// Remove takes a message out of one: mailbox.ErrNone.
	Remove(ctx context.Context, address string, mid esa.MID, why string) error
}

// Options of the area. Mailboxes is required.
type Options struct{ Mailboxes Mailboxes }

// Routes are the calls of the area.
func Routes(o Options) []rest.Route {
	a := api(o)
	return []rest.Route{{Method: "POST", Path: "message-tracking/remediation", May: users.Role.MayChange, Serve: a.serve}}
}

type api Options

// Bounds of a remediation.
const (
	mostOrder      = 256 << 10 // octets of its body
	mostMIDs       = 1000
	mostRecipients = 100
	mostReason     = 200 // octets
)

// order is the body of a remediation. It has the form of the actions on held messages.
type order struct {
	Action     string        `json:"action"`
	MIDs       []json.Number `json:"mids"`
	Recipients []string      `json:"recipients"` // none: all that have it
	Reason     string        `json:"reason"`
}

type result struct {
	Action string `json:"action"`
	Total  int    `json:"totalCount"` // of the mailboxes that something was taken out of, message by message
}

// serve takes messages out of mailboxes. What is in no mailbox is left out of the
// total: callers tell by it whether it was done.
func (a api) serve(c *rest.Call) (any, error) {
	var o order
	if err := c.Body(&o, mostOrder); err != nil {
		return nil, err
	}
	mids, err := o.check()
	if err != nil {
		return nil, err
	}
	out := result{Action: o.Action}
	for _, mid := range mids {
		n, err := a.remove(c.Request.Context(), mid, &o)
		if err != nil {
			return nil, fmt.Errorf("remediate MID %d: %w", mid, err)
		}
		out.Total += n
	}
	return rest.Data{Data: out}, nil
}

// remove takes one message out of the mailboxes that an order is for, and says out of
// how many.
func (a api) remove(ctx context.Context, mid esa.MID, o *order) (int, error) {
	addresses, err := a.Mailboxes.Holding(ctx, mid)
	done := 0
	for _, address := range addresses {
		if len(o.Recipients) > 0 && !slices.ContainsFunc(o.Recipients, func(r string) bool { return strings.EqualFold(r, address) }) {
			continue
		}
		if err := a.Mailboxes.Remove(ctx, address, mid, o.Reason); err == nil {
			done++
		} else if !errors.Is(err, mailbox.ErrNone) { // somebody was quicker
			return done, err
		}
	}
	return done, err
}

// check says what is wrong with an order, and fills in what it leaves out.
func (o *order) check() (mids []esa.MID, err error) {
	switch {
	case o.Action == "":
		return nil, rest.Missing("action")
	case o.Action != "delete":
		return nil, rest.Wrong("action", "want delete")
	case len(o.MIDs) == 0:
		return nil, rest.Missing("mids")
	case len(o.MIDs) > mostMIDs:
		return nil, rest.Wrong("mids", fmt.Sprintf("want at most %d", mostMIDs))
	case len(o.Recipients) > mostRecipients:
		return nil, rest.Wrong("recipients", fmt.Sprintf("want at most %d", mostRecipients))
	case len(o.Reason) > mostReason || strings.ContainsFunc(o.Reason, unicode.IsControl):
		return nil, rest.Wrong("reason", fmt.Sprintf("want one line of at most %d octets", mostReason))
	}
	if o.Reason == "" {
		o.Reason = "manual"
	}
	for _, n := range o.MIDs {
		mid, err := rest.ReadID[esa.MID]("mids", n.String())
		if err != nil {
			return nil, err
		}
		mids = append(mids, mid)
	}
	return mids, nil
}

// Fidelity lists the calls of the area.
func Fidelity() []fidelity.Claim {
	return []fidelity.Claim{
		{Area: "REST API", What: "POST message-tracking/remediation: takes delivered messages out of mailboxes, in the form of the actions on held messages", Level: fidelity.Ours, Source: "the real call is not public"},
	}
}

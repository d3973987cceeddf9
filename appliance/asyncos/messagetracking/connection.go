package messagetracking

import (
	"cmp"
	"errors"
	"slices"

	"esasim/appliance/asyncos/rest"
	"esasim/appliance/details"
	"esasim/esa"
	"esasim/tracking"
)

// serveConnection answers GET message-tracking/connection-details, which has no
// envelope. Source: recorded answers. Of a connection that is not there nothing is
// said.
func (a *api) serveConnection(c *rest.Call) (any, error) {
	if _, _, err := c.Span(false); err != nil {
		return nil, err
	}
	icid, err := rest.ID[esa.ICID](c.Parameters, "icid")
	if err != nil {
		return nil, err
	}
	if icid == 0 {
		return nil, rest.Missing("icid")
	}
	var events []esa.Event
	if !c.Has("serialNumber") || c.Get("serialNumber") == a.Serial {
		events, err = a.Tracker.Connection(c.Request.Context(), icid)
		if err != nil && !errors.Is(err, tracking.ErrNotFound) {
			return nil, err
		}
	}
	src := decided(events)
	if a.Unsaved && slices.Contains(refusals, src.Rule) {
		src, events = esa.Source{}, nil
	}
	var out struct {
		Group    string `json:"senderGroup"`
		SBRS     string `json:"sbrs"`
		Messages struct {
			Summary []line `json:"summary"`
		} `json:"messages"`
	}
	out.Group, out.SBRS = cmp.Or(src.Group, "N/A"), cmp.Or(src.SBRS, "N/A")
	out.Messages.Summary = a.lines(details.Connection(events))
	return out, nil
}

// decided is what the Host Access Table knows of a connection.
func decided(events []esa.Event) (src esa.Source) {
	for _, e := range events {
		if e.Kind == esa.HATDecided && e.Source != nil {
			src = *e.Source
		}
	}
	return src
}

package asyncos

import (
	"cmp"
	"errors"

	"esasim/appliance/details"
	"esasim/esa"
	"esasim/tracking"
)

// serveConnection answers GET message-tracking/connection-details, which has no
// envelope. Source: recorded answers. Of a connection that is not there nothing is
// said.
func (a *api) serveConnection(c *call) (any, error) {
	if _, _, err := c.span(false); err != nil {
		return nil, err
	}
	icid, err := id[esa.ICID](c.parameters, "icid")
	if err != nil {
		return nil, err
	}
	if icid == 0 {
		return nil, missing("icid")
	}
	var events []esa.Event
	if !c.has("serialNumber") || c.get("serialNumber") == a.Serial {
		events, err = a.Tracker.Connection(c.r.Context(), icid)
		if err != nil && !errors.Is(err, tracking.ErrNotFound) {
			return nil, err
		}
	}
	var out struct {
		Group    string `json:"senderGroup"`
		SBRS     string `json:"sbrs"`
		Messages struct {
			Summary []line `json:"summary"`
		} `json:"messages"`
	}
	src := decided(events)
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

// Package messagetracking is the part of the AsyncOS REST API that answers what
// became of messages: searches, and the details of one of them.
package messagetracking

import (
	"context"
	"net/http"
	"time"

	"esasim/appliance/asyncos/rest"
	"esasim/esa"
	"esasim/tracking"
)

// Tracker answers what the API asks of message tracking.
type Tracker interface {
	// Search finds messages, newest first, one page at a time.
	Search(ctx context.Context, q tracking.Query) (tracking.Page, error)
	// Message is one message with all its events; tracking.ErrNotFound.
	Message(ctx context.Context, mid esa.MID) (esa.Message, error)
	// Family is a message with those it was made from and those made from it, by
	// MID; tracking.ErrNotFound.
	Family(ctx context.Context, mid esa.MID) ([]esa.Message, error)
	// Connection is what happened on an injection connection, apart from its
	// messages; tracking.ErrNotFound.
	Connection(ctx context.Context, icid esa.ICID) ([]esa.Event, error)
	// Connections finds connections, newest first, each with all its events.
	Connections(ctx context.Context, q tracking.Connections) ([][]esa.Event, error)
	// Span is the time of the first and of the last message kept; both zero
	// when there is none.
	Span(ctx context.Context) (first, last time.Time, err error)
}

// Options of the area. Tracker is required.
type Options struct {
	Tracker  Tracker
	Host     string         // the appliance's name
	Serial   string         // its serial number
	Flat     bool           // rows as of AsyncOS 13.0, not keyed by MID
	Location *time.Location // of the times in answers; nil: UTC
	Disabled bool           // message tracking is off: each call says so
	Unsaved  bool           // connections that were rejected are not tracked: none is found
}

type api struct {
	Options
	groups []eventGroup
	places places
}

// Routes are the calls of the area.
func Routes(o Options) []rest.Route {
	if o.Location == nil {
		o.Location = time.UTC
	}
	a := &api{Options: o, groups: eventGroups()}
	var out []rest.Route
	for _, t := range []struct {
		name, privilege string
		takes           []string
		serve           func(*rest.Call) (any, error)
	}{
		{"messages", "messages", searchParameters(), a.serveMessages},
		{"export", "messages", searchParameters(), a.serveExport},
		{"details", "detail", detailsParameters, a.serveDetails},
		{"amp-details", "amp_details", detailsParameters, a.serveAMPDetails},
		{"connection-details", "connection_details", []string{"startDate", "endDate", "icid", "serialNumber"}, a.serveConnection},
		{"dlp-details", "dlp_details", detailsParameters, a.serveDLPDetails},
		{"url-details", "url_details", detailsParameters, a.serveURLDetails},
		{"remediation-details", "remediation_details", detailsParameters, a.serveRemediation},
		{"availability", "availability", nil, a.serveAvailability},
	} {
		if o.Disabled {
			t.serve = func(*rest.Call) (any, error) { return nil, errDisabled }
		}
		out = append(out, rest.Route{Method: "GET", Path: "message-tracking/" + t.name, Privilege: "e_message_tracking_" + t.privilege,
			Takes: t.takes, Repeated: repeated, Plus: plusses, Serve: t.serve})
	}
	return out
}

// errDisabled is what every call is answered with while message tracking is off.
var errDisabled = rest.Fault{Status: http.StatusNotFound, Message: "Message Tracking is disabled."}

// repeated are the parameters that may be given again. Source: public clients.
var repeated = []string{"mid"}

// plusses are those in which + is itself: addresses and message-ids have no blanks.
var plusses = []string{"envelopeSenderfilterValue", "envelopeRecipientfilterValue", "messageIdHeader", "domainNameValue"}

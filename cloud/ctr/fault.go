package ctr

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/google/uuid"

	"esasim/cloud/route"
	"esasim/cloud/store"
)

// fault is an answer in the service's normalized error form.
type fault struct {
	status      int
	code        string // error
	description string // error_description; may be empty
}

func (f fault) Error() string { return f.code + ": " + f.description }

// invalidBody is an answer of the service's schema library: what is wrong, in the
// places of a body where it is wrong.
type invalidBody struct{ errors any }

func (invalidBody) Error() string { return "invalid body" }

// normalized is the body of a fault. Source: schema (NormalizedError).
type normalized struct {
	Error       string `json:"error"`
	Description string `json:"error_description,omitempty"`
	Trace       string `json:"trace_id,omitempty"`
}

// fail writes an error. One that is not a fault is ours: it is logged under
// the trace id that the client is given, as the service does (observed).
func (t *Threat) fail(w http.ResponseWriter, err error) {
	var f fault
	var b invalidBody
	switch {
	case errors.As(err, &b):
		route.JSON(w, http.StatusBadRequest, map[string]any{"errors": b.errors})
	case errors.As(err, &f):
		route.JSON(w, f.status, normalized{Error: f.code, Description: f.description})
	case errors.Is(err, store.ErrClosed), errors.Is(err, context.Canceled):
		w.Header().Set("Retry-After", "1")
		route.JSON(w, http.StatusServiceUnavailable, normalized{Error: "unavailable", Description: "The service is stopping."})
	default:
		trace := uuid.NewString()
		t.log.Error("threat response", "error", err, "trace_id", trace)
		route.JSON(w, http.StatusInternalServerError, normalized{
			"unknown-exception", "This exception has been logged for further inspection.", trace,
		})
	}
}

// readBody reads a body within its limit. The refusal's wording is ours: the
// real limit is not public.
func readBody(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, error) {
	b, err := route.Body(w, r, limit)
	if errors.Is(err, route.ErrTooLarge) {
		return nil, fault{http.StatusRequestEntityTooLarge, "request_too_large", fmt.Sprintf("The body is longer than %d bytes.", limit)}
	}
	if errors.Is(err, route.ErrLate) {
		return nil, fault{http.StatusRequestTimeout, "request_timeout", fmt.Sprintf("The body did not come within %s.", route.Patience)}
	}
	if err != nil {
		return nil, invalidRequest("The body ended early.")
	}
	return b, nil
}

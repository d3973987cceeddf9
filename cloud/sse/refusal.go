package sse

import (
	"errors"
	"fmt"
	"net/http"

	"esasim/cloud/route"
	"esasim/cloud/store"
)

// refusal is an answer that is not good: its status, the code by which a
// program tells it from others, and a sentence for a person.
type refusal struct {
	status  int
	code    string
	message string
}

func (r refusal) Error() string { return r.message }

func badRequest(message string) refusal {
	return refusal{http.StatusBadRequest, "invalid_request", message}
}

func tooLarge(message string) refusal {
	return refusal{http.StatusRequestEntityTooLarge, "too_large", message}
}

// late is 408, after which the device sends the same again.
func late() refusal {
	return refusal{http.StatusRequestTimeout, "timeout", fmt.Sprintf("The body did not come within %s.", route.Patience)}
}

// fail writes an error in the form of docs/wire.md.
func fail(w http.ResponseWriter, err error) {
	var r refusal
	if !errors.As(err, &r) {
		r = refusalFor(err)
	}
	if r.status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "1")
	}
	route.JSON(w, r.status, errorBody{r.code, r.message})
}

// fail answers an error and logs the one that should not have happened, whose
// text is not for outsiders.
func (x *Exchange) fail(w http.ResponseWriter, err error) {
	var r refusal
	if !errors.As(err, &r) && refusalFor(err).status == http.StatusInternalServerError {
		x.log.Error("security services exchange", "error", err)
	}
	fail(w, err)
}

func refusalFor(err error) refusal {
	switch {
	case errors.Is(err, ErrInvalidToken):
		return refusal{http.StatusForbidden, "invalid_token", "The token is invalid or has expired."}
	case errors.Is(err, ErrUnauthorized):
		return refusal{http.StatusUnauthorized, "unauthorized", "The credential is missing or wrong."}
	case errors.Is(err, ErrUnknownDevice):
		return refusal{http.StatusNotFound, "unknown_device", "There is no such device."}
	case errors.Is(err, ErrInvalid):
		return badRequest(err.Error())
	case errors.Is(err, store.ErrClosed):
		return refusal{http.StatusServiceUnavailable, "unavailable", "The service is stopping."}
	}
	return refusal{http.StatusInternalServerError, "internal", "The service could not keep this; try again later."}
}

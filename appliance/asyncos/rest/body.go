package rest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
)

// Body reads the JSON object that a request carries, of mostOctets at most, into what
// v points to. What it says of its own type does not matter: older clients say it is
// plain text. A key that v does not have is refused rather than ignored.
func (c *Call) Body(v any, mostOctets int64) error {
	b, err := io.ReadAll(http.MaxBytesReader(c.Writer, c.Request.Body, mostOctets))
	if over := (*http.MaxBytesError)(nil); errors.As(err, &over) {
		return Fault{http.StatusRequestEntityTooLarge, "The body is too large."}
	}
	if err != nil {
		return Fault{http.StatusBadRequest, "The body ended early."}
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	switch err := d.Decode(v); {
	case err == io.EOF:
		return Fault{http.StatusBadRequest, "Want a JSON object in the body."}
	case err != nil:
		return badBody(err)
	}
	if _, err := d.Token(); err != io.EOF {
		return Fault{http.StatusBadRequest, "Want one JSON object in the body, and nothing behind it."}
	}
	return nil
}

// badBody says what is wrong in the words of who writes JSON, not of Go.
func badBody(err error) error {
	kind := (*json.UnmarshalTypeError)(nil)
	name, unknown := strings.CutPrefix(err.Error(), "json: unknown field ")
	switch {
	case unknown:
		return Fault{http.StatusBadRequest, "Wrong Parameter - " + Clip(strings.Trim(name, `"`)) + ": unknown."}
	case errors.As(err, &kind) && kind.Field != "":
		return Fault{http.StatusBadRequest, "Wrong Parameter - " + Clip(kind.Field) + ": not a " + Clip(kind.Value) + "."}
	}
	return Fault{http.StatusBadRequest, "The body is not the JSON that this call takes."}
}

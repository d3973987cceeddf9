package ctia

import (
	"encoding/json"
	"errors"
	"net/http"
)

// Fault is a refusal: a status and the body that the service gives with it.
type Fault struct {
	Status int
	Body   any
}

func (f *Fault) Error() string {
	b, err := json.Marshal(f.Body)
	if err != nil {
		return http.StatusText(f.Status)
	}
	return string(b)
}

// refusal is the body of most faults; what is empty is absent.
type refusal struct {
	Error        string   `json:"error,omitempty"`
	Type         string   `json:"type,omitempty"`
	Message      string   `json:"message,omitempty"`
	Entity       any      `json:"entity,omitempty"`
	Class        string   `json:"class,omitempty"`
	Capabilities []string `json:"capabilities,omitempty"`
	Owner        string   `json:"owner,omitempty"`
}

const exInfo = "clojure.lang.ExceptionInfo"

// misshapen says which keys of a body or a query cannot be as they are.
func misshapen(faults any) *Fault {
	return &Fault{http.StatusBadRequest, map[string]any{"errors": faults}}
}

func invalidEntity(d Document, message string) *Fault {
	return &Fault{http.StatusBadRequest, refusal{
		Error: "Spec Validation Client Error", Type: "Invalid Entity Error", Message: message, Entity: d, Class: exInfo,
	}}
}

func badRequest(message string) *Fault {
	return &Fault{http.StatusBadRequest, refusal{Error: message}}
}

// invalidSearch is what the index behind the service says of a query.
func invalidSearch(message string) *Fault {
	return &Fault{http.StatusBadRequest, refusal{Type: "ES Invalid Request", Message: message, Class: exInfo}}
}

// notAllowed: verb is read, update or delete.
func notAllowed(verb string) *Fault {
	return &Fault{http.StatusForbidden, refusal{
		Error: "Access Control validation Client Error", Type: "Access Control Error",
		Message: "You are not allowed to " + verb + " this document", Class: exInfo,
	}}
}

func missing(kind string) *Fault {
	return &Fault{http.StatusNotFound, refusal{Error: kind + " not found"}}
}

// IsMissing is true for the fault of an entity that is not there.
func IsMissing(err error) bool {
	var f *Fault
	return errors.As(err, &f) && f.Status == http.StatusNotFound
}

// lacking says which capabilities the caller would need.
func lacking(who Caller, capabilities ...string) *Fault {
	return &Fault{http.StatusForbidden, refusal{
		Error: "missing_capability", Message: "Missing capability", Capabilities: capabilities, Owner: who.User,
	}}
}

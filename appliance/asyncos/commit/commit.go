// Package commit is how calls of the AsyncOS REST API change the configuration: what a
// call says is submitted and committed at once, because the API has no commit of its
// own.
package commit

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"

	"esasim/appliance/asyncos/rest"
	"esasim/appliance/changes"
)

// Changes is what commits. It is [changes.Changes].
type Changes interface {
	Now(ctx context.Context, user, comment string, edits ...changes.Edit) (changes.Entry, error)
}

// Now commits what a call changes, in its user's name. What cannot run is refused with
// 400 and the reason.
func Now(c *rest.Call, by Changes, edits ...changes.Edit) error {
	ctx := changes.WithSource(c.Request.Context(), "REST API, "+c.Request.RemoteAddr)
	if _, err := by.Now(ctx, c.User.Name, c.Request.Method+" "+rest.Clip(c.Request.URL.Path), edits...); err != nil {
		return rest.Fault{Status: http.StatusBadRequest, Message: clipped(err)}
	}
	return nil
}

// clipped is an error on one line, with a bound.
func clipped(err error) string {
	const most = 1000
	s := strings.ReplaceAll(err.Error(), "\n", "; ")
	if r := []rune(s); len(r) > most {
		s = string(r[:most]) + "…"
	}
	return s
}

// YAML writes a value of texts, numbers and lists. JSON is YAML.
func YAML(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // it has nothing else in it
	}
	return string(b)
}

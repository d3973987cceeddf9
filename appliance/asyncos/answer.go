package asyncos

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"

	"esasim/appliance/users"
)

// data is the envelope of an answer.
type data struct {
	Data any `json:"data"`
}

// fault is a refusal: an error of who calls.
type fault struct {
	status  int
	message string
}

func (f fault) Error() string { return f.message }

// errorBody is what a refusal looks like. Source: recorded answers; the code is a
// string.
type errorBody struct {
	Error struct {
		Message     string `json:"message"`
		Code        string `json:"code"`
		Explanation string `json:"explanation"`
	} `json:"error"`
}

// explanation is the text of a status: that of Python's HTTP server, which the
// appliance uses. Those of 401 and 404 were seen.
func explanation(status int) string {
	text, ok := map[int]string{
		400: "Bad request syntax or unsupported method", 401: "No permission -- see authorization schemes.",
		403: "Request forbidden -- authorization will not help", 404: "Nothing matches the given URI.",
		405: "Specified method is invalid for this resource.", 406: "URI not available in preferred format.",
		408: "Request timed out; try again later.", 410: "URI no longer exists and has been permanently removed.",
		413: "Entity is too large.", 414: "URI is too long.", 500: "Server got itself in trouble",
		501: "Server does not support this operation", 502: "Invalid responses from another server/proxy.",
		503: "The server cannot process the request due to a high load",
	}[status]
	if !ok {
		text = http.StatusText(status)
	}
	return strconv.Itoa(status) + " = " + text
}

func fail(w http.ResponseWriter, f fault) {
	var body errorBody
	body.Error.Message, body.Error.Code, body.Error.Explanation = f.message, strconv.Itoa(f.status), explanation(f.status)
	answer(w, f.status, body)
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false) // clients compare texts
	_ = e.Encode(v)        // the client is gone; there is nobody to tell
}

// refuse answers with an error. What is no fault of the caller is told to the log.
func (a *api) refuse(c *call, err error) {
	f, wait := fault{}, (*users.Wait)(nil)
	switch {
	case errors.As(err, &wait):
		c.w.Header().Set("Retry-After", strconv.Itoa(int((wait.For+time.Second-1)/time.Second)))
		f = fault{http.StatusUnauthorized, "Too many failed attempts. Try again later."}
	case errors.As(err, &f):
	case c.r.Context().Err() != nil:
		return // the client has gone
	case errors.Is(err, errTooLong):
		f = fault{http.StatusServiceUnavailable, "The query took too long. Ask for a shorter time range."}
	default:
		a.Logger.Error("the API could not answer", "path", c.r.URL.Path, "error", err)
		f = fault{http.StatusInternalServerError, "Internal error. It has been logged."}
	}
	if f.status == http.StatusUnauthorized {
		c.w.Header().Set("WWW-Authenticate", `Basic realm="AsyncOS API"`)
	}
	fail(c.w, f)
}

func notFound(r *http.Request) fault {
	return fault{http.StatusNotFound, "There is no resource " + clip(r.URL.Path) + "."}
}

// missing and wrong are what is said of parameters. That these are answered with
// 404, and the first text, were seen.
func missing(what string) fault {
	return fault{http.StatusNotFound, "Missing attribute - " + what + "."}
}

func wrong(name, reason string) fault {
	return fault{http.StatusNotFound, "Wrong Parameter - " + clip(name) + ": " + reason + "."}
}

// clip bounds what is repeated of a request.
func clip(s string) string {
	const most = 100
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}

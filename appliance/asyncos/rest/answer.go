package rest

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"

	"esasim/appliance/users"
)

// Data is the envelope of an answer.
type Data struct {
	Data any `json:"data"`
}

// Fault is a refusal: an error of who calls.
type Fault struct {
	Status  int    // of HTTP
	Message string // a sentence for who reads it
}

func (f Fault) Error() string { return f.Message }

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

func fail(w http.ResponseWriter, f Fault) {
	var body errorBody
	body.Error.Message, body.Error.Code, body.Error.Explanation = f.Message, strconv.Itoa(f.Status), explanation(f.Status)
	answer(w, f.Status, body)
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false) // clients compare texts
	_ = e.Encode(v)        // the client is gone; there is nobody to tell
}

// refuse answers with an error. What is no fault of the caller is told to the log.
func (a *api) refuse(c *Call, err error) {
	f, wait := Fault{}, (*users.Wait)(nil)
	switch {
	case errors.As(err, &wait):
		c.Writer.Header().Set("Retry-After", strconv.Itoa(int((wait.For+time.Second-1)/time.Second)))
		f = Fault{http.StatusUnauthorized, "Too many failed attempts. Try again later."}
	case errors.As(err, &f):
	case c.Request.Context().Err() != nil:
		return // the client has gone
	default:
		a.Logger.Error("the API could not answer", "path", c.Request.URL.Path, "error", err)
		f = Fault{http.StatusInternalServerError, "Internal error. It has been logged."}
	}
	if f.Status == http.StatusUnauthorized {
		c.Writer.Header().Set("WWW-Authenticate", `Basic realm="AsyncOS API"`)
	}
	fail(c.Writer, f)
}

func notFound(r *http.Request) Fault {
	return Fault{http.StatusNotFound, "There is no resource " + Clip(r.URL.Path) + "."}
}

// Missing says that a parameter, or a key of the body, is wanted. That it is answered
// with 404, and the text, were seen.
func Missing(what string) Fault {
	return Fault{http.StatusNotFound, "Missing attribute - " + what + "."}
}

// Wrong says what is wrong with a parameter, or a key of the body.
func Wrong(name, reason string) Fault {
	return Fault{http.StatusNotFound, "Wrong Parameter - " + Clip(name) + ": " + reason + "."}
}

// Clip bounds what is repeated of a request.
func Clip(s string) string {
	const most = 100
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}

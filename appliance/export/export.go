// Package export writes messages of message tracking as files: CSV for people
// with a spreadsheet, JSON lines for programs. A file is made while the messages
// come, so it needs no more memory the longer it gets.
package export

import (
	"fmt"
	"net/http"
	"time"

	"esasim/esa"
)

// Each calls yield for message after message until yield returns an error, which
// is then its own.
type Each func(yield func(*esa.Message) error) error

// Options of a file.
type Options struct {
	Host     string         // the appliance's name, for CSV
	Location *time.Location // of the times in CSV; nil: UTC
	Events   bool           // JSON lines have the lines of Message Details, too
}

// Answer is a file as the answer to an HTTP request. Its header is sent with the
// first octets. So whoever finds that nothing was sent before something broke
// can still answer with an error.
type Answer struct {
	w      http.ResponseWriter
	kind   string
	name   string
	begun  bool
	failed bool // writing did
}

// NewAnswer prepares an answer of a media type. With a name, browsers save it
// under that.
func NewAnswer(w http.ResponseWriter, kind, name string) *Answer {
	return &Answer{w: w, kind: kind, name: name}
}

// The media types of the files.
const (
	TypeCSV       = "text/csv; charset=utf-8"
	TypeJSONLines = "application/x-ndjson"
)

// Begin sends the header. An empty file needs it; for others Write does it.
func (a *Answer) Begin() {
	if a.begun {
		return
	}
	a.begun = true
	h := a.w.Header()
	h.Set("Content-Type", a.kind)
	h.Set("Cache-Control", "no-store")
	if a.name != "" {
		h.Set("Content-Disposition", fmt.Sprintf("attachment; filename=%q", a.name))
	}
	a.w.WriteHeader(http.StatusOK)
}

// Write sends a part of the file.
func (a *Answer) Write(b []byte) (int, error) {
	a.Begin()
	n, err := a.w.Write(b)
	a.failed = a.failed || err != nil
	return n, err
}

// End ends the answer, after err, which is how the file's making ended. It tells
// whether the answer is settled: it is not when nothing was sent before the
// error, and then the caller answers. What broke in the middle is told to broken,
// unless it is the client who went away, and the connection is cut, so that the
// file is seen to be incomplete; then End does not return.
func (a *Answer) End(err error, broken func(error)) (settled bool) {
	if err == nil {
		a.Begin()
		return true
	}
	if !a.begun {
		return false
	}
	if !a.failed {
		broken(err)
	}
	panic(http.ErrAbortHandler)
}

// Package rawmime reads mail that need not be well-formed: lines and
// boundaries, parameters, transfer encodings, text in any character set. It
// does not give up where strict readers do, and it keeps nothing but its
// buffers. Who finds the files in a message and who changes them read it
// through this package, so that they see the same message.
package rawmime

import (
	"io"
	"strings"

	"github.com/emersion/go-message"
)

// Bounds of what is looked at. Beyond them a message is still read to its end.
const (
	MaxDepth = 32   // of parts within parts
	MaxParts = 1000 // of one message
	maxType  = 255  // octets of a media type
	maxName  = 255  // characters of a file name
)

// Entity is what its header says of a message or part.
type Entity struct {
	Type     string            // media type in lower case; text/plain if it cannot be understood (RFC 2045 5.2)
	Params   map[string]string // of the media type
	Name     string            // of a file, without its path; "" if there is none
	File     bool              // it has a name or is said to be an attachment; never a multipart
	Boundary string            // of a multipart; "" if it cannot be taken apart
	Encoding string            // of the transfer, in lower case
}

// NewEntity reads the values of Content-Type, Content-Disposition and
// Content-Transfer-Encoding. A field that is missing is empty.
func NewEntity(contentType, disposition, encoding []byte) Entity {
	e := Entity{Encoding: strings.ToLower(strings.TrimSpace(string(encoding)))}
	e.Type, e.Params = Parameters(string(contentType))
	if !strings.Contains(e.Type, "/") {
		e.Type = "text/plain"
	}
	e.Type = e.Type[:min(len(e.Type), maxType)]
	what, params := Parameters(string(disposition))
	name := params["filename"]
	if name == "" {
		name = e.Params["name"]
	}
	e.Name = FileName(name)
	if strings.HasPrefix(e.Type, "multipart/") {
		e.Boundary = strings.TrimRight(e.Params["boundary"], " \t")
	} else {
		e.File = name != "" || what == "attachment"
	}
	return e
}

// Decode undoes a transfer encoding. If it is unknown the bytes are taken as
// they are; if it is broken, the reader fails where it can go no further.
func Decode(encoding string, r io.Reader) io.Reader {
	if Identity(encoding) {
		return r
	}
	var h message.Header
	h.Set("Content-Type", "application/octet-stream") // no conversion of charsets
	h.Set("Content-Transfer-Encoding", encoding)
	// The only errors are unknown encodings, and then the body is left as it is.
	entity, _ := message.New(h, r)
	return entity.Body
}

// Identity is true for the transfer encodings that change nothing.
func Identity(encoding string) bool {
	return encoding == "" || encoding == "7bit" || encoding == "8bit" || encoding == "binary"
}

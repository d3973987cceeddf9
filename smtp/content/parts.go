package content

import (
	"encoding/hex"
	"io"
	"strings"

	"github.com/emersion/go-message"

	"esasim/esa"
)

// entity looks at a message or part whose header has been read: it is walked
// through if it holds others, noted if it is a file, else passed over. It ends
// at a boundary or at the end of the message.
func (s *Scanner) entity(h *header, depth int) {
	kind, typeParams := parameters(string(h.value[contentType]))
	if kind == "" || !strings.Contains(kind, "/") {
		kind = "text/plain" // RFC 2045 5.2, also for what cannot be understood
	}
	disposition, params := parameters(string(h.value[contentDisposition]))
	name := params["filename"]
	if name == "" {
		name = typeParams["name"]
	}
	isFile := name != "" || disposition == "attachment"
	boundary := strings.TrimRight(typeParams["boundary"], " \t")
	switch {
	case strings.HasPrefix(kind, "multipart/") && boundary != "" && depth < maxDepth:
		s.multipart(boundary, depth)
	case isFile && !strings.HasPrefix(kind, "multipart/"):
		encoding := strings.TrimSpace(string(h.value[contentTransferEncoding]))
		s.file(fileName(name), kind, encoding)
	case kind == "message/rfc822" && depth < maxDepth:
		var inner header
		inner.read(&s.lines)
		s.entity(&inner, depth+1)
	default:
		s.skip()
	}
}

// multipart looks at every part. It ends at the boundary of a multipart around
// it, or at the end of the message.
func (s *Scanner) multipart(boundary string, depth int) {
	level := len(s.lines.bounds)
	s.lines.bounds = append(s.lines.bounds, []byte(boundary))
	s.skip() // the preamble
	var h header
	for s.lines.hit == level && !s.lines.last {
		s.lines.pass()
		if s.parts++; s.parts > maxParts {
			s.lines.drain()
			break
		}
		h.read(&s.lines)
		s.entity(&h, depth+1)
	}
	s.lines.bounds = s.lines.bounds[:level]
	if s.lines.hit == level {
		s.lines.pass()
		s.skip() // the epilogue
	}
}

// skip passes over the body of a part.
func (s *Scanner) skip() {
	for ok := true; ok; {
		_, _, ok = s.lines.next()
	}
}

// file notes an attachment. If its encoding is unknown its bytes are taken as
// they are; if it is broken, as far as it could be decoded.
func (s *Scanner) file(name, kind, encoding string) {
	var h message.Header
	h.Set("Content-Type", "application/octet-stream") // no conversion of charsets
	h.Set("Content-Transfer-Encoding", encoding)
	// The only errors are unknown encodings, and then the body is left as it is.
	entity, _ := message.New(h, &body{lines: &s.lines})
	s.sum.Reset()
	size, _ := io.CopyBuffer(s.sum, onlyReader{entity.Body}, s.copy)
	s.skip()
	s.found = append(s.found, esa.Attachment{
		Name: name, Type: kind[:min(len(kind), maxType)], Size: size, SHA256: hex.EncodeToString(s.sum.Sum(nil)),
	})
}

// onlyReader hides other methods, so that CopyBuffer uses its buffer.
type onlyReader struct{ io.Reader }

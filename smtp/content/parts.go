package content

import (
	"encoding/hex"
	"io"

	"esasim/esa"
	"esasim/internal/rawmime"
)

// entity looks at a message or part whose header has been read: it is walked
// through if it holds others, noted if it is a file, else passed over. It ends
// at a boundary or at the end of the message.
func (s *Scanner) entity(h *header, depth int) {
	e := rawmime.NewEntity(h.value[contentType], h.value[contentDisposition], h.value[contentTransferEncoding])
	switch {
	case e.Boundary != "" && depth < maxDepth:
		s.multipart(e.Boundary, depth)
	case e.File:
		s.file(e)
	case e.Type == "message/rfc822" && depth < maxDepth:
		var inner header
		inner.read(&s.lines)
		s.entity(&inner, depth+1)
	default:
		s.lines.Skip()
	}
}

// multipart looks at every part. It ends at the boundary of a multipart around
// it, or at the end of the message.
func (s *Scanner) multipart(boundary string, depth int) {
	level := len(s.lines.Bounds)
	s.lines.Bounds = append(s.lines.Bounds, []byte(boundary))
	s.lines.Skip() // the preamble
	var h header
	for s.lines.Hit == level && !s.lines.Last {
		s.lines.Pass()
		if s.parts++; s.parts > maxParts {
			s.lines.Drain()
			break
		}
		h.read(&s.lines)
		s.entity(&h, depth+1)
	}
	s.lines.Bounds = s.lines.Bounds[:level]
	if s.lines.Hit == level {
		s.lines.Pass()
		s.lines.Skip() // the epilogue
	}
}

// file notes an attachment. If its encoding is broken, as far as it could be
// decoded.
func (s *Scanner) file(e rawmime.Entity) {
	s.sum.Reset()
	decoded := rawmime.Decode(e.Encoding, &rawmime.Body{Lines: &s.lines})
	size, _ := io.CopyBuffer(s.sum, onlyReader{decoded}, s.copy)
	s.lines.Skip()
	s.found = append(s.found, esa.Attachment{
		Name: e.Name, Type: e.Type, Size: size, SHA256: hex.EncodeToString(s.sum.Sum(nil)),
	})
}

// onlyReader hides other methods, so that CopyBuffer uses its buffer.
type onlyReader struct{ io.Reader }

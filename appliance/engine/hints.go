package engine

import (
	"bytes"
	"errors"
	"io"
	"strings"

	"esasim/appliance/stage"
)

// hides tells whether something may be in a message that is only seen when it is
// taken apart, or the test file is in plain sight. Most mail has neither, and taking
// it apart costs a hundred times as much as looking at how its lines begin.
func hides(j *stage.Job) (bool, error) {
	b, err := j.Whole()
	if err != nil {
		return false, err
	}
	var h hints
	if b != nil {
		h.line(h.lines(b))
		return h.found, nil
	}
	r, err := j.Content()
	if err != nil {
		return false, err
	}
	return h.found, errors.Join(h.read(r, j.Buffer()), r.Close())
}

// hints are what the lines of a message tell.
type hints struct {
	found  bool
	base64 bool // the header under way says so
	file   bool // it is not that of a text or a message
	quoted bool // a part so far is coded as quoted-printable
}

// read looks at a stream until something is found. buf is room to read into.
func (h *hints) read(r io.Reader, buf []byte) error {
	for !h.found {
		n, err := r.Read(buf[len(buf):cap(buf)])
		rest := h.lines(buf[:len(buf)+n])
		if err == io.EOF {
			h.line(rest)
			return nil
		}
		if err != nil {
			return err
		}
		if len(rest) > cap(buf)/2 { // no line of mail is that long
			rest = rest[len(rest)-len(eicar):]
		}
		buf = buf[:copy(buf[:cap(buf)], rest)]
	}
	return nil
}

// lines looks at whole lines, and gives back the one that is not.
func (h *hints) lines(b []byte) (rest []byte) {
	h.found = h.found || bytes.Contains(b, []byte(eicar)) ||
		h.quoted && (bytes.Contains(b, []byte("EICAR")) || bytes.Contains(b, []byte("ANTIVIRUS"))) // a soft line break cuts one of them at most
	for !h.found {
		i := bytes.IndexByte(b, '\n')
		if i < 0 {
			break
		}
		was := h.quoted
		h.line(b[:i])
		if b = b[i+1:]; h.quoted && !was {
			return h.lines(b)
		}
	}
	return b
}

// line looks at how a line begins.
func (h *hints) line(b []byte) {
	if len(b) < 4 {
		if len(b) == 0 || b[0] == '\r' {
			h.header()
		}
		return
	}
	switch b[0] {
	case 'c', 'C':
		h.field(b)
	case 'U', 'H', 'J', '0', 'N', 'W': // in base64: ZIP and RAR, gzip, PDF, OLE, 7z, EICAR
		h.begins(b, "UEsDB", "UmFyIRo", "H4sI", "JVBERi", "0M8R4KGx", "N3q8ry", "WDVPIVAl")
	case 'P', 'R', '\x1f', '%', '\xd0', '7', '-': // as they are, and PGP
		h.begins(b, "PK\x03\x04", "Rar!", "\x1f\x8b\x08", "%PDF-", "\xd0\xcf\x11\xe0", "7z\xbc\xaf", "-----BEGIN PGP")
	}
}

func (h *hints) begins(b []byte, marks ...string) {
	for _, m := range marks {
		h.found = h.found || len(b) >= len(m) && string(b[:len(m)]) == m
	}
}

// header is the end of one: a text or a message in base64 has to be decoded.
func (h *hints) header() {
	h.found = h.found || h.base64 && !h.file
	h.base64, h.file = false, false
}

// field looks at a line that may be a field of a header. What follows on the next
// line is taken for what has to be looked at.
func (h *hints) field(b []byte) {
	if !is(b, "content-t") {
		return
	}
	name, value, ok := bytes.Cut(b, []byte(":"))
	name, value = bytes.TrimSpace(name), bytes.TrimSpace(value)
	switch {
	case !ok:
	case len(name) == len("content-type"):
		h.file = len(value) > 0 && !is(value, "text/") && !is(value, "message/")
		h.found = h.found || is(value, "application/pkcs7-mime") || is(value, "application/x-pkcs7-mime") ||
			is(value, "application/pgp-encrypted") || is(value, "multipart/encrypted")
	case is(name, "content-transfer-encoding"):
		h.base64 = h.base64 || len(value) == 0 || is(value, "base64")
		h.quoted = h.quoted || len(value) == 0 || is(value, "quoted-printable")
	}
}

// is tells whether b begins with the text, whatever its case.
func is(b []byte, text string) bool {
	return len(b) >= len(text) && strings.EqualFold(string(b[:len(text)]), text)
}

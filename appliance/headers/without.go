package headers

import (
	"bufio"
	"bytes"
	"io"
	"strings"
)

// mostField is how long an Authentication-Results field may be to be looked at. A
// longer one is left out, whoever's it is.
const mostField = 16 << 10

// filter reads a message without the Authentication-Results fields of one host.
type filter struct {
	in   *bufio.Reader
	host string
	out  []byte // read, and not handed out yet
	held []byte // the field in question, as far as it was read
	fate fate   // of the field that is being read
	end  bool   // of a line was read last
	body bool   // the header is over
	err  error
}

// fate is what happens to the lines of a field.
type fate uint8

const (
	pass fate = iota
	hold      // until it is known whose it is
	leave
)

func without(host string, content io.Reader) io.Reader {
	return &filter{in: bufio.NewReader(content), host: host, end: true}
}

func (f *filter) Read(p []byte) (int, error) {
	for len(f.out) == 0 {
		if f.body {
			return f.in.Read(p)
		}
		if f.err != nil {
			return 0, f.err
		}
		f.next()
	}
	n := copy(p, f.out)
	f.out = f.out[n:]
	return n, nil
}

// next reads a line, or as much of a long one as there is room for.
func (f *filter) next() {
	line, err := f.in.ReadSlice('\n')
	if err == bufio.ErrBufferFull {
		err = nil
	}
	if f.err = err; f.end && (len(line) == 0 || line[0] != ' ' && line[0] != '\t') {
		f.begin(line)
	}
	f.end = bytes.HasSuffix(line, []byte("\n"))
	switch {
	case f.fate == pass:
		f.out = append(f.out, line...) // it is the buffer's, and its next line would overwrite it
	case f.fate == hold && len(f.held)+len(line) <= mostField:
		f.held = append(f.held, line...)
	default:
		f.fate = leave
	}
	if f.err != nil {
		f.settle()
	}
}

// begin looks what a line begins, and settles what was before it.
func (f *filter) begin(line []byte) {
	f.out = f.out[:0]
	f.settle()
	f.fate = pass
	if len(bytes.TrimRight(line, "\r\n")) == 0 {
		f.body = len(line) > 0
		return
	}
	name, _, _ := bytes.Cut(line, []byte(":")) // which may stand behind more blanks than were read
	if bytes.EqualFold(bytes.TrimRight(name, " \t"), []byte("Authentication-Results")) {
		f.fate, f.held = hold, f.held[:0]
	}
}

// settle hands out a field that was held and is not the host's.
func (f *filter) settle() {
	if f.fate == hold {
		_, value, _ := bytes.Cut(f.held, []byte(":"))
		if !strings.EqualFold(serverOf(value), f.host) {
			f.out = append(f.out, f.held...)
		}
	}
	f.fate = leave
}

// serverOf is the authserv-id of a field (RFC 8601, 2.2): its first word or quoted
// string, behind blanks and comments.
func serverOf(value []byte) string {
	value = afterComments(value)
	if len(value) > 0 && value[0] == '"' {
		var id []byte
		for i := 1; i < len(value) && value[i] != '"'; i++ {
			if value[i] == '\\' && i+1 < len(value) {
				i++
			}
			id = append(id, value[i])
		}
		return string(id)
	}
	if i := bytes.IndexAny(value, " \t\r\n;(/"); i >= 0 {
		value = value[:i]
	}
	return string(value)
}

// afterComments passes over blanks and comments, which may be one in another.
func afterComments(b []byte) []byte {
	depth := 0
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case c == '(':
			depth++
		case c == ')' && depth > 0:
			depth--
		case c == '\\' && depth > 0:
			i++
		case depth == 0 && c != ' ' && c != '\t' && c != '\r' && c != '\n':
			return b[i:]
		}
	}
	return nil
}

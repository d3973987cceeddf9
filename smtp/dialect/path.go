package dialect

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// cutPath takes "FROM:<a@b> rest" apart: the mailbox as the client wrote it,
// without brackets and source route, and what follows without leading blanks.
// As with the appliance's default, loose address parsing, brackets may be
// missing and blanks may follow the colon. null allows "<>", whose mailbox is
// empty. A mailbox without domain gets this one, if it is not "".
func cutPath(arg []byte, keyword, domain string, null bool) (mailbox, rest []byte, ok bool) {
	if len(arg) < len(keyword) || !strings.EqualFold(string(arg[:len(keyword)]), keyword) {
		return nil, nil, false
	}
	arg = bytes.TrimLeft(arg[len(keyword):], " \t")
	bracket := len(arg) > 0 && arg[0] == '<'
	if bracket {
		arg = arg[1:]
	}
	end := pathEnd(arg, bracket)
	if end < 0 {
		return nil, nil, false
	}
	mailbox, rest = arg[:end], arg[end:]
	if bracket {
		rest = rest[1:]
		if null && len(mailbox) == 0 {
			return mailbox, bytes.TrimLeft(rest, " \t"), isBlankOrEmpty(rest)
		}
		mailbox = cutRoute(mailbox)
	}
	if domain != "" && isLocal(mailbox) {
		mailbox = append(append(mailbox[:len(mailbox):len(mailbox)], '@'), domain...)
	}
	ok = isBlankOrEmpty(rest) && isMailbox(mailbox)
	return mailbox, bytes.TrimLeft(rest, " \t"), ok
}

// isBlankOrEmpty is true if b ends or a blank comes next.
func isBlankOrEmpty(b []byte) bool { return len(b) == 0 || b[0] == ' ' || b[0] == '\t' }

// pathEnd finds the closing bracket, or without brackets the first blank or
// the end; -1 if there is none. Quoted strings may contain both.
func pathEnd(b []byte, bracket bool) int {
	quoted := false
	for i := 0; i < len(b); i++ {
		switch ch := b[i]; {
		case ch == '\\':
			i++
		case ch == '"':
			quoted = !quoted
		case quoted:
		case bracket && ch == '>', !bracket && (ch == ' ' || ch == '\t'):
			return i
		}
	}
	if bracket || quoted {
		return -1
	}
	return len(b)
}

// cutRoute removes a source route, "@a,@b:", which RFC 5321 4.1.1.3 tells to
// ignore.
func cutRoute(b []byte) []byte {
	if len(b) > 0 && b[0] == '@' {
		if i := bytes.IndexByte(b, ':'); i >= 0 {
			return b[i+1:]
		}
	}
	return b
}

// isMailbox is true for local@domain within bounds. It is no stricter than
// go-smtp, so that what passes here passes there.
func isMailbox(b []byte) bool {
	if len(b) > maxPath || !utf8.Valid(b) || bytes.ContainsFunc(b, isControl) {
		return false
	}
	n := localEnd(b)
	return n > 0 && n < len(b) && b[n] == '@' && isDomain(b[n+1:])
}

func isControl(r rune) bool { return r < ' ' || 0x7f <= r && r < 0xa0 }

// localEnd finds the end of the local part: dot-string or quoted string; 0 if
// it is neither.
func localEnd(b []byte) int {
	if len(b) == 0 || b[0] != '"' {
		if i := bytes.IndexAny(b, special); i >= 0 {
			return i
		}
		return 0
	}
	for i := 1; i < len(b); i++ {
		switch b[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return 0
}

// special must not stand in a local part that is not quoted; @ ends it.
const special = `@()<>[]:;\," `

// isLocal is true for a local part alone.
func isLocal(b []byte) bool {
	if len(b) > 0 && b[0] == '"' {
		return localEnd(b) == len(b)
	}
	return len(b) > 0 && !bytes.ContainsAny(b, special)
}

// isDomain is true for a name, also an internationalized one, or an address
// literal. Which literals are acceptable is for the session to say.
func isDomain(b []byte) bool {
	if len(b) > 2 && b[0] == '[' && b[len(b)-1] == ']' {
		return !bytes.ContainsAny(b[1:len(b)-1], `[]\<>@ `)
	}
	for label := range bytes.SplitSeq(b, []byte(".")) {
		if len(label) == 0 || bytes.ContainsFunc(label, notInName) {
			return false
		}
	}
	return true
}

func notInName(r rune) bool {
	return r < utf8.RuneSelf && r != '-' && r != '_' &&
		(r < '0' || r > '9') && (r|0x20 < 'a' || r|0x20 > 'z')
}

func isASCII(b []byte) bool {
	for _, ch := range b {
		if ch >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// appendPath writes <mailbox> so that the session gets it as the client wrote
// it. go-smtp takes the quotes off a quoted local part, after which "a b"@c
// would be no address any more; so such a local part is quoted once more.
func appendPath(b, mailbox []byte) []byte {
	b = append(b, '<')
	if len(mailbox) == 0 || mailbox[0] != '"' {
		b = append(b, mailbox...)
		return append(b, '>')
	}
	n := localEnd(mailbox)
	b = append(b, '"')
	for _, ch := range mailbox[:n] {
		if ch == '"' || ch == '\\' {
			b = append(b, '\\')
		}
		b = append(b, ch)
	}
	b = append(b, '"')
	b = append(b, mailbox[n:]...)
	return append(b, '>')
}

package filter

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"esasim/appliance/letter"
	"esasim/esa"
	"esasim/internal/rawmime"
)

// template is a text with action variables, such as $Subject, whose values are
// those of the message. What is no variable stays as it is. Source: AsyncOS user
// guide, "Action Variables".
type template struct{ pieces []piece }

// piece is a text, or a variable if value is not nil.
type piece struct {
	text  string
	value func(v *view) (string, error)
}

// How long texts may become: variables are what senders write.
const (
	maxWord   = 1 << 10  // of log entries, header fields and addresses
	maxLetter = 64 << 10 // of notifications and texts that are added to messages
)

func newTemplate(s string) template {
	var t template
	for s != "" {
		i := strings.IndexByte(s, '$')
		if i < 0 {
			break
		}
		n, value := variable(s[i+1:])
		if value == nil {
			i++ // not one
			t.pieces = append(t.pieces, piece{text: s[:i]})
			s = s[i:]
			continue
		}
		t.pieces = append(t.pieces, piece{text: s[:i]}, piece{value: value})
		s = s[i+1+n:]
	}
	t.pieces = append(t.pieces, piece{text: s})
	return t
}

// variable reads the name behind a $, and tells how long it is.
func variable(s string) (int, func(*view) (string, error)) {
	n := 0
	for n < len(s) && isLetter(s[n]) {
		n++
	}
	if i := strings.IndexByte(s[:n], '_'); i >= 0 && !strings.HasPrefix(strings.ToLower(s), "dropped_") {
		n = i
	}
	if strings.EqualFold(s[:n], "header") {
		return headerVariable(s, n)
	}
	plain := variables()[strings.ToLower(s[:n])]
	if plain == nil {
		if s[:n] == "AllHeaders" {
			return n, allHeaders
		}
		return 0, nil
	}
	return n, func(v *view) (string, error) { return plain(v), nil }
}

// headerVariable is $Header['X-Name'].
func headerVariable(s string, n int) (int, func(*view) (string, error)) {
	rest, ok := strings.CutPrefix(s[n:], "['")
	name, _, closed := strings.Cut(rest, "']")
	if !ok || !closed || !letter.ValidName(name) {
		return 0, nil
	}
	return n + len(name) + len("['']"), func(v *view) (value string, err error) {
		_, err = v.values(name, func(s string) bool { value = s; return true })
		return value, err
	}
}

// variables are those that are known without reading the message, by name in lower
// case.
func variables() map[string]func(*view) string {
	m := map[string]func(*view) string{
		"subject":            (*view).subjectText,
		"envelopefrom":       func(v *view) string { return v.m.Sender },
		"enveloperecipients": func(v *view) string { return strings.Join(v.to(), ", ") },
		"mid":                func(v *view) string { return v.m.MID.String() },
		"filtername":         func(v *view) string { return v.filter },
		"bodysize":           func(v *view) string { return strconv.FormatInt(v.m.Size, 10) },
		"from":               func(v *view) string { return v.m.HeaderFrom },
		"remoteip":           func(v *view) string { return v.remote() },
		"remotehost":         func(v *view) string { return v.m.Source.Host },
		"recvlistener":       func(v *view) string { return v.m.Source.Listener },
		"recvint":            func(v *view) string { return v.m.Source.Listener },
		"group":              func(v *view) string { return v.m.Source.Group },
		"reputation":         func(v *view) string { return v.m.Source.SBRS },
		"hostname":           func(v *view) string { return v.set.host },
		"policy":             func(v *view) string { return v.policy },
		"date":               func(v *view) string { return v.m.Changed.UTC().Format("01/02/2006") },
		"time":               func(v *view) string { return v.m.Changed.UTC().Format("15:04:05") },
		"timestamp":          func(v *view) string { return v.m.Changed.UTC().Format(time.RFC1123Z) },
		"filenames":          func(v *view) string { return v.each(func(a *esa.Attachment) string { return a.Name }) },
		"filetypes":          func(v *view) string { return v.each(func(a *esa.Attachment) string { return a.Type }) },
		"filesizes": func(v *view) string {
			return v.each(func(a *esa.Attachment) string { return strconv.FormatInt(a.Size, 10) })
		},
		"dropped_filenames": func(v *view) string { return strings.Join(v.dropped(), ", ") },
		"dropped_filename":  func(v *view) string { return v.last },
	}
	m["envelopesender"], m["gmttimestamp"] = m["envelopefrom"], m["timestamp"]
	return m
}

func (v *view) subjectText() (s string) {
	v.subject(func(found string) bool { s = found; return true })
	return s
}

func (v *view) remote() string {
	if !v.m.Source.Remote.IsValid() {
		return ""
	}
	return v.m.Source.Remote.String()
}

// to are the recipients.
func (v *view) to() (list []string) {
	v.recipients(func(s string) bool { list = append(list, s); return false })
	return list
}

func (v *view) each(of func(*esa.Attachment) string) string {
	var all []string
	for i := range v.m.Attachments {
		if s := of(&v.m.Attachments[i]); s != "" {
			all = append(all, s)
		}
	}
	return strings.Join(all, ", ")
}

// dropped are the names of the attachments that filters took out, in the order of
// the message.
func (v *view) dropped() (names []string) {
	if v.whole == nil {
		return nil
	}
	for i := range v.whole.Parts {
		if p := &v.whole.Parts[i]; v.gone(p) {
			names = append(names, p.Name)
		}
	}
	return names
}

func allHeaders(v *view) (string, error) {
	all, err := v.fields()
	var b strings.Builder
	for _, f := range all {
		fmt.Fprintf(&b, "%s: %s\n", f.Name, f.Value)
	}
	return b.String(), err
}

// of fills in the values of a message, up to a length.
func (t *template) of(v *view, most int) (string, error) {
	if len(t.pieces) == 1 {
		return cut(t.pieces[0].text, most), nil
	}
	var b strings.Builder
	for _, p := range t.pieces {
		s := p.text
		if p.value != nil {
			var err error
			if s, err = p.value(v); err != nil {
				return "", err
			}
		}
		if b.WriteString(cut(s, most-b.Len())); b.Len() >= most {
			break
		}
	}
	return b.String(), nil
}

// line is a text of one line.
func (t *template) line(v *view) (string, error) {
	s, err := t.of(v, maxWord)
	return rawmime.OneLine(s), err
}

// address is a text that is to be one address; nothing if it is none.
func (t *template) address(v *view) (string, error) {
	s, err := t.line(v)
	if strings.ContainsAny(s, " <>") {
		s = ""
	}
	return s, err
}

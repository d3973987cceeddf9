package engine

import (
	"errors"
	"fmt"
	"net/netip"
	"path"
	"slices"
	"strings"

	"esasim/appliance/letter"
	"esasim/appliance/stage"
	"esasim/smtp"
)

// When says which messages a rule is about. All conditions that it names must hold;
// one holds if one of its values fits. Those about files (Attachment, Type, SHA256)
// must hold of one and the same file. Texts fit whatever their case.
type When struct {
	Sender     []string // envelope sender, written as in mail policies
	Recipient  []string // one of the envelope recipients, likewise
	Subject    []string // texts that are in it
	Header     []string // "Name" for one that is there, "Name: text" for one that has the text in it
	Body       []string // texts that are in one of the parts that are text
	URL        []string // texts that are in one of the message's URLs
	Attachment []string // file names, with * and ?
	Type       []string // media types such as image/*, or what a file looks like, such as exe; see letter.Kinds
	SHA256     []string // of files
	IP         []string // of who sent it: addresses and CIDR ranges
}

// File is an attachment as conditions see it.
type File struct{ Name, Type, SHA256, Kind string }

// Condition is a When that was checked.
type Condition struct {
	when               When // texts in lower case
	senders, recipient smtp.Addresses
	ip                 smtp.Networks
	kinds              bool // a type is asked for that only the file's octets tell
}

// NewCondition checks the values. An error begins with the key.
func NewCondition(w When) (*Condition, error) {
	c := &Condition{}
	var errs []error
	fault := func(key string, err error) {
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", key, err))
		}
	}
	var err error
	c.senders, err = smtp.NewAddresses(w.Sender)
	fault("sender", err)
	c.recipient, err = smtp.NewAddresses(w.Recipient)
	fault("recipient", err)
	c.ip, err = smtp.NewNetworks(w.IP)
	fault("ip", err)
	none := true
	for _, l := range c.lists(&w) {
		none = none && len(*l.from) == 0
		for _, v := range *l.from {
			v = strings.ToLower(strings.TrimSpace(v))
			fault(l.key, check(l.key, v))
			*l.to = append(*l.to, v)
		}
	}
	if none {
		errs = append(errs, errors.New("sender: a rule needs one condition or more, of any key"))
	}
	c.kinds = slices.ContainsFunc(c.when.Type, func(t string) bool { return !strings.Contains(t, "/") })
	return c, errors.Join(errs...)
}

type values struct {
	key      string
	from, to *[]string
}

func (c *Condition) lists(w *When) []values {
	t := &c.when
	return []values{
		{"sender", &w.Sender, &t.Sender}, {"recipient", &w.Recipient, &t.Recipient}, {"subject", &w.Subject, &t.Subject},
		{"header", &w.Header, &t.Header}, {"body", &w.Body, &t.Body}, {"url", &w.URL, &t.URL},
		{"attachment", &w.Attachment, &t.Attachment}, {"type", &w.Type, &t.Type}, {"sha256", &w.SHA256, &t.SHA256}, {"ip", &w.IP, &t.IP},
	}
}

// check says what is wrong with a value.
func check(key, v string) error {
	if v == "" {
		return errors.New("a value is empty, which would always fit")
	}
	switch key {
	case "header":
		if name, _, _ := strings.Cut(v, ":"); !letter.ValidName(strings.TrimSpace(name)) {
			return fmt.Errorf("%q: want NAME or NAME: TEXT", v)
		}
	case "attachment", "type":
		if _, err := path.Match(v, ""); err != nil {
			return fmt.Errorf("%q: a [ without ], or a \\ at the end", v)
		}
	case "sha256":
		if len(v) != 64 || strings.Trim(v, "0123456789abcdef") != "" {
			return fmt.Errorf("%q: want 64 hex digits", v)
		}
	}
	return nil
}

// Match tells whether all conditions hold of a message. The message is read only if
// a condition is about its content, and those about the envelope hold.
func (c *Condition) Match(j *stage.Job) (bool, error) {
	m, w := j.Message, &c.when
	if len(w.Sender) > 0 && !c.senders.Has(m.Sender) || len(w.IP) > 0 && !slices.ContainsFunc(c.ip, func(p netip.Prefix) bool { return p.Contains(m.Source.Remote) }) || !fits(w.Subject, m.OwnSubject()) {
		return false, nil
	}
	if len(w.Recipient) > 0 {
		ours := false
		for i := range m.Recipients {
			ours = ours || c.recipient.Has(m.Recipients[i].Address)
		}
		if !ours {
			return false, nil
		}
	}
	if c.AboutFiles() {
		if files, err := c.Files(j); len(files) == 0 || err != nil {
			return false, err
		}
	}
	return c.matchContent(j)
}

func (c *Condition) matchContent(j *stage.Job) (bool, error) {
	w := &c.when
	if len(w.Header) == 0 && len(w.Body) == 0 && len(w.URL) == 0 {
		return true, nil
	}
	l, err := j.Letter()
	if err != nil {
		return false, err
	}
	if len(w.Header) > 0 && !slices.ContainsFunc(w.Header, func(h string) bool {
		name, text, _ := strings.Cut(h, ":")
		return slices.ContainsFunc(l.Values(strings.TrimSpace(name)), func(v string) bool { return strings.Contains(strings.ToLower(v), strings.TrimSpace(text)) })
	}) {
		return false, nil
	}
	if len(w.Body) > 0 && !slices.ContainsFunc(l.Parts, func(p letter.Part) bool { return fits(w.Body, p.Text) }) {
		return false, nil
	}
	return len(w.URL) == 0 || slices.ContainsFunc(l.URLs(), func(u string) bool { return fits(w.URL, u) }), nil
}

// fits is true if one of the texts, or there are none, is in s.
func fits(texts []string, s string) bool {
	if len(texts) == 0 {
		return true
	}
	s = strings.ToLower(s)
	return slices.ContainsFunc(texts, func(t string) bool { return strings.Contains(s, t) })
}

// AboutFiles is true if there is a condition about files.
func (c *Condition) AboutFiles() bool {
	return len(c.when.Attachment) > 0 || len(c.when.Type) > 0 || len(c.when.SHA256) > 0
}

// Files are the attachments that the conditions about files hold of; all of them if
// there is none. The message is read only for a type that its octets tell.
func (c *Condition) Files(j *stage.Job) (files []File, err error) {
	if c.kinds && len(j.Message.Attachments) > 0 {
		l, err := j.Letter()
		if err != nil {
			return nil, err
		}
		for _, p := range l.Files() {
			if f := (File{p.Name, p.Type, p.SHA256, p.Kind}); c.File(f) {
				files = append(files, f)
			}
		}
		return files, nil
	}
	for _, a := range j.Message.Attachments {
		if f := (File{Name: a.Name, Type: a.Type, SHA256: a.SHA256}); c.File(f) {
			files = append(files, f)
		}
	}
	return files, nil
}

// File tells whether the conditions about files hold of one.
func (c *Condition) File(f File) bool {
	w := &c.when
	like := func(s string) func(string) bool {
		s = strings.ToLower(s)
		return func(pattern string) bool { ok, _ := path.Match(pattern, s); return ok }
	}
	name := strings.ReplaceAll(f.Name, "/", "_") // * is to fit all of it
	return (len(w.Attachment) == 0 || slices.ContainsFunc(w.Attachment, like(name))) &&
		(len(w.SHA256) == 0 || slices.Contains(w.SHA256, f.SHA256)) &&
		(len(w.Type) == 0 || slices.ContainsFunc(w.Type, like(f.Type)) || f.Kind != "" && slices.Contains(w.Type, f.Kind))
}

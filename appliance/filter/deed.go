package filter

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Action is one action of a content filter. What it does is Do; the other fields say
// how. Texts may have variables such as $Subject. Source: AsyncOS user guide,
// "Content Filter Actions".
type Action struct {
	Do         string
	Quarantine string   // the name of one
	Duplicate  bool     // a copy goes there, and the message on
	To         []string // addresses
	Subject    string
	ReturnPath string // the envelope sender of what is sent
	Scan       bool   // a copy meets the stages, too
	Copy       bool   // the message is attached to a notification
	Header     string // the name of a field
	Value      string
	Matches    string // what of a header is replaced, or the names of attachments: a regular expression
	With       string // what that is replaced with; \1 is what the first bracket found
	At         string // of a text in the subject: start or end
	Text       string
	Resource   string   // the text resource that is the text
	By         string   // which attachments: name, type, kind, size, sha256, macro, encrypted, text; empty: all
	In         []string // these types, kinds or sums; these categories
	Above      string   // attachments of this size, such as 5M, or more
	Min, Max   *float64 // URLs of these scores
	Action     string   // an action in the language of message filters
}

// act is how an action is said: what fields it has, and what it is made of.
type act struct {
	fields []string
	args   func(a *Action, c *call) error
}

// acts are the actions that there are.
func acts() map[string]act {
	all := map[string]act{
		"quarantine":       {[]string{"quarantine", "duplicate"}, (*Action).quarantine},
		"change_recipient": {[]string{"to"}, argued("alt-rcpt-to", func(a *Action) []string { return []string{strings.Join(a.To, ",")} })},
		"bcc":              {[]string{"to", "subject", "return_path", "scan"}, (*Action).bcc},
		"notify":           {[]string{"to", "subject", "return_path", "copy", "text", "resource"}, (*Action).notify},
		"add_header":       {[]string{"header", "value"}, argued("insert-header", func(a *Action) []string { return []string{a.Header, a.Value} })},
		"replace_header":   {[]string{"header", "value"}, argued("replace-header", func(a *Action) []string { return []string{a.Header, a.Value} })},
		"remove_header":    {[]string{"header"}, argued("strip-header", func(a *Action) []string { return []string{a.Header} })},
		"edit_header":      {[]string{"header", "matches", "with"}, argued("edit-header-text", func(a *Action) []string { return []string{a.Header, a.Matches, a.With} })},
		"add_subject":      {[]string{"text", "at"}, (*Action).subject},
		"add_heading":      {[]string{"text", "resource"}, addition("add-heading")},
		"add_footer":       {[]string{"text", "resource"}, addition("add-footer")},
		"log":              {[]string{"text"}, argued("log-entry", func(a *Action) []string { return []string{a.Text} })},
		"strip":            {[]string{"by", "matches", "in", "above", "text"}, (*Action).strip},
		"action":           {[]string{"action"}, (*Action).plain},
	}
	for name, becomes := range map[string]string{"defang_url": "defang", "redirect_url": "proxy-redirect"} {
		all[name] = act{[]string{"min", "max", "in"}, func(a *Action, c *call) error { return a.url(c, becomes) }}
	}
	all["replace_url"] = act{[]string{"min", "max", "in", "text"}, func(a *Action, c *call) error { return a.url(c, "replace") }}
	for name, verb := range map[string]string{"drop": "drop", "bounce": "bounce", "deliver": "deliver", "no_op": "no-op", "skip_outbreak": "skip-vofcheck"} {
		all[name] = act{nil, argued(verb, func(*Action) []string { return nil })}
	}
	return all
}

// argued is an action whose arguments are texts, of which the first must be there.
func argued(name string, args func(*Action) []string) func(*Action, *call) error {
	return func(a *Action, c *call) error {
		c.name = name
		for i, s := range args(a) {
			if i == 0 && s == "" {
				return fmt.Errorf("wants %s", strings.Join(acts()[a.Do].fields, " and "))
			}
			c.args = append(c.args, textValue(s))
		}
		return nil
	}
}

func (a *Action) given() given {
	return given{{"quarantine", a.Quarantine != ""}, {"duplicate", a.Duplicate}, {"to", len(a.To) > 0}, {"subject", a.Subject != ""},
		{"return_path", a.ReturnPath != ""}, {"scan", a.Scan}, {"copy", a.Copy}, {"header", a.Header != ""}, {"value", a.Value != ""},
		{"matches", a.Matches != ""}, {"with", a.With != ""}, {"at", a.At != ""}, {"text", a.Text != ""}, {"resource", a.Resource != ""},
		{"by", a.By != ""}, {"in", len(a.In) > 0}, {"above", a.Above != ""}, {"min", a.Min != nil}, {"max", a.Max != nil}, {"action", a.Action != ""}}
}

// call is the action in the language of message filters.
func (a *Action) call(at place) (*call, error) {
	what, ok := acts()[a.Do]
	if !ok {
		return nil, fmt.Errorf("%s.do: %q: want one of %s", at.key, a.Do, strings.Join(slices.Sorted(maps.Keys(acts())), ", "))
	}
	c := &call{at: at}
	err := a.given().check(a.Do, what.fields...)
	if err == nil {
		err = what.args(a, c)
	}
	if err != nil {
		return nil, at.errorf("%w", err)
	}
	c.at = at
	return c, nil
}

func (a *Action) quarantine(c *call) error {
	if c.name = "quarantine"; a.Duplicate {
		c.name = "duplicate-quarantine"
	}
	c.args = []value{textValue(a.Quarantine)}
	return nil
}

func (a *Action) bcc(c *call) error {
	if c.name = "bcc"; a.Scan {
		c.name = "bcc-scan"
	}
	c.args = []value{textValue(strings.Join(a.To, ",")), textValue(a.Subject), textValue(a.ReturnPath)}
	return nil
}

func (a *Action) notify(c *call) error {
	if c.name = "notify"; a.Copy {
		c.name = "notify-copy"
	}
	if a.Text != "" && a.Resource != "" {
		return errors.New("text and resource: want one of them")
	}
	for _, s := range []string{strings.Join(a.To, ","), a.Subject, a.ReturnPath, a.Resource, a.Text} {
		c.args = append(c.args, textValue(s))
	}
	return nil
}

func (a *Action) subject(c *call) error {
	where := map[string]string{"": "prepend", "start": "prepend", "end": "append"}[a.At]
	if where == "" || a.Text == "" {
		return errors.New("wants text, and at: start or end")
	}
	c.name, c.args = "edit-subject-text", []value{textValue(where), textValue(a.Text)}
	return nil
}

func addition(name string) func(*Action, *call) error {
	return func(a *Action, c *call) error {
		if (a.Text == "") == (a.Resource == "") {
			return errors.New("wants text or resource")
		}
		if c.name, c.args = name, []value{textValue(a.Resource)}; a.Text != "" {
			c.args = []value{textValue(""), textValue(a.Text)}
		}
		return nil
	}
}

// strip says which attachments are meant.
func (a *Action) strip(c *call) error {
	names := map[string]struct{ verb, field string }{
		"": {"drop-attachments", ""}, "name": {"drop-attachments-by-name", "matches"}, "type": {"drop-attachments-by-mimetype", "in"},
		"kind": {"drop-attachments-by-filetype", "in"}, "size": {"drop-attachments-by-size", "above"}, "sha256": {"drop-attachments-by-sha256", "in"},
		"macro": {"drop-macro-enabled-attachments", ""}, "encrypted": {"drop-protected-attachments", ""}, "text": {"drop-attachments-where-contains", "matches"},
	}
	n, ok := names[a.By]
	if !ok {
		return fmt.Errorf("by: %q: want one of %s", a.By, strings.Join(slices.Sorted(maps.Keys(names))[1:], ", "))
	}
	if err := a.given().check("by: "+a.By, "by", "text", n.field); err != nil {
		return err
	}
	c.name = n.verb
	switch n.field {
	case "matches":
		c.args = []value{textValue("(?i)" + a.Matches)}
	case "in":
		c.args = []value{textValue(strings.Join(a.In, ","))}
	case "above":
		c.args = []value{{class: number, text: a.Above}}
	}
	if n.field != "" && a.Matches == "" && len(a.In) == 0 && a.Above == "" {
		return fmt.Errorf("by: %s wants %s", a.By, n.field)
	}
	if a.Text != "" {
		c.args = append(c.args, textValue(a.Text))
	}
	return nil
}

// url says which URLs are meant: those of a range of scores, or of categories.
func (a *Action) url(c *call, becomes string) error {
	switch scores := a.Min != nil && a.Max != nil; {
	case scores && len(a.In) == 0:
		c.name, c.args = "url-reputation-"+becomes, []value{numberValue(*a.Min), numberValue(*a.Max)}
	case len(a.In) > 0 && a.Min == nil && a.Max == nil:
		c.name, c.args = "url-category-"+becomes, []value{listValue(a.In)}
	default:
		return errors.New("wants min and max, or in")
	}
	if becomes == "replace" {
		c.args = append(c.args, textValue(a.Text))
	}
	return nil
}

// plain is an action in the language of message filters.
func (a *Action) plain(c *call) error {
	p := parser{lex: lexer{rest: a.Action, at: place{line: 1, col: 1}}}
	if err := p.advance(); err != nil {
		return err
	}
	if p.tok.class != word {
		return p.wanted("an action")
	}
	made, err := p.call()
	if err == nil && p.tok.class != end {
		err = p.wanted("the end")
	}
	*c = made
	return err
}

package filter

import (
	"slices"
	"strings"

	"esasim/appliance/letter"
	"esasim/appliance/stage"
	"esasim/esa"
)

// view is a message as the filters of a stage see it, one after the other, and what
// they have found and wanted so far.
type view struct {
	set    *set
	m      *esa.Message
	policy string
	read   func() (*letter.Letter, error)
	found  stage.Finding

	filter  string // under way
	action  string
	matched bool // the filter did something

	whole  *letter.Letter
	low    []string       // the texts of its parts in lower case
	header []letter.Field // as changed by filters; nil: not changed
	last   string         // the name of the attachment that was taken out last
	links  []string       // URLs; nil: not looked for
	copies int
	marks  map[string]bool // what was told of URLs
}

// maxTold is how many events a stage adds to a message at most: a message may have
// a thousand bad URLs, and filters a hundred log entries.
const maxTold = 200

func (v *view) tell(e esa.Event) {
	if len(v.found.Told) < maxTold {
		v.found.Told = append(v.found.Told, e)
	}
}

// letter is the message taken apart.
func (v *view) letter() (*letter.Letter, error) {
	if v.whole != nil {
		return v.whole, nil
	}
	l, err := v.read()
	if err != nil {
		return nil, err
	}
	v.whole = l
	return l, nil
}

// fields is the header with the changes that filters made.
func (v *view) fields() ([]letter.Field, error) {
	if v.header != nil {
		return v.header, nil
	}
	l, err := v.letter()
	if err != nil {
		return nil, err
	}
	return l.Header, nil
}

// values are those of the header fields with a name.
func (v *view) values(name string, hit func(string) bool) (bool, error) {
	all, err := v.fields()
	if err != nil {
		return false, err
	}
	for i := range all {
		if strings.EqualFold(all[i].Name, name) && hit(all[i].Value) {
			return true, nil
		}
	}
	return false, nil
}

// subject is known without reading the message until a filter changes the header.
func (v *view) subject(hit func(string) bool) (bool, error) {
	if v.header == nil {
		return hit(v.m.OwnSubject()), nil
	}
	return v.values("Subject", hit)
}

// change edits the header, for the message to come and for filters that follow.
func (v *view) change(e letter.HeaderEdit) error {
	now, err := v.fields()
	if err != nil {
		return err
	}
	if v.header == nil {
		v.header = append([]letter.Field{}, now...)
	}
	v.edits().Header = append(v.edits().Header, e)
	e.Value = strings.TrimSpace(e.Value) // as it is read again
	same := func(f letter.Field) bool { return strings.EqualFold(f.Name, e.Name) }
	if i := slices.IndexFunc(v.header, same); e.Op == letter.Replace && i >= 0 {
		v.header[i].Value = e.Value
		v.header = append(v.header[:i+1], slices.DeleteFunc(v.header[i+1:], same)...)
		return nil
	}
	if e.Op == letter.Remove {
		v.header = slices.DeleteFunc(v.header, same)
		return nil
	}
	v.header = append(v.header, letter.Field{Name: e.Name, Value: e.Value})
	return nil
}

// edits is what to change, for an action that changes something.
func (v *view) edits() *letter.Edit {
	if w := &v.found.Want; w.By == "" {
		w.By = v.by()
	}
	return &v.found.Want.Edit
}

// by is the action under way in the words of the logs.
func (v *view) by() string { return v.action + " filter '" + v.filter + "'" }

// files calls hit for each attachment that no filter has taken out, until it is
// true. A message of which none were seen when it came is not read for that.
func (v *view) files(hit func(*letter.Part) bool) (bool, error) {
	if len(v.m.Attachments) == 0 {
		return false, nil
	}
	l, err := v.letter()
	if err != nil {
		return false, err
	}
	for i := range l.Parts {
		p := &l.Parts[i]
		if p.File && !v.gone(p) && hit(p) {
			return true, nil
		}
	}
	return false, nil
}

func (v *view) gone(p *letter.Part) bool {
	_, gone := v.found.Want.Edit.Strip[p.Index]
	return gone
}

// strip takes out an attachment and puts text in its place.
func (v *view) strip(p *letter.Part, text string) {
	e := v.edits()
	if e.Strip == nil {
		e.Strip = map[int]string{}
	}
	e.Strip[p.Index], v.last = text, p.Name
}

// texts calls hit for the text of each part that is of the kind wanted, with the
// same in lower case, until it is true.
func (v *view) texts(of func(*letter.Part) bool, hit func(s, low string) bool) (bool, error) {
	l, err := v.letter()
	if err != nil {
		return false, err
	}
	if v.low == nil {
		v.low = make([]string, len(l.Parts))
	}
	for i := range l.Parts {
		p := &l.Parts[i]
		if p.Text == "" || !of(p) || v.gone(p) {
			continue
		}
		if v.low[i] == "" {
			v.low[i] = lower(p.Text)
		}
		if hit(p.Text, v.low[i]) {
			return true, nil
		}
	}
	return false, nil
}

// The texts that rules are about.
func anyText(*letter.Part) bool    { return true }
func bodyText(p *letter.Part) bool { return !p.File }
func fileText(p *letter.Part) bool { return p.File }

// urls are those of the message.
func (v *view) urls() ([]string, error) {
	if v.links != nil {
		return v.links, nil
	}
	l, err := v.letter()
	if err != nil {
		return nil, err
	}
	if v.links = l.URLs(); v.links == nil {
		v.links = []string{}
	}
	return v.links, nil
}

// recipients are those that no other message has by now.
func (v *view) recipients(hit func(string) bool) (bool, error) {
	for i := range v.m.Recipients {
		r := &v.m.Recipients[i]
		if r.State != esa.Replaced && hit(r.Address) {
			return true, nil
		}
	}
	return false, nil
}

package filter

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// Condition is one condition of a content filter. What it is about is If; the other
// fields say what of that is meant. Letter case does not matter. Source: AsyncOS
// user guide, "Content Filter Conditions".
type Condition struct {
	If  string
	Not bool
	// One of these says how a text must be. Matches is a regular expression.
	Contains, Is, BeginsWith, EndsWith, Matches string

	Header       string   // the name of a field
	Exists       bool     // the field is there
	In           []string // one of these
	Above, Below string   // a number, or a size such as 5M
	Min, Max     *float64 // a range of scores
	Dictionary   string   // the name of one
	Threshold    int      // how often it must be there; 0: once
	Rule         string   // a condition in the language of message filters
}

// form is how a condition is said: what fields it has, and what rule it is.
type form struct {
	fields string
	rule   string
}

// forms are the conditions that there are.
func forms() map[string]form {
	return map[string]form{
		"subject": {"text", "subject"}, "sender": {"text", "mail-from"}, "recipient": {"text", "rcpt-to"}, "url": {"text", "url"},
		"attachment_name": {"text", "attachment-filename"}, "header": {"header", "header"},
		"text": {"count", "body-contains"}, "body": {"count", "only-body-contains"}, "attachment_text": {"count", "attachment-contains"},
		"attachment_type": {"in", "attachment-mimetype"}, "attachment_kind": {"in", "attachment-filetype"}, "attachment_sha256": {"in", "attachment-sha256"},
		"attachment_size": {"bounds", "attachment-size"}, "attachment_count": {"bounds", "attachment-count"},
		"size": {"bounds", "body-size"}, "recipient_count": {"bounds", "rcpt-count"},
		"encrypted": {"truth", "encrypted"}, "attachment_encrypted": {"truth", "attachment-protected"}, "macro": {"truth", "macro-detection-rule"},
		"url_reputation": {"scores", "url-reputation"}, "url_category": {"category", "url-category"}, "url_no_reputation": {"truth", "url-no-reputation"},
		"sender_ip": {"in", "remote-ip"}, "sender_group": {"names", "sendergroup"}, "sender_reputation": {"scores", "reputation"}, "sender_no_reputation": {"truth", "no-reputation"},
		"country": {"in", "country"}, "direction": {"in", "direction"}, "mail_policy": {"names", "mail-policy"},
		"spf": {"in", "spf-status"}, "dkim": {"in", "dkim-authentication"}, "dmarc": {"in", "dmarc-status"},
		"dictionary": {"dictionary", "dictionary-match"}, "rule": {"rule", ""},
	}
}

// texts are the keys that say how a text must be.
func texts() []string { return []string{"contains", "is", "begins_with", "ends_with", "matches"} }

// fieldsOf are the keys of each kind of condition.
func fieldsOf(fields string) []string {
	switch fields {
	case "text":
		return texts()
	case "count":
		return append(texts(), "threshold")
	case "header":
		return append(texts(), "header", "exists")
	case "in", "names", "category":
		return []string{"in"}
	case "bounds":
		return []string{"above", "below"}
	case "scores":
		return []string{"min", "max"}
	case "dictionary":
		return []string{"dictionary", "threshold"}
	case "rule":
		return []string{"rule"}
	}
	return nil
}

func (c *Condition) given() given {
	return given{{"contains", c.Contains != ""}, {"is", c.Is != ""}, {"begins_with", c.BeginsWith != ""}, {"ends_with", c.EndsWith != ""},
		{"matches", c.Matches != ""}, {"header", c.Header != ""}, {"exists", c.Exists}, {"in", len(c.In) > 0}, {"above", c.Above != ""},
		{"below", c.Below != ""}, {"min", c.Min != nil}, {"max", c.Max != nil}, {"dictionary", c.Dictionary != ""},
		{"threshold", c.Threshold != 0}, {"rule", c.Rule != ""}}
}

// expr is the condition in the language of message filters.
func (c *Condition) expr(at place) (*expr, error) {
	f, ok := forms()[c.If]
	if !ok {
		return nil, fmt.Errorf("%s.if: %q: want one of %s", at.key, c.If, strings.Join(slices.Sorted(maps.Keys(forms())), ", "))
	}
	err := c.given().check(c.If, fieldsOf(f.fields)...)
	e := &expr{call: call{name: f.rule, at: at}}
	if err == nil {
		e, err = c.fill(e, f.fields)
	}
	if err != nil {
		return nil, at.errorf("%w", err)
	}
	if c.Not {
		e = &expr{op: opNot, kids: []*expr{e}}
	}
	return e, nil
}

// fill adds what is compared with.
func (c *Condition) fill(e *expr, fields string) (*expr, error) {
	switch fields {
	case "text", "count", "header":
		return c.fillText(e, fields)
	case "in", "names", "category":
		return c.fillList(e, fields)
	case "bounds":
		return c.fillBounds(e, c.Above, c.Below)
	case "scores":
		return c.fillScores(e)
	case "dictionary":
		if c.Dictionary == "" {
			return nil, errors.New("wants dictionary")
		}
		e.call.args = []value{textValue(c.Dictionary), numberValue(float64(max(c.Threshold, 1)))}
	case "rule":
		r, err := parseRule(c.Rule)
		r.placed(e.call.at)
		return r, err
	}
	return e, nil
}

// placed says of all of an expression where it is.
func (e *expr) placed(at place) {
	if e != nil {
		e.call.at = at
		for _, k := range e.kids {
			k.placed(at)
		}
	}
}

func (c *Condition) fillText(e *expr, fields string) (*expr, error) {
	s, err := c.pattern()
	if fields == "header" {
		e.call.args = []value{textValue(c.Header)}
		if c.Exists {
			return e, c.given().check("exists", "header", "exists")
		}
	}
	if err != nil {
		return nil, err
	}
	if fields == "count" {
		e.call.args = []value{textValue(s), numberValue(float64(max(c.Threshold, 1)))}
		return e, nil
	}
	e.cmp, e.want = "==", textValue(s)
	return e, nil
}

// pattern is the regular expression for how the text must be.
func (c *Condition) pattern() (string, error) {
	n := 0
	for _, k := range c.given() {
		if k.set && slices.Contains(texts(), k.key) {
			n++
		}
	}
	if n != 1 {
		return "", fmt.Errorf("wants one of %s", strings.Join(texts(), ", "))
	}
	if _, err := regexp.Compile(c.Matches); err != nil {
		return "", fmt.Errorf("matches: %w", err)
	}
	q := regexp.QuoteMeta
	switch {
	case c.Contains != "":
		return "(?i)" + q(c.Contains), nil
	case c.Is != "":
		return "(?i)^" + q(c.Is) + "$", nil
	case c.BeginsWith != "":
		return "(?i)^" + q(c.BeginsWith), nil
	case c.EndsWith != "":
		return "(?i)" + q(c.EndsWith) + "$", nil
	}
	return "(?i)" + c.Matches, nil
}

func (c *Condition) fillList(e *expr, fields string) (*expr, error) {
	if len(c.In) == 0 {
		return nil, errors.New("wants in")
	}
	switch fields {
	case "category":
		e.call.args = []value{listValue(c.In)}
		return e, nil
	case "names":
		var names []string
		for _, s := range c.In {
			names = append(names, regexp.QuoteMeta(s))
		}
		e.cmp, e.want = "==", textValue("(?i)^(?:"+strings.Join(names, "|")+")$")
		return e, nil
	}
	e.cmp, e.want = "==", textValue(strings.Join(c.In, ", "))
	return e, nil
}

// fillBounds makes one comparison or two.
func (c *Condition) fillBounds(e *expr, above, below string) (*expr, error) {
	var both []*expr
	for _, b := range []struct{ cmp, than string }{{">", above}, {"<", below}} {
		if b.than != "" {
			both = append(both, &expr{call: e.call, cmp: b.cmp, want: value{class: number, text: b.than}})
		}
	}
	switch len(both) {
	case 0:
		return nil, errors.New("wants above, below or both")
	case 1:
		return both[0], nil
	}
	if e.call.name == "attachment-size" {
		return nil, errors.New("wants above or below: both may be about two attachments")
	}
	return &expr{op: opAnd, kids: both}, nil
}

// fillScores is a range of scores, from min to max.
func (c *Condition) fillScores(e *expr) (*expr, error) {
	least, most := -10.0, 10.0
	if c.Min != nil {
		least = *c.Min
	}
	if c.Max != nil {
		most = *c.Max
	}
	if !(least >= -10 && least <= most && most <= 10) {
		return nil, fmt.Errorf("%v to %v: want a range of scores from -10.0 to 10.0", least, most)
	}
	if e.call.name == "url-reputation" {
		e.call.args = []value{numberValue(least), numberValue(most)}
		return e, nil
	}
	return &expr{op: opAnd, kids: []*expr{{call: e.call, cmp: ">=", want: numberValue(least)}, {call: e.call, cmp: "<=", want: numberValue(most)}}}, nil
}

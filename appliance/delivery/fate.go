package delivery

import (
	"fmt"
	"regexp"
	"strings"
)

// Fate is what happens to a recipient by rule, whatever its route: the first rule
// that matches answers.
type Fate struct {
	Recipient string // an address, a domain, or .domain for all below it
	Reply     string // a complete reply: "451 4.2.1 mailbox busy"
	Times     int    // at so many attempts, the first ones; 0: at all
}

var replyForm = regexp.MustCompile(`^[245]\d\d( [ -~]*)?$`)

// Check says what is wrong with a fate.
func (f Fate) Check() error {
	switch {
	case f.Recipient == "" || strings.ContainsAny(f.Recipient, " *<>"):
		return fmt.Errorf("recipient: %q: want user@example.org, example.org or .example.org", f.Recipient)
	case !replyForm.MatchString(f.Reply):
		return fmt.Errorf(`reply: %q: want a reply as "451 4.2.1 mailbox busy"`, f.Reply)
	case f.Times < 0:
		return fmt.Errorf("times: %d: must not be negative", f.Times)
	}
	return nil
}

func (f Fate) matches(a Attempt) bool {
	if f.Times > 0 && a.Tries >= f.Times {
		return false
	}
	want, domain := strings.ToLower(f.Recipient), Domain(a.Recipient)
	switch {
	case strings.Contains(want, "@"):
		return want == strings.ToLower(a.Recipient)
	case strings.HasPrefix(want, "."):
		return strings.HasSuffix(domain, want)
	}
	return want == domain
}

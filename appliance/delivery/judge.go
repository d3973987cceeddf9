package delivery

import (
	"regexp"
	"strings"
	"time"

	"esasim/appliance/dsn"
	"esasim/esa"
)

// Profile is a bounce profile: when a delivery is tried again, and when it is
// given up. Source: AsyncOS user guide, "Default bounce profile".
type Profile struct {
	InitialRetry time.Duration // 60 s
	MaxRetry     time.Duration // 3600 s
	MaxTime      time.Duration // 259200 s in the queue
	MaxRetries   int           // 100
	Bounces      bool          // tell senders what bounced
}

// wait is the time to the attempt after the given number of attempts. It
// doubles up to the maximum (inferred: the documents give the two ends).
func (p Profile) wait(tries int) time.Duration {
	d := p.InitialRetry
	for range tries - 1 {
		if d *= 2; d >= p.MaxRetry {
			return p.MaxRetry
		}
	}
	return min(d, p.MaxRetry)
}

// The reasons of the logs. Seen are 5.1.0, 4.1.0, 5.1.2 and 4.4.0 in published
// samples of mail logs; which answer has which is inferred from them.
const (
	unknownAddress  = "1.0 - Unknown address error"
	badHost         = "1.2 - Bad destination host"
	networkProblem  = "4.0 - Other network problem"
	systemProblem   = "3.0 - Other mail system problem"
	notAccepting    = "3.2 - Not accepting messages at this time"
	deliveryExpired = "5.4.7 - Delivery expired (message too old)"
)

// noAnswer is the code of what no host answered: the network's own failures.
const noAnswer = dsn.NoAnswer

// enhanced is the subject and the detail of an enhanced code (RFC 3463) at the
// beginning of an answer's text. Appliances write a number sign before it.
var enhanced = regexp.MustCompile(`^#?[245]\.(\d{1,3})\.(\d{1,3})(?:\s|$)`)

// reason is the class of a refusal, without the digit that says whether it is for
// good.
func reason(code, text string) string {
	e := enhanced.FindStringSubmatch(text)
	switch {
	case code == noAnswer && strings.HasPrefix(text, nxDomain):
		return badHost
	case code == noAnswer && strings.HasPrefix(text, impossible):
		return systemProblem
	case code == noAnswer:
		return networkProblem
	case code == "421":
		return notAccepting
	case e == nil:
		return unknownAddress
	case e[1] == "1" && e[2] == "2":
		return badHost
	case e[1] == "3":
		return systemProblem
	case e[1] == "4":
		return networkProblem
	}
	return unknownAddress
}

// judge turns a reply to a recipient of m into what it means for that recipient.
func (q *Queue) judge(reply string, r esa.Recipient, m *esa.Message, now time.Time) esa.Event {
	code, text, _ := strings.Cut(reply, " ")
	if strings.HasPrefix(code, "2") {
		return esa.Event{Kind: esa.RecipientDelivered, Text: text}
	}
	why := reason(code, text)
	if strings.HasPrefix(code, "5") || code == noAnswer && (why == badHost || why == systemProblem) {
		return esa.Event{Kind: esa.RecipientBounced, Name: "5." + why, Text: reply}
	}
	p := q.profile(r.Address)
	until := now.Add(p.wait(r.Attempts + 1))
	if r.Attempts+1 > p.MaxRetries || until.After(m.Received.Add(p.MaxTime)) {
		return esa.Event{Kind: esa.RecipientBounced, Name: deliveryExpired, Text: reply}
	}
	return esa.Event{Kind: esa.RecipientDelayed, Name: "4." + why, Text: reply, Until: until}
}

package delivery

import (
	"strings"
	"time"

	"esasim/esa"
)

// dueRecipients are those to be tried now.
func dueRecipients(m *esa.Message, now time.Time) []esa.Recipient {
	var out []esa.Recipient
	for _, r := range m.Recipients {
		if r.State == esa.Queued || r.State == esa.Delayed && !r.Until.After(now) {
			out = append(out, r)
		}
	}
	return out
}

// earliest is when the next of the message's recipients is due; zero when none
// waits.
func earliest(m *esa.Message) time.Time {
	var at time.Time
	for _, r := range m.Recipients {
		switch {
		case r.State == esa.Queued:
			return m.Changed
		case r.State == esa.Delayed && (at.IsZero() || r.Until.Before(at)):
			at = r.Until
		}
	}
	return at
}

type group struct {
	domain string
	rcpts  []esa.Recipient
}

// byDomain groups recipients by domain, in the order in which the domains come
// first.
func byDomain(rcpts []esa.Recipient) []group {
	var out []group
	at := map[string]int{}
	for _, r := range rcpts {
		d := Domain(r.Address)
		i, ok := at[d]
		if !ok {
			i = len(out)
			at[d] = i
			out = append(out, group{domain: d})
		}
		out[i].rcpts = append(out[i].rcpts, r)
	}
	return out
}

// Domain is what follows the last @ of an address, in lower case.
func Domain(address string) string {
	return strings.ToLower(address[strings.LastIndexByte(address, '@')+1:])
}

// timer is the moment of a message's next attempt.
type timer struct {
	at  time.Time
	mid esa.MID
}

// timers is a heap, the earliest first.
type timers []timer

func (t timers) Len() int           { return len(t) }
func (t timers) Less(i, j int) bool { return t[i].at.Before(t[j].at) }
func (t timers) Swap(i, j int)      { t[i], t[j] = t[j], t[i] }
func (t *timers) Push(x any)        { *t = append(*t, x.(timer)) }

func (t *timers) Pop() any {
	last := len(*t) - 1
	x := (*t)[last]
	*t = (*t)[:last]
	return x
}

package appliance

import (
	"net"
	"strings"
	"sync"
	"time"

	"esasim/appliance/auditlog"
	"esasim/appliance/changes"
	"esasim/appliance/users"
	"esasim/esa"
)

// mostFailures is how many failed sign-ins a minute are told: who guesses passphrases
// would fill the log otherwise.
const mostFailures = 10

// audit tells the event log of deeds.
type audit struct {
	append func([]esa.Event) error
	room   func() bool // there is more room on the disk than accepted mail needs
	failed func(error)

	mu     sync.Mutex // guards what follows
	minute time.Time  // when the one began in which failures are counted
	told   int        // failures that were told in it
	untold int64      // failures that no line has told of yet
}

// tell tells of a deed.
func (a *audit) tell(d users.Deed) {
	now := time.Now()
	a.mu.Lock()
	defer a.mu.Unlock()
	if now.Sub(a.minute) >= time.Minute {
		a.minute, a.told = now, 0
	}
	if d.Role == "" && d.Refused {
		if a.told >= mostFailures {
			a.untold++
			return
		}
		a.told++
	}
	if !a.room() {
		return
	}
	e := auditlog.Event(d, now)
	e.Size, a.untold = a.untold, 0
	if err := a.append([]esa.Event{e}); err != nil {
		a.failed(err)
	}
}

// committed tells of a commit. Where it came from begins with by what.
func (a *Appliance) committed(e *changes.Entry) {
	keys := make([]string, len(e.Changes))
	for i := range e.Changes {
		keys[i] = e.Changes[i].Key
	}
	by, from, _ := strings.Cut(e.Source, ", ")
	if by = strings.TrimPrefix(by, "REST "); by == "SSH" {
		by = "CLI"
	}
	if host, _, err := net.SplitHostPort(from); err == nil {
		from = host
	}
	what := "Committed: " + strings.Join(keys, ", ")
	if e.Comment != "" {
		what += ". Comment: " + e.Comment
	}
	a.audit.tell(users.Deed{By: by, User: e.User, Role: a.users.RoleOf(e.User), From: from, What: what})
}

// Package quarantine holds messages: who is in which quarantine, until when, and
// what happens to a message there, by itself or by an administrator.
//
// A message is in a quarantine because the event log says so. This package follows
// the log and holds in memory only what messages wait for: the moment each leaves by
// itself, and how much room they take. Each operation looks at the message as it
// stands and adds one entry; so what was done before a crash is done, and what was
// not is not, and an operation that is repeated finds that there is nothing to do.
package quarantine

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"esasim/appliance/stage"
)

// Quarantine is one quarantine with its settings.
type Quarantine struct {
	Name string
	// Retention is for how long it holds a message.
	Retention time.Duration
	// Action is what happens then: release or delete.
	Action string
	// KeepWhenFull says that it lets no message go early when the space of all
	// quarantines is used up.
	KeepWhenFull bool
	// Release is what is changed of messages that it releases by itself.
	Release Change
	Access  Access
}

// Change is what is changed of a message. Source: AsyncOS user guide, "Configuring
// Policy, Virus, and Outbreak Quarantines".
type Change struct {
	Subject string // put before the subject
	Header  string // "Name: value", added
	Strip   bool   // attachments are taken out
}

// Options are the quarantines, and the room that messages in them may take.
type Options struct {
	Quarantines []Quarantine
	Space       int64 // octets of messages, in all but the spam quarantine; 0: any number
	SpamSpace   int64 // likewise in that one
}

// What happens to a message when its time is over.
const (
	Release = "release"
	Delete  = "delete"
)

// The quarantines that are always there.
const (
	Policy       = "Policy"
	Virus        = "Virus"
	Outbreak     = "Outbreak"
	Unclassified = stage.Unclassified
	FileAnalysis = "File Analysis"
	Spam         = stage.SpamQuarantine
)

// BuiltIn are the quarantines that are always there, as they come from the factory.
func BuiltIn() []Quarantine {
	const day = 24 * time.Hour
	return []Quarantine{
		{Name: Policy, Retention: 10 * day, Action: Delete},
		{Name: Virus, Retention: 30 * day, Action: Delete},
		{Name: Outbreak, Retention: 30 * day, Action: Release},
		{Name: Unclassified, Retention: 30 * day, Action: Release},
		{Name: FileAnalysis, Retention: time.Hour, Action: Release},
		{Name: Spam, Retention: 14 * day, Action: Delete},
	}
}

// custom is how a quarantine is that does not come from the factory.
func custom(name string) Quarantine {
	return Quarantine{Name: name, Retention: 10 * 24 * time.Hour, Action: Delete}
}

// OrDefault fills in what the settings do not say: what a quarantine of the name has
// from the factory.
func (q Quarantine) OrDefault() Quarantine {
	def := custom(q.Name)
	for _, b := range BuiltIn() {
		if b.Name == q.Name {
			def = b
		}
	}
	if q.Retention == 0 {
		q.Retention = def.Retention
	}
	if q.Action == "" {
		q.Action = def.Action
	}
	return q
}

// MostRetention bounds how long a quarantine holds a message, and by how much its
// exit can be delayed at a time.
const MostRetention = 10 * 365 * 24 * time.Hour

// Check says what is wrong with the settings; the errors begin with the key.
func (q *Quarantine) Check() error {
	var errs []error
	if q.Name == "" || len(q.Name) > 100 || strings.TrimSpace(q.Name) != q.Name || strings.ContainsFunc(q.Name, func(r rune) bool { return r < ' ' || r == '"' || r == ',' || r == 0x7f }) {
		errs = append(errs, fmt.Errorf("name: %.120q: want a name of up to 100 characters, without commas, quotes and blanks at its ends", q.Name))
	}
	if q.Retention < time.Minute || q.Retention > MostRetention {
		errs = append(errs, fmt.Errorf("retention: %s: want 1m to %s", q.Retention, MostRetention))
	}
	if q.Action != Release && q.Action != Delete {
		errs = append(errs, fmt.Errorf("action: %q: want %s or %s", q.Action, Release, Delete))
	}
	if q.Action == Delete && q.Release != (Change{}) {
		errs = append(errs, errors.New("release: is for the action release only"))
	}
	if err := q.Access.Check(); err != nil {
		errs = append(errs, err)
	}
	// A change is a treatment of a mail policy, and as such checked.
	t := stage.Treatment{Subject: q.Release.Subject, Header: q.Release.Header}
	if all, ok := t.Check().(interface{ Unwrap() []error }); ok {
		for _, err := range all.Unwrap() {
			errs = append(errs, fmt.Errorf("release.%w", err))
		}
	}
	return errors.Join(errs...)
}

// of are the settings of a quarantine. One that was taken out of the configuration
// while it held messages lets them go when their time is over; nobody knows any more
// who might use it, so that is left to administrators.
func (o *Options) of(name string) Quarantine {
	if i := slices.IndexFunc(o.Quarantines, func(q Quarantine) bool { return q.Name == name }); i >= 0 {
		return o.Quarantines[i]
	}
	q := custom(name)
	q.Action, q.Access.Who = Release, Named
	return q
}

// has tells whether there is a quarantine of the name.
func (o *Options) has(name string) bool {
	return slices.ContainsFunc(o.Quarantines, func(q Quarantine) bool { return q.Name == name })
}

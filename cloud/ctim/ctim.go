// Package ctim holds the Cisco Threat Intelligence Model as far as both boxes
// speak it: what the appliance pushes and Threat Response answers. It is a
// public schema (github.com/threatgrid/ctim), so it is the one thing the two
// share; the wire around it is defined on each side for itself.
//
// The names and the JSON keys are the schema's own. Times are written in UTC
// with milliseconds, the form that every published document shows and that one
// real client insists on.
package ctim

import (
	"bytes"
	"fmt"
	"time"
)

// SchemaVersion is what the service said in May 2020. Source: recorded answers.
const SchemaVersion = "1.0.16"

// Time is a moment in the form 2020-05-14T09:31:07.000Z.
type Time struct{ time.Time }

const timeForm = "2006-01-02T15:04:05.000Z"

// At makes a Time.
func At(t time.Time) Time { return Time{t.UTC()} }

// MarshalJSON writes the form with milliseconds.
func (t Time) MarshalJSON() ([]byte, error) {
	return t.append(make([]byte, 0, len(timeForm)+2)), nil
}

func (t Time) append(b []byte) []byte { return t.UTC().AppendFormat(b, `"`+timeForm+`"`) }

// UnmarshalJSON reads any RFC 3339 moment.
func (t *Time) UnmarshalJSON(b []byte) error {
	v, err := time.Parse(time.RFC3339, string(bytes.Trim(b, `"`)))
	if err != nil {
		return fmt.Errorf("time %s: want the form %s", b, timeForm)
	}
	t.Time = v.UTC()
	return nil
}

// ObservableType is one of the schema's closed list of observable types.
type ObservableType string

// The observable types of mail (vendor's integration guide) and those that inspect
// recognises in free text.
const (
	IP             ObservableType = "ip"
	IPv6           ObservableType = "ipv6"
	Domain         ObservableType = "domain"
	Email          ObservableType = "email"
	EmailMessageID ObservableType = "email_messageid"
	EmailSubject   ObservableType = "email_subject"
	CiscoMID       ObservableType = "cisco_mid"
	SHA256         ObservableType = "sha256"
	SHA1           ObservableType = "sha1"
	MD5            ObservableType = "md5"
	FileName       ObservableType = "file_name"
	URL            ObservableType = "url"
)

// Observable is a thing that can be seen: an address, a hash, a subject.
type Observable struct {
	Type  ObservableType `json:"type"`
	Value string         `json:"value"`
}

// ObservedTime is when something was seen. End is nil for a moment.
type ObservedTime struct {
	Start Time  `json:"start_time"`
	End   *Time `json:"end_time,omitempty"`
}

// Relation joins two observables: source -relation-> related.
type Relation struct {
	Origin   string     `json:"origin"` // which module says so
	Relation string     `json:"relation"`
	Source   Observable `json:"source"`
	Related  Observable `json:"related"`
}

// Target is who or what was aimed at: the schema's IdentitySpecification.
type Target struct {
	Type         string       `json:"type"`
	Observables  []Observable `json:"observables"`
	ObservedTime ObservedTime `json:"observed_time"`
}

// Sighting says that observables were seen at a time.
type Sighting struct {
	Type          string       `json:"type"` // "sighting"
	ID            string       `json:"id"`
	SchemaVersion string       `json:"schema_version"`
	ExternalIDs   []string     `json:"external_ids,omitempty"`
	Source        string       `json:"source,omitempty"`
	SourceURI     string       `json:"source_uri,omitempty"`
	Title         string       `json:"title,omitempty"`
	Description   string       `json:"description,omitempty"`
	Confidence    string       `json:"confidence"`
	Severity      string       `json:"severity,omitempty"`
	Count         int          `json:"count"`
	Internal      bool         `json:"internal"`
	Sensor        string       `json:"sensor,omitempty"`
	Resolution    string       `json:"resolution,omitempty"`
	TLP           string       `json:"tlp,omitempty"`
	ObservedTime  ObservedTime `json:"observed_time"`
	Observables   []Observable `json:"observables,omitempty"`
	Targets       []Target     `json:"targets,omitempty"`
	Relations     []Relation   `json:"relations,omitempty"`
}

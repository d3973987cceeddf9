package quarantines

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"esasim/appliance/asyncos/commit"
	"esasim/appliance/asyncos/rest"
	"esasim/appliance/changes"
	"esasim/appliance/quarantine"
)

// settings are those of a quarantine. Source: AsyncOS API guide, which has the keys;
// what the words of their values are is inferred.
type settings struct {
	Name        string   `json:"quarantine_name"`
	Type        string   `json:"quarantine_type"`
	Automatic   bool     `json:"quarantine_automatic_action"` // messages leave early when there is no room
	Period      int64    `json:"quarantine_retention_period"`
	Units       string   `json:"quarantine_retention_units"`
	Normal      normal   `json:"quarantine_normal_actions"`
	Overflow    overflow `json:"quarantine_overflow_actions"`
	Users       []string `json:"quarantine_users"`
	Groups      []string `json:"quarantine_groups"`
	CustomRoles []string `json:"quarantine_custom_roles"`
	// These are read alone. A body may have them, so that an answer can be sent back
	// changed, and they change nothing.
	SizeUsed  string `json:"quarantine_size_used"`
	CreatedBy string `json:"quarantine_created_by"`
	CreatedOn string `json:"quarantine_created_on"`
}

type normal struct {
	Action string `json:"quarantine_action"`
}

// overflow is what is changed of messages that are released by themselves.
type overflow struct {
	Strip         bool   `json:"quarantine_strip_action"`
	SubjectAction string `json:"quarantine_subject_action"`
	SubjectText   string `json:"quarantine_subject_text"`
	HeaderName    string `json:"quarantine_header_name"`
	HeaderText    string `json:"quarantine_header_text"`
}

// What is done with subjects.
const (
	noSubject = "none"
	prepend   = "prepend"
)

// unit is a unit of times, the largest first.
type unit struct {
	word string
	is   time.Duration
}

func units() []unit {
	return []unit{{"days", 24 * time.Hour}, {"hours", time.Hour}, {"minutes", time.Minute}, {"seconds", time.Second}}
}

// settings are those of a quarantine as it stands.
func (a *api) settings(s *quarantine.Status) settings {
	out := settings{Name: s.Name, Type: pvo, Automatic: !s.KeepWhenFull, Normal: normal{s.Action}, Users: []string{}, Groups: []string{}, CustomRoles: []string{},
		Overflow: overflow{Strip: s.Release.Strip, SubjectAction: noSubject, SubjectText: s.Release.Subject}, SizeUsed: short(s.Size)}
	if s.Release.Subject != "" {
		out.Overflow.SubjectAction = prepend
	}
	name, text, _ := strings.Cut(s.Release.Header, ":")
	out.Overflow.HeaderName, out.Overflow.HeaderText = name, strings.TrimSpace(text)
	for _, u := range units() {
		if s.Retention%u.is == 0 {
			out.Period, out.Units = int64(s.Retention/u.is), u.word
			break
		}
	}
	for _, name := range a.otherUsers() {
		if s.Access.Admits(name) {
			out.Users = append(out.Users, name)
		}
	}
	if e := made(a.Changes.History(), s.Name); e != nil {
		out.CreatedBy, out.CreatedOn = e.User, a.timestamp(e.At)
	}
	return out
}

// made is the commit that made a quarantine; nil: it is from the factory or the
// configuration file, or the history does not go back so far.
func made(history []changes.Entry, name string) *changes.Entry {
	if slices.ContainsFunc(quarantine.BuiltIn(), func(q quarantine.Quarantine) bool { return q.Name == name }) {
		return nil
	}
	key := changes.Key(quarantinesKey, name)
	for i := range history { // the newest first
		for _, c := range history[i].Changes {
			switch {
			case c.Key != key && c.Key != quarantinesKey:
			case c.Key == key && c.Old == "" && c.New != "":
				return &history[i]
			case c.Key != key || c.New == "": // the whole list, or it was taken away
				return nil
			}
		}
	}
	return nil
}

// quarantinesKey is where the configuration has them.
const quarantinesKey = "appliance.quarantines"

// created is what a body says of a new quarantine; what it does not say is as on the
// page where one is made.
type created struct{ settings }

func (q *created) UnmarshalJSON(b []byte) error {
	q.settings = settings{Type: pvo, Automatic: true, Period: 10, Units: "days", Normal: normal{quarantine.Delete}, Overflow: overflow{SubjectAction: noSubject}}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	return d.Decode(&q.settings)
}

// edit makes an entry of the configuration of what a body says.
func (q *settings) edit() (changes.Edit, error) {
	keep, err := q.retention()
	if err == nil {
		err = q.check()
	}
	if err != nil {
		return changes.Edit{}, err
	}
	release := map[string]any{"subject": "", "header": "", "strip_attachments": q.Overflow.Strip}
	if q.Overflow.SubjectAction == prepend {
		release["subject"] = q.Overflow.SubjectText
	}
	if q.Overflow.HeaderName != "" {
		release["header"] = q.Overflow.HeaderName + ": " + q.Overflow.HeaderText
	}
	return changes.Edit{Key: changes.Key(quarantinesKey, q.Name), Value: commit.YAML(map[string]any{
		"name": q.Name, "retention": keep.String(), "action": q.Normal.Action, "keep_when_full": !q.Automatic, "release": release,
		"access": quarantine.Named, "users": append([]string{}, q.Users...)})}, nil
}

// retention is for how long the quarantine holds a message.
func (q *settings) retention() (time.Duration, error) {
	for _, u := range units() {
		if u.word != q.Units {
			continue
		}
		if q.Period < 1 || q.Period > int64(quarantine.MostRetention/u.is) {
			return 0, rest.Wrong("quarantine_retention_period", "want a time of a minute to ten years")
		}
		return time.Duration(q.Period) * u.is, nil
	}
	return 0, rest.Wrong("quarantine_retention_units", "want days, hours, minutes or seconds")
}

// check says what an appliance that is one box without a directory cannot have. What
// else is wrong the configuration says.
func (q *settings) check() error {
	for _, k := range []struct {
		name   string
		bad    bool
		reason string
	}{
		{"quarantine_type", q.Type != pvo, "want pvo"},
		{"quarantine_action", q.Normal.Action != quarantine.Release && q.Normal.Action != quarantine.Delete, "want release or delete"},
		{"quarantine_subject_action", q.Overflow.SubjectAction != noSubject && q.Overflow.SubjectAction != prepend, "want none or prepend"},
		{"quarantine_subject_text", (q.Overflow.SubjectText != "") != (q.Overflow.SubjectAction == prepend), "goes with quarantine_subject_action=prepend"},
		{"quarantine_header_name", q.Overflow.HeaderName == "" && q.Overflow.HeaderText != "", "is missing beside quarantine_header_text"},
		{"quarantine_groups", len(q.Groups) > 0, "there is no external authentication that would know groups"},
		{"quarantine_custom_roles", len(q.CustomRoles) > 0, "there are no custom user roles"},
	} {
		if k.bad {
			return rest.Wrong(k.name, k.reason)
		}
	}
	return nil
}

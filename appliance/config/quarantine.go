package config

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"esasim/appliance/quarantine"
)

// Quarantine is a quarantine. One of the built-in ones that a file does not name is
// as it comes from the factory; so is what an entry does not say.
type Quarantine struct {
	Name         string            `yaml:"name"`           // as logs, filters and policies have it
	Retention    time.Duration     `yaml:"retention"`      // for how long it holds a message
	Action       string            `yaml:"action"`         // what happens then
	KeepWhenFull bool              `yaml:"keep_when_full"` // lets no message go early when the space is used up
	Release      QuarantineRelease `yaml:"release"`
	Access       string            `yaml:"access"` // who may use it, besides administrators; empty: everybody
	Users        []string          `yaml:"users"`  // with access: named, the names of users
}

// QuarantineRelease is what is changed of messages that a quarantine releases by
// itself.
type QuarantineRelease struct {
	Subject string `yaml:"subject"`           // put before the subject
	Header  string `yaml:"header"`            // "NAME: VALUE", added
	Strip   bool   `yaml:"strip_attachments"` // true: all attachments are taken out
}

// QuarantineSpace is the room for the messages in quarantines; 0: any.
type QuarantineSpace struct {
	Policy Size `yaml:"policy"` // of all but the spam quarantine
	Spam   Size `yaml:"spam"`   // of the spam quarantine
}

// factoryQuarantines are the built-in ones.
func factoryQuarantines() []Quarantine {
	var out []Quarantine
	for _, q := range quarantine.BuiltIn() {
		out = append(out, Quarantine{Name: q.Name, Retention: q.Retention, Action: q.Action})
	}
	return out
}

// Holding is what the quarantines are. An error names the key.
func (a *Appliance) Holding() (*quarantine.Options, error) {
	o := &quarantine.Options{Space: int64(a.QuarantineSpace.Policy), SpamSpace: int64(a.QuarantineSpace.Spam)}
	var errs []error
	seen := map[string]bool{}
	for i, c := range a.Quarantines {
		q := quarantine.Quarantine{Name: c.Name, Retention: c.Retention, Action: c.Action, KeepWhenFull: c.KeepWhenFull,
			Release: quarantine.Change(c.Release), Access: quarantine.Access{Who: c.Access, Users: c.Users}}.OrDefault()
		if err := errors.Join(q.Check(), a.unknownUsers(c.Users)); err != nil {
			errs = append(errs, under(fmt.Sprintf("appliance.quarantines[%d]", i), err))
		}
		if folded := strings.ToLower(q.Name); seen[folded] {
			errs = append(errs, fmt.Errorf("appliance.quarantines[%d].name: %q is there already", i, q.Name))
		} else {
			seen[folded] = true
		}
		o.Quarantines = append(o.Quarantines, q)
	}
	missing := []quarantine.Quarantine{}
	for _, q := range quarantine.BuiltIn() {
		named := func(have quarantine.Quarantine) bool { return have.Name == q.Name }
		if i := slices.IndexFunc(o.Quarantines, func(have quarantine.Quarantine) bool { return strings.EqualFold(have.Name, q.Name) }); i >= 0 && !named(o.Quarantines[i]) {
			errs = append(errs, fmt.Errorf("appliance.quarantines[%d].name: %q: want %q", i, o.Quarantines[i].Name, q.Name))
		}
		if !slices.ContainsFunc(o.Quarantines, named) {
			missing = append(missing, q)
		}
	}
	o.Quarantines = append(missing, o.Quarantines...)
	return o, errors.Join(errs...)
}

// unknownUsers says which names are of no user.
func (a *Appliance) unknownUsers(names []string) error {
	var errs []error
	for i, name := range names {
		if !slices.ContainsFunc(a.Users, func(u User) bool { return u.Name == name }) {
			errs = append(errs, fmt.Errorf("users[%d]: there is no user %q", i, name))
		}
	}
	return errors.Join(errs...)
}

// keep is for how long each quarantine holds a message.
func (a *Appliance) keep() (map[string]time.Duration, error) {
	o, err := a.Holding()
	out := map[string]time.Duration{}
	for _, q := range o.Quarantines {
		out[q.Name] = q.Retention
	}
	return out, err
}

// unknownQuarantines says which treatments of a mail policy name a quarantine that is
// not there; the errors begin with the key within the policy.
func unknownQuarantines(p *MailPolicy, keep map[string]time.Duration) error {
	var errs []error
	eachTreatment(reflect.ValueOf(p).Elem(), "", func(key string, t Treatment) {
		if _, ok := keep[t.Quarantine]; t.Quarantine != "" && !ok {
			errs = append(errs, fmt.Errorf("%s.quarantine: there is no quarantine %q", key, t.Quarantine))
		}
	})
	return errors.Join(errs...)
}

// eachTreatment finds the treatments in settings, with their keys.
func eachTreatment(v reflect.Value, key string, found func(key string, t Treatment)) {
	if v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	if v.Kind() != reflect.Struct {
		return
	}
	if t, ok := v.Interface().(Treatment); ok {
		found(key, t)
		return
	}
	for i := range v.NumField() {
		if f := v.Type().Field(i); f.IsExported() {
			name, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
			eachTreatment(v.Field(i), strings.TrimPrefix(key+"."+name, "."), found)
		}
	}
}

package changes

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"esasim/appliance/config"
)

// edit is one thing that somebody did to a configuration. It is written to disk.
type edit struct {
	Key   string    `json:"key"`
	Do    deed      `json:"do"`
	Value string    `json:"value,omitempty"` // of set
	At    time.Time `json:"at"`
}

type deed string

const (
	set    deed = "set"
	remove deed = "remove" // an entry of a list
	reset  deed = "reset"  // to what the file says; only in drafts
)

// compose is a configuration with edits over it.
func compose(base *config.Appliance, edits []edit) (config.Appliance, error) {
	out := clone(base)
	for _, e := range edits {
		if err := e.apply(&out); err != nil {
			return out, err
		}
	}
	return out, nil
}

func (e *edit) apply(c *config.Appliance) error {
	p, err := parse(e.Key)
	if err != nil {
		return err
	}
	at, err := find(c, p)
	if e.Do == remove {
		if err == nil && at.index >= 0 { // else somebody else has removed it
			at.remove()
		}
		return nil
	}
	if err != nil {
		return err
	}
	return at.set(e.Key, e.Value)
}

// layered is a layer with more edits on top. What they make void is left out, so that
// a layer does not grow by what was changed again.
func layered(base *config.Appliance, layer, edits []edit) []edit {
	out := slices.Clone(layer)
	for _, e := range edits {
		again := func(old edit) bool { return old.Key == e.Key && old.Do == set && e.Do == set }
		out = slices.DeleteFunc(out, func(old edit) bool { return below(old.Key, e.Key) && !again(old) })
		at := slices.IndexFunc(out, again)
		switch {
		case at >= 0:
			out[at] = e // where it was: an entry keeps its place in the list
		case e.Do == set:
			out = append(out, e)
		case e.Do == remove:
			if was, err := compose(base, out); err != nil || has(&was, e.Key) {
				out = append(out, e)
			}
		}
	}
	return out
}

// below is true for a key that is another one, or below it.
func below(key, of string) bool {
	p, err := parse(key)
	q, wrong := parse(of)
	return err == nil && wrong == nil && p.within(q)
}

func has(c *config.Appliance, key string) bool {
	p, err := parse(key)
	if err != nil {
		return false
	}
	at, err := find(c, p)
	return err == nil && at.v.IsValid()
}

// path reads a key as it stands in the configuration in force. c.mu is held.
func (c *Changes) path(key string) (path, error) {
	p, err := parse(key)
	if err != nil {
		return nil, err
	}
	return p.firstListener(c.running.Listener.Interface), nil
}

// drafted is what a user's draft makes of the configuration in force, and the layer
// that this needs. c.mu is held.
func (c *Changes) drafted(user string) (config.Appliance, []edit, error) {
	if len(c.drafts[user]) == 0 {
		return clone(&c.running), c.kept.Layer, nil
	}
	return c.with(c.drafts[user])
}

func (c *Changes) with(edits []edit) (config.Appliance, []edit, error) {
	layer := layered(&c.base, c.kept.Layer, edits)
	next, err := compose(&c.base, layer)
	return next, layer, err
}

// Set puts a value, as YAML, into a user's draft: of a key, of a section, whose other
// keys stay, or of an entry of a list, "appliance.quarantines[Mine]", which is added
// if there is none of this name. The error is all that would be wrong with the
// configuration, each fault with its key, or a *RestartError.
func (c *Changes) Set(user, key, value string) error {
	if len(value) > mostValue {
		return fmt.Errorf("%s: %w: a value may have %d octets", key, ErrTooMuch, mostValue)
	}
	return c.submit(user, key, func(p path) ([]edit, error) { return c.setting(user, p, value) })
}

// setting are the edits that a value comes to: one for each key that it changes, so
// that a section can be set in part.
func (c *Changes) setting(user string, p path, value string) ([]edit, error) {
	now := time.Now()
	whole := edit{Key: p.String(), Do: set, Value: value, At: now}
	before, _, err := c.drafted(user)
	if err != nil {
		return nil, err
	}
	after := clone(&before)
	if err := whole.apply(&after); err != nil {
		return nil, err
	}
	was, err := find(&before, p)
	if err != nil || !was.v.IsValid() {
		return []edit{whole}, err
	}
	is, err := find(&after, p)
	if err != nil {
		return nil, err
	}
	differing := leaves(p, was.v, is.v)
	if p.ofEntry() && len(differing) > 0 {
		return []edit{whole}, nil
	}
	var out []edit
	for _, leaf := range differing {
		e := edit{Key: leaf.String(), Do: set, Value: value, At: now}
		if len(leaf) > len(p) {
			at, err := find(&after, leaf)
			if err != nil {
				return nil, err
			}
			e.Value = write(at.v)
		}
		out = append(out, e)
	}
	return out, nil
}

// Remove takes an entry of a list away, or a key back to what the configuration file
// says, in a user's draft.
func (c *Changes) Remove(user, key string) error {
	return c.submit(user, key, func(p path) ([]edit, error) {
		e := edit{Key: p.String(), Do: reset, At: time.Now()}
		if p.ofEntry() {
			e.Do = remove
		}
		before, _, err := c.drafted(user)
		if err != nil {
			return nil, err
		}
		if at, err := find(&before, p); err != nil || !at.v.IsValid() {
			return nil, errors.Join(err, fmt.Errorf("%s: %w", p, errNone))
		}
		return []edit{e}, nil
	})
}

// Reset takes a key, and all below it, back to what the configuration file says, in a
// user's draft: an entry that was removed is there again.
func (c *Changes) Reset(user, key string) error {
	return c.submit(user, key, func(p path) ([]edit, error) {
		return []edit{{Key: p.String(), Do: reset, At: time.Now()}}, nil
	})
}

// submit adds edits to a user's draft, if what comes of it could run.
func (c *Changes) submit(user, key string, edits func(path) ([]edit, error)) error {
	if err := checkUser(user); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	p, err := c.path(key)
	if err != nil {
		return err
	}
	more, err := edits(p)
	if err != nil {
		return err
	}
	if len(more) == 0 {
		return nil
	}
	before := void(c.drafts[user], more)
	draft := append(slices.Clone(before), more...)
	if _, ok := c.drafts[user]; !ok && len(c.drafts) >= mostDrafts || len(draft) > mostEdits {
		return fmt.Errorf("%w: there may be %d drafts with %d changes each", ErrTooMuch, mostDrafts, mostEdits)
	}
	next, layer, err := c.with(draft)
	if err == nil {
		err = c.fits(&next, layer)
	}
	if err != nil {
		return err
	}
	if c.idle(before, more, &next) {
		draft = before
	}
	if c.drafts[user] = draft; len(draft) == 0 {
		delete(c.drafts, user)
	}
	return nil
}

// idle is true when edits on top of others change nothing, as those that set again what
// is in force.
func (c *Changes) idle(before, more []edit, next *config.Appliance) bool {
	takesBack := func(e edit) bool {
		return e.Do == reset && slices.ContainsFunc(c.kept.Layer, func(old edit) bool { return below(old.Key, e.Key) })
	}
	if slices.ContainsFunc(more, takesBack) {
		return false // the file may change later
	}
	same, _, err := c.with(before)
	return err == nil && reflect.DeepEqual(&same, next)
}

// void is a draft without what others make void.
func void(draft, more []edit) []edit {
	return slices.DeleteFunc(slices.Clone(draft), func(old edit) bool {
		return slices.ContainsFunc(more, func(e edit) bool { return below(old.Key, e.Key) })
	})
}

// fits says why a configuration cannot be gone over to.
func (c *Changes) fits(next *config.Appliance, layer []edit) error {
	size := 0
	for _, e := range layer {
		size += len(e.Key) + len(e.Value)
	}
	if size > mostLayer {
		return fmt.Errorf("%w: what is committed over the configuration file may have %d octets", ErrTooMuch, mostLayer)
	}
	if err := c.o.Check(next); err != nil {
		return err
	}
	if keys := c.running.NeedsRestart(next); len(keys) > 0 {
		slices.Sort(keys)
		return &RestartError{keys}
	}
	return nil
}

// Clear throws a user's draft away.
func (c *Changes) Clear(user string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.drafts, user)
}

// checkUser says what is wrong with the name of a user: it is written to logs.
func checkUser(name string) error {
	if name == "" || len(name) > mostUser || !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl) {
		return fmt.Errorf("user %.20q: want a name of at most %d octets", name, mostUser)
	}
	return nil
}

package changes

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Commit has the appliance go over to what a user's draft says: all of it holds from
// then on, and after a restart, or nothing has changed and the draft is as it was. The
// error is ErrNothing for a draft without changes; else those of [Changes.Set], or what
// failed.
func (c *Changes) Commit(ctx context.Context, user, comment string) (Entry, error) {
	if err := errors.Join(ctx.Err(), checkUser(user), checkComment(comment)); err != nil {
		return Entry{}, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	entry, err := c.commit(ctx, user, comment, c.drafts[user])
	if err == nil {
		delete(c.drafts, user)
	}
	return entry, err
}

// Edit is one step of [Changes.Now].
type Edit struct {
	Key    string
	Value  string // YAML
	Remove bool   // instead of setting it
}

// Now submits and commits at once, as calls of the REST API do. What is in drafts, the
// user's own as well, stays there.
func (c *Changes) Now(ctx context.Context, user, comment string, edits ...Edit) (Entry, error) {
	if err := errors.Join(ctx.Err(), checkUser(user), checkComment(comment)); err != nil {
		return Entry{}, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	var draft []edit
	for _, e := range edits {
		p, err := c.path(e.Key)
		if err != nil {
			return Entry{}, err
		}
		if len(e.Value) > mostValue {
			return Entry{}, fmt.Errorf("%s: %w: a value may have %d octets", p, ErrTooMuch, mostValue)
		}
		one := edit{Key: p.String(), Do: set, Value: e.Value, At: time.Now()}
		if e.Remove {
			if one.Do, one.Value = reset, ""; p.ofEntry() {
				one.Do = remove
			}
		}
		draft = append(draft, one)
	}
	return c.commit(ctx, user, comment, draft)
}

// commit goes over to what edits make of the configuration. c.mu is held.
func (c *Changes) commit(ctx context.Context, user, comment string, edits []edit) (Entry, error) {
	if len(edits) == 0 {
		return Entry{}, ErrNothing
	}
	next, layer, err := c.with(edits)
	if err == nil {
		err = c.fits(&next, layer)
	}
	if err != nil {
		return Entry{}, err
	}
	source, _ := ctx.Value(sourceKey{}).(string)
	entry := Entry{At: time.Now(), User: user, Source: source, Comment: comment, Changes: c.difference(edits, &next)}
	then := kept{Format: format, Layer: layer, History: remembered(c.kept.History, entry)}
	if err := c.o.Apply(&next, func() error { return c.o.file().Save(then) }); err != nil {
		return Entry{}, err
	}
	c.kept, c.running = then, next
	c.log(&entry)
	return entry, nil
}

// log is the audit of a commit. The real appliance has it in its system logs, in words
// such as "User admin: commit changes: ...".
func (c *Changes) log(e *Entry) {
	keys := make([]string, len(e.Changes))
	for i := range e.Changes {
		keys[i] = e.Changes[i].Key
	}
	c.o.Logger.Info("commit changes", "user", e.User, "source", e.Source, "comment", e.Comment, "keys", strings.Join(keys, ", "))
	if c.o.Audit != nil {
		c.o.Audit(e)
	}
}

// remembered is the history with one entry more; the oldest go when it is too long.
func remembered(history []Entry, e Entry) []Entry {
	e.Changes = slices.Clone(e.Changes)
	for i := range e.Changes {
		e.Changes[i].Old, e.Changes[i].New = short(e.Changes[i].Old), short(e.Changes[i].New)
	}
	history = append(slices.Clone(history), e)
	size, from := 0, len(history)
	for from > max(0, len(history)-mostHistory) {
		for _, c := range history[from-1].Changes {
			size += len(c.Key) + len(c.Old) + len(c.New)
		}
		if size > mostKept && from < len(history) {
			break
		}
		from--
	}
	return history[from:]
}

func checkComment(s string) error {
	if len(s) > mostComment || !utf8.ValidString(s) {
		return fmt.Errorf("comment: want UTF-8 of at most %d octets", mostComment)
	}
	return nil
}

// Forget takes keys, and all below them, out of what was committed, in the data
// directory of an appliance that is not running: even when it does not fit the
// configuration file any more. It says which were there; without keys, all.
func Forget(o Options, keys ...string) ([]string, error) {
	var k kept
	found, err := o.file().Load(&k)
	if err != nil || !found {
		return nil, err
	}
	var gone []string
	k.Layer = slices.DeleteFunc(k.Layer, func(e edit) bool {
		void := len(keys) == 0 || slices.ContainsFunc(keys, func(key string) bool { return e.Key == key || below(e.Key, key) })
		if void {
			gone = append(gone, e.Key)
		}
		return void
	})
	if len(gone) == 0 {
		return nil, nil
	}
	e := Entry{At: time.Now(), User: "esasim config reset", Comment: "what was committed was taken back"}
	for _, key := range gone {
		e.Changes = append(e.Changes, Change{Key: key, At: e.At})
	}
	k.History = remembered(k.History, e)
	return gone, o.file().Save(k)
}

// Committed is what was committed in a data directory, the newest commit first.
func Committed(o Options) ([]Entry, error) {
	var k kept
	_, err := o.file().Load(&k)
	slices.Reverse(k.History)
	return k.History, err
}

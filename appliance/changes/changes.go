// Package changes is how an administrator changes the configuration of an appliance
// that runs: each has a draft of his own, which changes nothing until he commits it.
// What was committed is a layer over the configuration from the factory, the YAML
// file, and outlives a restart, whatever the file says then.
//
// A layer is a list of single settings by their keys, not a whole configuration: so
// the file may change below it, and of two who commit, the second changes what the
// first has made.
package changes

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"esasim/appliance/config"
	"esasim/internal/statefile"
)

// Change is one thing that a draft or a commit changes. Values are YAML on one line,
// their secrets masked; "" is an entry of a list that is not there.
type Change struct {
	Key string    `json:"key"` // "appliance.quarantines[Policy].retention"
	Old string    `json:"old"`
	New string    `json:"new"`
	At  time.Time `json:"at"` // when it was put into the draft
}

// Entry of the history is one commit.
type Entry struct {
	At      time.Time `json:"at"`
	User    string    `json:"user"`
	Source  string    `json:"source,omitempty"` // where the user came from; see [WithSource]
	Comment string    `json:"comment"`
	Changes []Change  `json:"changes"`
}

// What may be wrong besides the faults of a configuration, each of which begins with
// its key.
var (
	ErrNothing = errors.New("there is nothing to commit")
	ErrTooMuch = errors.New("too much")
)

// RestartError says which keys of a configuration cannot be changed in an appliance
// that runs.
type RestartError struct {
	Keys []string // sorted
}

func (e *RestartError) Error() string { return "needs a restart: " + strings.Join(e.Keys, ", ") }

// LayerError says that what was committed does not fit the configuration file any
// more.
type LayerError struct{ Err error }

func (e *LayerError) Error() string {
	return fmt.Sprintf("%s; this is so by what was committed over the configuration file: "+
		"`esasim config history --data DIR` tells what, `esasim config reset --data DIR KEY` takes a key back to what the file says", e.Err)
}

func (e *LayerError) Unwrap() error { return e.Err }

// Bounds of what an administrator may write. Nothing but memory asks for them.
const (
	mostDrafts  = 64       // users with one
	mostEdits   = 1000     // in a draft
	mostValue   = 1 << 20  // octets of a value
	mostLayer   = 16 << 20 // octets of what was committed
	mostComment = 1000     // octets
	mostUser    = 128      // octets
	mostHistory = 100      // entries
	mostShown   = 2 << 10  // octets of a value in the history
	mostKept    = 1 << 20  // octets of all values in the history
)

// Options of the changes of an appliance.
type Options struct {
	FS     vfs.FS
	Dir    string           // has the file of what was committed
	Base   config.Appliance // the configuration from the factory
	Check  func(*config.Appliance) error
	Logger *slog.Logger
	// Apply goes over to a configuration. Just before it cannot fail any more it calls
	// keep, and if that fails nothing may have changed. nil: there is nothing that runs.
	Apply func(c *config.Appliance, keep func() error) error
	// Audit is told of each commit; nil: nobody is.
	Audit func(*Entry)
}

// Changes are the drafts of an appliance and what was committed. It is safe for
// concurrent use.
type Changes struct {
	o Options
	// mu is held over a whole commit, its file included: commits are one after
	// another, and who looks sees none half done. It guards what follows.
	mu      sync.Mutex
	base    config.Appliance
	running config.Appliance // base with the layer over it
	kept    kept
	drafts  map[string][]edit
}

// kept is the file.
type kept struct {
	Format  int     `json:"format"`
	Layer   []edit  `json:"layer"`
	History []Entry `json:"history"`
}

const format = 1

func (o *Options) file() statefile.File {
	return statefile.File{FS: o.FS, Dir: o.Dir, Key: "changes.json"}
}

// Open reads what was committed before. The error is a *LayerError if it does not fit
// the configuration.
func Open(o Options) (*Changes, error) {
	c := &Changes{o: o, base: clone(&o.Base), drafts: map[string][]edit{}}
	if _, err := o.file().Load(&c.kept); err != nil {
		return nil, fmt.Errorf("what was committed: %w", err)
	}
	if f := c.kept.Format; f != 0 && f != format {
		return nil, fmt.Errorf("what was committed: format %d: this esasim reads format %d", f, format)
	}
	c.kept.Format = format
	var err error
	c.running, err = c.over(&c.base, c.kept.Layer)
	return c, err
}

// over is a configuration with a layer over it.
func (c *Changes) over(base *config.Appliance, layer []edit) (config.Appliance, error) {
	out, err := compose(base, layer)
	if err == nil && len(layer) > 0 && c.o.Check(base) == nil {
		err = c.o.Check(&out) // else it is the file's fault, and others say so
	}
	if err != nil {
		return out, &LayerError{err}
	}
	return out, nil
}

// Running is the configuration in force. Nobody may change what it points to.
func (c *Changes) Running() config.Appliance {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.running
}

// Rebase goes over to another configuration from the factory, with what was committed
// over it. Drafts stay.
func (c *Changes) Rebase(base config.Appliance) error {
	if err := c.o.Check(&base); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	own := clone(&base)
	next, err := c.over(&own, c.kept.Layer)
	if err != nil {
		return err
	}
	if err := c.o.Apply(&next, func() error { return nil }); err != nil {
		return err
	}
	c.base, c.running = own, next
	return nil
}

// Value is what a user's draft has at a key, or else what is in force; "" for an entry
// of a list that is not there. Secrets are masked.
func (c *Changes) Value(user, key string) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	p, err := c.path(key)
	if err != nil {
		return "", err
	}
	out, _, err := c.drafted(user)
	if err != nil {
		return "", err
	}
	return shown(&out, p)
}

// Draft is the whole configuration as a user's draft has it.
func (c *Changes) Draft(user string) (config.Appliance, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	out, _, err := c.drafted(user)
	return out, err
}

// Pending is what a user's commit would change, in the order in which he did it.
func (c *Changes) Pending(user string) []Change {
	c.mu.Lock()
	defer c.mu.Unlock()
	next, _, err := c.drafted(user)
	if err == nil {
		return c.difference(c.drafts[user], &next)
	}
	var out []Change // it does not fit what others have committed; a commit will say so
	for _, e := range c.drafts[user] {
		out = append(out, Change{Key: e.Key, New: e.Value, At: e.At})
	}
	return out
}

// difference is what edits make of the configuration in force.
func (c *Changes) difference(edits []edit, next *config.Appliance) []Change {
	before, after := clone(&c.running), clone(next)
	var out []Change
	for _, e := range edits {
		p, err := parse(e.Key)
		if err != nil {
			continue // no edit has one that is none
		}
		was, _ := shown(&before, p) // an error: below an entry that is not there
		is, _ := shown(&after, p)
		if was != is || differ(&before, &after, p) {
			out = append(out, Change{Key: e.Key, Old: was, New: is, At: e.At})
		}
	}
	return out
}

// differ is true when two configurations do not have the same at a key.
func differ(a, b *config.Appliance, p path) bool {
	was, wrong := find(a, p)
	is, err := find(b, p)
	if wrong != nil || err != nil || !was.v.IsValid() || !is.v.IsValid() {
		return (wrong == nil && was.v.IsValid()) != (err == nil && is.v.IsValid())
	}
	return len(leaves(p, was.v, is.v)) > 0
}

// History are the last commits, the newest first.
func (c *Changes) History() []Entry {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := slices.Clone(c.kept.History)
	slices.Reverse(out)
	return out
}

// sourceKey is where a context has the source of a commit.
type sourceKey struct{}

// WithSource says where a commit comes from, as in "SSH, 192.0.2.7"; it is in the
// history and in the log.
func WithSource(ctx context.Context, source string) context.Context {
	return context.WithValue(ctx, sourceKey{}, source)
}

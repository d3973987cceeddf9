// Package cli is the appliance's command line: its commands, and the dialogue that
// they are given in. How a session comes here, and what it is seen on, is not known
// to it.
//
// A command is a function that asks and says; see the table in commands.go. What a
// command needs of the appliance is a field of [Box].
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strings"
	"sync"
	"time"

	"esasim/appliance/changes"
	"esasim/appliance/config"
	"esasim/appliance/delivery"
	"esasim/appliance/quarantine"
	"esasim/appliance/status"
	"esasim/appliance/users"
	"esasim/cloudlink"
	"esasim/esa"
)

// Terminal is what a session is seen on.
type Terminal interface {
	io.Writer
	// ReadLine asks for a line. The error is io.EOF when nothing more will be typed,
	// and context.Canceled after Ctrl-C.
	ReadLine(prompt string) (string, error)
	// ReadKey waits for any key; with fresh, one that is pressed from now on.
	ReadKey(fresh bool) (byte, error)
	// Rows are those of the screen; 0: there is none.
	Rows() int
	// Interruptible runs f with a context that ends when Ctrl-C is pressed.
	Interruptible(ctx context.Context, f func(context.Context))
}

// Session is somebody who has signed in.
type Session struct {
	User     users.User
	From     string // his address
	Terminal Terminal
}

// WorkQueue is the appliance's work queue.
type WorkQueue interface {
	Pause()
	Resume()
	Paused() bool
}

// Delivery is the appliance's delivery queue; without domains all are meant.
type Delivery interface {
	Suspend(domains ...string)
	Resume(domains ...string)
	Suspended() (all bool, domains []string)
	Retry(domains ...string)
	Standing() delivery.Standing
	Destinations() []delivery.Destination // with the most recipients first
	Destination(domain string) (delivery.Destination, bool)
}

// Listener is one of the appliance's listeners.
type Listener interface {
	Interface() string
	Suspend()
	Resume()
	Suspended() bool
}

// Quarantines are the appliance's quarantines.
type Quarantines interface{ List() []quarantine.Status }

// ErrGone says that a message is no longer kept.
var ErrGone = errors.New("no longer kept")

// Messages are those that the appliance has.
type Messages interface {
	// Open lists those that are accepted, not finished, and in no quarantine, oldest
	// first.
	Open(ctx context.Context) ([]esa.MID, error)
	// Message gives a message as it stands, its events not; the error is ErrGone when it
	// is no longer kept.
	Message(ctx context.Context, mid esa.MID) (esa.Message, error)
}

// Log is a log subscription that is written to files. A file is named without what
// says whether it is finished.
type Log interface {
	// Written are its files, the oldest first.
	Written() ([]string, error)
	Open(file string) (io.ReadCloser, error)
	// Changed is closed when more has been written than had been when it was asked
	// for.
	Changed() <-chan struct{}
}

// Status is what the appliance counts.
type Status interface {
	Counted() status.Counted
	Entered() uint64 // messages that came into the work queue
	Reset() error
}

// Changes are the drafts of those who change the configuration.
type Changes interface {
	Set(user, key, value string) error
	Remove(user, key string) error
	Value(user, key string) (string, error)
	Draft(user string) (config.Appliance, error)
	Pending(user string) []changes.Change
	Commit(ctx context.Context, user, comment string) (changes.Entry, error)
	Clear(user string)
}

// Link is the appliance's connection to the cloud.
type Link interface {
	Register(ctx context.Context, region, token string) error
	Deregister(ctx context.Context) error
	Status() cloudlink.Status
}

// Subscription is a log subscription.
type Subscription struct {
	Name      string // "mail_logs"
	Type      string // "IronPort Text Mail Logs"
	Retrieval string // "Manual Download"
	Log       Log    // nil: it is not written to files
}

// Box is the appliance as commands see it at one moment.
type Box struct {
	Host        string
	Model       string // "C100V"
	Product     string // "Email Security Virtual Appliance"
	Version     string // "13.0.0-392"
	Serial      string
	Location    *time.Location
	Queue       WorkQueue
	Delivery    Delivery
	Listeners   []Listener
	Quarantines Quarantines
	Messages    Messages
	Logs        []Subscription
	Addr        func(domain string) netip.Addr // of a simulated host
	Status      Status
	Gauges      func(context.Context) status.Gauges
	Changes     Changes
	Link        Link
	Regions     []string          // of the cloud
	Config      *config.Appliance // what it goes by
	Audit       func(users.Deed)  // is told of commands that change something that runs; nil: nobody is
}

// CLI is the command line of one appliance.
type CLI struct {
	box func() Box

	mu     sync.Mutex // guards what follows
	paused string     // by whom the work queue was paused, and why: "admin: a look"
}

// New makes a command line. The box is asked for once for each command.
func New(box func() Box) *CLI { return &CLI{box: box} }

// Admit tells whether a user has a command line at all. Source: AsyncOS user guide,
// "User Roles": help desk users have none.
func Admit(u users.User) bool { return u.Role.MayConfigure() }

// Exec runs the commands of a line, and gives the exit status: 0, or 1 when one of
// them failed, which is the last that is run.
func (c *CLI) Exec(ctx context.Context, s Session, line string) (status int) {
	p := &person{cli: c, Session: s, once: true}
	if p.line(ctx, line) {
		return 0
	}
	return 1
}

// Shell has a dialogue, until somebody leaves it or ctx ends.
func (c *CLI) Shell(ctx context.Context, s Session) {
	p := &person{cli: c, Session: s}
	p.show(greeting(c.box()))
	for !p.left && ctx.Err() == nil {
		line, err := s.Terminal.ReadLine(c.box().Host + "> ")
		switch {
		case errors.Is(err, io.EOF):
			p.show("\n")
			return
		case errors.Is(err, context.Canceled) && ctx.Err() == nil:
			continue
		case err != nil:
			p.show("\n" + err.Error() + "\n")
			return
		}
		p.line(ctx, line)
	}
}

// greeting is what a dialogue begins with.
func greeting(b Box) string {
	version, build, _ := strings.Cut(b.Version, "-")
	return fmt.Sprintf("AsyncOS %s for Cisco %s build %s\n\nWelcome to the Cisco %s %s\n", version, b.Model, build, b.Model, b.Product)
}

// person is whoever has a session.
type person struct {
	Session
	cli  *CLI
	once bool // there is a single line of commands, and no dialogue
	left bool
}

func (p *person) show(text string) { _, _ = io.WriteString(p.Terminal, text) }

// line runs the commands of a line until one fails, and tells whether none did.
func (p *person) line(ctx context.Context, line string) bool {
	commands, err := split(line)
	if err != nil {
		p.show(err.Error() + "\n")
		return false
	}
	for _, words := range commands {
		if !p.run(ctx, words) {
			return false
		}
		if p.left || ctx.Err() != nil {
			break
		}
	}
	return true
}

// run runs one command.
func (p *person) run(ctx context.Context, words []string) (ok bool) {
	p.Terminal.Interruptible(ctx, func(ctx context.Context) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		c := &call{ctx: ctx, Box: p.cli.box(), person: p, name: strings.ToLower(words[0]), args: words[1:]}
		c.out = newOutput(p.Terminal, p.once, cancel)
		ok = c.finish(c.do())
	})
	return ok
}

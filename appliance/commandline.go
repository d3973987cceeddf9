package appliance

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net"
	"slices"
	"time"

	"esasim/appliance/cli"
	"esasim/appliance/config"
	"esasim/appliance/delivery"
	"esasim/appliance/logs"
	"esasim/appliance/sshd"
	"esasim/esa"
	"esasim/internal/statefile"
	"esasim/tracking"
)

// ServeCommandLine serves the command line by SSH until ctx ends. It must have
// returned before Close.
func (a *Appliance) ServeCommandLine(ctx context.Context, l net.Listener) error {
	key, err := a.hostKey()
	if err != nil {
		return err
	}
	commands := cli.New(a.box)
	s, err := sshd.New(sshd.Options{
		Key: key, SignIn: a.users, Admit: cli.Admit, Logger: a.o.Logger, Audit: a.audit.tell,
		Run: func(ctx context.Context, s *sshd.Session) int {
			who := cli.Session{User: s.User, From: s.From, Terminal: s.Terminal}
			if s.Command != "" {
				return commands.Exec(ctx, who, s.Command)
			}
			commands.Shell(ctx, who)
			return 0
		},
	})
	if err != nil {
		return err
	}
	return s.Serve(ctx, l)
}

// hostKey is the appliance's key for SSH, made at the first start and kept, so that
// clients know it again.
func (a *Appliance) hostKey() ([]byte, error) {
	const name = "ssh_host_key.pem"
	b, err := statefile.Read(a.o.FS, a.o.FS.PathJoin(a.o.Dir, name))
	if errors.Is(err, fs.ErrNotExist) {
		if b, err = sshd.NewKey(); err == nil {
			err = statefile.Write(a.o.FS, a.o.Dir, name, b)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return b, nil
}

// box is the appliance as its command line sees it.
func (a *Appliance) box() cli.Box {
	c := a.now.Load()
	in, _ := c.Location() // the configuration was checked
	b := cli.Box{
		Host: c.Hostname, Model: model, Product: c.Product, Version: c.Version, Serial: a.serial, Location: in,
		Queue: a.queue, Delivery: a.delivery, Quarantines: a.quarantines, Messages: lineMessages{a.store},
		Addr: delivery.Simulated{}.Addr, Status: a.status, Gauges: a.Gauges, Changes: a.changes, Link: a.link,
		Regions: slices.Sorted(maps.Keys(a.o.Servers)), Config: c, Audit: a.audit.tell,
	}
	for i := range c.Logs {
		b.Logs = append(b.Logs, a.subscription(c, &c.Logs[i], in))
	}
	for _, l := range a.listeners {
		b.Listeners = append(b.Listeners, l)
	}
	return b
}

// lineMessages is the store as the command line sees it.
type lineMessages struct{ *tracking.Store }

func (l lineMessages) Message(ctx context.Context, mid esa.MID) (esa.Message, error) {
	m, err := l.Standing(ctx, mid)
	if errors.Is(err, tracking.ErrNotFound) {
		err = fmt.Errorf("%w: %w", cli.ErrGone, err)
	}
	return m, err
}

// subscription is a log as the command line sees it. Source of the words: AsyncOS user
// guide, "Log Types" and "Log Retrieval Methods".
func (a *Appliance) subscription(c *config.Appliance, l *config.LogSubscription, in *time.Location) cli.Subscription {
	kinds := map[string]string{"mail": "IronPort Text Mail Logs", "bounces": "Bounce Logs", "amp": "AMP Engine Logs", "consolidated_event": "Consolidated Event Logs", "audit": "Audit Logs"}
	s := cli.Subscription{Name: l.Name, Type: kinds[l.Type], Retrieval: "Manual Download"}
	o, err := a.logOptions(c, l, in)
	if err != nil || o.Files == nil {
		s.Retrieval = "Syslog Push"
		return s
	}
	s.Log = lineLog{o.Files, func() <-chan struct{} { return a.logs.changed(l.Name) }}
	return s
}

// lineLog is the files of a log as the command line sees them.
type lineLog struct {
	*logs.Files
	changed func() <-chan struct{}
}

func (l lineLog) Changed() <-chan struct{} { return l.changed() }

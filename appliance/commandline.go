package appliance

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"

	"esasim/appliance/cli"
	"esasim/appliance/delivery"
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
		Key: key, SignIn: a.users, Admit: cli.Admit, Logger: a.o.Logger,
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
		Addr: delivery.Simulated{}.Addr,
	}
	for _, l := range a.listeners {
		b.Listeners = append(b.Listeners, l)
	}
	return b
}

// lineMessages is the store as the command line sees it.
type lineMessages struct{ *tracking.Store }

func (l lineMessages) Message(ctx context.Context, mid esa.MID) (esa.Message, error) {
	return l.Standing(ctx, mid)
}

package lab

import (
	"context"
	"errors"
	"log/slog"

	"esasim/esa"
	"esasim/internal/group"
	"esasim/internal/memnet"
	"esasim/internal/web"
	"esasim/tracking"
)

// tellPast registers the appliance of a data directory with the lab's own cloud and
// tells it of every message in the tracking data, as if it had been registered all
// along. Nothing else runs meanwhile: no mail is taken, none is sent on. The boxes
// meet on a network in memory, at the addresses that a lab has without flags.
func tellPast(ctx context.Context, o SeedOptions) (err error) {
	var network memnet.Network
	l, err := New(Options{Config: DefaultConfig(), Dir: o.Dir, FS: o.FS, Listen: network.Listen, Dial: network.Dial, Logger: o.Logger})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	g := group.New(ctx)
	for region, c := range l.clouds {
		g.Go("cloud "+region, func(ctx context.Context) error {
			return web.Serve(ctx, l.regions[region], c.Handler(), slog.New(slog.DiscardHandler))
		})
	}
	err = l.register(g.Context())
	if err == nil {
		err = l.appliance.Link().TellPast(g.Context(), func(yield func(*esa.Message) error) error {
			return l.appliance.Tracking().Each(g.Context(), tracking.Query{}, yield)
		}, o.Told)
	}
	return errors.Join(err, g.Stop())
}

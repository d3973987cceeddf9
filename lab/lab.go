// Package lab wires appliances and clouds into one value: `esasim` runs it, the
// tests run it, and so can any Go program.
//
// A lab without regions is an appliance alone, a lab without a listener is a
// cloud alone; so two processes are two labs.
package lab

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"esasim/appliance"
	"esasim/appliance/config"
	"esasim/appliance/status"
	"esasim/cloud"
	"esasim/cloud/ctr"
	"esasim/cloud/portal"
	"esasim/internal/group"
	"esasim/internal/web"
)

// Options of a lab.
type Options struct {
	Config Config
	Dir    string // the data directory; made if missing
	SSE    *Enrol // register with a cloud elsewhere; nil: with our own

	FS     vfs.FS // nil: the disk
	Listen func(network, address string) (net.Listener, error)
	Dial   func(ctx context.Context, network, address string) (net.Conn, error)
	Logger *slog.Logger
	// Reread reads the configuration again, for [Lab.Reload]; nil: there is nothing to
	// read.
	Reread func() (Config, error)
	// SegmentRows, if not 0, is how many messages the appliance's tracking data is
	// sealed by. Small numbers are for tests: everything that happens to it once in
	// thousands of messages then happens all the time.
	SegmentRows int
	// DeliveryLag is how much later than others delivery sees what is in the
	// appliance's log. It is for tests that want an order of what otherwise happens
	// side by side.
	DeliveryLag time.Duration
	// Usage is how much of the appliance's machine is used; nil: it is asked of the
	// machine. It is for tests, and for demonstrations of a machine under load.
	Usage func(context.Context) status.Usage
}

// Enrol is a cloud in another process to register with.
type Enrol struct {
	Region string
	URL    string
	Token  string // empty: registered before
}

// Lab is an appliance and its clouds. Close it when Run has returned.
type Lab struct {
	o         Options
	lock      io.Closer
	factory   config.Appliance     // the appliance's configuration without what was committed; o.Config has it
	appliance *appliance.Appliance // nil: none
	clouds    map[string]*cloud.Cloud
	client    ctr.Client

	smtp      []net.Listener // of the appliance's listeners, in the order of the configuration; none: no appliance
	console   net.Listener   // nil: none
	ssh       net.Listener   // nil: none
	api       net.Listener   // of the REST API alone; nil: none
	apiTLS    net.Listener   // likewise, by HTTPS
	regions   map[string]net.Listener
	backups   sync.Mutex // held while tracking data is copied
	readyOnce sync.Once
	ready     chan struct{} // closed when every face answers and the appliance is registered, if it is to be
}

// New opens the data directory and every port; nothing is served yet. So a
// port that is taken, or a directory in use, is an error at once.
func New(o Options) (*Lab, error) {
	if o.FS == nil {
		o.FS = vfs.Default
	}
	if o.Listen == nil {
		o.Listen = net.Listen
	}
	if o.Dial == nil {
		o.Dial = (&net.Dialer{}).DialContext
	}
	o.Logger = cmp.Or(o.Logger, slog.New(slog.DiscardHandler))
	if err := o.Config.Check(); err != nil {
		return nil, err
	}
	lock, err := openDir(o.FS, o.Dir)
	if err != nil {
		return nil, err
	}
	l := &Lab{o: o, lock: lock, factory: o.Config.Appliance, clouds: map[string]*cloud.Cloud{}, regions: map[string]net.Listener{}, ready: make(chan struct{})}
	if err := l.open(); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

func (l *Lab) open() (err error) {
	if l.o.Config.SMTP != "" {
		if l.o.Config.Appliance, err = appliance.Committed(l.o.FS, l.o.Dir, l.factory); err != nil {
			return err
		}
	}
	if err := l.listen(); err != nil {
		return err
	}
	for _, region := range l.o.Config.Cloud.Names() {
		if err := l.openCloud(region); err != nil {
			return err
		}
	}
	if err := l.openClient(); err != nil {
		return err
	}
	if len(l.smtp) == 0 {
		return nil
	}
	a, err := appliance.New(appliance.Options{
		FS: l.o.FS, Dir: l.o.Dir, Config: l.factory,
		Console: "http://" + reachable(l.console.Addr()), Servers: l.servers(), SchemaVersion: l.o.Config.ThreatResponse.SchemaVersion,
		Dial: l.o.Dial, Logger: l.o.Logger, SegmentRows: l.o.SegmentRows, DeliveryLag: l.o.DeliveryLag, Usage: l.o.Usage,
	})
	l.appliance = a
	return err
}

// listen opens every port.
func (l *Lab) listen() (err error) {
	c := &l.o.Config
	if c.SMTP != "" {
		if err := l.listenSMTP(); err != nil {
			return err
		}
		if l.console, err = l.port("console", c.Console); err != nil {
			return err
		}
		if err := l.listenSSH(); err != nil {
			return err
		}
		if err := l.listenAPI(); err != nil {
			return err
		}
	}
	for _, region := range c.Cloud.Names() {
		if l.regions[region], err = l.port("cloud "+region, c.Cloud[region]); err != nil {
			delete(l.regions, region)
			return err
		}
	}
	return nil
}

// listenSSH opens the port of the command line. Who has not named one gets a free one
// if the usual one is taken: several labs beside each other need not care.
func (l *Lab) listenSSH() (err error) {
	address := l.o.Config.SSH
	if address == NoSSH {
		return nil
	}
	l.ssh, err = l.port("ssh", address)
	if err == nil || address != DefaultSSH {
		return err
	}
	taken := err
	if l.ssh, err = l.port("ssh", "127.0.0.1:0"); err != nil {
		return err
	}
	l.o.Logger.Info("the command line has another port than the usual one", "address", l.ssh.Addr().String(), "error", taken)
	return nil
}

// listenSMTP opens the ports of all listeners.
func (l *Lab) listenSMTP() error {
	for i, each := range l.o.Config.Appliance.Every() {
		face, address := "listener "+each.Interface, each.Address
		if i == 0 {
			face, address = "smtp", l.o.Config.SMTP
		}
		ln, err := l.port(face, address)
		if err != nil {
			return err
		}
		l.smtp = append(l.smtp, ln)
	}
	return nil
}

func (l *Lab) port(face, address string) (net.Listener, error) {
	ln, err := l.o.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", face, address, err)
	}
	if err := l.closedToOthers(face, address, ln); err != nil {
		return nil, err
	}
	return ln, nil
}

func (l *Lab) openCloud(region string) error {
	dir := l.o.FS.PathJoin(l.o.Dir, "cloud", region)
	if err := l.o.FS.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("cloud %s: %w", region, err)
	}
	c, err := cloud.Open(cloud.Options{
		Region: region, FS: l.o.FS, Dir: dir, Logger: l.o.Logger.With("region", region), Organisation: l.o.Config.ThreatResponse.organisation(region),
		Schema: l.o.Config.ThreatResponse.SchemaVersion, Envelope: l.o.Config.ThreatResponse.Envelope, Access: l.o.Config.access(),
		Portal: func(t *ctr.Threat) http.Handler {
			return portal.New(portal.Options{Region: region, Name: l.o.Config.ThreatResponse.Name, Investigator: t, Organisation: t.Organisation().Name, User: portalUser, Logger: l.o.Logger})
		},
		Registered: l.adopt,
	})
	if err != nil {
		return fmt.Errorf("cloud %s: %w", region, err)
	}
	l.clouds[region] = c
	return nil
}

// Run serves until ctx ends.
func (l *Lab) Run(ctx context.Context) error {
	g := group.New(ctx)
	for region, c := range l.clouds {
		ln := l.regions[region]
		h := web.Guard(web.Recover(l.withAPI(c.Handler(), ctr.JournalPath), l.o.Logger), hosts(l.o.Config.Cloud[region], cloud.Hosts(region)))
		g.Go("cloud "+region, func(ctx context.Context) error { return web.Serve(ctx, ln, h, l.o.Logger) })
	}
	if l.appliance != nil {
		h := web.Guard(web.Recover(l.withAPI(l.appliance.Handler()), l.o.Logger), hosts(l.o.Config.Console, []string{l.o.Config.Appliance.Hostname}))
		g.Go("console", func(ctx context.Context) error { return web.Serve(ctx, l.console, h, l.o.Logger) })
		l.serveAPI(g)
		if l.ssh != nil {
			g.Go("command line", func(ctx context.Context) error { return l.appliance.ServeCommandLine(ctx, l.ssh) })
		}
		g.Go("appliance", func(ctx context.Context) error { return l.appliance.Run(ctx, l.smtp...) })
	}
	g.Go("lab", l.prepare)
	return g.Wait()
}

// Close closes the ports and the data. Run must have returned.
func (l *Lab) Close() error {
	var errs []error
	for _, ln := range l.listeners() {
		if err := ln.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
	}
	if l.appliance != nil {
		errs = append(errs, l.appliance.Close())
	}
	for _, c := range l.clouds {
		errs = append(errs, c.Close())
	}
	return errors.Join(append(errs, l.lock.Close())...)
}

func (l *Lab) listeners() []net.Listener {
	var out []net.Listener
	for _, ln := range l.regions {
		out = append(out, ln)
	}
	out = append(out, l.smtp...)
	for _, ln := range []net.Listener{l.console, l.ssh, l.api, l.apiTLS} {
		if ln != nil {
			out = append(out, ln)
		}
	}
	return out
}

// Ready is closed when every face answers and the appliance is registered.
func (l *Lab) Ready() <-chan struct{} { return l.ready }

// Settled is closed when the appliance, if there is one, knows of its quarantines who
// is in them: with millions of messages some seconds after it is ready.
func (l *Lab) Settled() <-chan struct{} {
	if l.appliance == nil {
		return l.ready
	}
	return l.appliance.Quarantines().Known()
}

// Appliance is the lab's appliance; nil if it has none.
func (l *Lab) Appliance() *appliance.Appliance { return l.appliance }

// Cloud is the cloud of a region; nil if the lab has it not.
func (l *Lab) Cloud(region string) *cloud.Cloud { return l.clouds[region] }

// Package appliance is one box as a value: New, Run, Close. It puts listener,
// work queue, delivery, logs, cloud link and pages together over one event log;
// what they do is in their own packages.
package appliance

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"esasim/appliance/asyncos"
	"esasim/appliance/asyncos/health"
	"esasim/appliance/asyncos/lists"
	"esasim/appliance/asyncos/logfiles"
	"esasim/appliance/asyncos/messagetracking"
	"esasim/appliance/asyncos/quarantines"
	"esasim/appliance/asyncos/remediation"
	"esasim/appliance/asyncos/reports"
	"esasim/appliance/asyncos/rest"
	"esasim/appliance/asyncos/safelist"
	"esasim/appliance/changes"
	"esasim/appliance/config"
	"esasim/appliance/console"
	"esasim/appliance/delivery"
	"esasim/appliance/mailbox"
	"esasim/appliance/quarantine"
	"esasim/appliance/reporting"
	"esasim/appliance/slbl"
	"esasim/appliance/status"
	"esasim/appliance/users"
	"esasim/appliance/workqueue"
	"esasim/cloudlink"
	"esasim/esa"
	"esasim/internal/group"
	"esasim/internal/statefile"
	"esasim/smtp"
	"esasim/tracking"
)

// Options of an appliance.
type Options struct {
	FS     vfs.FS
	Dir    string           // its data directory, which must exist
	Config config.Appliance // from the factory: what was committed is over it
	// Console is the URL under which its pages are reached.
	Console string
	// Servers are the URLs of the clouds it may register with, by region.
	Servers map[string]string
	// SchemaVersion of CTIM is what its sightings have; empty: that of 2020.
	SchemaVersion string
	Dial          func(ctx context.Context, network, address string) (net.Conn, error) // to the cloud, to hosts of routes and to syslog servers; nil: the network
	Logger        *slog.Logger
	// SegmentRows, if not 0, makes the store seal, merge and cut off its log in
	// steps of so many messages. Small numbers are for tests.
	SegmentRows int
	// DeliveryLag is how much later than others delivery sees what is in the log. It
	// is for tests that want an order of what otherwise happens side by side.
	DeliveryLag time.Duration
	// Usage is how much of the machine is used; nil: it is asked of the machine.
	Usage func(context.Context) status.Usage
}

// Appliance is one box. Close it when Run has returned.
type Appliance struct {
	o           Options
	serial      string
	users       *users.Users
	changes     *changes.Changes
	store       *tracking.Store
	reloading   sync.Mutex                       // held while a configuration is changed
	now         atomic.Pointer[config.Appliance] // what it goes by; what it points to never changes
	listeners   []*smtp.Listener                 // in the order of the configuration
	common      smtp.Options                     // what all listeners have, whatever the configuration says
	link        *cloudlink.Link
	logs        subscriptions
	pages       atomic.Pointer[http.Handler]
	toCloud     atomic.Pointer[http.Handler] // the API as the cloud may call it
	headers     adder
	queue       *workqueue.Queue
	quarantines *quarantine.Keeper
	delivery    *delivery.Queue
	mailboxes   *mailbox.Mailboxes
	reports     *reporting.Reports
	slbl        *slbl.Lists
	toScan      []esa.MID // accepted before this start and not yet through the work queue
	toSend      []esa.MID // through it, and not finished
	from        uint64    // the log's end at this start
	status      *status.Status
	usage       func(context.Context) status.Usage
	audit       audit
}

// New opens the appliance's data and prepares everything.
func New(o Options) (*Appliance, error) {
	if err := o.Config.Check(); err != nil {
		return nil, err
	}
	a := &Appliance{}
	var err error
	if a.changes, err = changes.Open(a.changeOptions(&o)); err != nil {
		return nil, err
	}
	o.Config = a.changes.Running()
	serial, err := serialNumber(o)
	if err != nil {
		return nil, err
	}
	store, err := tracking.Open(tracking.Options{FS: o.FS, Dir: o.FS.PathJoin(o.Dir, "tracking"), Logger: o.Logger,
		SegmentRows: o.SegmentRows, Keep: keep(o.Config.Tracking, o.SegmentRows)})
	if err != nil {
		return nil, err
	}
	a.o, a.serial, a.store, a.logs.store = o, serial, store, store
	a.mailboxes = &mailbox.Mailboxes{Log: mailLog{store}, Headers: &a.headers, Hosts: delivery.Simulated{}}
	if err := a.build(&a.o.Config); err != nil {
		return nil, errors.Join(err, a.logs.close(), store.Close())
	}
	return a, nil
}

// changeOptions are those of what administrators commit.
func (a *Appliance) changeOptions(o *Options) changes.Options {
	return changes.Options{FS: o.FS, Dir: o.Dir, Base: o.Config, Check: Check, Logger: o.Logger, Apply: a.use, Audit: a.committed}
}

// Committed is a configuration with what was committed in a data directory over it.
func Committed(fsys vfs.FS, dir string, c config.Appliance) (config.Appliance, error) {
	over, err := changes.Open(changes.Options{FS: fsys, Dir: dir, Base: c, Check: Check})
	if err != nil {
		return c, err
	}
	return over.Running(), nil
}

func (a *Appliance) build(c *config.Appliance) (err error) {
	// Before the listener takes mail: what is open now is left over, what comes
	// behind this place in the log is new.
	a.from = a.store.Last()
	if err := a.leftOver(); err != nil {
		return err
	}
	if a.usage = a.o.Usage; a.usage == nil {
		a.usage = status.NewMachine().Usage
	}
	if a.status, err = status.Open(a.store, a.o.Logger); err != nil {
		return err
	}
	if a.common, err = a.commonOptions(c); err != nil {
		return err
	}
	a.audit.append, a.audit.room = a.store.Append, func() bool { return a.common.Room.MayGoOn(0) }
	a.audit.failed = func(err error) { a.o.Logger.Error("the audit log is not told", "error", err) }
	if a.users, err = signIn(a.o); err != nil {
		return err
	}
	if err := a.openReports(c); err != nil {
		return err
	}
	a.headers.use(c)
	if a.slbl, err = slbl.Open(statefile.File{FS: a.o.FS, Dir: a.o.Dir, Key: "slbl.json"}); err != nil {
		return err
	}
	a.slbl.Limit(c.SafelistBlocklist.MaxEntries)
	m, err := a.make(c)
	if err != nil {
		return err
	}
	a.now.Store(c)
	a.newQueues(&m)
	a.usePages(c)
	for _, o := range m.listeners {
		a.listeners = append(a.listeners, smtp.New(o))
	}
	a.link, err = cloudlink.New(cloudlink.Options{
		Device: a.device(), Console: a.o.Console, Servers: a.o.Servers, SchemaVersion: a.o.SchemaVersion, Log: linkLog{a.store},
		Follow: func(after uint64) cloudlink.Reader { return a.store.Follow(after) },
		Keep:   statefile.File{FS: a.o.FS, Dir: a.o.Dir, Key: "registration.json"},
		API:    a.cloudAPI(),
		Dial:   a.o.Dial, Logger: a.o.Logger, Disabled: !c.CloudServices.ThreatResponse,
	})
	if err != nil {
		return err
	}
	if err := a.dropPlaces(m.logs); err != nil {
		return err
	}
	return a.logs.change(m.logs)
}

// newQueues makes what takes messages further.
func (a *Appliance) newQueues(m *made) {
	a.queue = &workqueue.Queue{Log: queueLog{a.store}, Logger: a.o.Logger}
	a.queue.Options.Store(m.queue)
	a.quarantines = quarantine.New(quarantineLog{queueLog{a.store}}, m.quarantines, a.o.Logger)
	a.delivery = &delivery.Queue{Log: deliveryLog{a.store}, Settings: m.delivery, Dial: a.o.Dial, Name: a.o.Config.Hostname, Logger: a.o.Logger}
}

// leftOver sorts the messages that the run before did not finish, before
// anything touches them: each goes to one of the two.
func (a *Appliance) leftOver() error {
	ctx := context.Background()
	open, err := a.store.Open(ctx)
	if err != nil {
		return err
	}
	for _, mid := range open {
		m, err := a.store.Message(ctx, mid)
		if err != nil {
			return err
		}
		switch m.State {
		case esa.Processing:
			a.toScan = append(a.toScan, mid)
		case esa.Quarantined: // nobody takes it up before it is let go
		default:
			a.toSend = append(a.toSend, mid)
		}
	}
	return nil
}

// device is what the appliance tells the cloud of itself. The address and the
// connector's version are those of the vendor's integration guide.
func (a *Appliance) device() cloudlink.Device {
	version, _, _ := strings.Cut(a.o.Config.Version, "-")
	return cloudlink.Device{
		Name: a.o.Config.Hostname, Type: "ESA", Version: version, Description: "ESA",
		Serial: a.serial, IPAddress: "127.0.0.1", ConnectorVersion: "1.3.34",
	}
}

// Run takes mail from the ports, one for each listener of the configuration and in
// its order, and does all that follows, until ctx ends. Intake stops first, then
// the rest.
func (a *Appliance) Run(ctx context.Context, mail ...net.Listener) error {
	if len(mail) != len(a.listeners) {
		return fmt.Errorf("run appliance: %d ports for %d listeners", len(mail), len(a.listeners))
	}
	g := group.New(context.WithoutCancel(ctx))
	g.Go("work queue", func(ctx context.Context) error {
		return a.queue.Run(ctx, a.toScan, a.store.Follow(a.from))
	})
	g.Go("quarantines", func(ctx context.Context) error {
		return a.quarantines.Run(ctx, a.store.Follow(a.from))
	})
	if files, _ := a.o.Config.KnownFiles(); files.Change() {
		g.Go("file analysis", func(ctx context.Context) error {
			return a.newAnalysis().Run(ctx, a.store.Follow(a.from))
		})
	}
	g.Go("delivery", func(ctx context.Context) error {
		a.delivery.Local = local(mail[0])
		return a.delivery.Run(ctx, a.toSend, a.deliveryReader())
	})
	g.Go("logs", a.logs.run)
	g.Go("counters", func(ctx context.Context) error {
		return a.status.Run(ctx, a.store.Follow(a.status.Seq()))
	})
	g.Go("reports", func(ctx context.Context) error {
		return a.reports.Run(ctx, a.store.Follow(a.reports.Seq()))
	})
	g.Go("cloud link", a.link.Run)

	intake, stop := context.WithCancel(ctx)
	defer stop()
	context.AfterFunc(g.Context(), stop) // one of them failed: take no more mail
	err := a.intake(intake, mail)
	return errors.Join(err, g.Stop())
}

// intake serves all listeners; if one fails, the others end, too.
func (a *Appliance) intake(ctx context.Context, mail []net.Listener) error {
	g := group.New(ctx)
	for i, l := range a.listeners {
		g.Go("listener "+l.Interface(), func(ctx context.Context) error { return l.Serve(ctx, mail[i]) })
	}
	return g.Wait()
}

// local is the interface that mail goes out from: the one it comes in by.
func local(l net.Listener) netip.Addr {
	if ap, err := netip.ParseAddrPort(l.Addr().String()); err == nil && !ap.Addr().IsUnspecified() {
		return ap.Addr()
	}
	return netip.AddrFrom4([4]byte{127, 0, 0, 1})
}

// Close ends the appliance. Run must have returned, and the pages must no
// longer be served.
func (a *Appliance) Close() error {
	if err := errors.Join(a.logs.close(), a.store.Close()); err != nil {
		return fmt.Errorf("close appliance: %w", err)
	}
	return nil
}

// Handler serves the appliance's pages and its API.
func (a *Appliance) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { (*a.pages.Load()).ServeHTTP(w, r) })
}

// usePages serves pages and API as a configuration has them.
func (a *Appliance) usePages(c *config.Appliance) {
	in, _ := c.Location() // the configuration was checked
	mux := http.NewServeMux()
	slbl := a.slbl
	if !c.SafelistBlocklist.Enabled {
		slbl = nil
	}
	options := asyncos.Options{
		SignIn: a.users, Logger: a.o.Logger, Audit: a.audit.tell, Safelist: safelist.Options{Lists: slbl},
		Tracking: messagetracking.Options{
			Tracker: a.store, Host: c.Hostname, Serial: a.serial, Flat: c.API.TrackingRows == config.Flat, Location: in,
			Disabled: !c.Tracking.Enabled, Unsaved: !c.Tracking.RejectedConnections,
		},
		Remediation: remediation.Options{Mailboxes: a.mailboxes},
		Health:      health.Options{Report: a.Report, Destinations: func() []delivery.Destination { return a.delivery.Destinations() }},
		Reports:     reports.Options{Counts: a.reports, Host: c.Hostname},
		Logs:        logfiles.Options{Subscriptions: a.LogSubscriptions},
		SDR:         reputations(c),
		Lists:       lists.Options{Changes: a.changes},
		Quarantines: quarantines.Options{Keeper: a.quarantines, Changes: a.changes, Host: c.Hostname, Space: int64(c.QuarantineSpace.Policy), Location: in, Logger: a.o.Logger},
	}
	api := asyncos.New(options)
	options.SignIn = fromCloud{}
	toCloud := asyncos.New(options)
	a.toCloud.Store(&toCloud)
	for _, prefix := range asyncos.Prefixes() {
		mux.Handle(prefix, api)
	}
	mux.Handle("GET /xml/status", rest.SignedIn(rest.Options{SignIn: a.users, Logger: a.o.Logger, Audit: a.audit.tell}, nil, http.HandlerFunc(a.serveXML)))
	mux.Handle("GET "+reports.CSVPath, rest.SignedIn(rest.Options{SignIn: a.users, Logger: a.o.Logger, Audit: a.audit.tell}, reports.MayRead,
		reports.CSV(reports.CSVOptions{Counts: a.reports, Location: in, Logger: a.o.Logger})))
	mux.Handle("/", console.New(console.Options{
		Location: in, Tracker: a.store, Host: c.Hostname, Model: "Cisco " + model,
		Product: c.Product, Version: c.Version, Logger: a.o.Logger, Disabled: !c.Tracking.Enabled,
	}))
	var pages http.Handler = mux
	a.pages.Store(&pages)
}

// Serial is the appliance's serial number.
func (a *Appliance) Serial() string { return a.serial }

// Changes are the drafts of administrators and what they have committed.
func (a *Appliance) Changes() *changes.Changes { return a.changes }

// Tracking is the appliance's log and what can be asked of it.
func (a *Appliance) Tracking() *tracking.Store { return a.store }

// WorkQueue is the appliance's work queue.
func (a *Appliance) WorkQueue() *workqueue.Queue { return a.queue }

// Quarantines are the appliance's quarantines.
func (a *Appliance) Quarantines() *quarantine.Keeper { return a.quarantines }

// Listeners are the appliance's listeners, in the order of the configuration.
func (a *Appliance) Listeners() []*smtp.Listener { return a.listeners }

// Delivery is the appliance's delivery queue.
func (a *Appliance) Delivery() *delivery.Queue { return a.delivery }

// Link is the appliance's connection to the cloud.
func (a *Appliance) Link() *cloudlink.Link { return a.link }

// journal is the store as the listener sees it.
type journal struct{ *tracking.Store }

func (j journal) NewContent(mid esa.MID) smtp.Content { return j.Store.NewContent(mid) }

func (j journal) Commit(events []esa.Event, c smtp.Content) error {
	kept, _ := c.(*tracking.Content) // all contents come from NewContent
	return j.Store.Commit(events, kept)
}

// deliveryLog is the store as delivery sees it.
type deliveryLog struct{ *tracking.Store }

func (d deliveryLog) Message(ctx context.Context, mid esa.MID) (esa.Message, error) {
	return d.Store.Standing(ctx, mid)
}

// linkLog is the store as the cloud link sees it.
type linkLog struct{ *tracking.Store }

func (l linkLog) Message(ctx context.Context, mid esa.MID) (esa.Message, error) {
	m, err := l.Store.Standing(ctx, mid)
	if errors.Is(err, tracking.ErrNotFound) {
		err = fmt.Errorf("%w: %w", cloudlink.ErrGone, err)
	}
	return m, err
}

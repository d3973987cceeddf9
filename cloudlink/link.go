// Package cloudlink is how the appliance talks to the cloud: it registers with
// a token, sends a heartbeat, pushes a sighting of every message that has
// come to rest, and makes calls of the appliance's own API that the cloud asks for.
//
// It follows the event log with a durable cursor and keeps no queue of its own:
// while the cloud is away, or the appliance is not registered, the log waits.
// The cursor moves when the cloud has taken what lies before it, so a sighting
// may be sent twice, which changes nothing, and is never left out, as long as the
// log is kept. A link that stays behind until the log is cut off before its place
// says how much it lost, and goes on.
package cloudlink

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"esasim/esa"
	"esasim/esa/gather"
)

// Log is what the link reads of the appliance.
type Log interface {
	// Message gives a message as it stands now, its events not; the error is
	// ErrGone when it is no longer kept.
	Message(ctx context.Context, mid esa.MID) (esa.Message, error)
	Cursor(name string) (seq uint64, note []byte, err error)
	SetCursor(name string, seq uint64, note []byte) error
}

// ErrGone says that the appliance no longer keeps what was asked for.
var ErrGone = gather.ErrGone

// Reader hands out the event log from a place onward. The error is an
// *esa.Overtaken if the log was cut off before the place; it then goes on behind
// what was lost.
type Reader interface {
	Next(ctx context.Context) ([]esa.Entry, error)
}

// Keep is where the registration outlives a restart. The link never saves twice
// at a time.
type Keep interface {
	Load(v any) (found bool, err error)
	Save(v any) error
}

// Registration is what the appliance remembers of having been registered.
type Registration struct {
	Region     string `json:"region"` // "AMERICAS"
	URL        string `json:"url"`    // of the region's cloud
	DeviceID   string `json:"device_id"`
	Credential string `json:"credential"`
	Heartbeat  int    `json:"heartbeat_seconds"`
}

// Options of a link.
type Options struct {
	Device Device
	// Console is the URL of the appliance's pages, to which a sighting's
	// source_uri points; empty: sightings have none.
	Console string
	// SchemaVersion of CTIM is what sightings have; empty: ctim.SchemaVersion.
	SchemaVersion string
	// Servers are the URLs of the regions' clouds, as far as they are known:
	// the list "Threat Response Server". A registration remembers its own, but
	// what is said here holds.
	Servers map[string]string
	Log     Log
	Follow  func(after uint64) Reader
	Keep    Keep
	Dial    func(ctx context.Context, network, address string) (net.Conn, error) // nil: the network
	// API is the appliance's own API as the cloud may call it: whoever asks there has
	// proved who he is. nil: the cloud's requests are not fetched.
	API http.Handler
	// Disabled is how the link begins; see [Link.Enable].
	Disabled bool
	Logger   *slog.Logger
}

// Status is how the link stands.
type Status struct {
	State     State
	Region    string // of the registration, or of the last attempt
	DeviceID  string
	LastError string // why the last registration failed, or why the appliance is no longer registered
	Pushed    uint64 // sightings the cloud has taken since start
	Refused   uint64 // sightings the cloud refused for good since start
	Lost      uint64 // events of the log that were cut off before the cloud was told of them, since start
	Disabled  bool   // it is switched off: nothing is told, and nobody can register
	Seq       uint64 // the device in force has told the cloud the log up to this event
}

// State of the registration.
type State string

const (
	Unregistered State = "unregistered"
	Registering  State = "registering"
	Registered   State = "registered"
)

// Link is one appliance's connection to the cloud.
type Link struct {
	o         Options
	http      *http.Client
	sightings sightings

	// lifecycle is held by whoever gains or loses a registration, from the look
	// at the one in force until the new one is kept: over a file's write, and
	// over Deregister's call; a channel, because of that wait. It is taken before mu,
	// never while holding it.
	lifecycle chan struct{} // holds one token while it is held

	// mu guards what follows. Nothing waits while holding it.
	mu      sync.Mutex
	status  Status
	reg     Registration
	changed chan struct{} // closed, and replaced, when status.State or status.Disabled changes
}

// New makes the link of an appliance. A registration made before is in force.
func New(o Options) (*Link, error) {
	l := &Link{o: o, sightings: newSightings(o.Device.Serial, o.Console), changed: make(chan struct{}), lifecycle: make(chan struct{}, 1)}
	l.sightings.schema = cmp.Or(o.SchemaVersion, l.sightings.schema)
	l.http = &http.Client{Transport: &http.Transport{
		DialContext: o.Dial, MaxIdleConnsPerHost: 8, IdleConnTimeout: time.Minute,
	}}
	l.status.State, l.status.Disabled = Unregistered, o.Disabled
	found, err := o.Keep.Load(&l.reg)
	if err != nil {
		return nil, fmt.Errorf("read registration: %w", err)
	}
	if found && l.reg.DeviceID != "" {
		l.reg.URL = cmp.Or(o.Servers[l.reg.Region], l.reg.URL)
		l.status.State, l.status.Region, l.status.DeviceID = Registered, l.reg.Region, l.reg.DeviceID
	}
	l.status.Seq, err = l.told(l.reg)
	if err != nil {
		return nil, err
	}
	return l, nil
}

// Status tells how the link stands now.
func (l *Link) Status() Status {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.status
}

// update changes the status, and l.reg with it where the two belong together.
func (l *Link) update(change func(*Status)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	before := l.status
	change(&l.status)
	if l.status.State != before.State || l.status.Disabled != before.Disabled {
		close(l.changed)
		l.changed = make(chan struct{})
	}
}

// registration returns the one in force, and a channel that is closed when the
// state changes.
func (l *Link) registration() (Registration, bool, <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.reg, l.status.State == Registered, l.changed
}

// working is registration, but there is none to work for while the link is off.
func (l *Link) working() (Registration, bool, <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.reg, l.status.State == Registered && !l.status.Disabled, l.changed
}

// Enable switches the link on or off. While it is off a registration stays, and the
// log waits.
func (l *Link) Enable(on bool) { l.update(func(s *Status) { s.Disabled = !on }) }

// ErrDisabled says that the link is switched off.
var ErrDisabled = errors.New("the service Threat Response is disabled on the appliance")

// ErrRegistered says that the appliance is registered already.
var ErrRegistered = errors.New("the appliance is registered; deregister it first")

// ErrRegistering says that a registration is under way: there is none yet that
// could be ended. It is ErrNotDevice, too.
var ErrRegistering = fmt.Errorf("%w yet: the registration is under way", ErrNotDevice)

// ErrRegion says that the appliance knows no Threat Response server of that
// name.
var ErrRegion = errors.New("no such Threat Response server")

// invalidToken begins with the heading of the vendor's integration guide; the
// same for every kind of bad token, because the reader is never told which.
const invalidToken = "The registration failed because of an invalid or expired token. Use a valid token from the portal of the selected Threat Response server."

// Register registers the appliance with a token from the region's portal. It
// waits for the cloud's answer, and while the cloud cannot be reached tries
// again until ctx ends. A refused token gives an error that is ErrRefused.
func (l *Link) Register(ctx context.Context, region, token string) error {
	server, ok := l.o.Servers[region]
	if !ok {
		return fmt.Errorf("register with %q: %w", region, ErrRegion)
	}
	if l.Status().Disabled {
		return fmt.Errorf("register with %s: %w", region, ErrDisabled)
	}
	if !l.begin(region) {
		return ErrRegistered
	}
	var ans registerResponse
	err := l.retry(ctx, func() error {
		ans = registerResponse{}
		err := l.do(ctx, call{
			method: http.MethodPost, url: base(server) + "/register",
			body: registerRequest{strings.TrimSpace(token), l.o.Device}, answer: &ans,
		})
		if err == nil && (ans.DeviceID == "" || ans.Credential == "") {
			err = &later{cause: errors.New("the answer names no device, or no credential")}
		}
		return err
	})
	if errors.Is(err, ErrToken) {
		err = fmt.Errorf("%s (%w)", invalidToken, err)
	}
	if err == nil {
		err = l.registered(Registration{region, server, ans.DeviceID, ans.Credential, ans.HeartbeatSeconds})
	}
	if err != nil {
		l.update(func(s *Status) { s.State, s.LastError = Unregistered, err.Error() })
		return fmt.Errorf("register with %s: %w", region, err)
	}
	return nil
}

// begin enters the state Registering, unless there is a registration.
func (l *Link) begin(region string) bool {
	ok := false
	l.update(func(s *Status) {
		if ok = s.State == Unregistered; ok {
			s.State, s.Region, s.LastError = Registering, region, ""
		}
	})
	return ok
}

// registered enters the state Registered.
func (l *Link) registered(r Registration) error {
	l.lifecycle <- struct{}{}
	defer func() { <-l.lifecycle }()
	if err := l.o.Keep.Save(r); err != nil {
		return fmt.Errorf("keep registration: %w", err)
	}
	l.update(func(s *Status) {
		l.reg = r
		s.State, s.DeviceID, s.LastError, s.Seq = Registered, r.DeviceID, "", 0
	})
	return nil
}

// Deregister ends the registration on both sides. A cloud that cannot be
// reached leaves it as it was. Without a registration the error is
// ErrNotDevice; while one is under way, ErrRegistering.
func (l *Link) Deregister(ctx context.Context) error {
	// Held over the call: else a push that fails because of it would be quicker
	// to say that the cloud removed the appliance.
	l.lifecycle <- struct{}{}
	defer func() { <-l.lifecycle }()
	reg, ok, _ := l.registration()
	switch {
	case !ok && l.Status().State == Registering:
		return ErrRegistering
	case !ok:
		return ErrNotDevice
	}
	err := l.do(ctx, call{method: http.MethodDelete, url: reg.device(), credential: reg.Credential})
	if err != nil && !errors.Is(err, ErrNotDevice) {
		return fmt.Errorf("deregister from %s: %w", reg.Region, err)
	}
	return l.unregister("")
}

// forget drops to unregistered because the cloud said so, unless another
// registration has taken the place of the one it spoke of.
func (l *Link) forget(reg Registration, why string) error {
	l.lifecycle <- struct{}{}
	defer func() { <-l.lifecycle }()
	if now, ok, _ := l.registration(); !ok || now.DeviceID != reg.DeviceID {
		return nil
	}
	return l.unregister(why)
}

// unregister enters the state Unregistered; the caller holds lifecycle.
func (l *Link) unregister(why string) error {
	if err := l.o.Keep.Save(Registration{}); err != nil {
		return fmt.Errorf("forget registration: %w", err)
	}
	l.update(func(s *Status) {
		l.reg = Registration{}
		s.State, s.DeviceID, s.LastError, s.Seq = Unregistered, "", why, 0
	})
	return nil
}

func base(server string) string { return strings.TrimSuffix(server, "/") + "/providers/sse/v1" }

func (r Registration) device() string { return base(r.URL) + "/devices/" + url.PathEscape(r.DeviceID) }

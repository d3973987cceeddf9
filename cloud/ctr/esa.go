package ctr

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"esasim/cloud/ctim"
	"esasim/cloud/sse"
)

// What one ESA module answers at most: for one observable, and in all. The
// first is the limit of the vendor's relay contract, which other modules are
// written to (inferred for this one); the others are ours and bound the memory
// of one answer.
const (
	maxPerObservable = 100
	maxPerModule     = 2000
	maxModuleBytes   = 8 << 20 // of sightings as they were pushed
)

// esa is the kind of an Email Security Appliance. It has no verdicts to give.
type esa struct {
	Nothing
	devices Devices
	log     *slog.Logger
}

// Health looks whether the device can be reached.
func (e esa) Health(ctx context.Context, m Module) (Health, []Complaint) {
	if e.reach(ctx, m) != nil {
		return Health{Status: HealthError}, nil
	}
	return Health{Status: HealthOK}, nil
}

// Observe answers from the sightings that a module's device has pushed, not
// older than the module's timeframe. A device that cannot be reached is a
// complaint, not an answer, also when its sightings are here: the real module
// asks the appliance (inferred from the vendor's documents).
func (e esa) Observe(ctx context.Context, m Module, q Question) (Docs, []Complaint) {
	if c := e.reach(ctx, m); c != nil {
		return nil, []Complaint{*c}
	}
	since := time.Now().UTC().AddDate(0, 0, -m.TimeframeDays)
	if q.Since.After(since) {
		since = q.Since
	}
	found, err := e.devices.Sightings(ctx, sse.Search{
		DeviceID: m.DeviceID, Observables: q.Observables, Since: since, Until: q.Until,
		PerEach: maxPerObservable, InAll: maxPerModule, Bytes: maxModuleBytes,
	})
	if err != nil {
		return nil, []Complaint{*e.complaintOf(m, err)}
	}
	var warnings []Complaint
	for _, o := range found.More {
		// That a trimmed answer of this module says so is inferred.
		warnings = append(warnings, TooMany(m.Type, o))
	}
	docs := Docs{}
	for _, s := range found.Sightings {
		docs.Add(Sightings, s)
	}
	return docs, warnings
}

// Sighting gives a sighting that the device has pushed, by its external id: the
// ids of such sightings are transient, that is, of no meaning to others.
func (e esa) Sighting(ctx context.Context, m Module, id string) (ctim.Sighting, bool, error) {
	s, err := e.devices.Sighting(ctx, m.DeviceID, id)
	if errors.Is(err, sse.ErrUnknownSighting) || errors.Is(err, sse.ErrUnknownDevice) {
		return s, false, nil
	}
	return s, err == nil, err
}

// reach gives why a module's device cannot be asked, or nil. That a silent
// device is a timeout, and one that is gone 404, is inferred.
func (e esa) reach(ctx context.Context, m Module) *Complaint {
	services, err := e.devices.Services(ctx)
	if err != nil {
		return e.complaintOf(m, err)
	}
	d, err := e.devices.Device(ctx, m.DeviceID)
	var c Complaint
	switch {
	case err != nil:
		return e.complaintOf(m, err)
	case !services.ThreatResponse:
		c = ClientError("Forbidden", 403)
	case d.Status != sse.Registered:
		c = ClientError("Device not registered", 404)
	case !d.Online:
		c = TimedOut(m)
	default:
		return nil
	}
	return &c
}

// complaintOf sorts a failure into the codes that the service uses.
func (e esa) complaintOf(m Module, err error) *Complaint {
	switch {
	case errors.Is(err, sse.ErrUnknownDevice):
		c := ClientError("Device not found", 404)
		return &c
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		c := TimedOut(m)
		return &c
	}
	e.log.Error("threat response: module failed", "module", m.Name, "error", err)
	return &Complaint{Fatal, "unknown", "The module could not answer"}
}

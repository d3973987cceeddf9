package ctr

import (
	"context"
	"errors"
	"fmt"
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

// askESA answers from the sightings that a module's device has pushed, not
// older than the module's timeframe. A device that cannot be reached is a
// complaint, not an answer, also when its sightings are here: the real module
// asks the appliance (inferred from the vendor's documents).
func (t *Threat) askESA(ctx context.Context, m Module, observables []ctim.Observable) (Docs, []ModuleError) {
	if c := t.reach(ctx, m); c != nil {
		return Docs{}, []ModuleError{*c}
	}
	found, err := t.devices.Sightings(ctx, sse.Search{
		DeviceID: m.DeviceID, Observables: observables,
		Since:   time.Now().UTC().AddDate(0, 0, -m.TimeframeDays),
		PerEach: maxPerObservable, InAll: maxPerModule, Bytes: maxModuleBytes,
	})
	if err != nil {
		return Docs{}, []ModuleError{*t.complaintOf(m, err)}
	}
	var warnings []ModuleError
	for _, o := range found.More {
		warnings = append(warnings, tooMany(m, o))
	}
	if len(found.Sightings) == 0 {
		return Docs{}, warnings
	}
	return Docs{Sightings: &Sightings{len(found.Sightings), found.Sightings}}, warnings
}

// reach gives why a module's device cannot be asked, or nil.
func (t *Threat) reach(ctx context.Context, m Module) *ModuleError {
	services, err := t.devices.Services(ctx)
	if err != nil {
		return t.complaintOf(m, err)
	}
	d, err := t.devices.Device(ctx, m.DeviceID)
	switch {
	case err != nil:
		return t.complaintOf(m, err)
	case !services.ThreatResponse:
		return clientError(m, "Forbidden", 403)
	case d.Status != sse.Registered:
		return clientError(m, "Device not registered", 404)
	case !d.Online:
		return timedOut(m)
	}
	return nil
}

// complaintOf sorts a failure into the codes that the service uses.
func (t *Threat) complaintOf(m Module, err error) *ModuleError {
	switch {
	case errors.Is(err, sse.ErrUnknownDevice):
		return clientError(m, "Device not found", 404)
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return timedOut(m)
	}
	t.log.Error("threat response: module failed", "module", m.Name, "error", err)
	return complaint(m, "fatal", "unknown", "The module could not answer")
}

func complaint(m Module, kind, code, message string) *ModuleError {
	return &ModuleError{m.Name, m.ID, m.TypeID, kind, code, message}
}

// timedOut and clientError are two of the recorded pairs of code and message;
// that a device which is gone looks like 404 is inferred.
func timedOut(m Module) *ModuleError {
	return complaint(m, "warning", "module-timeout", fmt.Sprintf("There was a timeout in the '%s' module", m.Name))
}

func clientError(m Module, message string, status int) *ModuleError {
	return complaint(m, "error", "client-error",
		fmt.Sprintf("There was a client error in the module: {:message %q} [%d]", message, status))
}

// tooMany is the warning of a trimmed answer in the vendor's relay contract
// (inferred for this module).
func tooMany(m Module, o ctim.Observable) ModuleError {
	return *complaint(m, "warning", "too-many-messages-warning",
		fmt.Sprintf("More messages found in %s for %.200s than can be rendered. Log in to the %s console to see all messages",
			m.Type, o.Value, m.Type))
}

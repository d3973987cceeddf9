package ctr

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"esasim/cloud/ctim"
	"esasim/cloud/store"
)

// Actions is the answer of the respond routes: what all modules can do.
type Actions struct {
	Data   []ModuleAction `json:"data"`
	Errors []ModuleError  `json:"errors,omitempty"`
}

// ModuleAction is an action and the module that does it.
type ModuleAction struct {
	Label
	Action
}

// ActionResult is the answer of a trigger. Source: schema.
type ActionResult struct {
	Data struct {
		Status string `json:"status"`
	} `json:"data"`
	Errors []ModuleError `json:"errors,omitempty"`
}

// What became of an action. Nothing between is ever told. Source: schema.
const (
	Success = "success"
	Failure = "failure"
)

// respond asks some modules what they can do about some observables.
func (t *Threat) respond(ctx context.Context, modules []Module, observables []ctim.Observable) (Actions, error) {
	observables, err := checked(observables)
	if err != nil {
		return Actions{}, err
	}
	all, err := askEach(ctx, t, modules, func(ctx context.Context, k Kind, m Module) ([]Action, []Complaint) {
		if len(observables) == 0 {
			return nil, nil
		}
		return k.Respond(ctx, m, observables)
	})
	out := Actions{Data: []ModuleAction{}}
	for _, a := range all {
		for _, action := range a.given {
			out.Data = append(out.Data, ModuleAction{t.shown(a.label), action})
		}
		out.Errors = append(out.Errors, t.wrappedErrors(a.errors())...)
	}
	return out, err
}

// triggerURL is where an action is triggered, relative to /iroh/iroh-response.
// Source: schema, with an example.
func triggerURL(m Module, action string, o ctim.Observable) string {
	q := url.Values{"observable_type": {string(o.Type)}, "observable_value": {o.Value}}
	return "/respond/trigger/" + url.PathEscape(m.ID) + "/" + url.PathEscape(action) + "?" + q.Encode()
}

// triggerDeadline is how long an action may take (ours): it may be several calls of
// a device.
const triggerDeadline = 30 * time.Second

// Response is what a module was told to do, and what came of it.
type Response struct {
	Number           uint64      `json:"number"` // from 1, without gaps
	Time             time.Time   `json:"time"`
	UserID           string      `json:"user_id"`
	ClientID         string      `json:"client_id"`
	Module           string      `json:"module"`
	ModuleInstanceID string      `json:"module_instance_id"`
	ActionID         string      `json:"action_id"`
	ObservableType   string      `json:"observable_type"`
	ObservableValue  string      `json:"observable_value"`
	Status           string      `json:"status"`          // success, failure, or begun: it ended with the service
	Steps            []string    `json:"steps,omitempty"` // what was done on the way
	Errors           []Complaint `json:"errors,omitempty"`
}

// begun is the status of a response that has no other yet.
const begun = "begun"

// maxResponses is how many the journal keeps: the newest.
const maxResponses = 10_000

// trigger has a module do something. What it is told stands in the journal before,
// and what came of it after.
func (t *Threat) trigger(ctx context.Context, m Module, g Trigger) (ActionResult, error) {
	c := CallerOf(ctx)
	r := Response{Time: time.Now().UTC(), UserID: c.UserID, ClientID: c.ClientID, Module: m.Name, ModuleInstanceID: m.ID, ActionID: g.Action,
		ObservableType: string(g.Observable.Type), ObservableValue: g.Observable.Value, Status: begun}
	if err := t.journal(&r); err != nil {
		return ActionResult{}, err
	}
	// Who asked may go away: what was begun is ended all the same.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), triggerDeadline)
	defer cancel()
	g.steps = &r.Steps
	complaints := t.typeOf(m.TypeID).Kind.Trigger(ctx, m, g)
	if ctx.Err() != nil && len(complaints) == 0 {
		complaints = []Complaint{TimedOut(m)}
	}
	a := answer[struct{}]{label: t.labelOf(m), complaints: complaints}
	out := ActionResult{Errors: t.wrappedErrors(a.errors())}
	if r.Status, r.Errors = Success, complaints; len(complaints) > 0 {
		r.Status = Failure
	}
	out.Data.Status = r.Status
	return out, t.journal(&r)
}

func responseKey(n uint64) []byte { return store.Response(fmt.Sprintf("%020d", n)) }

// journal keeps a response, synced; a new one gets its number.
func (t *Threat) journal(r *Response) error {
	t.journalMu.Lock()
	defer t.journalMu.Unlock()
	if r.Number == 0 {
		last, err := t.Responses(0, 1)
		if err != nil {
			return err
		}
		r.Number = 1
		if len(last) > 0 {
			r.Number = last[0].Number + 1
		}
	}
	return t.store.Write(func(b *pebble.Batch) error {
		if r.Number > maxResponses {
			if err := b.Delete(responseKey(r.Number-maxResponses), nil); err != nil {
				return err
			}
		}
		return store.Set(b, responseKey(r.Number), r)
	})
}

// Responses gives the newest responses before a number (0: of all), newest first,
// at most limit.
func (t *Threat) Responses(before uint64, limit int) ([]Response, error) {
	out := []Response{}
	if before == 0 {
		before = 1<<64 - 1
	}
	err := t.store.LastBefore(store.Response(""), responseKey(before), limit, func(value []byte) error {
		var r Response
		err := json.Unmarshal(value, &r)
		out = append(out, r)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("responses: %w", err)
	}
	return out, nil
}

// byName gives the enabled instance of an id, or else the oldest of a name: clients
// of 2018 trigger by name (public code). ErrUnknownModule.
func (t *Threat) byName(ctx context.Context, idOrName string) (Module, error) {
	all, err := t.Modules(ctx)
	if err != nil {
		return Module{}, err
	}
	for _, m := range all {
		if m.ID == idOrName {
			return m, nil
		}
	}
	for _, m := range all {
		if strings.EqualFold(m.Name, idOrName) {
			return m, nil
		}
	}
	return Module{}, fmt.Errorf("module %.60q: %w", idOrName, ErrUnknownModule)
}

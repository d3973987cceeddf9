package ctr

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"esasim/cloud/ctim"
)

// maxObservables is how many observables one call may ask for. The real limit
// is not public (ours).
const maxObservables = 1000

// maxAsking is how many calls look something up at the same time: each may hold
// maxModuleBytes for each module.
const maxAsking = 4

// ErrObservables says that what was asked for cannot be looked up: too many
// observables, or one that is none.
var ErrObservables = errors.New("invalid observables")

// Observe asks all modules what they know of some observables. A module that
// fails is an entry in the envelope's errors, not an error. ErrObservables when
// there are more than 1,000 or one has an unknown type or no value.
func (t *Threat) Observe(ctx context.Context, observables []ctim.Observable) (Envelope, error) {
	modules, err := t.Modules(ctx)
	if err != nil {
		return Envelope{}, err
	}
	return t.ask(ctx, modules, observables)
}

// answer is what one module gave.
type answer struct {
	docs       Docs
	complaints []ModuleError
}

// failed is true when the module gave nothing but its failure. A warning of a
// trimmed answer stands beside the answer.
func (a *answer) failed() bool {
	return a.docs == Docs{} && len(a.complaints) > 0
}

// ask asks the modules side by side, each with its own deadline, and puts their
// answers together in the order of the modules. It waits while there are
// maxAsking others.
func (t *Threat) ask(ctx context.Context, modules []Module, observables []ctim.Observable) (Envelope, error) {
	if len(observables) > maxObservables {
		return Envelope{}, fmt.Errorf("%w: more than %d", ErrObservables, maxObservables)
	}
	for _, o := range observables {
		if !o.Type.Known() || o.Value == "" {
			return Envelope{}, fmt.Errorf("%w: %.40s:%.200q", ErrObservables, o.Type, o.Value)
		}
	}
	select {
	case t.asking <- struct{}{}:
		defer func() { <-t.asking }()
	case <-ctx.Done():
		return Envelope{}, fmt.Errorf("wait for other investigations: %w", ctx.Err())
	}
	observables = unique(observables)
	answers := make([]answer, len(modules))
	var asked sync.WaitGroup
	for i, m := range modules {
		asked.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, t.deadline)
			defer cancel()
			a := &answers[i]
			a.docs, a.complaints = t.askESA(ctx, m, observables)
		})
	}
	asked.Wait()
	env := Envelope{Data: []ModuleData{}}
	for i, m := range modules {
		a := &answers[i]
		env.Errors = append(env.Errors, a.complaints...)
		if !a.failed() {
			env.Data = append(env.Data, ModuleData{m.Name, m.ID, m.TypeID, a.docs})
		}
	}
	return env, nil
}

// unique leaves out what was asked before.
func unique(observables []ctim.Observable) []ctim.Observable {
	seen := make(map[ctim.Observable]bool, len(observables))
	return slices.DeleteFunc(slices.Clone(observables), func(o ctim.Observable) bool {
		again := seen[o]
		seen[o] = true
		return again
	})
}

// deliberate gives the modules' verdicts. An Email Security Appliance has none
// to give, so it is not asked: its data is empty. Source: recorded answers
// (verdicts only; {} where there are none).
func deliberate(modules []Module) Envelope {
	env := Envelope{Data: []ModuleData{}}
	for _, m := range modules {
		env.Data = append(env.Data, ModuleData{m.Name, m.ID, m.TypeID, Docs{}})
	}
	return env
}

// ModuleHealth is whether a module can be asked: ok or error. Source: schema.
type ModuleHealth struct {
	Module           string `json:"module"`
	ModuleInstanceID string `json:"module_instance_id"`
	ModuleTypeID     string `json:"module_type_id"`
	Data             Health `json:"data"`
}

// Health is a module's state.
type Health struct {
	Status string `json:"status"`
}

// health looks whether the module's device can be reached; it asks nothing.
func (t *Threat) health(ctx context.Context, m Module) ModuleHealth {
	h := ModuleHealth{m.Name, m.ID, m.TypeID, Health{"ok"}}
	if t.reach(ctx, m) != nil {
		h.Data.Status = "error"
	}
	return h
}

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
	return t.observe(ctx, modules, Question{Observables: observables})
}

func (t *Threat) observe(ctx context.Context, modules []Module, q Question) (Envelope, error) {
	var err error
	if q.Observables, err = checked(q.Observables); err != nil {
		return Envelope{}, err
	}
	return t.documents(ctx, modules, func(ctx context.Context, k Kind, m Module) (Docs, []Complaint) {
		if len(q.Observables) == 0 {
			return nil, nil
		}
		return k.Observe(ctx, m, q)
	})
}

// deliberate asks some modules for their verdicts. Whatever else a module
// gives is left out. Source: recorded answers (verdicts only; {} for none).
func (t *Threat) deliberate(ctx context.Context, modules []Module, observables []ctim.Observable) (Envelope, error) {
	observables, err := checked(observables)
	if err != nil {
		return Envelope{}, err
	}
	return t.documents(ctx, modules, func(ctx context.Context, k Kind, m Module) (Docs, []Complaint) {
		if len(observables) == 0 {
			return nil, nil
		}
		docs, complaints := k.Deliberate(ctx, m, observables)
		verdicts, any := docs[Verdicts]
		if !any {
			return nil, complaints
		}
		return Docs{Verdicts: verdicts}, complaints
	})
}

// refer asks some modules for links, and gives them in the order of the modules.
func (t *Threat) refer(ctx context.Context, modules []Module, observables []ctim.Observable) (References, error) {
	observables, err := checked(observables)
	if err != nil {
		return References{}, err
	}
	all, err := askEach(ctx, t, modules, func(ctx context.Context, k Kind, m Module) ([]Ref, []Complaint) {
		if len(observables) == 0 {
			return nil, nil
		}
		return k.Refer(ctx, m, observables)
	})
	out := References{Data: []ModuleRef{}}
	for _, a := range all {
		for _, ref := range a.given {
			out.Data = append(out.Data, ModuleRef{a.label, ref})
		}
		out.Errors = append(out.Errors, a.errors()...)
	}
	return out, err
}

// documents asks some modules for documents, and puts them together.
func (t *Threat) documents(ctx context.Context, modules []Module, ask question[Docs]) (Envelope, error) {
	all, err := askEach(ctx, t, modules, ask)
	env := Envelope{Data: []ModuleData{}}
	for _, a := range all {
		env.Errors = append(env.Errors, a.errors()...)
		// A module that gave nothing but its failure is among the errors alone; a
		// warning of a trimmed answer stands beside the answer.
		if len(a.given) > 0 || len(a.complaints) == 0 {
			env.Data = append(env.Data, ModuleData{a.label, a.given})
		}
	}
	return env, err
}

// checked gives the observables without what is there twice, or why they
// cannot be looked up.
func checked(observables []ctim.Observable) ([]ctim.Observable, error) {
	if len(observables) > maxObservables {
		return nil, fmt.Errorf("%w: more than %d", ErrObservables, maxObservables)
	}
	for _, o := range observables {
		if !o.Type.Known() || o.Value == "" {
			return nil, fmt.Errorf("%w: %.40s:%.200q", ErrObservables, o.Type, o.Value)
		}
	}
	seen := make(map[ctim.Observable]bool, len(observables))
	return slices.DeleteFunc(slices.Clone(observables), func(o ctim.Observable) bool {
		again := seen[o]
		seen[o] = true
		return again
	}), nil
}

// question is what an instance of a kind is asked.
type question[A any] func(ctx context.Context, k Kind, m Module) (A, []Complaint)

// answer is what one instance gave.
type answer[A any] struct {
	label      Label
	given      A
	complaints []Complaint
}

// errors are the complaints as an answer has them.
func (a *answer[A]) errors() []ModuleError {
	var out []ModuleError
	for _, c := range a.complaints {
		out = append(out, ModuleError{a.label, c.Type, c.Code, c.Message})
	}
	return out
}

// askEach asks the instances side by side, each with its own deadline, and
// gives what they said in their order. It waits while there are maxAsking
// others.
func askEach[A any](ctx context.Context, t *Threat, modules []Module, ask question[A]) ([]answer[A], error) {
	select {
	case t.asking <- struct{}{}:
		defer func() { <-t.asking }()
	case <-ctx.Done():
		return nil, fmt.Errorf("wait for other investigations: %w", ctx.Err())
	}
	answers := make([]answer[A], len(modules))
	var asked sync.WaitGroup
	for i, m := range modules {
		asked.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, t.deadline)
			defer cancel()
			a := &answers[i]
			a.label = t.labelOf(m)
			a.given, a.complaints = ask(ctx, t.typeOf(m.TypeID).Kind, m)
			if ctx.Err() != nil && len(a.complaints) == 0 {
				a.complaints = []Complaint{TimedOut(m)}
			}
		})
	}
	asked.Wait()
	return answers, nil
}

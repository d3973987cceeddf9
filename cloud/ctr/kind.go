package ctr

import (
	"context"
	"fmt"
	"time"

	"esasim/cloud/ctim"
)

// Kind is what the instances of a module type can be asked. Its methods are
// called for many instances side by side. The context ends with the instance's
// deadline: a method returns then, and need not say so. What went wrong is told
// by complaints, which may stand beside a part of the answer; nothing at all is
// an answer, too. Embed [Nothing] for what a kind does not do.
type Kind interface {
	// Health says whether the instance can be asked; it asks nothing.
	Health(ctx context.Context, m Module) (Health, []Complaint)
	// Deliberate gives verdicts alone, quickly. Other documents are left out of
	// the answer.
	Deliberate(ctx context.Context, m Module, asked []ctim.Observable) (Docs, []Complaint)
	// Observe gives all that the instance knows.
	Observe(ctx context.Context, m Module, q Question) (Docs, []Complaint)
	// Refer gives links to where a person finds more.
	Refer(ctx context.Context, m Module, asked []ctim.Observable) ([]Ref, []Complaint)
	// Respond gives what can be done about some observables.
	Respond(ctx context.Context, m Module, asked []ctim.Observable) ([]Action, []Complaint)
	// Trigger does one of them: nil if that was done, else what kept it from being done.
	Trigger(ctx context.Context, m Module, t Trigger) []Complaint
}

// Question is what Observe is asked.
type Question struct {
	Observables []ctim.Observable // at least one, no two the same
	Since       time.Time         // zero: as far back as the instance looks
	Until       time.Time         // zero: now
}

// Ref is a link to where a person finds more. Source: schema.
type Ref struct {
	ID          string   `json:"id"` // "ref-talos-search-domain-cisco.com"
	Title       string   `json:"title"`
	Description string   `json:"description"`
	URL         string   `json:"url"`
	Categories  []string `json:"categories,omitempty"`
}

// Action is something that can be done about an observable. Source: schema.
type Action struct {
	ID          string   `json:"id"`
	Title       string   `json:"title"`
	Description string   `json:"description"`
	URL         string   `json:"url,omitempty"` // relative to /iroh/iroh-response
	Categories  []string `json:"categories,omitempty"`
}

// Trigger is what an instance is told to do.
type Trigger struct {
	Action     string // its id
	Observable ctim.Observable
	Extra      map[string]string // what else the action was given, by name

	steps *[]string // for the journal
}

// Did notes for the journal what has been done so far.
func (t *Trigger) Did(what string) {
	if t.steps != nil {
		*t.steps = append(*t.steps, what)
	}
}

// Complaint is why an instance gave nothing, or less than it has.
type Complaint struct {
	Type    string `json:"type"` // Fatal, Error or Warning
	Code    string `json:"code"`
	Message string `json:"message"`
}

// How bad a complaint is. Source: schema.
const (
	Fatal   = "fatal"
	Error   = "error"
	Warning = "warning"
)

// Nothing is a kind that is well and knows nothing.
type Nothing struct{}

var _ Kind = Nothing{}

// Health is ok.
func (Nothing) Health(context.Context, Module) (Health, []Complaint) {
	return Health{Status: HealthOK}, nil
}

// Deliberate gives nothing.
func (Nothing) Deliberate(context.Context, Module, []ctim.Observable) (Docs, []Complaint) {
	return nil, nil
}

// Observe gives nothing.
func (Nothing) Observe(context.Context, Module, Question) (Docs, []Complaint) { return nil, nil }

// Refer gives nothing.
func (Nothing) Refer(context.Context, Module, []ctim.Observable) ([]Ref, []Complaint) {
	return nil, nil
}

// Respond gives nothing.
func (Nothing) Respond(context.Context, Module, []ctim.Observable) ([]Action, []Complaint) {
	return nil, nil
}

// Trigger knows no action.
func (Nothing) Trigger(_ context.Context, _ Module, t Trigger) []Complaint {
	return []Complaint{{Error, "invalid argument", fmt.Sprintf("There is no action %.60q", t.Action)}}
}

// TimedOut is the complaint of an instance that did not answer in time
// (recorded).
func TimedOut(m Module) Complaint {
	return Complaint{Warning, "module-timeout", fmt.Sprintf("There was a timeout in the '%s' module", m.Name)}
}

// ClientError is the complaint of an instance that refused what it was asked
// (recorded).
func ClientError(message string, status int) Complaint {
	return Complaint{Error, "client-error",
		fmt.Sprintf("There was a client error in the module: {:message %q} [%d]", message, status)}
}

// TooMany is the warning of a trimmed answer in the vendor's relay contract;
// product is the name of what was asked.
func TooMany(product string, o ctim.Observable) Complaint {
	return Complaint{Warning, "too-many-messages-warning",
		fmt.Sprintf("More messages found in %s for %.200s than can be rendered. Log in to the %s console to see all messages",
			product, o.Value, product)}
}

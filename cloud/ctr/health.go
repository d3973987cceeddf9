package ctr

import "context"

// Health is a module's state: ok, error or unknown. Source: schema.
type Health struct {
	Status string `json:"status"`
}

// What Health.Status may be. Source: schema.
const (
	HealthOK      = "ok"
	HealthError   = "error"
	HealthUnknown = "unknown"
)

// ModuleHealth is the state of one instance.
type ModuleHealth struct {
	Label
	Data Health `json:"data"`
}

// healthOf asks some instances how they are. One that does not answer in time
// is unknown, and among the errors.
func (t *Threat) healthOf(ctx context.Context, modules []Module) ([]ModuleHealth, []ModuleError, error) {
	all, err := askEach(ctx, t, modules, func(ctx context.Context, k Kind, m Module) (Health, []Complaint) {
		return k.Health(ctx, m)
	})
	out := []ModuleHealth{}
	var errs []ModuleError
	for _, a := range all {
		if a.given.Status == "" {
			a.given.Status = HealthUnknown
		}
		out = append(out, ModuleHealth{t.shown(a.label), a.given})
		errs = append(errs, a.errors()...)
	}
	return out, errs, err
}

// wrappedHealth are states as clients are given them.
func (t *Threat) wrappedHealth(all []ModuleHealth) []ModuleHealth {
	out := []ModuleHealth{}
	for _, h := range all {
		out = append(out, ModuleHealth{t.shown(h.Label), h.Data})
	}
	return out
}

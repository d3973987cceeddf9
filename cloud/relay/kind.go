package relay

import (
	"context"
	"net/url"

	"esasim/cloud/ctim"
	"esasim/cloud/ctr"
)

// Kind makes relays modules of Threat Response: an instance's settings say where
// its relay is. A route that the settings do not list is not asked.
type Kind struct {
	caller *Caller
	sign   Signer
}

var _ ctr.Kind = (*Kind)(nil)

// NewKind makes the kind. sign makes the tokens that relays prove by the region's
// JWKS.
func NewKind(sign Signer) *Kind { return &Kind{NewCaller(), sign} }

// Close lets go of connections.
func (k *Kind) Close() { k.caller.Close() }

// Type is the module type of relays that somebody sets up by hand. Source:
// recorded id; the record is that of all partners' modules.
func (k *Kind) Type() ctr.Type {
	return ctr.Type{ID: ctr.RelayTypeID, Name: "Relay", Record: "relay-module.module/RelayModule", Kind: k}
}

// of is the relay of an instance, or nil with what is wrong with its settings, or
// without when it has no such route.
func (k *Kind) of(m ctr.Module, path string) (*Relay, []ctr.Complaint) {
	s, err := Read(m.Properties, m.Settings)
	if err != nil {
		return nil, []ctr.Complaint{*unknown(err)}
	}
	if !s.has(path) {
		return nil, nil
	}
	return &Relay{Name: m.Name, Settings: s, Sign: k.sign, Caller: k.caller}, nil
}

// Health asks the relay.
func (k *Kind) Health(ctx context.Context, m ctr.Module) (ctr.Health, []ctr.Complaint) {
	r, complaints := k.of(m, pathHealth)
	if r == nil {
		return ctr.Health{Status: ctr.HealthUnknown}, complaints
	}
	h, o := r.Health(ctx)
	return h, o.Complaints
}

// Deliberate asks the relay.
func (k *Kind) Deliberate(ctx context.Context, m ctr.Module, asked []ctim.Observable) (ctr.Docs, []ctr.Complaint) {
	r, complaints := k.of(m, pathDeliberate)
	if r == nil {
		return nil, complaints
	}
	docs, o := r.Deliberate(ctx, asked)
	return docs, o.Complaints
}

// Observe asks the relay, which knows nothing of a time.
func (k *Kind) Observe(ctx context.Context, m ctr.Module, q ctr.Question) (ctr.Docs, []ctr.Complaint) {
	r, complaints := k.of(m, pathObserve)
	if r == nil {
		return nil, complaints
	}
	docs, o := r.Observe(ctx, q.Observables)
	return docs, o.Complaints
}

// Refer asks the relay.
func (k *Kind) Refer(ctx context.Context, m ctr.Module, asked []ctim.Observable) ([]ctr.Ref, []ctr.Complaint) {
	r, complaints := k.of(m, pathRefer)
	if r == nil {
		return nil, complaints
	}
	refs, o := r.Refer(ctx, asked)
	return refs, o.Complaints
}

// Respond asks the relay. An action's address carries what the relay wants to
// be triggered with.
func (k *Kind) Respond(ctx context.Context, m ctr.Module, asked []ctim.Observable) ([]ctr.Action, []ctr.Complaint) {
	r, complaints := k.of(m, pathRespond)
	if r == nil {
		return nil, complaints
	}
	offers, o := r.Respond(ctx, asked)
	var out []ctr.Action
	for _, offer := range offers {
		offer.URL = "/respond/trigger/" + m.ID + "/" + url.PathEscape(offer.ID)
		if len(offer.Parameters) > 0 {
			offer.URL += "?" + offer.Parameters.Encode()
		}
		out = append(out, offer.Action)
	}
	return out, o.Complaints
}

// Trigger tells the relay.
func (k *Kind) Trigger(ctx context.Context, m ctr.Module, t ctr.Trigger) []ctr.Complaint {
	r, complaints := k.of(m, pathTrigger)
	if r == nil {
		if complaints == nil {
			return ctr.Nothing{}.Trigger(ctx, m, t)
		}
		return complaints
	}
	return r.Trigger(ctx, t).Complaints
}

package cloud

import (
	"context"
	"log/slog"
	"net/http"
	"slices"

	"esasim/cloud/ctia"
	"esasim/cloud/ctim"
	"esasim/cloud/ctr"
)

// openIntel starts private intelligence. Tokens are those of Threat Response,
// which is asked when a request comes.
func (c *Cloud) openIntel(o Options) (*ctia.Intel, error) {
	return ctia.Open(ctia.Options{
		Store: c.store, Base: "https://" + intelHost(o.Region) + ":443", Schema: o.Schema, Logger: o.Logger,
		Caller: func(r *http.Request) (ctia.Caller, error) {
			who, err := c.ctr.Caller(r)
			return callerOf(who), err
		},
		Refuse: func(w http.ResponseWriter, err error) { c.ctr.Refuse(w, err) },
		Begin:  c.beginIntel,
	})
}

// intelHost is the name under which the vendor serves private intelligence.
func intelHost(region string) string {
	hosts := Hosts(region)
	return hosts[slices.IndexFunc(hosts, func(h string) bool { return len(h) > 14 && h[:14] == "private.intel." })]
}

func callerOf(who ctr.Caller) ctia.Caller {
	return ctia.Caller{User: who.UserID, Groups: []string{who.OrgID}, Client: who.ClientID, May: who.May}
}

// beginIntel makes the module instance with the first entity: every organisation
// of the real service has one from the start, but an empty one would only be in
// the way of who has no use for it (ours).
func (c *Cloud) beginIntel(ctx context.Context) error {
	modules, err := c.ctr.Modules(ctx)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(modules, func(m ctr.Module) bool { return m.TypeID == ctr.PrivateIntelligenceTypeID }) {
		return nil
	}
	_, err = c.ctr.AddModule(ctx, ctr.Module{Type: ctr.PrivateIntelligenceType})
	return err
}

// intelType is the module type that answers from private intelligence.
func (c *Cloud) intelType(log *slog.Logger) ctr.Type {
	return ctr.Type{
		ID: ctr.PrivateIntelligenceTypeID, Name: ctr.PrivateIntelligenceType, Record: "CTIAInvestigateModule", // the record's name is inferred
		Kind: intelKind{cloud: c, log: log},
	}
}

// intelKind is the kind of that type.
type intelKind struct {
	ctr.Nothing
	cloud *Cloud
	log   *slog.Logger
}

// who is on whose behalf the module is asked: the pages ask for the organisation.
func (k intelKind) who(ctx context.Context) ctia.Caller {
	if who := ctr.CallerOf(ctx); who.UserID != "" {
		return callerOf(who)
	}
	return callerOf(k.cloud.ctr.Self())
}

// Deliberate gives the verdicts that the stored judgements come to.
func (k intelKind) Deliberate(ctx context.Context, m ctr.Module, asked []ctim.Observable) (ctr.Docs, []ctr.Complaint) {
	verdicts, err := k.cloud.ctia.Verdicts(ctx, k.who(ctx), asked)
	if err != nil {
		return nil, k.complaints(ctx, m, err)
	}
	docs := ctr.Docs{}
	addAll(docs, ctr.Verdicts, verdicts)
	return docs, nil
}

// Observe gives all that was stored about the observables. Its timeframe is not
// looked at: what is stored is meant to be found.
func (k intelKind) Observe(ctx context.Context, m ctr.Module, q ctr.Question) (ctr.Docs, []ctr.Complaint) {
	known, err := k.cloud.ctia.Known(ctx, k.who(ctx), q.Observables)
	if err != nil {
		return nil, k.complaints(ctx, m, err)
	}
	docs := ctr.Docs{}
	addAll(docs, ctr.Verdicts, known.Verdicts)
	addAll(docs, ctr.Judgements, known.Judgements)
	addAll(docs, ctr.Sightings, known.Sightings)
	addAll(docs, ctr.Indicators, known.Indicators)
	addAll(docs, ctr.Relationships, known.Relationships)
	var warnings []ctr.Complaint
	for _, o := range known.More {
		warnings = append(warnings, ctr.TooMany(ctr.PrivateIntelligenceType, o))
	}
	return docs, warnings
}

func addAll(docs ctr.Docs, kind string, all []ctia.Document) {
	for _, d := range all {
		docs.Add(kind, d)
	}
}

func (k intelKind) complaints(ctx context.Context, m ctr.Module, err error) []ctr.Complaint {
	if ctx.Err() != nil {
		return []ctr.Complaint{ctr.TimedOut(m)}
	}
	k.log.Error("private intelligence: module failed", "module", m.Name, "error", err)
	return []ctr.Complaint{{Type: ctr.Fatal, Code: "unknown", Message: "The module could not answer"}}
}

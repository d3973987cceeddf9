package ctia

import (
	"context"
	"errors"
	"slices"
	"time"

	"esasim/cloud/ctim"
)

// Known is what private intelligence has about some observables, as documents of
// the answers of Threat Response: without what says whose they are.
type Known struct {
	Verdicts, Judgements, Sightings, Indicators, Relationships []Document
	More                                                       []ctim.Observable // of which there is more than was given
}

// MaxKnown is how many judgements and sightings are given for one observable: the
// limit of the vendor's relay contract (inferred for this module).
const MaxKnown = 100

// Verdicts gives the verdicts that there are about some observables.
func (in *Intel) Verdicts(ctx context.Context, who Caller, asked []ctim.Observable) ([]Document, error) {
	var out []Document
	for _, o := range asked {
		v, err := in.Verdict(ctx, who, string(o.Type), o.Value)
		if err != nil {
			return nil, err
		}
		if v != nil {
			out = append(out, v)
		}
	}
	return out, nil
}

// Known gives all that there is about some observables: the judgements that hold,
// what follows of them, the sightings, and the indicators that any of them has a
// relationship to, with the relationships.
func (in *Intel) Known(ctx context.Context, who Caller, asked []ctim.Observable) (Known, error) {
	var k Known
	var err error
	if k.Verdicts, err = in.Verdicts(ctx, who, asked); err != nil {
		return k, err
	}
	for _, o := range asked {
		if err := in.gather(ctx, who, o, &k); err != nil {
			return k, err
		}
	}
	links, err := in.from(ctx, who, slices.Concat(k.Judgements, k.Sightings))
	if err != nil {
		return k, err
	}
	for _, link := range links {
		if err := in.follow(ctx, who, link, &k); err != nil {
			return k, err
		}
	}
	for _, all := range [][]Document{k.Judgements, k.Sightings, k.Indicators, k.Relationships} {
		for _, d := range all {
			unowned(d)
		}
	}
	return k, nil
}

// gather adds what is about one observable.
func (in *Intel) gather(ctx context.Context, who Caller, o ctim.Observable, k *Known) error {
	more := false
	for kind, into := range map[string]*[]Document{"judgement": &k.Judgements, "sighting": &k.Sightings} {
		found, further, err := in.newest(ctx, who, kind, about(kind, string(o.Type), o.Value))
		if err != nil {
			return err
		}
		more = more || further
		for _, d := range found {
			*into = add(*into, d)
		}
	}
	if more {
		k.More = append(k.More, o)
	}
	return nil
}

// errEnough ends a search that has what it wants.
var errEnough = errors.New("enough")

// newest gives the newest MaxKnown entities about an observable, the newest first.
// It reads no more, however many there are; more is true when there are.
func (in *Intel) newest(ctx context.Context, who Caller, kind string, q Query) (out []Document, more bool, err error) {
	n, err := in.question(kind, q, time.Now())
	if err != nil {
		return nil, false, err
	}
	seqs, err := in.having(kind, leading(n))
	if err != nil {
		return nil, false, err
	}
	slices.Reverse(seqs)
	err = in.rowsOf(kind, seqs, func(r *record) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		if !who.mayRead(r.Doc) || !q.also(r.Doc) {
			return nil
		}
		if more = len(out) == MaxKnown; more {
			return errEnough
		}
		out = append(out, in.shown(r))
		return nil
	})
	if errors.Is(err, errEnough) {
		err = nil
	}
	return out, more, err
}

// follow adds a relationship and the indicator that it leads to.
func (in *Intel) follow(ctx context.Context, who Caller, link Document, k *Known) error {
	target := text(link["target_ref"])
	if KindOf(target) != "indicator" {
		return nil
	}
	d, err := in.Get(ctx, who, "indicator", target)
	if refused(err) {
		return nil
	}
	if err != nil {
		return err
	}
	k.Indicators, k.Relationships = add(k.Indicators, d), add(k.Relationships, link)
	return nil
}

// refused is true for an entity that is not there, or not for the caller.
func refused(err error) bool {
	_, is := err.(*Fault)
	return is
}

// add adds a document that is not there yet.
func add(all []Document, d Document) []Document {
	if slices.ContainsFunc(all, func(a Document) bool { return a["id"] == d["id"] }) {
		return all
	}
	return append(all, d)
}

// unowned takes away the fields that the documents of an answer must not have.
// Source: schema.
func unowned(d Document) {
	for _, name := range []string{"owner", "groups", "authorized_users", "authorized_groups"} {
		delete(d, name)
	}
}

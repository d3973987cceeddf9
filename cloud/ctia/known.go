package ctia

import (
	"context"
	"slices"

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
		q := about(kind, string(o.Type), o.Value)
		q.Limit = MaxKnown
		page, err := in.Search(ctx, who, kind, q)
		if err != nil {
			return err
		}
		more = more || page.More
		for _, d := range page.Docs {
			*into = add(*into, d)
		}
	}
	if more {
		k.More = append(k.More, o)
	}
	return nil
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

package ctia

import (
	"context"
	"fmt"
	"maps"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"esasim/cloud/store"
)

// New checks a document that is to become an entity and completes it: the entity
// has its id, but is not stored yet ([Intel.Save]). The document is used up. An
// id may be given when it is transient; it is replaced. The error is a [*Fault].
func (in *Intel) New(who Caller, kind string, d Document) (Document, error) {
	if err := in.verify(kind, d); err != nil {
		return nil, err
	}
	if id := text(d["id"]); id != "" && !isTransient(id) {
		return nil, lacking(who, "specify-id")
	}
	now := stamp(time.Now())
	d["id"] = in.long(kind, newID(kind))
	in.complete(kind, d, now)
	d["owner"], d["client_id"] = who.User, who.Client
	groups := []any{}
	for _, g := range who.Groups {
		groups = append(groups, g)
	}
	d["groups"] = groups
	return d, nil
}

// verify holds a document to the schema of its type.
func (in *Intel) verify(kind string, d Document) error {
	t := in.types[kind]
	if _, faults := t.entry.check(d); faults != nil {
		return misshapen(faults)
	}
	if bad := t.entry.rule("", d); bad != "" {
		return invalidEntity(d, bad)
	}
	if kind == "judgement" {
		if bad := misjudged(d); bad != "" {
			return badRequest(bad)
		}
	}
	return nil
}

// complete fills in what the service knows of every entity.
func (in *Intel) complete(kind string, d Document, now string) {
	d["type"], d["schema_version"] = kind, in.schema
	orElse(d, "timestamp", now)
	orElse(d, "tlp", "green")
	in.types[kind].fill(d, now)
}

// Save stores entities that [Intel.New] has made, all or none, synced.
func (in *Intel) Save(ctx context.Context, entities ...Document) error {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.last == 0 && in.begin != nil {
		if err := in.begin(ctx); err != nil {
			return fmt.Errorf("begin private intelligence: %w", err)
		}
	}
	now, last := stamp(time.Now()), in.last
	err := in.store.Write(func(b *pebble.Batch) error {
		for _, d := range entities {
			last++
			kind := text(d["type"])
			if err := put(b, nil, &record{Created: now, Modified: now, Doc: stored(d), kind: kind, seq: last}); err != nil {
				return err
			}
		}
		return store.Set(b, store.EntityNumbers(), last)
	})
	if err != nil {
		return fmt.Errorf("store %d entities: %w", len(entities), err)
	}
	in.last = last
	return nil
}

// stored is a document with its short id.
func stored(d Document) Document {
	d = maps.Clone(d)
	d["id"] = Short(text(d["id"]))
	return d
}

// shown is a document as answers have it.
func (in *Intel) shown(r *record) Document {
	r.Doc["id"] = in.long(r.kind, r.id())
	return r.Doc
}

// Create stores one new entity and gives it back as stored. The error is a
// [*Fault] when the document is at fault.
func (in *Intel) Create(ctx context.Context, who Caller, kind string, d Document) (Document, error) {
	d, err := in.New(who, kind, d)
	if err != nil {
		return nil, err
	}
	return d, in.Save(ctx, d)
}

// Get gives an entity by its short or long id. The error is a [*Fault] when it is
// not there or not to be read.
func (in *Intel) Get(_ context.Context, who Caller, kind, id string) (Document, error) {
	r, err := in.load(kind, Short(id))
	if err != nil {
		return nil, err
	}
	if !who.mayRead(r.Doc) {
		return nil, notAllowed("read")
	}
	return in.shown(r), nil
}

// Update puts another document in the place of an entity. Its id, owner and
// groups stay.
func (in *Intel) Update(ctx context.Context, who Caller, kind, id string, d Document) (Document, error) {
	return in.Change(ctx, who, kind, id, func(Document) (Document, error) { return d, nil })
}

// Patch puts the fields of a document into an entity.
func (in *Intel) Patch(ctx context.Context, who Caller, kind, id string, d Document) (Document, error) {
	return in.Change(ctx, who, kind, id, func(old Document) (Document, error) {
		maps.Copy(old, d)
		return old, nil
	})
}

// owned are the fields that the service gives an entity, and that a change keeps.
func owned() []string { return []string{"owner", "groups", "client_id"} }

// Change makes of an entity what f makes of it, in one step: f is given the
// document without the fields that the service owns, as a client would send it,
// and what it gives back is checked and completed like a new one. The entity keeps
// its id, owner and groups, and its place in the order. f may fail with a [*Fault].
func (in *Intel) Change(_ context.Context, who Caller, kind, id string, f func(Document) (Document, error)) (Document, error) {
	in.mu.Lock()
	defer in.mu.Unlock()
	was, err := in.load(kind, Short(id))
	if err != nil {
		return nil, err
	}
	if !who.mayWrite(was.Doc) {
		return nil, notAllowed("update")
	}
	d, err := in.changed(was, f)
	if err != nil {
		return nil, err
	}
	now := &record{Created: was.Created, Modified: stamp(time.Now()), Doc: d, kind: kind, seq: was.seq}
	if err := in.store.Write(func(b *pebble.Batch) error { return put(b, was, now) }); err != nil {
		return nil, fmt.Errorf("change %s: %w", was.id(), err)
	}
	return in.shown(now), nil
}

// changed gives the document that an entity becomes. was stays as it is.
func (in *Intel) changed(was *record, f func(Document) (Document, error)) (Document, error) {
	copied, err := in.row(was.kind, was.seq) // deep, so that f may do with it what it likes
	if err != nil {
		return nil, err
	}
	for _, name := range owned() {
		delete(copied.Doc, name)
	}
	d, err := f(copied.Doc)
	if err != nil {
		return nil, err
	}
	if err := in.verify(was.kind, d); err != nil {
		return nil, err
	}
	if id := text(d["id"]); id != "" && Short(id) != was.id() && !isTransient(id) {
		return nil, invalidEntity(d, "id: an entity keeps its id")
	}
	in.complete(was.kind, d, text(was.Doc["timestamp"]))
	d["id"] = was.id()
	for _, name := range owned() {
		d[name] = was.Doc[name]
	}
	return d, nil
}

// Delete takes an entity away for good.
func (in *Intel) Delete(_ context.Context, who Caller, kind, id string) error {
	in.mu.Lock()
	defer in.mu.Unlock()
	r, err := in.load(kind, Short(id))
	if err != nil {
		return err
	}
	if !who.mayWrite(r.Doc) {
		return notAllowed("delete")
	}
	if err := in.store.Write(func(b *pebble.Batch) error { return drop(b, r) }); err != nil {
		return fmt.Errorf("delete %s: %w", r.id(), err)
	}
	return nil
}

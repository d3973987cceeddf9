// Package ctia is private intelligence: the entities of the threat intelligence
// model (sightings, judgements, indicators, relationships, casebooks, incidents
// and others) that an organisation keeps in a region's cloud, with the API
// /ctia/... under which programs store, search and change them.
//
// [Intel] is one region's. What an entity may be is a table ([Type], types.go);
// all types have the same calls. Entities are rows of the region's store in the
// order in which they were made, with an index of what leads to them: ids,
// external ids, observables, references (package store, keys.go). A search reads
// the rows that the index leaves, and asks the query of each; it has no other
// copy of them, so it sees what was answered before it.
//
// Source of all behaviour, unless said otherwise: the public code of
// threatgrid/ctia and threatgrid/ctim.
package ctia

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"

	"github.com/cockroachdb/pebble/v2"

	"esasim/cloud/ctim"
	"esasim/cloud/store"
)

// Caller is who asks: a user of the organisation, by an API client of theirs.
type Caller struct {
	User   string                  // the owner of what they make
	Groups []string                // the ids of their organisations
	Client string                  // the API client's id
	May    func(scope string) bool // whether the access token gives a scope; asked by Handler alone
}

// Options say what an Intel is made of.
type Options struct {
	Store  *store.Store
	Base   string // of long ids: https://private.intel.amp.cisco.com:443
	Schema string // CTIM's version, written into all that is stored; empty: ctim.SchemaVersion
	Logger *slog.Logger
	// Caller proves by its access token who sends a request; Handler needs it.
	Caller func(r *http.Request) (Caller, error)
	// Refuse answers a request whose token Caller does not take.
	Refuse func(w http.ResponseWriter, err error)
	// Begin is called before the first entity is stored, once or, after a crash,
	// more often; nil: nobody wants to know.
	Begin func(ctx context.Context) error
}

// Intel is the private intelligence of one region.
type Intel struct {
	store  *store.Store
	base   string
	schema string
	log    *slog.Logger
	caller func(*http.Request) (Caller, error)
	refuse func(http.ResponseWriter, error)
	begin  func(context.Context) error
	types  map[string]*Type

	searching chan struct{} // holds one for each search that reads rows

	mu   sync.Mutex // makes each change one step, from reading what is there to its commit
	last uint64     // the number of the newest entity; guarded by mu
}

// maxSearching is how many searches read at the same time (ours).
const maxSearching = 4

// Open makes the service over a region's store, which must outlive it.
func Open(o Options) (*Intel, error) {
	in := &Intel{
		store: o.Store, base: o.Base, schema: cmp.Or(o.Schema, ctim.SchemaVersion), log: o.Logger, caller: o.Caller, refuse: o.Refuse, begin: o.Begin,
		types: map[string]*Type{}, searching: make(chan struct{}, maxSearching),
	}
	if in.log == nil {
		in.log = slog.New(slog.DiscardHandler)
	}
	for _, t := range newTypes() {
		in.types[t.Name] = t
	}
	err := o.Store.Get(store.EntityNumbers(), &in.last)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return nil, fmt.Errorf("open private intelligence: %w", err)
	}
	return in, nil
}

// TypeOf gives the type of entities of a name, or nil.
func (in *Intel) TypeOf(name string) *Type { return in.types[name] }

// use runs f with the database.
func (in *Intel) use(f func(*pebble.DB) error) error { return in.store.Use(f) }

package ctia

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"

	"github.com/cockroachdb/pebble/v2"

	"esasim/cloud/store"
)

// record is an entity as it is stored. Its id is the short one.
type record struct {
	Created  string   `json:"created"` // in the form of the schema
	Modified string   `json:"modified"`
	Doc      Document `json:"doc"`

	kind string
	seq  uint64 // its place in the order of all entities
}

func (r *record) id() string { return text(r.Doc["id"]) }

// decode reads JSON as a Document is made of: numbers stay as they were written.
func decode(b []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	if err := d.Decode(v); err != nil {
		return err
	}
	if d.More() {
		return errors.New("there is more behind the JSON")
	}
	return nil
}

// indexed are the paths whose values lead to entities. What else is searched
// for is found by reading.
func indexed(path string) bool {
	switch path {
	case "external_ids", "observable.value", "observables.value", "source_ref", "target_ref", "entity_id",
		"related_entities.entity_id", "asset_ref":
		return true
	}
	return false
}

// canonical is a value as it is compared: without case, and ids without host.
func canonical(path, value string) string {
	if path == "id" || strings.HasSuffix(path, "_ref") || strings.HasSuffix(path, "_id") || strings.HasSuffix(path, "_ids") {
		value = Short(value)
	}
	return strings.ToLower(value)
}

// term is what a value has in the index. Who reads looks at the value itself.
func term(path, value string) uint64 {
	h := fnv.New64a()
	// Writing to a hash does not fail.
	_, _ = h.Write([]byte(path + "\x00" + canonical(path, value)))
	return h.Sum64()
}

// terms are those of a document, each once.
func terms(d Document) []uint64 {
	var out []uint64
	for _, l := range leavesOf(d) {
		if indexed(l.path) {
			out = append(out, term(l.path, l.value))
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// put adds to a batch what makes an entity be, and takes away what its former
// self had. was is nil for a new one.
func put(b *pebble.Batch, was, now *record) error {
	fresh := terms(now.Doc)
	if was != nil {
		for _, t := range terms(was.Doc) {
			if !slices.Contains(fresh, t) {
				if err := b.Delete(store.EntityTerm(was.kind, t, was.seq), nil); err != nil {
					return err
				}
			}
		}
	}
	for _, t := range fresh {
		if err := b.Set(store.EntityTerm(now.kind, t, now.seq), nil, nil); err != nil {
			return err
		}
	}
	if err := b.Set(store.EntityID(now.kind, now.id()), binary.BigEndian.AppendUint64(nil, now.seq), nil); err != nil {
		return err
	}
	return store.Set(b, store.Entity(now.kind, now.seq), now)
}

// drop takes an entity away.
func drop(b *pebble.Batch, r *record) error {
	for _, t := range terms(r.Doc) {
		if err := b.Delete(store.EntityTerm(r.kind, t, r.seq), nil); err != nil {
			return err
		}
	}
	return errors.Join(b.Delete(store.EntityID(r.kind, r.id()), nil), b.Delete(store.Entity(r.kind, r.seq), nil))
}

// load gives the entity of a short id, or the fault that there is none.
func (in *Intel) load(kind, id string) (*record, error) {
	b, err := in.store.Bytes(store.EntityID(kind, id))
	if errors.Is(err, store.ErrNotFound) {
		return nil, missing(kind)
	}
	if err != nil {
		return nil, err
	}
	r, err := in.row(kind, binary.BigEndian.Uint64(b))
	if errors.Is(err, store.ErrNotFound) { // deleted since
		return nil, missing(kind)
	}
	return r, err
}

func (in *Intel) row(kind string, seq uint64) (*record, error) {
	b, err := in.store.Bytes(store.Entity(kind, seq))
	if err != nil {
		return nil, err
	}
	return readRow(kind, seq, b)
}

func readRow(kind string, seq uint64, b []byte) (*record, error) {
	r := &record{kind: kind, seq: seq}
	if err := decode(b, r); err != nil {
		return nil, fmt.Errorf("read %s %d: %w", kind, seq, err)
	}
	return r, nil
}

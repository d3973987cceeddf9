package relay

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"

	"github.com/google/uuid"
)

// object is a small object of an answer that is being read, by key.
type object struct {
	place string
	rest  map[string]json.RawMessage // what was not asked for yet
	wrong *faults
}

// objects reads a list of objects, at most so many; more is true if there are
// more.
func objects(raw json.RawMessage, most int, wrong *faults) (out []object, more bool) {
	var all []json.RawMessage
	if json.Unmarshal(raw, &all) != nil {
		wrong.add("data", notA("sequential?"))
		return nil, false
	}
	for i, one := range all[:min(len(all), most)] {
		place := fmt.Sprintf("data[%d]", i)
		if m, is := members(one); is {
			out = append(out, object{place, m, wrong})
		} else {
			wrong.add(place, notA("map?"))
		}
	}
	return out, len(all) > most
}

// take gives the value of a key, or nil.
func (b *object) take(key string, needed bool) json.RawMessage {
	raw, given := b.rest[key]
	delete(b.rest, key)
	if needed && !given {
		b.wrong.add(b.place+"."+key, missing)
	}
	return raw
}

func (b *object) text(key string) (s string) {
	if raw := b.take(key, true); raw != nil {
		if json.Unmarshal(raw, &s) != nil || string(raw) == "null" {
			b.wrong.add(b.place+"."+key, notA("instance? java.lang.String"))
		}
	}
	return s
}

// link is a text that is the address of a page.
func (b *object) link(key string) string {
	s := b.text(key)
	if u, err := url.Parse(s); s != "" && (err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "") {
		b.wrong.add(b.place+"."+key, notA("uri?"))
	}
	return s
}

// texts is a list of texts that need not be there.
func (b *object) texts(key string) (all []string) {
	if raw := b.take(key, false); raw != nil && json.Unmarshal(raw, &all) != nil {
		b.wrong.add(b.place+"."+key, notA("sequential?"))
	}
	return all
}

// parameters are texts by name, that need not be there; numbers and switches
// count as texts.
func (b *object) parameters(key string) url.Values {
	out := url.Values{}
	raw := b.take(key, false)
	if raw == nil {
		return out
	}
	m, is := members(raw)
	if !is {
		b.wrong.add(b.place+"."+key, notA("map?"))
	}
	for name, value := range m {
		var s string
		switch {
		case json.Unmarshal(value, &s) == nil:
		case value[0] == '{' || value[0] == '[':
			b.wrong.add(b.place+"."+key+"."+shortened(name, 60), notA("instance? java.lang.String"))
		default:
			s = string(value)
		}
		out.Set(name, s)
	}
	return out
}

// done refuses what nobody asked for.
func (b *object) done() {
	for _, key := range slices.Sorted(maps.Keys(b.rest)) {
		b.wrong.add(b.place+"."+shortened(key, 60), disallowed)
	}
}

func isUUID(s string) bool {
	_, err := uuid.Parse(s)
	return err == nil && len(s) == 36
}

package relay

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"esasim/cloud/ctia"
	"esasim/cloud/ctim"
	"esasim/cloud/ctr"
)

// maxPerAsked is how many documents of a kind are shown for each observable
// that was asked for. Source: the relay contract, whose relays trim to it by
// themselves; that what is more is trimmed here, too, is ours.
const maxPerAsked = 100

// endless is when a verdict ends that has no end. Source: public schema.
const endless = "2525-01-01T00:00:00.000Z"

// documents reads {"sightings":{"count":1,"docs":[...]},...}. One document that
// breaks the schema spoils the answer, as everywhere in the service.
func (r *Relay) documents(data json.RawMessage, asked []ctim.Observable, o *Outcome) ctr.Docs {
	kinds, is := members(data)
	if !is {
		o.complain(invalid([]string{"data: " + notA("map?")}))
		return nil
	}
	var wrong faults
	out := ctr.Docs{}
	for _, kind := range slices.Sorted(maps.Keys(kinds)) {
		if !slices.Contains(ctr.DocKinds(), kind) {
			wrong.add("data."+shortened(kind, 60), disallowed)
			continue
		}
		l := list{kind: kind, trim: trimmer{asked: asked, of: map[ctim.Observable]int{}}, wrong: &wrong, o: o, schema: r.Caller.schema}
		out[kind] = l.read(kinds[kind])
		for _, more := range l.trim.over {
			o.complain(ctr.TooMany(r.Name, more))
		}
	}
	if len(wrong) > 0 {
		o.Complaints = slices.DeleteFunc(o.Complaints, func(c ctr.Complaint) bool { return c.Code == ctr.TooMany("", ctim.Observable{}).Code })
		o.complain(invalid(wrong))
		return nil
	}
	return out
}

// list is one kind of documents that is being read.
type list struct {
	kind   string
	trim   trimmer
	wrong  *faults
	o      *Outcome
	schema *ctia.Answers
	ids    map[string]bool
}

func (l *list) read(raw json.RawMessage) []any {
	out := []any{}
	parts, is := members(raw)
	if !is {
		l.wrong.add(l.kind, notA("map?"))
		return out
	}
	for _, key := range slices.Sorted(maps.Keys(parts)) {
		if key != "count" && key != "docs" {
			l.wrong.add(l.kind+"."+shortened(key, 60), disallowed)
		}
	}
	for _, key := range []string{"count", "docs"} {
		if parts[key] == nil {
			l.wrong.add(l.kind+"."+key, missing)
		}
	}
	var count int
	var docs []json.RawMessage
	if parts["count"] != nil && json.Unmarshal(parts["count"], &count) != nil {
		l.wrong.add(l.kind+".count", notA("integer?"))
	}
	if parts["docs"] != nil && json.Unmarshal(parts["docs"], &docs) != nil {
		l.wrong.add(l.kind+".docs", notA("sequential?"))
	} else if count != len(docs) {
		l.o.note("%s.count is %d, but there are %d docs", l.kind, count, len(docs))
	}
	l.ids = make(map[string]bool, min(len(docs), 1000))
	for i, one := range docs {
		if doc := l.document(fmt.Sprintf("%s.docs[%d]", l.kind, i), one); doc != nil {
			out = append(out, doc)
		}
	}
	return out
}

// document reads one document: nil when it breaks the schema, or is one too many.
func (l *list) document(place string, raw json.RawMessage) json.RawMessage {
	if len(raw) > maxDocument {
		l.wrong.add(place, fmt.Sprintf("longer than %d bytes", maxDocument))
		return nil
	}
	var d map[string]any
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	if decoder.Decode(&d) != nil || d == nil {
		l.wrong.add(place, notA("map?"))
		return nil
	}
	bad := l.schema.Check(l.kind, d)
	for _, f := range bad {
		l.wrong.add(strings.TrimSuffix(place+"."+f.Path, "."), f.What)
	}
	if len(bad) > 0 {
		return nil
	}
	l.advise(place, d)
	if !l.trim.keep(d) {
		return nil
	}
	if l.kind == ctr.Verdicts {
		complete(d)
	}
	fixed, err := json.Marshal(d)
	if err != nil {
		l.wrong.add(place, notA("map?"))
		return nil
	}
	return fixed
}

// advise notes what the service takes, and clients or people stumble over.
func (l *list) advise(place string, d map[string]any) {
	if l.kind == ctr.Verdicts {
		if d["disposition_name"] == nil {
			l.o.note("%s has no disposition_name: clients expect one", place)
		}
		if valid, _ := d["valid_time"].(map[string]any); valid["end_time"] == nil {
			l.o.note("%s.valid_time has no end_time: clients expect one", place)
		}
		return
	}
	id, _ := d["id"].(string)
	if !transient(id) {
		l.o.note("%s.id %.60q: want transient:<uuid>", place, id)
	}
	if l.ids[id] {
		l.o.note("%s.id %.60q is that of another document, too", place, id)
	}
	l.ids[id] = true
	if l.kind == ctr.Sightings && l.trim.about(d) == nil {
		l.o.note("%s has none of the observables that were asked for", place)
	}
}

// transient is true for the ids that documents of a relay have: transient:<uuid>,
// where words before the UUID are usual.
func transient(id string) bool {
	rest, is := strings.CutPrefix(id, "transient:")
	return is && len(rest) >= 36 && isUUID(rest[len(rest)-36:])
}

// complete gives a verdict what clients crash without (see ctr.Verdict). That
// the service adds it for relays is inferred: nearly all that were recorded have
// it.
func complete(d map[string]any) {
	if n, is := d["disposition"].(json.Number); is && d["disposition_name"] == nil {
		number, _ := n.Int64()
		d["disposition_name"] = ctr.Disposition(int(number))
	}
	if valid, is := d["valid_time"].(map[string]any); is && valid["end_time"] == nil {
		valid["end_time"] = endless
	}
}

// trimmer counts the documents of a kind for each observable that was asked for.
type trimmer struct {
	asked []ctim.Observable
	of    map[ctim.Observable]int
	loose int               // those about no observable
	over  []ctim.Observable // those that had too many
}

// keep is true for a document that is shown.
func (t *trimmer) keep(d map[string]any) bool {
	if len(t.asked) == 0 {
		return true
	}
	about := t.about(d)
	if about == nil {
		t.loose++
		return t.loose <= maxPerAsked*len(t.asked) || t.warn(t.asked[0])
	}
	t.of[*about]++
	return t.of[*about] <= maxPerAsked || t.warn(*about)
}

func (t *trimmer) warn(o ctim.Observable) bool {
	if !slices.Contains(t.over, o) {
		t.over = append(t.over, o)
	}
	return false
}

// about gives the asked observable that a document is about, or nil.
func (t *trimmer) about(d map[string]any) *ctim.Observable {
	all, _ := d["observables"].([]any)
	for _, v := range append(slices.Clip(all), d["observable"]) {
		one, _ := v.(map[string]any)
		kind, _ := one["type"].(string)
		value, _ := one["value"].(string)
		o := ctim.Observable{Type: ctim.ObservableType(kind), Value: value}
		if slices.Contains(t.asked, o) {
			return &o
		}
	}
	return nil
}

package relay

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"

	"esasim/cloud/ctim"
	"esasim/cloud/ctr"
)

// The routes of a relay, all of them POST. Source: the relay contract.
const (
	pathHealth     = "/health"
	pathDeliberate = "/deliberate/observables"
	pathObserve    = "/observe/observables"
	pathRefer      = "/refer/observables"
	pathRespond    = "/respond/observables"
	pathTrigger    = "/respond/trigger"
	pathTiles      = "/tiles"
	pathTile       = "/tiles/tile"
	pathTileData   = "/tiles/tile-data"
	pathVersion    = "/version"
)

// ask calls a route and opens the envelope of its answer.
func (r *Relay) ask(ctx context.Context, path string, body any, o *Outcome) json.RawMessage {
	raw := r.post(ctx, path, body, o)
	if raw == nil {
		return nil
	}
	return opened(raw, o)
}

// Health asks whether the relay is well.
func (r *Relay) Health(ctx context.Context) (ctr.Health, Outcome) {
	var o Outcome
	status := r.status(r.ask(ctx, pathHealth, nil, &o), &o, ctr.HealthOK, ctr.HealthError, ctr.HealthUnknown)
	if status == "" {
		status = ctr.HealthError
	}
	return ctr.Health{Status: status}, o
}

// status reads {"status":"ok"}, "" with a complaint if it is none of the words.
func (r *Relay) status(data json.RawMessage, o *Outcome, words ...string) string {
	if data == nil {
		return ""
	}
	var wrong faults
	m, is := members(data)
	if !is {
		wrong.add("data", notA("map?"))
	}
	b := object{"data", m, &wrong}
	status := ""
	if is {
		status = b.text("status")
		b.take("quotas", false)
		b.done()
	}
	if len(wrong) == 0 && !slices.Contains(words, status) {
		wrong.add("data.status", fmt.Sprintf("(not (#{%s} %.60q))", quoted(words), status))
	}
	if len(wrong) > 0 {
		o.complain(invalid(wrong))
		return ""
	}
	return status
}

// Deliberate asks for verdicts.
func (r *Relay) Deliberate(ctx context.Context, asked []ctim.Observable) (ctr.Docs, Outcome) {
	docs, o := r.docs(ctx, pathDeliberate, asked)
	for kind := range docs {
		if kind != ctr.Verdicts {
			o.note("%s in an answer of verdicts alone: they are left out", kind)
		}
	}
	return docs, o
}

// Observe asks for everything.
func (r *Relay) Observe(ctx context.Context, asked []ctim.Observable) (ctr.Docs, Outcome) {
	return r.docs(ctx, pathObserve, asked)
}

func (r *Relay) docs(ctx context.Context, path string, asked []ctim.Observable) (ctr.Docs, Outcome) {
	var o Outcome
	data := r.ask(ctx, path, asked, &o)
	if data == nil {
		return nil, o
	}
	return r.documents(data, asked, &o), o
}

// Refer asks for links.
func (r *Relay) Refer(ctx context.Context, asked []ctim.Observable) ([]ctr.Ref, Outcome) {
	var o Outcome
	var wrong faults
	var out []ctr.Ref
	for _, b := range r.listed(ctx, pathRefer, asked, &wrong, &o) {
		out = append(out, ctr.Ref{ID: b.text("id"), Title: b.text("title"), Description: b.text("description"),
			URL: b.link("url"), Categories: b.texts("categories")})
		b.done()
	}
	if len(wrong) > 0 {
		o.complain(invalid(wrong))
		return nil, o
	}
	return out, o
}

// listed asks for a list of small objects. It is trimmed as documents are.
func (r *Relay) listed(ctx context.Context, path string, asked []ctim.Observable, wrong *faults, o *Outcome) []object {
	data := r.ask(ctx, path, asked, o)
	if data == nil {
		return nil
	}
	all, more := objects(data, maxPerAsked*max(len(asked), 1), wrong)
	if more && len(asked) > 0 {
		o.complain(ctr.TooMany(r.Name, asked[0]))
	}
	return all
}

// Offer is something that a relay can do: an action, and what it is to be
// triggered with.
type Offer struct {
	ctr.Action
	Parameters url.Values // query-params
}

// Respond asks what can be done.
func (r *Relay) Respond(ctx context.Context, asked []ctim.Observable) ([]Offer, Outcome) {
	var o Outcome
	var wrong faults
	var out []Offer
	for _, b := range r.listed(ctx, pathRespond, asked, &wrong, &o) {
		out = append(out, Offer{ctr.Action{ID: b.text("id"), Title: b.text("title"), Description: b.text("description"),
			Categories: b.texts("categories")}, b.parameters("query-params")})
		b.done()
	}
	if len(wrong) > 0 {
		o.complain(invalid(wrong))
		return nil, o
	}
	return out, o
}

// Trigger does what was offered. It is done if there is no complaint.
func (r *Relay) Trigger(ctx context.Context, t ctr.Trigger) Outcome {
	var o Outcome
	body := map[string]string{}
	for name, value := range t.Extra {
		body[name] = value
	}
	body["action-id"], body["observable_type"], body["observable_value"] = t.Action, string(t.Observable.Type), t.Observable.Value
	status := r.status(r.ask(ctx, pathTrigger, body, &o), &o, "success", "failure")
	if status != "success" && len(o.Complaints) == 0 {
		o.complain(ctr.Complaint{Type: ctr.Error, Code: codeUnknown, Message: "The module could not do it"})
	}
	return o
}

// Version asks which template the relay is made of. Its answer has no envelope.
func (r *Relay) Version(ctx context.Context) (string, Outcome) {
	var o Outcome
	raw := r.post(ctx, pathVersion, nil, &o)
	if raw == nil {
		return "", o
	}
	var v struct{ Version *string }
	if json.Unmarshal(raw, &v) != nil || v.Version == nil {
		o.complain(invalid([]string{"version: " + missing}))
		return "", o
	}
	return shortened(*v.Version, 60), o
}

// Tiles asks for the tiles of the dashboard, or one of them, or its data. They are
// looked at no closer than that they are a list, or an object: no page shows them.
func (r *Relay) Tiles(ctx context.Context, path string, body map[string]string) Outcome {
	var o Outcome
	data := r.ask(ctx, path, body, &o)
	if data == nil {
		return o
	}
	if isList := data[0] == '['; isList != (path == pathTiles) || data[0] != '[' && data[0] != '{' {
		want := "map?"
		if path == pathTiles {
			want = "sequential?"
		}
		o.complain(invalid([]string{"data: " + notA(want)}))
	}
	return o
}

func quoted(words []string) string {
	out := ""
	for i, w := range words {
		if i > 0 {
			out += " "
		}
		out += fmt.Sprintf("%q", w)
	}
	return out
}

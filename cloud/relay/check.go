package relay

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"esasim/cloud/ctim"
	"esasim/cloud/ctr"
)

// What a route's Verdict may be.
const (
	Good    = "ok"
	Warned  = "warning" // Threat Response takes it; there are notes
	Faulty  = "faulty"  // Threat Response shows complaints
	Absent  = "absent"  // 404, and nobody said that it is there
	Skipped = "skipped" // not called
)

// Report says how a relay answers.
type Report struct {
	URL     string  `json:"url"`
	Verdict string  `json:"verdict"` // the worst of all routes: Good, Warned or Faulty
	Routes  []Route `json:"routes"`
}

// Route is how one route answers.
type Route struct {
	Route   string   `json:"route"`
	Verdict string   `json:"verdict"`
	Status  int      `json:"status,omitempty"` // of HTTP
	Millis  int64    `json:"milliseconds"`
	Answer  string   `json:"answer,omitempty"` // in short
	Shown   []Shown  `json:"shown,omitempty"`
	Notes   []string `json:"notes,omitempty"`
}

// Shown is an error as Threat Response shows it.
type Shown struct {
	Type    string `json:"type"`
	Code    string `json:"code"`
	Message string `json:"message"`
}

// Checking says how a relay is checked.
type Checking struct {
	Observables []ctim.Observable // what is asked; none: Samples
	Action      string            // triggered for the first observable; empty: /respond/trigger is not called, because that does something
	Timeout     time.Duration     // of each call
}

// Samples are what a relay is asked if nobody says what.
func Samples() []ctim.Observable {
	return []ctim.Observable{
		{Type: ctim.Domain, Value: "cisco.com"}, {Type: ctim.IP, Value: "192.0.2.1"}, {Type: ctim.IPv6, Value: "2001:db8::1"},
		{Type: ctim.URL, Value: "http://cisco.com/"}, {Type: ctim.Email, Value: "alice@sender.example"},
		{Type: ctim.SHA256, Value: strings.Repeat("0123456789abcdef", 4)}, {Type: ctim.FileName, Value: "invoice.pdf"},
	}
}

// Check calls every route of a relay as Threat Response does, and besides in two
// ways in which it does not: without authorisation, and with an observable that has
// no value.
func Check(ctx context.Context, r *Relay, c Checking) Report {
	if len(c.Observables) == 0 {
		c.Observables = Samples()
	}
	k := checker{r: r, c: c, out: Report{URL: r.Settings.URL, Verdict: Good}}
	k.routes(ctx)
	k.manners(ctx)
	for _, route := range k.out.Routes {
		if route.Verdict == Faulty || route.Verdict == Warned && k.out.Verdict == Good {
			k.out.Verdict = route.Verdict
		}
	}
	return k.out
}

type checker struct {
	r   *Relay
	c   Checking
	out Report
}

// call calls one route and reports it. ask gives the answer in short.
func (k *checker) call(ctx context.Context, path string, ask func(context.Context) (string, Outcome)) {
	if !k.r.Settings.has(path) {
		k.out.Routes = append(k.out.Routes, Route{Route: path, Verdict: Skipped, Answer: "not among the supported APIs"})
		return
	}
	answer, o, took := k.timed(ctx, ask)
	route := reported(path, answer, o, took)
	if o.Status == http.StatusNotFound && k.r.Settings.APIs == nil && path != pathHealth {
		route = Route{Route: path, Verdict: Absent, Status: o.Status, Millis: took.Milliseconds()}
	}
	k.out.Routes = append(k.out.Routes, route)
}

func (k *checker) timed(ctx context.Context, ask func(context.Context) (string, Outcome)) (string, Outcome, time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, k.c.Timeout)
	defer cancel()
	start := time.Now()
	answer, o := ask(ctx)
	return answer, o, time.Since(start)
}

func reported(path, answer string, o Outcome, took time.Duration) Route {
	route := Route{Route: path, Verdict: Good, Status: o.Status, Millis: took.Milliseconds(), Answer: answer, Notes: o.Notes}
	if len(o.Notes) > 0 {
		route.Verdict = Warned
	}
	for _, c := range o.Complaints {
		route.Shown = append(route.Shown, Shown(c))
		if c.Type != ctr.Warning || c.Code == ctr.TimedOut(ctr.Module{}).Code {
			route.Verdict = Faulty
		} else if route.Verdict == Good {
			route.Verdict = Warned
		}
	}
	return route
}

// routes calls what Threat Response calls, in the order of the contract.
func (k *checker) routes(ctx context.Context) {
	r, asked := k.r, k.c.Observables
	k.call(ctx, pathHealth, func(ctx context.Context) (string, Outcome) {
		h, o := r.Health(ctx)
		if len(o.Complaints) > 0 {
			return "", o
		}
		if h.Status != ctr.HealthOK {
			o.note("the relay says that it is not well: %s", h.Status)
		}
		return h.Status, o
	})
	k.call(ctx, pathDeliberate, func(ctx context.Context) (string, Outcome) {
		docs, o := r.Deliberate(ctx, asked)
		return counted(docs, o), o
	})
	k.call(ctx, pathObserve, func(ctx context.Context) (string, Outcome) {
		docs, o := r.Observe(ctx, asked)
		return counted(docs, o), o
	})
	k.call(ctx, pathRefer, func(ctx context.Context) (string, Outcome) {
		refs, o := r.Refer(ctx, asked)
		return number("links", len(refs), o), o
	})
	k.call(ctx, pathRespond, func(ctx context.Context) (string, Outcome) {
		offers, o := r.Respond(ctx, asked)
		return number("actions", len(offers), o), o
	})
	k.trigger(ctx)
	k.tiles(ctx)
	k.call(ctx, pathVersion, r.Version)
}

func (k *checker) trigger(ctx context.Context) {
	if k.c.Action == "" {
		k.out.Routes = append(k.out.Routes, Route{Route: pathTrigger, Verdict: Skipped, Answer: "it would do something: say which action"})
		return
	}
	k.call(ctx, pathTrigger, func(ctx context.Context) (string, Outcome) {
		o := k.r.Trigger(ctx, ctr.Trigger{Action: k.c.Action, Observable: k.c.Observables[0]})
		if len(o.Complaints) > 0 {
			return "failure", o
		}
		return "success", o
	})
}

func (k *checker) tiles(ctx context.Context) {
	for _, tile := range []struct {
		path string
		body map[string]string
	}{{pathTiles, map[string]string{}}, {pathTile, map[string]string{"tile_id": "sample"}},
		{pathTileData, map[string]string{"tile_id": "sample", "period": "last_hour"}}} {
		k.call(ctx, tile.path, func(ctx context.Context) (string, Outcome) {
			return "", k.r.Tiles(ctx, tile.path, tile.body)
		})
	}
}

// manners looks whether the relay refuses what it should, with the code that the
// contract has for it. Nothing of it stops Threat Response but a relay that lets
// everybody in.
func (k *checker) manners(ctx context.Context) {
	if !k.r.Settings.has(pathObserve) {
		return
	}
	if k.r.Settings.Auth != AuthNone {
		stranger := *k.r
		stranger.Settings.Auth = AuthNone
		k.refuses(ctx, &stranger, "without authorization", k.c.Observables, "authorization error")
	}
	k.refuses(ctx, k.r, "with an empty value", []ctim.Observable{{Type: ctim.Domain}}, "invalid argument")
}

func (k *checker) refuses(ctx context.Context, r *Relay, how string, asked []ctim.Observable, code string) {
	_, o, took := k.timed(ctx, func(ctx context.Context) (string, Outcome) {
		_, o := r.Observe(ctx, asked)
		return "", o
	})
	if o.Status == http.StatusNotFound || o.Status == 0 {
		return // it was told before
	}
	route := Route{Route: pathObserve + " " + how, Verdict: Good, Status: o.Status, Millis: took.Milliseconds(), Answer: code}
	if !slices.ContainsFunc(o.Complaints, func(c ctr.Complaint) bool { return c.Code == code }) {
		route.Verdict, route.Answer = Warned, ""
		route.Notes = []string{fmt.Sprintf("no error with the code %q", code)}
		for _, c := range o.Complaints {
			route.Shown = append(route.Shown, Shown(c))
		}
		if code == "authorization error" && len(o.Complaints) == 0 {
			route.Verdict, route.Notes[0] = Faulty, "it answers anybody: "+route.Notes[0]
		}
	}
	k.out.Routes = append(k.out.Routes, route)
}

// counted says how many documents there are of each kind.
func counted(docs ctr.Docs, o Outcome) string {
	var parts []string
	for _, kind := range slices.Sorted(maps.Keys(docs)) {
		parts = append(parts, number(strings.ReplaceAll(kind, "_", " "), len(docs[kind]), o))
	}
	if parts == nil {
		return number("documents", 0, o)
	}
	return strings.Join(parts, ", ")
}

// number says how many there are of something: nothing if there was no answer.
func number(what string, n int, o Outcome) string {
	if n == 0 && len(o.Complaints) > 0 {
		return ""
	}
	return fmt.Sprintf("%s %d", what, n)
}

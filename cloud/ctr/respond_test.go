package ctr

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"esasim/cloud/ctim"
	"esasim/cloud/sse"
)

// answering is an exchange whose device answers calls in turn, and goes away then.
type answering struct {
	exchange
	answers []sse.Answer
	asked   []string
}

func (a *answering) Proxy(_ context.Context, _ string, r sse.Request) (sse.Answer, error) {
	a.asked = append(a.asked, r.Method+" "+r.Path)
	if len(a.asked) > len(a.answers) {
		return sse.Answer{}, sse.ErrOffline
	}
	return a.answers[len(a.asked)-1], nil
}

// Whatever becomes of one call of an action, the next ones are not made, and the
// action has failed.
func TestTriggerStops(t *testing.T) {
	said := func(status int, body string) sse.Answer { return sse.Answer{Status: status, Body: []byte(body)} }
	delivered := said(200, `{"data":{"messages":{"mid":[7],"messageStatus":"Delivered","summary":[]}}}`)
	inTwo := said(200, `{"data":{"messages":{"mid":[7],"messageStatus":"Quarantined by X","summary":[
		{"description":"Message 7 quarantined to \"A\" (x)."},{"description":"Message 7 quarantined to \"B\" (x)."}]}}}`)
	one, none := said(200, `{"data":{"action":"delete","totalCount":1}}`), said(200, `{"data":{"action":"delete","totalCount":0}}`)
	for name, c := range map[string]struct {
		answers []sse.Answer
		calls   int
		code    string // "": success
	}{
		"away":                 {nil, 1, "module-timeout"},
		"cut in between":       {[]sse.Answer{delivered}, 2, "module-timeout"},
		"done":                 {[]sse.Answer{delivered, one}, 2, ""},
		"nothing there":        {[]sse.Answer{delivered, none}, 2, "client-error"},
		"no such message":      {[]sse.Answer{said(200, `{"data":{"messages":{"mid":[]}}}`)}, 1, "client-error"},
		"not JSON":             {[]sse.Answer{said(200, `<html>`)}, 1, "invalid-json-response"},
		"other JSON":           {[]sse.Answer{said(200, `{"data":{"messages":{"mid":"7"}}}`)}, 1, "invalid-json-response"},
		"may not":              {[]sse.Answer{said(403, `{"error":{"message":"no"}}`)}, 1, "client-error"},
		"broken":               {[]sse.Answer{said(500, ``)}, 1, "client-error"},
		"held, cut in between": {[]sse.Answer{inTwo, none, one}, 4, "module-timeout"},
		"one quarantine gone":  {[]sse.Answer{inTwo, none, said(404, `{}`), one, none}, 5, ""},
	} {
		d := &answering{answers: c.answers}
		e := esa{devices: d}
		got := e.Trigger(t.Context(), Module{Name: "ESA", DeviceID: "d"}, Trigger{Action: deleteMessage, Observable: ctim.Observable{Type: ctim.CiscoMID, Value: "7"}})
		code := ""
		if len(got) > 0 {
			code = got[0].Code
		}
		if code != c.code || len(d.asked) != c.calls {
			t.Errorf("%s: %+v after %d calls (%s), want %q after %d", name, got, len(d.asked), strings.Join(d.asked, ", "), c.code, c.calls)
		}
	}
}

// A dictionary of the module's settings takes the sender instead of blocklists.
func TestBlockByDictionary(t *testing.T) {
	d := &answering{answers: []sse.Answer{{Status: 200, Body: []byte(`{"data":{"message":"Added successfully."}}`)}}}
	m := Module{Name: "ESA", DeviceID: "d", Settings: map[string]any{blockKey: "bad/senders"}}
	got := esa{devices: d}.Trigger(t.Context(), m, Trigger{Action: blockSender, Observable: ctim.Observable{Type: ctim.Email, Value: "a@x.example"}})
	if want := "[POST /esa/api/v2.0/config/dictionaries/bad%2Fsenders/words]"; got != nil || fmt.Sprint(d.asked) != want {
		t.Errorf("%+v, asked %v, want %s", got, d.asked, want)
	}
}

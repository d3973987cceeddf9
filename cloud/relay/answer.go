package relay

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"esasim/cloud/ctr"
)

// maxErrors is how many of a relay's own errors are passed on, and maxMessage how
// long each may be, in characters (ours).
const (
	maxErrors  = 100
	maxMessage = 2000
)

// faults collects what is wrong with an answer: the place, and what is the
// matter in the words of the service's schema library.
type faults []string

func (f *faults) add(place, what string) {
	if len(*f) < maxTold {
		*f = append(*f, place+": "+what)
	}
}

const (
	disallowed = "disallowed-key"
	missing    = "missing-required-key"
)

func notA(what string) string { return "(not (" + what + "))" }

// members gives the values of an object by key, if it is one.
func members(raw []byte) (map[string]json.RawMessage, bool) {
	var m map[string]json.RawMessage
	err := json.Unmarshal(raw, &m)
	return m, err == nil && m != nil
}

// opened is an answer without its envelope, {"data":...,"errors":[...]}: the data, nil
// if there is none. The relay's own errors are passed on, beside the data or
// alone. Source: the relay contract.
func opened(raw []byte, o *Outcome) json.RawMessage {
	var wrong faults
	all, is := members(raw)
	if !is {
		o.complain(invalid([]string{"the answer: " + notA("map?")}))
		return nil
	}
	for _, key := range slices.Sorted(maps.Keys(all)) {
		if key != "data" && key != "errors" {
			wrong.add(shortened(key, 60), disallowed)
		}
	}
	data, given := all["data"]
	given = given && !bytes.Equal(data, []byte("null"))
	passed := passedOn(all["errors"], &wrong)
	if !given && len(passed) == 0 && len(wrong) == 0 {
		wrong.add("data", missing)
	}
	if len(wrong) > 0 {
		o.complain(invalid(wrong))
		return nil
	}
	o.Complaints = append(o.Complaints, passed...)
	if !given {
		return nil
	}
	return data
}

// passedOn gives the relay's own errors.
func passedOn(raw json.RawMessage, wrong *faults) []ctr.Complaint {
	if raw == nil {
		return nil
	}
	var all []json.RawMessage
	if json.Unmarshal(raw, &all) != nil {
		wrong.add("errors", notA("sequential?"))
		return nil
	}
	var out []ctr.Complaint
	for i, one := range all[:min(len(all), maxErrors)] {
		var e struct {
			Type    *string `json:"type"`
			Code    *string `json:"code"`
			Message *string `json:"message"`
		}
		place := fmt.Sprintf("errors[%d]", i)
		if err := json.Unmarshal(one, &e); err != nil {
			var typed *json.UnmarshalTypeError
			if errors.As(err, &typed) && typed.Field != "" {
				place += "." + typed.Field
				wrong.add(place, notA("instance? java.lang.String"))
			} else {
				wrong.add(place, notA("map?"))
			}
			continue
		}
		for _, f := range []struct {
			key   string
			value *string
		}{{"type", e.Type}, {"code", e.Code}, {"message", e.Message}} {
			if f.value == nil {
				wrong.add(place+"."+f.key, missing)
			}
		}
		if e.Type == nil || e.Code == nil || e.Message == nil {
			continue
		}
		if !slices.Contains([]string{ctr.Fatal, ctr.Error, ctr.Warning}, *e.Type) {
			wrong.add(place+".type", notA(`#{"fatal" "error" "warning"}`))
			continue
		}
		out = append(out, ctr.Complaint{Type: *e.Type, Code: shortened(*e.Code, maxMessage), Message: shortened(*e.Message, maxMessage)})
	}
	return out
}

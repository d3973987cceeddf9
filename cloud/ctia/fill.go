package ctia

import (
	"encoding/json"
	"slices"
	"strconv"
)

// endless is the end of a time that was given none. Source: public code.
const endless = "2525-01-01T00:00:00.000Z"

// What the service fills in of an entity that has just been checked. now is the
// present in the form of the schema. Source: public code.

func fillNothing(Document, string) {}

func fillSighting(d Document, _ string) {
	orElse(d, "count", json.Number("1"))
	orElse(d, "confidence", "Unknown")
}

func fillValidTime(d Document, now string) {
	span, ok := d["valid_time"].(Document)
	if !ok {
		return
	}
	orElse(span, "start_time", now)
	orElse(span, "end_time", endless)
}

// fillJudgement completes number and name of the disposition of each other.
func fillJudgement(d Document, now string) {
	fillValidTime(d, now)
	names := dispositions()
	if n, ok := d["disposition"].(json.Number); ok {
		i, _ := strconv.Atoi(n.String()) // checked
		orElse(d, "disposition_name", names[i-1])
	} else if name, ok := d["disposition_name"].(string); ok {
		d["disposition"] = json.Number(strconv.Itoa(slices.Index(names, name) + 1))
	}
}

func orElse(d Document, name string, value any) {
	if _, there := d[name]; !there {
		d[name] = value
	}
}

// misjudged gives what is wrong with a judgement as a whole, or "". The
// text of the second, with its spelling, is that of the public code; the others
// are ours.
func misjudged(d Document) string {
	n, name := d["disposition"], d["disposition_name"]
	i, _ := strconv.Atoi(text(n))
	priority, _ := strconv.Atoi(text(d["priority"]))
	switch {
	case n == nil && name == nil:
		return "a judgement needs disposition or disposition_name"
	case n != nil && name != nil && dispositions()[i-1] != name:
		return "Mismatching :dispostion and dispositon_name for judgement"
	case priority < 0 || priority > 100:
		return "priority: want 0 to 100"
	}
	return ""
}

// text is a string or the digits of a number, else "".
func text(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	}
	return ""
}

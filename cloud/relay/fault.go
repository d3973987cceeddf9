package relay

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"esasim/cloud/ctr"
)

// Codes of complaints. That an answer which breaks the schema has a code of its
// own is ours: what the service says then was not seen.
const (
	codeUnknown     = "unknown" // recorded, from relays
	codeInvalid     = "invalid-response"
	codeInvalidJSON = "invalid-json-response" // recorded
)

// notJSON is recorded.
func notJSON() ctr.Complaint {
	return ctr.Complaint{Type: ctr.Fatal, Code: codeInvalidJSON, Message: "The server response is not properly JSON encoded"}
}

func unknown(err error) *ctr.Complaint {
	return &ctr.Complaint{Type: ctr.Fatal, Code: codeUnknown, Message: "The module cannot be asked: " + shortened(err.Error(), 200)}
}

// refused is the complaint of an answer with a bad status. Recorded is
// {:message "Forbidden"} [403], which is the body that a gateway sends, as the
// service's language prints it. That 5xx differs in one word, and that a
// redirection counts as the client's fault, is inferred.
func refused(status int, body []byte) ctr.Complaint {
	what, code := "client", "client-error"
	if status >= 500 {
		what, code = "server", "server-error"
	}
	return ctr.Complaint{Type: ctr.Error, Code: code,
		Message: fmt.Sprintf("There was a %s error in the module: %s [%d]", what, printed(status, body), status)}
}

// maxPrinted is how much of a body is shown in a complaint, in bytes (ours).
const maxPrinted = 500

// printed is a body in EDN if it is a JSON object, else the status in the form
// in which a gateway has it.
func printed(status int, body []byte) string {
	var v map[string]any
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	if len(body) <= maxPrinted && d.Decode(&v) == nil && len(v) > 0 {
		if text := edn(v); len(text) <= maxPrinted {
			return text
		}
	}
	text := http.StatusText(status)
	if text == "" {
		text = fmt.Sprint("Status ", status)
	}
	return edn(map[string]any{"message": text})
}

// edn prints JSON as Clojure does: {:key "value", :list [1 2]}.
func edn(v any) string {
	switch v := v.(type) {
	case nil:
		return "nil"
	case string:
		return fmt.Sprintf("%q", v)
	case []any:
		var parts []string
		for _, item := range v {
			parts = append(parts, edn(item))
		}
		return "[" + strings.Join(parts, " ") + "]"
	case map[string]any:
		var parts []string
		for _, key := range slices.Sorted(maps.Keys(v)) {
			parts = append(parts, ":"+key+" "+edn(v[key]))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	}
	return fmt.Sprint(v)
}

// invalid is the complaint of an answer that breaks the schema.
func invalid(faults []string) ctr.Complaint {
	more := ""
	if len(faults) > 1 {
		more = fmt.Sprintf(" (and %d more)", len(faults)-1)
	}
	return ctr.Complaint{Type: ctr.Fatal, Code: codeInvalid, Message: "The module's answer is not valid: " + shortened(faults[0], 300) + more}
}

// shortened cuts a text at so many characters.
func shortened(s string, most int) string {
	if len(s) <= most {
		return s
	}
	count := 0
	for i := range s {
		if count == most {
			return s[:i] + "..."
		}
		count++
	}
	return s
}

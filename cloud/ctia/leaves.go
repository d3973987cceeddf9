package ctia

import (
	"encoding/json"
	"strconv"
)

// leaf is one scalar value of a document, and where it is: the names of the
// objects around it, joined by dots. Lists do not count.
type leaf struct{ path, value string }

// leavesOf gives all scalar values of a document, in no order.
func leavesOf(d Document) []leaf {
	return appendLeaves(make([]leaf, 0, 32), "", d)
}

func appendLeaves(out []leaf, path string, v any) []leaf {
	switch v := v.(type) {
	case Document:
		for name, value := range v {
			below := name
			if path != "" {
				below = path + "." + name
			}
			out = appendLeaves(out, below, value)
		}
	case []any:
		for _, item := range v {
			out = appendLeaves(out, path, item)
		}
	case string:
		out = append(out, leaf{path, v})
	case json.Number:
		out = append(out, leaf{path, v.String()})
	case bool:
		out = append(out, leaf{path, strconv.FormatBool(v)})
	}
	return out
}

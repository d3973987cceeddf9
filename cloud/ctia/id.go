package ctia

import (
	"net/url"
	"strings"

	"github.com/google/uuid"
)

// transient is how ids begin that stand for an entity until it has one.
const transient = "transient:"

// newID makes the short id of a new entity.
func newID(kind string) string { return kind + "-" + uuid.NewString() }

// long is an id as answers have it.
func (in *Intel) long(kind, id string) string { return in.base + "/ctia/" + kind + "/" + id }

// Short takes an id off a long one, whatever host that names: the same cloud is
// reached under several. What is no long id comes back as it is.
func Short(id string) string {
	if i := strings.LastIndex(id, "/ctia/"); i >= 0 {
		if kind, tail, ok := strings.Cut(id[i+len("/ctia/"):], "/"); ok && isShort(kind, tail) {
			return tail
		}
	}
	return id
}

// KindOf gives the type of entity that an id is of, or "".
func KindOf(id string) string {
	id = Short(id)
	if len(id) <= uuidLength+1 {
		return ""
	}
	if kind := id[:len(id)-uuidLength-1]; isShort(kind, id) {
		return kind
	}
	return ""
}

const uuidLength = 36

// isShort is true for <kind>-<uuid>.
func isShort(kind, id string) bool {
	tail, ok := strings.CutPrefix(id, kind+"-")
	return ok && kind != "" && len(tail) == uuidLength && uuid.Validate(tail) == nil
}

// isRef is true for what may stand for an entity in another: a long id, under
// any host, or a transient one. Source: public code.
func isRef(id string) bool {
	if strings.HasPrefix(id, transient) {
		return len(id) > len(transient)
	}
	u, err := url.Parse(id)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && Short(id) != id
}

func isTransient(id string) bool { return strings.HasPrefix(id, transient) }

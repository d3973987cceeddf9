package ctia

import "slices"

// Who may read an entity: everybody, when its traffic light is white or green;
// its owner's organisation, when it is amber; its owner alone, when it is red;
// and whom the entity names. Source: public code (access control, with its
// default visibility "everyone").
func (c Caller) mayRead(d Document) bool {
	light := text(d["tlp"])
	return light == "white" || light == "green" || c.mayWrite(d)
}

// mayWrite is true for the owner, for the owner's organisation unless the traffic
// light is red, and for whom the entity names.
func (c Caller) mayWrite(d Document) bool {
	return text(d["owner"]) == c.User || has(d["authorized_users"], c.User) ||
		slices.ContainsFunc(c.Groups, func(g string) bool {
			return text(d["tlp"]) != "red" && has(d["groups"], g) || has(d["authorized_groups"], g)
		})
}

// has is true when a list holds a text.
func has(all any, one string) bool {
	l, _ := all.([]any)
	return slices.Contains(l, any(one))
}

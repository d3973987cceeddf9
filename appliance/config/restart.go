package config

import (
	"fmt"
	"reflect"
)

// NeedsRestart are the keys in which another configuration differs that an appliance
// has from its start to its end: its ports, its identity, how its data is kept.
func (a *Appliance) NeedsRestart(to *Appliance) []string {
	var keys []string
	for _, k := range []struct {
		key     string
		differs bool
	}{
		{"hostname", a.Hostname != to.Hostname}, {"serial", a.Serial != to.Serial}, {"version", a.Version != to.Version},
		{"listener.interface", a.Listener.Interface != to.Listener.Interface}, {"tracking", a.Tracking.kept() != to.Tracking.kept()}, {"reporting", a.Reporting != to.Reporting},
		{"api.session_timeout", a.API.SessionTimeout != to.API.SessionTimeout},
		{"users", !reflect.DeepEqual(a.Users, to.Users)}, // who has signed in stays signed in
		{"files", !reflect.DeepEqual(a.Files, to.Files)}, // file analysis waits by what they said at the start
	} {
		if k.differs {
			keys = append(keys, "appliance."+k.key)
		}
	}
	if len(a.Listeners) != len(to.Listeners) {
		return append(keys, "appliance.listeners")
	}
	for i := range a.Listeners {
		l, m := &a.Listeners[i], &to.Listeners[i]
		for key, differs := range map[string]bool{"interface": l.Interface != m.Interface, "type": l.Type != m.Type, "address": l.Address != m.Address} {
			if differs {
				keys = append(keys, fmt.Sprintf("appliance.listeners[%d].%s", i, key))
			}
		}
	}
	return keys
}

// kept is what of the settings the store has from its start.
func (t Tracking) kept() Tracking {
	t.Enabled, t.RejectedConnections = false, false
	return t
}

package changes

import (
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"esasim/appliance/config"
)

func check(c *config.Appliance) error { return c.Check() }

func start(t testing.TB, fs vfs.FS, base config.Appliance) *Changes {
	t.Helper()
	c, err := Open(options(fs, base))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// options are those of an appliance that takes every configuration that it could run.
func options(fs vfs.FS, base config.Appliance) Options {
	return Options{FS: fs, Base: base, Check: check, Logger: slog.New(slog.DiscardHandler),
		Apply: func(_ *config.Appliance, keep func() error) error { return keep() }}
}

func (c *Changes) must(t testing.TB, edits ...string) {
	t.Helper()
	for _, e := range edits {
		key, value, ok := strings.Cut(e, " = ")
		err := error(nil)
		if key, back := strings.CutPrefix(key, "reset "); back {
			err = c.Reset("joe", key)
		} else if ok {
			err = c.Set("joe", key, value)
		} else {
			err = c.Remove("joe", key)
		}
		if err != nil {
			t.Fatalf("%s: %v", e, err)
		}
	}
}

func (c *Changes) commits(t testing.TB, edits ...string) Entry {
	t.Helper()
	c.must(t, edits...)
	e, err := c.Commit(t.Context(), "joe", "because")
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// What is set is shown as pending, changes nothing before the commit, and everything
// with it.
func TestCommit(t *testing.T) {
	for _, c := range []struct {
		edits   string // one a line
		pending string // likewise: key, old and new
		holds   func(*config.Appliance) bool
	}{
		{"appliance.timezone = Europe/Berlin", "appliance.timezone|UTC|Europe/Berlin", func(a *config.Appliance) bool { return a.Timezone == "Europe/Berlin" }},
		{"appliance.listeners[IncomingMail].max_connections = 7", "appliance.listener.max_connections|1000|7",
			func(a *config.Appliance) bool { return a.Listener.MaxConnections == 7 }},
		{"appliance.listener = {max_connections: 7, max_hops: 3}", "appliance.listener.max_hops|100|3\nappliance.listener.max_connections|1000|7",
			func(a *config.Appliance) bool {
				return a.Listener.MaxConnections == 7 && a.Listener.MaxRecipients == 1000
			}},
		{"appliance.listener.max_hops = 3\nappliance.listener.max_hops = 4", "appliance.listener.max_hops|100|4", func(a *config.Appliance) bool { return a.Listener.MaxHops == 4 }},
		{"appliance.quarantines[Mine] = {retention: 1h, action: delete}", "appliance.quarantines[Mine]||{name: Mine, retention: 1h0m0s, action: delete",
			func(a *config.Appliance) bool {
				return a.Quarantines[len(a.Quarantines)-1].Name == "Mine" && a.Quarantines[len(a.Quarantines)-1].Retention == time.Hour
			}},
		{"appliance.quarantines[Mine] = {retention: 1h}\nappliance.quarantines[Mine].retention = 2h\nappliance.quarantines[Mine].action = delete",
			"appliance.quarantines[Mine]||{name: Mine, retention: 2h0m0s, action: delete\nappliance.quarantines[Mine].retention||2h0m0s\nappliance.quarantines[Mine].action||delete",
			func(a *config.Appliance) bool {
				return a.Quarantines[len(a.Quarantines)-1].Retention == 2*time.Hour
			}},
		{"appliance.sender_groups[BLACKLIST].members = [192.0.2.1]\nappliance.sender_groups[BLACKLIST].members[192.0.2.7] = 192.0.2.7",
			"appliance.sender_groups[BLACKLIST].members|*|[192.0.2.1, 192.0.2.7]\nappliance.sender_groups[BLACKLIST].members[192.0.2.7]||192.0.2.7",
			func(a *config.Appliance) bool { return len(group(a, "BLACKLIST").Members) == 2 }},
		{"appliance.mail_policies.incoming[Own] = {recipients: [x.example]}", "appliance.mail_policies.incoming[Own]||{name: Own, recipients: [x.example]",
			func(a *config.Appliance) bool { return a.MailPolicies.Incoming[0].Name == "Own" }}, // before DEFAULT
		{"appliance.mail_policies.incoming[DEFAULT].antispam.positive.action = deliver", "appliance.mail_policies.incoming[DEFAULT].antispam.positive.action|drop|deliver",
			func(a *config.Appliance) bool {
				return a.MailPolicies.Incoming[0].AntiSpam.Positive.Action == "deliver"
			}},
		{"appliance.routes[x.example] = {hosts: [simulated]}\nappliance.routes[x.example]", "", nil},
		{"appliance.timezone = Europe/Berlin\nappliance.timezone = UTC", "", nil},
		{"appliance.timezone = Europe/Berlin\nappliance.timezone", "", nil},
		{"appliance.sender_groups[BLACKLIST]", "appliance.sender_groups[BLACKLIST]|*|", func(a *config.Appliance) bool { return group(a, "BLACKLIST") == nil }},
		{"appliance.smtp_auth.users[joe] = {passphrase: hunter2}", "appliance.smtp_auth.users[joe]||{name: joe, passphrase: '********'}",
			func(a *config.Appliance) bool { return a.SMTPAuth.Users[0].Passphrase == "hunter2" }},
		{"appliance.smtp_auth.users[joe] = {passphrase: hunter2}\nappliance.smtp_auth.users[joe].passphrase = hunter3",
			"appliance.smtp_auth.users[joe]||{name: joe, passphrase: '********'}\nappliance.smtp_auth.users[joe].passphrase||********",
			func(a *config.Appliance) bool { return a.SMTPAuth.Users[0].Passphrase == "hunter3" }},
		{`appliance.text_resources["a]b"] = {text: "one\ntwo"}`, `appliance.text_resources["a]b"]||{name: 'a]b', text: "one\ntwo"}`,
			func(a *config.Appliance) bool { return a.TextResources[0].Name == "a]b" }},
	} {
		t.Run(strings.ReplaceAll(c.edits, "\n", ";"), func(t *testing.T) {
			fs := vfs.NewMem()
			ch := start(t, fs, config.Default())
			ch.must(t, strings.Split(c.edits, "\n")...)
			if running := ch.Running(); !reflect.DeepEqual(running, config.Default()) {
				t.Fatal("a draft changes what is in force")
			}
			got := ch.Pending("joe")
			if other := ch.Pending("ann"); len(other) != 0 {
				t.Errorf("another user's draft has %v", other)
			}
			want := strings.Split(c.pending, "\n")
			if c.pending == "" {
				want = nil
			}
			if len(got) != len(want) {
				t.Fatalf("pending: %v", got)
			}
			for i, line := range want {
				part := strings.Split(line, "|")
				if got[i].Key != part[0] || part[1] != "*" && got[i].Old != part[1] || !strings.HasPrefix(got[i].New, part[2]) || part[2] == "" && got[i].New != "" {
					t.Errorf("pending: %q %q %q, want %s", got[i].Key, got[i].Old, got[i].New, line)
				}
			}
			entry, err := ch.Commit(t.Context(), "joe", "because")
			if c.holds == nil {
				if !errors.Is(err, ErrNothing) {
					t.Errorf("commit: %v", err)
				}
				return
			}
			if err != nil || !reflect.DeepEqual(entry.Changes, got) || len(ch.Pending("joe")) != 0 {
				t.Errorf("%v, %v, then pending %v", entry, err, ch.Pending("joe"))
			}
			again := start(t, fs, config.Default())
			for when, a := range map[string]config.Appliance{"at once": ch.Running(), "after a restart": again.Running()} {
				if !c.holds(&a) {
					t.Errorf("%s it is not so", when)
				}
			}
			if h := again.History(); len(h) != 1 || h[0].User != "joe" || h[0].Comment != "because" || len(h[0].Changes) != len(got) {
				t.Errorf("history: %v", h)
			}
		})
	}
}

func group(a *config.Appliance, name string) *config.SenderGroup {
	for i := range a.SenderGroups {
		if a.SenderGroups[i].Name == name {
			return &a.SenderGroups[i]
		}
	}
	return nil
}

// What is wrong is told with its key, and the draft is as it was.
func TestFaults(t *testing.T) {
	for edit, want := range map[string]string{
		"appliance.nothing = 1":                                              "appliance.nothing: unknown key",
		"appliance.listener.max_conections = 1":                              "appliance.listener.max_conections: unknown key",
		"appliance.listener.max_connections = many":                          `appliance.listener.max_connections: "many": want a number`,
		"appliance.listener.max_connections = 0":                             "appliance.listener.max_connections: must be greater than 0",
		"appliance.listener.max_connections = ":                              "appliance.listener.max_connections: want a value",
		"appliance.listener.max_connections = [1]":                           "appliance.listener.max_connections: want a single value",
		"appliance.listener = {max_hop: 3}":                                  "appliance.listener.max_hop: unknown key; max_hops is one",
		"appliance.timezone = Nowhere":                                       "appliance.timezone: ",
		"appliance.timezone = {":                                             "",
		"appliance.timezone = UTC\n---\nUTC":                                 "a second document",
		"appliance.timezone[x] = UTC":                                        "appliance.timezone[x]: is no list",
		"appliance.timezone.x = UTC":                                         "appliance.timezone.x: unknown key",
		"appliance.tracking.min_free.x = 3":                                  "appliance.tracking.min_free.x: unknown key",
		"appliance.engine_rules[x].engine = antispam":                        "appliance.engine_rules[x]: there is none of this name",
		"appliance.content_filters.incoming[x].conditions[y].if = subject":   "appliance.content_filters.incoming[x]: there is none of this name",
		"appliance.quarantines[Mine].retention = 1h":                         "appliance.quarantines[Mine]: there is none of this name",
		"appliance.quarantines[Mine] = {name: Other, retention: 1h}":         `the value is of "Other"`,
		"appliance.quarantines[Mine]":                                        "appliance.quarantines[Mine]: there is none of this name",
		"appliance.quarantines[Mine] = {retention: 1h, nonsense: 3}":         "appliance.quarantines[Mine].nonsense: unknown key",
		"appliance.hostname = other.example":                                 "needs a restart: appliance.hostname",
		"appliance.users[x] = {passphrase: y, role: Administrator}":          "needs a restart: appliance.users",
		"appliance.listeners[Second] = {type: public, address: 127.0.0.1:1}": "needs a restart: appliance.listeners",
		"lab.smtp = x":             "want a key below appliance",
		"appliance. = x":           "want a key as in",
		"appliance.a..b = x":       "want a key as in",
		"appliance.a[ = x":         "want a key as in",
		"appliance.a[] = x":        "want a key as in",
		`appliance.a["x] = x`:      "want a key as in",
		"appliance.timezone]x = x": "want a key as in",
		"appliance." + strings.Repeat("x", 2000) + " = x":          "a key must be UTF-8",
		"appliance.timezone = " + strings.Repeat("x", mostValue+1): "too much",
	} {
		c := start(t, vfs.NewMem(), config.Default())
		c.must(t, "appliance.listener.max_hops = 7")
		key, value, ok := strings.Cut(edit, " = ")
		err := error(nil)
		if ok {
			err = c.Set("joe", key, value)
		} else {
			err = c.Remove("joe", key)
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.90s: %v, want %s", edit, err, want)
		}
		if p := c.Pending("joe"); len(p) != 1 || p[0].New != "7" {
			t.Errorf("%.90s: then pending: %v", edit, p)
		}
	}
}

// What does not fit any more is an error that says how to get rid of it.
func TestLayerThatDoesNotFit(t *testing.T) {
	fs := vfs.NewMem()
	base := config.Default()
	base.Quarantines = append(base.Quarantines, config.Quarantine{Name: "Mine", Retention: time.Hour})
	c := start(t, fs, base)
	c.commits(t, "appliance.quarantines[Mine].retention = 2h", "appliance.timezone = Europe/Berlin")
	_, err := Open(options(fs, config.Default()))
	if layer := (*LayerError)(nil); !errors.As(err, &layer) || !strings.Contains(err.Error(), "appliance.quarantines[Mine]: there is none of this name") ||
		!strings.Contains(err.Error(), "esasim config reset --data DIR KEY") {
		t.Errorf("the error: %v", err)
	}
	if err := c.Rebase(config.Default()); !errors.As(err, new(*LayerError)) {
		t.Errorf("reload: %v", err)
	}
	if a := c.Running(); a.Quarantines[len(a.Quarantines)-1].Retention != 2*time.Hour {
		t.Error("after a reload that was refused something has changed")
	}
	gone, err := Forget(options(fs, base), "appliance.quarantines[Mine]")
	if err != nil || fmt.Sprint(gone) != "[appliance.quarantines[Mine].retention]" {
		t.Fatal(gone, err)
	}
	a := start(t, fs, config.Default()).Running()
	if a.Timezone != "Europe/Berlin" {
		t.Error("what fits is gone, too")
	}
	if h, err := Committed(options(fs, base)); err != nil || len(h) != 2 {
		t.Errorf("history: %v, %v", h, err)
	}
}

// The second of two commits is made over the first.
func TestTwoDrafts(t *testing.T) {
	c := start(t, vfs.NewMem(), config.Default())
	set := func(user, key, value string) {
		t.Helper()
		if err := c.Set(user, key, value); err != nil {
			t.Fatal(err)
		}
	}
	set("joe", "appliance.listener.max_hops", "7")
	set("ann", "appliance.listener.max_connections", "8")
	set("joe", "appliance.quarantines[Mine]", "{retention: 1h}")
	for _, user := range []string{"joe", "ann"} {
		if _, err := c.Commit(t.Context(), user, ""); err != nil {
			t.Fatal(err)
		}
	}
	if a := c.Running(); a.Listener.MaxHops != 7 || a.Listener.MaxConnections != 8 {
		t.Errorf("hops %d, connections %d", a.Listener.MaxHops, a.Listener.MaxConnections)
	}
	// What one has removed, the other cannot change: the draft says so, and stays.
	set("ann", "appliance.quarantines[Mine].retention", "2h")
	c.commits(t, "appliance.quarantines[Mine]")
	if _, err := c.Commit(t.Context(), "ann", ""); err == nil || !strings.Contains(err.Error(), "appliance.quarantines[Mine]: there is none") {
		t.Errorf("the error: %v", err)
	}
	if p := c.Pending("ann"); len(p) != 1 || p[0].New != "2h" {
		t.Errorf("pending: %v", p)
	}
	c.Clear("ann")
	if p := c.Pending("ann"); len(p) != 0 {
		t.Errorf("pending: %v", p)
	}
}

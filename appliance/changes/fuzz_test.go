package changes

import (
	"reflect"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"esasim/appliance/config"
)

// Whatever key and value somebody writes: it is refused and nothing is pending, or it
// can be committed and read again.
func FuzzSet(f *testing.F) {
	for _, s := range [][2]string{
		{"appliance.listener.max_hops", "7"}, {"appliance.listeners[IncomingMail].max_hops", "7"}, {"appliance.quarantines[Mine]", "{retention: 1h}"},
		{`appliance.text_resources["a]\x00b"]`, `{text: "x"}`}, {"appliance.recipients[x.example]", "x.example"}, {"appliance.recipients", "[a.example, {address: b@b.example, access: reject}]"},
		{"appliance.message_filters", "|\n  a: if (true) { drop(); }"}, {"appliance.mail_policies", "{incoming: [{name: DEFAULT, antispam: {enabled: false}}]}"},
		{"appliance.sender_groups[BLACKLIST].members", "&a [*a]"}, {"appliance.listener", "{<<: {max_hops: 3}, max_recipients: 4}"}, {"appliance.engine_rules", "[{}]"},
		{"appliance.mail_policies.incoming[DEFAULT].content_filters", "[]"}, {"appliance.tracking.min_free", "1M"}, {"appliance.timezone", "!!binary x"},
	} {
		f.Add(s[0], s[1])
	}
	f.Fuzz(func(t *testing.T, key, value string) {
		fs := vfs.NewMem()
		c := start(t, fs, config.Default())
		if c.Set("joe", key, value) != nil {
			if p := c.Pending("joe"); len(p) > 0 {
				t.Fatalf("refused, but pending: %v", p)
			}
			return
		}
		if _, err := c.Value("joe", key); err != nil {
			t.Fatalf("set, and cannot be read: %v", err)
		}
		if len(c.drafts["joe"]) == 0 {
			return
		}
		if _, err := c.Commit(t.Context(), "joe", ""); err != nil {
			t.Fatal(err)
		}
		was, is := c.Running(), start(t, fs, config.Default()).Running()
		if !reflect.DeepEqual(was, is) {
			t.Fatal("after a restart it is another configuration")
		}
	})
}

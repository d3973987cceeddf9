package lab

import (
	"errors"
	"regexp"
	"strings"
	"testing"

	"esasim/appliance/config"
	"esasim/internal/strictyaml"
)

// Whatever is in a file, it is a configuration or a list of faults.
func FuzzReadConfig(f *testing.F) {
	for _, profile := range config.Profiles() {
		keys, err := Keys(profile)
		if err != nil {
			f.Fatal(err)
		}
		text, err := Example(keys)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	for _, s := range []string{"", "a", "[", "appliance: 1", "appliance:\n  logs: {}", "appliance: {listener: {max_message_size: -1}}",
		"cloud: {MARS: x}", "a: &a [*a]", "? {a: b}\n: c", "appliance: {timezone: ../../etc/passwd}", "a key: {b:", "!own x",
		"profile: [x]", "cloud: {APJC: x}", "appliance:\n  routes: [{domain: a, hosts: [b]}]", "appliance: {logs: [{}, {}]}",
		"appliance: {senders: [{}], recipients: [''], sender_groups: [{members: ['']}], mail_flow_policies: [{}]}", "appliance: {authentication: {zones: 'a A'}}"} {
		f.Add(s)
	}
	// The names of our types and of the YAML package's.
	internal := regexp.MustCompile(`!!\w+|config\.[A-Z]|lab\.[A-Z]|\[\]string|unmarshal|reflect|\bstruct\b|time\.Duration|runtime error`)
	f.Fuzz(func(t *testing.T, text string) {
		c, err := ReadConfig("f", []byte(text))
		if err == nil {
			if err := c.Check(); err != nil {
				t.Errorf("read, and refused: %v", err)
			}
			return
		}
		var faults strictyaml.Faults
		if !errors.As(err, &faults) || len(faults) == 0 || !strings.HasPrefix(faults[0].Error(), "f:") {
			t.Errorf("%v is no list of faults", err)
		}
		if internal.MatchString(err.Error()) && !internal.MatchString(text) {
			t.Errorf("%q: %v", text, err)
		}
	})
}

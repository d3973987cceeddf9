package lab

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// FuzzReadConfig reads any file as a configuration: what is wrong with it is said in
// the words of the file, not of the program.
func FuzzReadConfig(f *testing.F) {
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		f.Fatal(err)
	}
	for _, m := range regexp.MustCompile("(?ms)^```yaml\n(.*?)^```$").FindAllSubmatch(readme, -1) {
		f.Add(string(m[1]))
	}
	for _, s := range []string{"", "a", "[", "appliance: 1", "appliance:\n  logs: {}", "appliance: {listener: {max_message_size: -1}}", "appliance: {senders: [null, {address: 1}]}",
		"appliance: {routes: [{domain: ALL}]}", "cloud: {MARS: x}", "a: &a [*a]", "? {a: b}\n: c", "appliance: {recipients: [{address: ALL}, ALL]}", "appliance: {timezone: ../../etc/passwd}", "a key: {b:"} {
		f.Add(s)
	}
	// The names of our types and of the YAML package's.
	internal := regexp.MustCompile(`!!\w+|config\.[A-Z]|lab\.[A-Z]|\[\]string|unmarshal|reflect|\bstruct\b|time\.Duration|runtime error`)
	f.Fuzz(func(t *testing.T, text string) {
		c, err := ReadConfig("f.yaml", []byte(text))
		if err == nil {
			if err := c.Check(); err != nil {
				t.Errorf("taken, but %v", err)
			}
			return
		}
		if said := err.Error(); !strings.HasPrefix(said, "configuration f.yaml: ") || internal.MatchString(said) && !internal.MatchString(text) {
			t.Errorf("%q: %v", text, err)
		}
	})
}

// A value of another kind than its key has is named with its line.
func TestConfigOfAnotherKind(t *testing.T) {
	for text, want := range map[string]string{
		"a":                                   `line 1: "a": want keys with values`,
		"appliance: 1":                        `line 1: "1": want keys with values`,
		"appliance:\n  logs: {}":              "line 2: keys with values: want a list",
		"appliance:\n  hostname: [a]":         "line 2: a list: want a text",
		"appliance: {listener: {xclient: a}}": `line 1: "a": want a list`,
		"unregistered: [true]":                "line 1: a list: want true or false",
		"!own x":                              `line 1: "x": want keys with values`,
		"? {a: b}\n: c":                       "line 1: keys with values: want a text",
	} {
		if _, err := ReadConfig("f.yaml", []byte(text)); err == nil || err.Error() != "configuration f.yaml: "+want {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}

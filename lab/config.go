package lab

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"esasim/appliance/config"
)

// Config is everything that can be set. Its keys are those of the YAML file
// and, for the addresses, of the flags.
type Config struct {
	SMTP         string           `yaml:"smtp"`    // address of the listener; empty: no appliance
	Console      string           `yaml:"console"` // address of the appliance's pages
	Cloud        Regions          `yaml:"cloud"`   // address of each region; empty: no cloud
	Unregistered bool             `yaml:"unregistered"`
	Appliance    config.Appliance `yaml:"appliance"`
}

// Regions are the addresses of the cloud's regions, by name. Source of the
// names: the Threat Response Server list of AsyncOS 13.0.
type Regions map[string]string

// The regions that AsyncOS 13.0 knows, the default first.
const (
	Americas = "AMERICAS"
	Europe   = "EUROPE"
)

// DefaultConfig is `esasim lab` without flags.
func DefaultConfig() Config {
	return Config{
		SMTP: "127.0.0.1:2525", Console: "127.0.0.1:8080",
		Cloud:     Regions{Americas: "127.0.0.1:9080", Europe: "127.0.0.1:9081"},
		Appliance: config.Default(),
	}
}

// ReadConfig reads a YAML file over the defaults. An unknown key is an error
// that names its line.
func ReadConfig(name string, b []byte) (Config, error) {
	c := DefaultConfig()
	regions := c.Cloud
	c.Cloud = nil // a file that names regions names all of them
	d := yaml.NewDecoder(bytes.NewReader(b))
	d.KnownFields(true)
	if err := d.Decode(&c); err != nil && !errors.Is(err, io.EOF) {
		return c, fmt.Errorf("configuration %s: %w", name, plain(err))
	}
	if c.Cloud == nil {
		c.Cloud = regions
	}
	if err := c.Check(); err != nil {
		return c, fmt.Errorf("configuration %s: %w", name, err)
	}
	return c, nil
}

var (
	unknownField = regexp.MustCompile(`(?s)field (.*?) not found in type \S+`)
	noDuration   = regexp.MustCompile("cannot unmarshal !!\\w+ `(.*?)` into time\\.Duration")
	noNumber     = regexp.MustCompile("cannot unmarshal !!\\w+ `(.*?)` into u?int\\d*")
	noBool       = regexp.MustCompile("cannot unmarshal !!\\w+ `(.*?)` into bool")
	wrongType    = regexp.MustCompile("(?s)cannot unmarshal (\\S+)(?: `(.*?)`)? into (\\S+)")
)

// plain says a YAML error without the names of our types.
func plain(err error) error {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	text = strings.TrimPrefix(text, "unmarshal errors:\n  ")
	text = unknownField.ReplaceAllString(text, `unknown key "$1"`)
	text = noDuration.ReplaceAllString(text, `"$1": want a duration as 30s or 72h`)
	text = noNumber.ReplaceAllString(text, `"$1": want a number`)
	text = noBool.ReplaceAllString(text, `"$1": want true or false`)
	text = wrongType.ReplaceAllStringFunc(text, otherType)
	return errors.New(strings.ReplaceAll(text, "\n  ", "; "))
}

// otherType says that a value is not of the kind that its key has: a list, keys with
// values, or a text.
func otherType(said string) string {
	m := wrongType.FindStringSubmatch(said)
	got, want := fmt.Sprintf("%q", m[2]), "keys with values"
	switch m[1] {
	case "!!seq":
		got = "a list"
	case "!!map":
		got = "keys with values"
	}
	switch {
	case strings.HasPrefix(m[3], "[]"):
		want = "a list"
	case strings.HasPrefix(m[3], "string"):
		want = "a text"
	case strings.HasPrefix(m[3], "float"), strings.HasPrefix(m[3], "int"), strings.HasPrefix(m[3], "uint"):
		want = "a number"
	case strings.HasPrefix(m[3], "bool"):
		want = "true or false"
	case strings.HasPrefix(m[3], "time.Duration"):
		want = "a duration as 30s or 72h"
	}
	return got + ": want " + want
}

// Check says what is wrong with the configuration.
func (c *Config) Check() error {
	for name := range c.Cloud {
		if name != Americas && name != Europe {
			return fmt.Errorf("cloud: unknown region %q: want %s or %s", name, Americas, Europe)
		}
	}
	if c.SMTP != "" && c.Console == "" {
		return errors.New("console: must not be empty; it would be open to everyone at a port of the system's choice")
	}
	return c.Appliance.Check()
}

// ParseRegions reads the form of the flag: "AMERICAS=ADDR,EUROPE=ADDR".
func ParseRegions(s string) (Regions, error) {
	r := Regions{}
	for part := range strings.SplitSeq(s, ",") {
		name, addr, ok := strings.Cut(strings.TrimSpace(part), "=")
		if !ok || addr == "" {
			return nil, fmt.Errorf("cloud %q: want REGION=HOST:PORT", part)
		}
		r[name] = addr
	}
	return r, nil
}

// Names are the regions in their order: AMERICAS first.
func (r Regions) Names() []string {
	names := make([]string, 0, len(r))
	for n := range r {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

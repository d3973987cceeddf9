package lab

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"regexp"
	"slices"
	"strings"

	"esasim/appliance"
	"esasim/appliance/config"
	"esasim/cloud"
	"esasim/cloud/ctr"
	"esasim/internal/strictyaml"
)

// ReadConfig reads a YAML file over the defaults of the profile that it names.
// Whatever is wrong is told at once: the error is a [strictyaml.Faults], each with
// its line, key and reason.
func ReadConfig(name string, b []byte) (Config, error) { return ReadConfigAs("", name, b) }

// ReadConfigAs is ReadConfig with a profile that wins over the file's; "": the
// file's.
func ReadConfigAs(profile, name string, b []byte) (Config, error) {
	f, err := strictyaml.Parse(name, b)
	if err != nil {
		return DefaultConfig(), faulty(err)
	}
	c, err := ProfileConfig(cmp.Or(profile, f.Text("profile")))
	if err != nil && profile != "" {
		return c, err
	}
	if err != nil {
		return c, faulty(f.Locate(err))
	}
	regions := c.Cloud
	c.Cloud = nil // a file that names regions names all of them
	var shape strictyaml.Faults
	if err := f.Decode(&c); err != nil && !errors.As(err, &shape) {
		return c, fmt.Errorf("configuration %s: %w", name, err)
	}
	if c.Cloud == nil {
		c.Cloud = regions
	}
	c.Profile = cmp.Or(profile, c.Profile)
	return c, faulty(append(shape, f.Locate(c.Check()).Without(shape)...))
}

// faulty is the error of a file with faults; nil if there are none.
func faulty(err error) error {
	var f strictyaml.Faults
	switch errors.As(err, &f); len(f) {
	case 0:
		return nil
	case 1:
		return fmt.Errorf("configuration %w", f)
	}
	slices.SortStableFunc(f, func(a, b strictyaml.Fault) int { return cmp.Compare(a.Line, b.Line) })
	return fmt.Errorf("configuration has %d faults:\n%w", len(f), f)
}

// Check says all that is wrong with the configuration; each fault begins with its
// key.
func (c *Config) Check() error {
	var errs []error
	if _, err := config.ForProfile(c.Profile); err != nil {
		errs = append(errs, err)
	}
	for _, name := range c.Cloud.Names() {
		if cloud.Hosts(name) == nil {
			errs = append(errs, fmt.Errorf("cloud.%s: unknown region: want %s, %s or %s", name, Americas, Europe, Asia))
			continue
		}
		errs = append(errs, address("cloud."+name, c.Cloud[name]))
	}
	errs = append(errs, address("smtp", c.SMTP), address("console", c.Console), address("api", c.API), address("api_tls", c.APITLS), c.ThreatResponse.check())
	if c.SSH != NoSSH {
		errs = append(errs, address("ssh", c.SSH))
	}
	if c.SMTP != "" && c.SSH == "" {
		errs = append(errs, errors.New("ssh: must not be empty; off is none"))
	}
	if c.SMTP != "" && c.Console == "" {
		errs = append(errs, errors.New("console: must not be empty; it would be open to everyone at a port of the system's choice"))
	}
	return errors.Join(append(errs, appliance.Check(&c.Appliance))...)
}

// address says what is wrong with the address of a face, which may be empty.
func address(key, s string) error {
	if s == "" {
		return nil
	}
	if _, _, err := net.SplitHostPort(s); err != nil {
		return fmt.Errorf("%s: %q: want HOST:PORT, as in 127.0.0.1:2525", key, s)
	}
	return nil
}

// schemaVersion is what sightings may have as the version of CTIM.
var schemaVersion = regexp.MustCompile(`^\d{1,4}\.\d{1,4}\.\d{1,4}$`)

func (t *ThreatResponse) check() error {
	var errs []error
	if strings.TrimSpace(t.Name) == "" {
		errs = append(errs, errors.New("threat_response.name: must not be empty"))
	}
	if !slices.Contains(ctr.Envelopes(), t.Envelope) {
		errs = append(errs, fmt.Errorf("threat_response.envelope: %q: want %s", t.Envelope, strings.Join(ctr.Envelopes(), " or ")))
	}
	if !schemaVersion.MatchString(t.SchemaVersion) {
		errs = append(errs, fmt.Errorf("threat_response.schema_version: %q: want a version as %s", t.SchemaVersion, "1.0.16"))
	}
	return errors.Join(append(errs, t.checkAccess())...)
}

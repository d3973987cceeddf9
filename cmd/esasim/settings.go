package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"esasim/lab"
)

// load puts the configuration together: defaults, then the file, then the
// environment, then flags.
func (s *settings) load(c *cobra.Command) (lab.Config, error) {
	if err := environment(c.Flags(), os.LookupEnv); err != nil {
		return lab.Config{}, err
	}
	cfg, err := s.read()
	if err != nil {
		return cfg, err
	}
	return cfg, s.override(c.Flags(), &cfg)
}

func (s *settings) read() (lab.Config, error) {
	if s.config == "" {
		return lab.ProfileConfig(s.flags.Profile)
	}
	b, err := readConfig(s.config)
	if err != nil {
		return lab.Config{}, err
	}
	return lab.ReadConfigAs(s.flags.Profile, s.config, b)
}

func (s *settings) override(flags *pflag.FlagSet, cfg *lab.Config) (err error) {
	if s.flags.SMTP != "" {
		cfg.SMTP = s.flags.SMTP
	}
	if s.flags.Console != "" {
		cfg.Console = s.flags.Console
	}
	if s.flags.SSH != "" {
		cfg.SSH = s.flags.SSH
	}
	if s.flags.API != "" {
		cfg.API = s.flags.API
	}
	if s.flags.APITLS != "" {
		cfg.APITLS = s.flags.APITLS
	}
	if flags.Changed("unregistered") { // false, too, is said
		cfg.Unregistered = s.flags.Unregistered
	}
	if flags.Changed("rate-limit") { // 0, too, is said
		cfg.ThreatResponse.RateLimit = s.flags.ThreatResponse.RateLimit
	}
	if s.cloud != "" {
		cfg.Cloud, err = lab.ParseRegions(s.cloud)
	}
	return err
}

// environment sets each flag that was not given from its variable: --smtp from
// ESASIM_SMTP, --addresses-file from ESASIM_ADDRESSES_FILE.
func environment(flags *pflag.FlagSet, lookup func(string) (string, bool)) error {
	var first error
	flags.VisitAll(func(f *pflag.Flag) {
		name := "ESASIM_" + strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))
		v, ok := lookup(name)
		if !ok || f.Changed || first != nil {
			return
		}
		if err := flags.Set(f.Name, v); err != nil {
			first = fmt.Errorf("%s=%s: %w", name, v, err)
		}
	})
	return first
}

// segmentRows is what ESASIM_SEGMENT_ROWS says, for tests of esasim itself: how
// many messages of tracking data are sealed together; 0: as many as usual.
func segmentRows(lookup func(string) (string, bool)) (int, error) {
	v, ok := lookup("ESASIM_SEGMENT_ROWS")
	if !ok {
		return 0, nil
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < 1 {
		return 0, fmt.Errorf("ESASIM_SEGMENT_ROWS=%s: want a number greater than 0", v)
	}
	return n, nil
}

// enrol is the cloud that --sse and --token name; nil when they name none.
func (s *settings) enrol() (*lab.Enrol, error) {
	if s.sse == "" {
		if s.token != "" {
			return nil, fmt.Errorf("--token needs --sse REGION=URL, to say whose token it is")
		}
		return nil, nil
	}
	region, url, ok := strings.Cut(s.sse, "=")
	if !ok || !strings.Contains(url, "://") {
		return nil, fmt.Errorf("--sse %q: want REGION=URL, as in AMERICAS=http://127.0.0.1:9080", s.sse)
	}
	return &lab.Enrol{Region: region, URL: url, Token: s.token}, nil
}

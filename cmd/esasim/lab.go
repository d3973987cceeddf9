package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime/debug"
	"runtime/pprof"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"esasim/lab"
)

// settings are what flags and environment say beside the configuration.
type settings struct {
	config        string
	data          string
	addressesFile string
	verbose       bool
	cpuProfile    string
	flags         lab.Config // only what was given counts
	cloud         string
	sse           string
	token         string
}

func labCommand(name string) *cobra.Command {
	var s settings
	c := &cobra.Command{
		Use: name, Args: noArguments,
		Short: "Run an appliance, registered with its cloud (the default)",
		RunE: func(c *cobra.Command, _ []string) error {
			return s.runs(c, func(*lab.Config) {}, nil)
		},
	}
	s.common(c)
	s.labFlags(c)
	return c
}

// labFlags override the configuration of a lab.
func (s *settings) labFlags(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&s.flags.SMTP, "smtp", "", "address of the SMTP listener (default 127.0.0.1:2525)")
	f.StringVar(&s.flags.Console, "console", "", "address of the appliance's pages (default 127.0.0.1:8080)")
	f.StringVar(&s.flags.SSH, "ssh", "", "address of the appliance's command line, or off (default 127.0.0.1:2222, and if that is taken a free port)")
	s.apiFlags(f)
	s.cloudFlags(f)
	f.BoolVar(&s.flags.Unregistered, "unregistered", false, "start as from the factory, not registered with the cloud")
}

// cloudFlags are those of the cloud.
func (s *settings) cloudFlags(f *pflag.FlagSet) {
	f.StringVar(&s.cloud, "cloud", "", "addresses of the regions: AMERICAS=HOST:PORT,EUROPE=HOST:PORT (default 127.0.0.1:9080 and :9081; with --profile xdr2025 APJC=127.0.0.1:9082, too)")
	f.IntVar(&s.flags.ThreatResponse.RateLimit, "rate-limit", 0, "requests that an organisation may make in an hour, more are answered 429; the real service has 8000 (default: no limit)")
}

// apiFlags are those of the REST API's own ports.
func (s *settings) apiFlags(f *pflag.FlagSet) {
	f.StringVar(&s.flags.API, "api", "", "address of the REST API alone, as 127.0.0.1:6080; without it the console's port has it")
	f.StringVar(&s.flags.APITLS, "api-tls", "", "likewise by HTTPS, as 127.0.0.1:6443; the certificate is certificate.pem of the data directory")
}

func applianceCommand() *cobra.Command {
	var s settings
	c := &cobra.Command{
		Use: "appliance", Args: noArguments,
		Short: "Run an appliance alone, registered with a cloud in another process",
		RunE: func(c *cobra.Command, _ []string) error {
			return s.runs(c, func(cfg *lab.Config) { cfg.Cloud = nil }, s.enrol)
		},
	}
	s.common(c)
	f := c.Flags()
	f.StringVar(&s.flags.SMTP, "smtp", "", "address of the SMTP listener (default 127.0.0.1:2525)")
	f.StringVar(&s.flags.Console, "console", "", "address of the appliance's pages (default 127.0.0.1:8080)")
	f.StringVar(&s.flags.SSH, "ssh", "", "address of the appliance's command line, or off (default 127.0.0.1:2222, and if that is taken a free port)")
	s.apiFlags(f)
	f.StringVar(&s.sse, "sse", "", "the cloud to register with: REGION=URL")
	f.StringVar(&s.token, "token", "", "registration token from that cloud, made by 'esasim token'; not needed again after the first start with --data")
	return c
}

func cloudCommand() *cobra.Command {
	var s settings
	c := &cobra.Command{
		Use: "cloud", Args: noArguments,
		Short: "Run the cloud alone and print a registration token",
		RunE: func(c *cobra.Command, _ []string) error {
			return s.runs(c, func(cfg *lab.Config) { cfg.SMTP, cfg.Console = "", "" }, nil)
		},
	}
	s.common(c)
	s.cloudFlags(c.Flags())
	return c
}

// common are the flags of everything that runs.
func (s *settings) common(c *cobra.Command) {
	s.sources(c)
	f := c.Flags()
	f.StringVar(&s.data, "data", "", "directory that keeps everything between runs (default: a temporary one, removed at the end)")
	f.StringVar(&s.addressesFile, "addresses-file", "", "write addresses and credentials to this file, as JSON, once every port answers")
	f.StringVar(&s.cpuProfile, "cpuprofile", "", "write a CPU profile to this file")
	_ = f.MarkHidden("cpuprofile") // for work on esasim itself
	f.BoolVarP(&s.verbose, "verbose", "v", false, "log what the program does")
}

// sources are the flags that say what the configuration is made of.
func (s *settings) sources(c *cobra.Command) {
	c.Flags().StringVar(&s.config, "config", "", "YAML configuration; flags and ESASIM_* variables override it")
	profileFlag(c, &s.flags.Profile)
}

// runs runs a lab of which narrow leaves what the command is for; enrol says with which
// cloud elsewhere it registers, and may be nil.
func (s *settings) runs(c *cobra.Command, narrow func(*lab.Config), enrol func() (*lab.Enrol, error)) error {
	var o lab.Options
	var err error
	read := func() (lab.Config, error) {
		cfg, err := s.load(c)
		narrow(&cfg)
		return cfg, err
	}
	if o.Config, err = read(); err != nil {
		return err
	}
	if enrol != nil {
		if o.SSE, err = enrol(); err != nil {
			return err
		}
	}
	if s.config != "" {
		o.Reread = read
	}
	return s.run(c, o)
}

// run runs a lab until the command's context ends.
func (s *settings) run(c *cobra.Command, o lab.Options) (err error) {
	stop, err := s.profile()
	if err != nil {
		return err
	}
	defer stop()
	dir, remove, err := s.dataDir()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, remove()) }()
	o.Dir, o.Logger = dir, s.logger(c.ErrOrStderr())
	if o.SegmentRows, err = segmentRows(os.LookupEnv); err != nil {
		return err
	}
	if o.FS == nil {
		o.FS = vfs.Default
	}
	o.FS = endsWhenFull(o.FS, dir, c.ErrOrStderr())
	l, err := lab.New(o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()

	ctx, cancel := context.WithCancel(c.Context())
	defer cancel()
	if o.Reread != nil {
		hangups := reloadOnHangup(ctx, l, cancel)
		defer func() { <-hangups }() // before the lab is closed
	}
	announced := make(chan error, 1)
	go func() {
		select {
		case <-ctx.Done():
			announced <- nil
		case <-l.Ready():
			err := s.announce(c.OutOrStdout(), l)
			if err != nil {
				cancel()
			}
			announced <- err
			// What a start needed to read millions of messages' directories is not
			// needed again, and nothing else would give it back for a long time.
			debug.FreeOSMemory()
			select {
			case <-l.Settled():
				debug.FreeOSMemory()
			case <-ctx.Done():
			}
		}
	}()
	err = l.Run(ctx)
	cancel()
	return errors.Join(err, <-announced)
}

// dataDir is the data directory and what to do with it at the end.
func (s *settings) dataDir() (dir string, remove func() error, err error) {
	if s.data != "" {
		return s.data, func() error { return nil }, nil
	}
	dir, err = os.MkdirTemp("", "esasim-")
	if err != nil {
		return "", nil, fmt.Errorf("temporary data directory: %w", err)
	}
	return dir, func() error { return os.RemoveAll(dir) }, nil
}

// profile begins the CPU profile that --cpuprofile asks for.
func (s *settings) profile() (stop func(), err error) {
	if s.cpuProfile == "" {
		return func() {}, nil
	}
	f, err := os.Create(s.cpuProfile)
	if err != nil {
		return nil, fmt.Errorf("cpu profile: %w", err)
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return nil, fmt.Errorf("cpu profile: %w", err)
	}
	return func() { pprof.StopCPUProfile(); _ = f.Close() }, nil
}

func (s *settings) logger(w io.Writer) *slog.Logger {
	level := slog.LevelWarn
	if s.verbose {
		level = slog.LevelDebug
	}
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: level}))
}

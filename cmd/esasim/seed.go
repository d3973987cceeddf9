package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"

	"esasim/lab"
	"esasim/traffic/mix"
)

// seeding is what the flags of `esasim seed` say.
type seeding struct {
	data     string
	messages uint64
	days     int
	seed     uint64
	end      string
	domain   string
	told     bool // the cloud, too
}

func seedCommand() *cobra.Command {
	var s seeding
	c := &cobra.Command{
		Use: "seed --data DIR", Args: noArguments,
		Short: "Give a new data directory a past: messages as if they had come in the last days",
		RunE: func(c *cobra.Command, _ []string) error {
			if err := environment(c.Flags(), os.LookupEnv); err != nil {
				return err
			}
			return s.run(c)
		},
	}
	f := c.Flags()
	f.StringVar(&s.data, "data", "", "the data directory: a new one, or one that no lab ran on yet")
	f.Uint64Var(&s.messages, "messages", 100_000, "how many messages")
	f.IntVar(&s.days, "days", 30, "in how many days")
	f.Uint64Var(&s.seed, "seed", 1, "the same seed, messages, days and end give the same past")
	f.StringVar(&s.end, "end", "", "when the past ends, as in 2020-05-14T13:24:00Z (default now)")
	f.StringVar(&s.domain, "domain", "example.com", "domain of the company that the appliance is for")
	f.BoolVar(&s.told, "sightings", false, "tell the cloud of them, too, so that they can be investigated")
	return c
}

func (s *seeding) run(c *cobra.Command) error {
	if s.data == "" {
		return errors.New("seed needs --data DIR, the directory that a lab will be run on")
	}
	if err := checkDomain(s.domain); err != nil {
		return err
	}
	end := time.Now().Truncate(time.Minute)
	if s.end != "" {
		var err error
		if end, err = time.Parse(time.RFC3339, s.end); err != nil {
			return fmt.Errorf("--end %q: want a moment, as in 2020-05-14T13:24:00Z", s.end)
		}
	}
	told, finish := s.progress(c.ErrOrStderr())
	start := time.Now()
	err := lab.Seed(c.Context(), lab.SeedOptions{Dir: s.data, Told: told, Sightings: s.told,
		Past: mix.Past{Seed: s.seed, Messages: s.messages, Days: s.days, End: end, Company: s.domain}})
	finish()
	if errors.Is(err, context.Canceled) && !errors.Is(err, lab.ErrUntold) {
		return fmt.Errorf("seed: interrupted; %s has no messages", s.data)
	}
	if err != nil {
		return err
	}
	took := time.Since(start)
	_, err = fmt.Fprintf(c.OutOrStdout(), "%d messages of %d days in %s: %s, %.0f messages a second\n",
		s.messages, s.days, s.data, took.Round(time.Millisecond), float64(s.messages)/took.Seconds())
	return err
}

// progress is a bar, when somebody is looking.
func (s *seeding) progress(w io.Writer) (told func(uint64), finish func()) {
	if !terminal(os.Stderr) {
		return nil, func() {}
	}
	bar := progressbar.NewOptions64(int64(s.messages), progressbar.OptionSetWriter(w), progressbar.OptionSetDescription("seed"),
		progressbar.OptionShowCount(), progressbar.OptionShowIts(), progressbar.OptionSetItsString("messages"),
		progressbar.OptionSetPredictTime(true), progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish())
	return func(n uint64) { _ = bar.Set64(int64(n)) }, func() { _ = bar.Finish() }
}

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"esasim/traffic"
	"esasim/traffic/mix"
)

// loading is what the flags of `esasim load` say.
type loading struct {
	to       string
	rate     float64
	sessions int
	duration time.Duration
	messages int64
	seed     uint64
	domain   string
	asJSON   bool
}

const usualDuration = 30 * time.Second

func loadCommand() *cobra.Command {
	var l loading
	c := &cobra.Command{
		Use: "load --to HOST:PORT", Args: noArguments,
		Short: "Send realistic mail to a server, count its answers and measure it",
		RunE: func(c *cobra.Command, _ []string) error {
			if err := environment(c.Flags(), os.LookupEnv); err != nil {
				return err
			}
			if l.messages > 0 && !c.Flags().Changed("duration") {
				l.duration = 0
			}
			if err := l.check(); err != nil {
				return err
			}
			return l.run(c)
		},
	}
	f := c.Flags()
	f.StringVar(&l.to, "to", "", "the server: HOST:PORT")
	f.Float64Var(&l.rate, "rate", 0, "messages to begin each second; 0: as many as are answered")
	f.IntVar(&l.sessions, "sessions", 10, "connections at a time")
	f.DurationVar(&l.duration, "duration", usualDuration, "how long; with --messages, whichever comes first")
	f.Int64Var(&l.messages, "messages", 0, "how many messages; 0: as many as the duration allows")
	f.Uint64Var(&l.seed, "seed", 1, "the same seed gives the same mail")
	f.StringVar(&l.domain, "domain", "example.com", "domain of the recipients")
	f.BoolVar(&l.asJSON, "json", false, "print the result as JSON")
	return c
}

// check says which flag cannot be.
func (l *loading) check() error {
	if l.to == "" {
		return errors.New("load needs --to HOST:PORT, as in --to 127.0.0.1:2525")
	}
	if _, _, err := net.SplitHostPort(l.to); err != nil {
		return fmt.Errorf("--to %q: want HOST:PORT, as in 127.0.0.1:2525", l.to)
	}
	switch {
	case !(l.rate >= 0 && l.rate <= 1e6):
		return fmt.Errorf("--rate %v: want 0 to 1000000", l.rate)
	case l.sessions < 1 || l.sessions > 10_000:
		return fmt.Errorf("--sessions %d: want 1 to 10000", l.sessions)
	case l.messages < 0:
		return fmt.Errorf("--messages %d: must not be negative", l.messages)
	case l.duration < 0 || l.duration == 0 && l.messages == 0:
		return fmt.Errorf("--duration %s: must be greater than 0", l.duration)
	}
	return checkDomain(l.domain)
}

// checkDomain refuses what cannot stand behind the @ of an address.
func checkDomain(domain string) error {
	odd := func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune("<>@\"\\,;:", r) }
	if domain == "" || len(domain) > 180 || strings.ContainsFunc(domain, odd) {
		return fmt.Errorf("--domain %q: want a domain, as in example.com", domain)
	}
	return nil
}

func (l *loading) run(c *cobra.Command) error {
	load := traffic.Load{
		Server: l.to, Sessions: l.sessions, Duration: l.duration, Limit: l.messages, Rate: l.rate,
		Mix: mix.New(l.seed, l.domain), Reconnect: true,
	}
	if terminal(os.Stderr) {
		load.Progress = func(r traffic.Result) { fmt.Fprintln(c.ErrOrStderr(), progress(r)) }
	}
	r, err := load.Run(c.Context())
	if err != nil && len(r.Replies) == 0 && !errors.Is(err, context.Canceled) {
		return fmt.Errorf("load %s: %w", l.to, first(err))
	}
	if err := l.print(c.OutOrStdout(), r); err != nil {
		return err
	}
	return l.verdict(r)
}

// verdict is an error unless everything was answered 250.
func (l *loading) verdict(r traffic.Result) error {
	if bad := r.Refused + r.Lost; bad > 0 {
		return fmt.Errorf("load %s: %d of %d messages were not accepted", l.to, bad, r.Accepted+bad)
	}
	if len(r.Replies) > 0 {
		return fmt.Errorf("load %s: not every answer was 250: %s", l.to, r.Replies[0].Text)
	}
	if r.Accepted == 0 {
		return fmt.Errorf("load %s: ended before a message was accepted", l.to)
	}
	return nil
}

// first of many sessions' errors: they are mostly the same.
func first(err error) error {
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		return many.Unwrap()[0]
	}
	return err
}

// terminal is true when somebody is looking.
func terminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

func progress(r traffic.Result) string {
	return fmt.Sprintf("%4.0f s  %d accepted  %d refused  %.0f msg/s  p99 %s", r.Elapsed.Seconds(), r.Accepted, r.Refused+r.Lost, r.PerSecond(), short(r.Latency.P99))
}

func short(d time.Duration) time.Duration {
	if d > time.Second {
		return d.Round(time.Millisecond)
	}
	return d.Round(10 * time.Microsecond)
}

func (l *loading) print(w io.Writer, r traffic.Result) error {
	if l.asJSON {
		return l.printJSON(w, r)
	}
	fmt.Fprintf(w, "accepted   %d messages in %s\n", r.Accepted, r.Elapsed.Round(time.Millisecond))
	fmt.Fprintf(w, "refused    %d\n", r.Refused)
	if r.Lost > 0 {
		fmt.Fprintf(w, "lost       %d, whose connection broke before the answer\n", r.Lost)
	}
	fmt.Fprintf(w, "rate       %.1f msg/s, %.2f MB/s\n", r.PerSecond(), megabytes(r))
	y := r.Latency
	fmt.Fprintf(w, "latency    p50 %s, p90 %s, p99 %s, max %s\n", short(y.P50), short(y.P90), short(y.P99), short(y.Max))
	if l.rate > 0 {
		fmt.Fprintf(w, "           from the moment that the rate of %g msg/s set for each message\n", l.rate)
	}
	if r.Late > 0 {
		fmt.Fprintf(w, "behind     %d messages began later than the rate wanted, by %s at most\n", r.Late, short(r.MostLate))
	}
	for i, reply := range r.Replies {
		if i == 0 {
			fmt.Fprintln(w, "\nother answers than 250:")
		}
		fmt.Fprintf(w, "%10d  %s\n", reply.Count, reply.Text)
	}
	return nil
}

func megabytes(r traffic.Result) float64 { return float64(r.Octets) / 1e6 / r.Elapsed.Seconds() }

// printJSON: durations are in seconds.
func (l *loading) printJSON(w io.Writer, r traffic.Result) error {
	replies := r.Replies
	if replies == nil {
		replies = []traffic.Reply{}
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(map[string]any{
		"accepted": r.Accepted, "refused": r.Refused, "lost": r.Lost, "bytes": r.Octets, "seconds": r.Elapsed.Seconds(),
		"messages_per_second": r.PerSecond(), "megabytes_per_second": megabytes(r),
		"latency": map[string]float64{"p50": r.Latency.P50.Seconds(), "p90": r.Latency.P90.Seconds(), "p99": r.Latency.P99.Seconds(), "max": r.Latency.Max.Seconds()},
		"late":    r.Late, "most_late": r.MostLate.Seconds(), "replies": replies,
	})
}

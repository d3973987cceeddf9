package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"esasim/tracking"
)

// waits is what the flags of `esasim wait` say.
type waits struct {
	console string
	count   int
	timeout time.Duration
}

func waitCommand() *cobra.Command {
	var s waits
	c := &cobra.Command{
		Use: "wait QUERY...", Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return errors.New("wait needs a query, as in state=delivered")
			}
			return nil
		},
		Short: "Wait until messages match a query; for scripts",
		Long: `Wait until so many messages of a running lab match a query (docs/query.md).
The exit status is 1 if that takes too long. A lab that does not answer yet is
waited for, too.`,
		Example: `  esasim wait 'subject=is:"test test"' state=delivered --count 3 --timeout 10s`,
		RunE:    func(c *cobra.Command, args []string) error { return s.run(c, args) },
	}
	f := c.Flags()
	f.StringVar(&s.console, "console", usualConsole, "URL of the appliance's pages")
	f.IntVar(&s.count, "count", 1, "so many messages, at least")
	f.DurationVar(&s.timeout, "timeout", 30*time.Second, "how long")
	return c
}

// Between two questions: short at first, because most who wait wait for what is
// about to happen.
const (
	firstPause = 50 * time.Millisecond
	mostPause  = time.Second
)

func (s *waits) run(c *cobra.Command, args []string) error {
	if s.count < 1 {
		return fmt.Errorf("--count %d: want 1 or more", s.count)
	}
	if s.timeout <= 0 {
		return fmt.Errorf("--timeout %s: must be greater than 0", s.timeout)
	}
	q, err := readQuery(args)
	if err != nil {
		return err
	}
	q.Limit = s.count
	a := online(s.console)
	defer a.client.CloseIdleConnections()
	ctx, cancel := context.WithTimeout(c.Context(), s.timeout)
	defer cancel()
	most, err := s.poll(ctx, a, q)
	switch {
	case most >= s.count:
		_, err := fmt.Fprintf(c.OutOrStdout(), "matches: %d\n", most)
		return err
	case c.Context().Err() != nil:
		return fmt.Errorf("wait: %w", context.Cause(c.Context()))
	case err != nil:
		return fmt.Errorf("wait: %w", err)
	}
	return fmt.Errorf("wait: %d of %d messages matched within %s", most, s.count, s.timeout)
}

// poll asks again and again until as many match as q.Limit says or ctx ends, and
// tells how many matched last. The error is why there was no answer, if the last
// question had none.
func (s *waits) poll(ctx context.Context, a asker, q tracking.Query) (matched int, err error) {
	for pause := firstPause; ; pause = min(pause*3/2, mostPause) {
		n, failed := count(ctx, a, q)
		if ctx.Err() != nil { // a question that was broken off says nothing
			return matched, err
		}
		matched, err = n, failed
		var refused answered
		if matched >= q.Limit || errors.As(err, &refused) && refused.status < 500 {
			return matched, err
		}
		select {
		case <-ctx.Done():
			return matched, err
		case <-time.After(pause):
		}
	}
}

// count tells how many messages match, up to q.Limit.
func count(ctx context.Context, a asker, q tracking.Query) (int, error) {
	var n lines
	if err := a.copy(ctx, &n, "messages", search(q, "jsonl")); err != nil {
		return 0, err
	}
	return int(n), nil
}

// lines counts the lines written to it.
type lines int

func (l *lines) Write(b []byte) (int, error) {
	*l += lines(bytes.Count(b, []byte("\n")))
	return len(b), nil
}

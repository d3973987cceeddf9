package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"esasim/lab"
)

// reloadOnHangup has the lab read its configuration again at each SIGHUP until ctx
// ends, and then closes done. Windows has no such signal: none comes.
//
// A terminal that is closed sends the same signal, to a program that runs in it. That
// still ends the program, by end.
func reloadOnHangup(ctx context.Context, l *lab.Lab, end context.CancelFunc) (done <-chan struct{}) {
	closed := make(chan struct{})
	hangups := make(chan os.Signal, 1)
	hadTerminal := hasTerminal()
	signal.Notify(hangups, syscall.SIGHUP)
	go func() {
		defer close(closed)
		defer signal.Stop(hangups)
		for {
			select {
			case <-ctx.Done():
				return
			case <-hangups:
			}
			if hadTerminal && !hasTerminal() {
				end()
				return
			}
			_ = l.Reload() // it logs what came of it
		}
	}()
	return closed
}

// hasTerminal tells whether the program runs in a terminal that is still there.
func hasTerminal() bool {
	f, err := os.Open("/dev/tty")
	if err != nil {
		return false
	}
	_ = f.Close()
	return true
}

func configReloadCommand() *cobra.Command {
	var console string
	c := &cobra.Command{
		Use: "reload", Args: noArguments,
		Short: "Have a running lab read its configuration again, as SIGHUP does",
		RunE: func(c *cobra.Command, _ []string) error {
			if err := environment(c.Flags(), os.LookupEnv); err != nil {
				return err
			}
			return reload(c, online(console))
		},
	}
	c.Flags().StringVar(&console, "console", usualConsole, "URL of the appliance's pages")
	return c
}

// reload asks for it and prints what is wrong.
func reload(c *cobra.Command, a asker) error {
	req, err := http.NewRequestWithContext(c.Context(), http.MethodPost, a.base+"/_esasim/v1/config/reload", nil)
	if err != nil {
		return fmt.Errorf("reload: %w", err)
	}
	resp, err := a.client.Do(req)
	if err != nil {
		return fmt.Errorf("reload: %w", err)
	}
	defer resp.Body.Close()
	var got struct {
		Error  string
		Faults []struct {
			Line        int
			Key, Reason string
		}
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, 1<<20)).Decode(&got); err != nil {
		return fmt.Errorf("reload: %s does not answer as esasim does: %s", a.base, resp.Status)
	}
	if resp.StatusCode == http.StatusOK {
		fmt.Fprintln(c.OutOrStdout(), "reloaded")
		return nil
	}
	for _, f := range got.Faults {
		fmt.Fprintf(c.ErrOrStderr(), "%d: %s\n", f.Line, strings.TrimPrefix(f.Key+": "+f.Reason, ": "))
	}
	return fmt.Errorf("not reloaded: %s", got.Error)
}

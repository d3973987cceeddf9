package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"

	"esasim/lab"
	"esasim/tracking"
)

func trackingCommand() *cobra.Command {
	c := &cobra.Command{Use: "tracking", Args: noArguments, Short: "Check or copy tracking data",
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() }}
	c.AddCommand(verifyCommand(), backupCommand())
	return c
}

func verifyCommand() *cobra.Command {
	var data string
	c := &cobra.Command{
		Use: "verify --data DIR", Args: noArguments,
		Short: "Read all tracking data of a directory that no lab runs on, and tell what is wrong with it",
		RunE: func(c *cobra.Command, _ []string) error {
			if err := environment(c.Flags(), os.LookupEnv); err != nil {
				return err
			}
			if data == "" {
				return errors.New("verify needs --data DIR")
			}
			return verify(c, data)
		},
	}
	c.Flags().StringVar(&data, "data", "", "the data directory, which is only read")
	return c
}

func verify(c *cobra.Command, data string) error {
	told, finish := segmentsBar(c.ErrOrStderr())
	start := time.Now()
	r, err := lab.VerifyTracking(c.Context(), vfs.Default, data, told)
	finish()
	if errors.Is(err, context.Canceled) {
		return errors.New("verify: interrupted")
	}
	if err != nil {
		return err
	}
	return printReport(c.OutOrStdout(), data, r, time.Since(start))
}

// printReport prints a line for each problem, then what was read. The error is
// for the exit status.
func printReport(w io.Writer, data string, r tracking.Report, took time.Duration) error {
	for _, p := range r.Problems {
		fmt.Fprintln(w, p)
	}
	if r.More > 0 {
		fmt.Fprintf(w, "and %d more\n", r.More)
	}
	_, err := fmt.Fprintf(w, "%d segments, %d messages, %d connections, %d log entries, %d octets in %s\n",
		r.Segments, r.Messages, r.Connections, r.Entries, r.Octets, took.Round(time.Millisecond))
	if n := r.Problem(); n > 0 {
		return fmt.Errorf("verify %s: problems: %d", data, n)
	}
	return err
}

// segmentsBar is a bar, when somebody is looking.
func segmentsBar(w io.Writer) (told func(done, of int), finish func()) {
	if !terminal(os.Stderr) {
		return nil, func() {}
	}
	bar := progressbar.NewOptions(-1, progressbar.OptionSetWriter(w), progressbar.OptionSetDescription("verify"),
		progressbar.OptionShowCount(), progressbar.OptionShowIts(), progressbar.OptionSetItsString("segments"),
		progressbar.OptionSetPredictTime(true), progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish())
	return func(done, of int) {
		bar.ChangeMax(of)
		_ = bar.Set(done)
	}, func() { _ = bar.Finish() }
}

func backupCommand() *cobra.Command {
	var console, data, to string
	c := &cobra.Command{
		Use: "backup --to DIR", Args: noArguments,
		Short: "Copy the tracking data of a running lab, or of a directory that none runs on, into a new data directory",
		RunE: func(c *cobra.Command, _ []string) error {
			if err := environment(c.Flags(), os.LookupEnv); err != nil {
				return err
			}
			return backup(c, console, data, to)
		},
	}
	f := c.Flags()
	f.StringVar(&console, "console", usualConsole, "URL of the appliance's pages")
	f.StringVar(&data, "data", "", "copy from this data directory instead, which no lab runs on")
	f.StringVar(&to, "to", "", "the new directory, which must not exist; on the machine that the lab runs on")
	return c
}

func backup(c *cobra.Command, console, data, to string) error {
	if to == "" {
		return errors.New("backup needs --to DIR, a directory that does not exist yet")
	}
	if data != "" && c.Flags().Changed("console") {
		return errors.New("--data is for a lab that is not running, --console for one that is: give one of them")
	}
	to, err := filepath.Abs(to) // a lab has another working directory
	if err != nil {
		return fmt.Errorf("--to: %w", err)
	}
	if data != "" {
		err = lab.BackupTracking(vfs.Default, data, to, slog.New(slog.DiscardHandler))
	} else {
		if !strings.Contains(console, "://") { // as of --console of the lab
			console = "http://" + console
		}
		err = lab.RequestBackup(c.Context(), console, to)
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.OutOrStdout(), "%s is a data directory now: esasim lab --data %s\n", to, to)
	return err
}

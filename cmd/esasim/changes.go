package main

import (
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/spf13/cobra"

	"esasim/appliance/changes"
	"esasim/lab"
)

// administrator is who changes the configuration of a running lab, and where that is.
type administrator struct{ console, user string }

// changeCommands are those of an administrator: they change a draft, and have it
// committed.
func changeCommands(config *cobra.Command) {
	who := &administrator{}
	for _, c := range []*cobra.Command{
		who.get(), who.set(), who.unset(), who.reset(), who.diff(), who.commit(), who.clear(), who.history(),
	} {
		c.PreRunE = func(c *cobra.Command, _ []string) error { return environment(c.Flags(), os.LookupEnv) }
		c.Flags().StringVar(&who.console, "console", usualConsole, "URL of the appliance's pages")
		c.Flags().StringVar(&who.user, "user", "admin", "whose draft it is")
		config.AddCommand(c)
	}
}

func (a *administrator) get() *cobra.Command {
	return &cobra.Command{Use: "get KEY", Args: cobra.ExactArgs(1), Short: "Print what a running lab has at a key, as YAML",
		RunE: func(c *cobra.Command, args []string) error {
			var got struct{ Value string }
			p := url.Values{"user": {a.user}, "key": {args[0]}}
			if err := emulatorCall(c.Context(), a.console, "appliance/config?"+p.Encode(), nil, &got); err != nil {
				return err
			}
			for line := range strings.Lines(got.Value) {
				fmt.Fprintln(c.OutOrStdout(), safe(strings.TrimSuffix(line, "\n")))
			}
			return nil
		}}
}

func (a *administrator) set() *cobra.Command {
	return &cobra.Command{Use: "set KEY VALUE", Args: cobra.ExactArgs(2), Short: "Put a value, as YAML, into the draft; - reads it from standard input",
		RunE: func(c *cobra.Command, args []string) error {
			value := args[1]
			if value == "-" {
				b, err := io.ReadAll(io.LimitReader(c.InOrStdin(), maxConfig))
				if err != nil {
					return fmt.Errorf("value: %w", err)
				}
				value = string(b)
			}
			return a.edit(c, "set", map[string]string{"key": args[0], "value": value})
		}}
}

func (a *administrator) unset() *cobra.Command {
	return &cobra.Command{Use: "unset KEY", Args: cobra.ExactArgs(1), Short: "Remove an entry of a list in the draft, or take a key back to what the file says",
		RunE: func(c *cobra.Command, args []string) error {
			return a.edit(c, "unset", map[string]string{"key": args[0]})
		}}
}

func (a *administrator) reset() *cobra.Command {
	var data string
	c := &cobra.Command{Use: "reset [KEY...]", Short: "Take keys, and all below them, back to what the file says: in the draft, or with --data at once",
		RunE: func(c *cobra.Command, args []string) error {
			if data != "" {
				return forget(c, data, args)
			}
			if len(args) == 0 {
				return errors.New("reset needs keys; without them, and with --data, it takes back all that was committed")
			}
			for _, key := range args {
				if err := a.edit(c, "reset", map[string]string{"key": key}); err != nil {
					return err
				}
			}
			return nil
		}}
	c.Flags().StringVar(&data, "data", "", "do it in this data directory, on which no lab runs")
	return c
}

// forget takes back what was committed in a data directory.
func forget(c *cobra.Command, dir string, keys []string) error {
	gone, err := lab.ForgetChanges(vfs.Default, dir, keys...)
	if err != nil {
		return err
	}
	for _, key := range gone {
		fmt.Fprintf(c.OutOrStdout(), "%s: as the file says\n", safe(key))
	}
	if len(gone) == 0 {
		return errors.New("nothing was committed of this")
	}
	return nil
}

func (a *administrator) diff() *cobra.Command {
	return &cobra.Command{Use: "diff", Args: noArguments, Short: "Show what the draft would change",
		RunE: func(c *cobra.Command, _ []string) error {
			var d struct{ Changes []changes.Change }
			if err := emulatorCall(c.Context(), a.console, "appliance/config/draft?"+url.Values{"user": {a.user}}.Encode(), nil, &d); err != nil {
				return err
			}
			return printChanges(c.OutOrStdout(), d.Changes)
		}}
}

func (a *administrator) clear() *cobra.Command {
	return &cobra.Command{Use: "clear", Args: noArguments, Short: "Throw the draft away",
		RunE: func(c *cobra.Command, _ []string) error { return a.edit(c, "clear", map[string]string{}) }}
}

// edit changes the draft and prints what is pending then.
func (a *administrator) edit(c *cobra.Command, name string, body map[string]string) error {
	body["user"] = a.user
	var d struct{ Changes []changes.Change }
	if err := emulatorCall(c.Context(), a.console, "appliance/config/"+name, body, &d); err != nil {
		return err
	}
	return printChanges(c.OutOrStdout(), d.Changes)
}

func (a *administrator) commit() *cobra.Command {
	var comment string
	c := &cobra.Command{Use: "commit", Args: noArguments, Short: "Have the running lab go over to what the draft says",
		RunE: func(c *cobra.Command, _ []string) error {
			var e changes.Entry
			if err := emulatorCall(c.Context(), a.console, "appliance/config/commit", map[string]string{"user": a.user, "comment": comment}, &e); err != nil {
				return err
			}
			if err := printChanges(c.OutOrStdout(), e.Changes); err != nil {
				return err
			}
			_, err := fmt.Fprintln(c.OutOrStdout(), "committed")
			return err
		}}
	c.Flags().StringVarP(&comment, "comment", "m", "", "why, for the history")
	return c
}

func (a *administrator) history() *cobra.Command {
	var data string
	c := &cobra.Command{Use: "history", Args: noArguments, Short: "Show who committed what, the newest first",
		RunE: func(c *cobra.Command, _ []string) (err error) {
			var got struct{ Commits []changes.Entry }
			if data != "" {
				got.Commits, err = lab.CommittedChanges(vfs.Default, data)
			} else {
				err = emulatorCall(c.Context(), a.console, "appliance/config/history", nil, &got)
			}
			for _, e := range got.Commits {
				fmt.Fprintln(c.OutOrStdout(), safe(fmt.Sprintf("%s  %s  %s", e.At.UTC().Format("2006-01-02 15:04:05"), e.User, e.Comment)))
				err = errors.Join(err, printChanges(c.OutOrStdout(), e.Changes))
			}
			return err
		}}
	c.Flags().StringVar(&data, "data", "", "read this data directory, on which no lab runs")
	return c
}

// printChanges prints a line for each change.
func printChanges(w io.Writer, list []changes.Change) error {
	for _, ch := range list {
		was, is := ch.Old, ch.New
		if was == "" {
			was = "(none)"
		}
		if is == "" {
			is = "(none)"
		}
		if _, err := fmt.Fprintf(w, "  %s: %s -> %s\n", safe(ch.Key), safe(was), safe(is)); err != nil {
			return err
		}
	}
	return nil
}

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"esasim/esa"
)

func quarantineCommand() *cobra.Command {
	var console string
	c := &cobra.Command{Use: "quarantine", Args: noArguments, Short: "List, release or delete what the quarantines of a running lab hold",
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() }}
	c.PersistentFlags().StringVar(&console, "console", usualConsole, "URL of the appliance's pages")
	c.AddCommand(quarantineList(&console))
	for _, o := range []struct{ name, short, flag, key, usage string }{
		{"release", "Let messages go on", "", "", ""},
		{"delete", "Delete messages", "", "", ""},
		{"move", "Put messages into another quarantine", "to", "to", "the other quarantine"},
		{"copy", "Put messages into another quarantine, too", "to", "to", "the other quarantine"},
		{"delay", "Have messages stay longer", "for", "for", "how long: 8h, 24h, 48h, 1w"},
	} {
		var from, value string
		op := &cobra.Command{Use: o.name + " MID...", Short: o.short, Args: someMIDs,
			RunE: func(c *cobra.Command, args []string) error {
				body := map[string]any{"mids": numbersOf(args), "quarantine": from}
				if o.key != "" {
					body[o.key] = value
				}
				return operate(c, console, o.name, body)
			}}
		op.Flags().StringVar(&from, "quarantine", "", "the one that has them; empty: all that do")
		if o.flag != "" {
			op.Flags().StringVar(&value, o.flag, "", o.usage)
		}
		c.AddCommand(op)
	}
	return c
}

// someMIDs refuses arguments that are no messages.
func someMIDs(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return fmt.Errorf("%s needs messages, by their MID", c.Name())
	}
	for _, a := range args {
		if n, err := strconv.ParseUint(a, 10, 64); err != nil || n == 0 {
			return fmt.Errorf("%q: want a MID, a number", a)
		}
	}
	return nil
}

// numbersOf are the MIDs that someMIDs has looked at.
func numbersOf(args []string) []esa.MID {
	out := make([]esa.MID, len(args))
	for i, a := range args {
		n, _ := strconv.ParseUint(a, 10, 64)
		out[i] = esa.MID(n)
	}
	return out
}

func quarantineList(console *string) *cobra.Command {
	limit := 20
	c := &cobra.Command{Use: "list [QUARANTINE]", Short: "Show the quarantines, or what one of them holds",
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return listQuarantines(c, *console)
			}
			return listHeld(c, *console, args[0], limit)
		}}
	c.Flags().IntVar(&limit, "limit", limit, "messages at most")
	return c
}

func listQuarantines(c *cobra.Command, console string) error {
	var list struct {
		Quarantines []struct {
			Name, Retention, Action string
			Messages                int
			Size                    int64
		}
	}
	if err := quarantineCall(c.Context(), console, "", nil, &list); err != nil {
		return err
	}
	w := c.OutOrStdout()
	fmt.Fprintf(w, "%-24s  %9s  %12s  %-12s  %s\n", "QUARANTINE", "MESSAGES", "BYTES", "RETENTION", "ACTION")
	for _, q := range list.Quarantines {
		if _, err := fmt.Fprintf(w, "%-24s  %9d  %12d  %-12s  %s\n", safe(q.Name), q.Messages, q.Size, q.Retention, q.Action); err != nil {
			return err
		}
	}
	return nil
}

func listHeld(c *cobra.Command, console, name string, limit int) error {
	var page struct {
		Total    int
		Messages []struct {
			MID             esa.MID
			Sender, Subject string
			Recipients      []string
			Quarantines     []struct{ Name, Since, Until string }
		}
	}
	p := url.Values{"quarantine": {name}, "limit": {strconv.Itoa(limit)}}
	if err := quarantineCall(c.Context(), console, "/messages?"+p.Encode(), nil, &page); err != nil {
		return err
	}
	w := c.OutOrStdout()
	fmt.Fprintln(w, row("LEAVES (UTC)", "MID", "QUARANTINES", "SENDER", "RECIPIENT", "SUBJECT"))
	for _, m := range page.Messages {
		until, in := "", []string{}
		for _, q := range m.Quarantines {
			if in = append(in, q.Name); q.Name == name {
				until = q.Until
			}
		}
		if _, err := fmt.Fprintln(w, row(shown(until), m.MID.String(), strings.Join(in, ", "), m.Sender, strings.Join(m.Recipients, ", "), m.Subject)); err != nil {
			return err
		}
	}
	if page.Total > len(page.Messages) {
		fmt.Fprintf(c.ErrOrStderr(), "%d of %d: --limit shows more\n", len(page.Messages), page.Total)
	}
	return nil
}

// operate has something done with messages, and says with which it was. The error
// says with which it was not.
func operate(c *cobra.Command, console, name string, body map[string]any) error {
	var res struct {
		Done    []esa.MID
		Refused []struct {
			MID   esa.MID
			Error string
		}
	}
	if err := quarantineCall(c.Context(), console, "/"+name, body, &res); err != nil {
		return err
	}
	for _, mid := range res.Done {
		if _, err := fmt.Fprintf(c.OutOrStdout(), "MID %d: %s\n", mid, name); err != nil {
			return err
		}
	}
	var errs []error
	for _, r := range res.Refused {
		errs = append(errs, fmt.Errorf("MID %d: %s", r.MID, r.Error))
	}
	return errors.Join(errs...)
}

// quarantineCall makes a call about quarantines; with a body it changes something. The
// error is what the lab refuses it with.
func quarantineCall(ctx context.Context, console, name string, body, out any) error {
	return emulatorCall(ctx, console, "quarantines"+name, body, out)
}

// emulatorCall makes a call of the emulator's own API; with a body it changes something.
// The error is what the lab refuses it with.
func emulatorCall(ctx context.Context, console, name string, body, out any) error {
	a := online(console)
	defer a.client.CloseIdleConnections()
	method, sent := http.MethodGet, io.Reader(http.NoBody)
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return err
		}
		method, sent = http.MethodPost, bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, a.base+"/_esasim/v1/"+name, sent)
	if err != nil {
		return err
	}
	resp, err := a.client.Do(req)
	if err != nil {
		return a.unanswered(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return fmt.Errorf("cut short: %w", err)
	}
	var refused struct{ Error string }
	if json.Unmarshal(b, &refused) == nil && refused.Error != "" {
		return errors.New(refused.Error)
	}
	if err := json.Unmarshal(b, out); err != nil || resp.StatusCode != http.StatusOK && resp.StatusCode != http.StatusConflict {
		return fmt.Errorf("%s answers %s: not the console of an appliance of esasim", a.base, resp.Status)
	}
	return nil
}

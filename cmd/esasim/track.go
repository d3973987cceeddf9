package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"esasim/appliance/export"
	"esasim/tracking"
)

// tracks is what the flags of `esasim track` say.
type tracks struct {
	console, data string
	format        string
	limit         int
	all, explain  bool
	mid           uint64
}

func trackCommand() *cobra.Command {
	var s tracks
	c := &cobra.Command{
		Use:   "track [QUERY...]",
		Short: "Find messages: where they came from, where they went, what happened to them",
		Long: `Find messages of a running lab, or with --data of one that is not running.

A query is criteria as in subject=invoice state=delivered,bounced from=2024-01-02
(docs/query.md). Without one it is the newest messages.`,
		Example: `  esasim track
  esasim track 'subject=is:"test test"' state=delivered
  esasim track sender=example.com --all --format csv
  esasim track --mid 8`,
		RunE: func(c *cobra.Command, args []string) error { return s.run(c, args) },
	}
	f := c.Flags()
	f.StringVar(&s.console, "console", usualConsole, "URL of the appliance's pages")
	f.StringVar(&s.data, "data", "", "read this data directory instead, which no lab runs on")
	f.StringVar(&s.format, "format", "table", "table, json, jsonl or csv")
	f.IntVar(&s.limit, "limit", tracking.DefaultLimit, "messages at most")
	f.BoolVar(&s.all, "all", false, "all that match")
	f.BoolVar(&s.explain, "explain", false, "show what the search had to read, instead of what it found")
	f.Uint64Var(&s.mid, "mid", 0, "show what happened to this message, and to those it came from and became")
	return c
}

func (s *tracks) run(c *cobra.Command, args []string) (err error) {
	if err := s.check(c, args); err != nil {
		return err
	}
	q, err := readQuery(args)
	if err != nil {
		return err
	}
	switch {
	case s.all:
		q.Limit = 0
	case c.Flags().Changed("limit") || q.Limit == 0: // else the query says it
		q.Limit = s.limit
	}
	a := online(s.console)
	if s.data != "" {
		var done func() error
		if a, done, err = offline(c.Context(), s.data, new(settings).logger(c.ErrOrStderr())); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, done()) }()
	}
	defer a.client.CloseIdleConnections()
	if err := s.ask(c, a, q); err != nil {
		return fmt.Errorf("track: %w", err)
	}
	return nil
}

// check says which flags cannot be together.
func (s *tracks) check(c *cobra.Command, args []string) error {
	switch {
	case s.format != "table" && s.format != "json" && s.format != "jsonl" && s.format != "csv":
		return fmt.Errorf("--format %q: want table, json, jsonl or csv", s.format)
	case s.limit < 1:
		return fmt.Errorf("--limit %d: want 1 or more, or --all", s.limit)
	case s.all && c.Flags().Changed("limit"):
		return errors.New("--all and --limit exclude each other")
	case s.all && s.format == "json":
		return errors.New("--format json is one page: with --all want jsonl")
	case s.data != "" && c.Flags().Changed("console"):
		return errors.New("--data and --console exclude each other")
	case c.Flags().Changed("mid") && s.mid == 0:
		return errors.New("--mid 0: want 1 or more")
	case s.mid != 0 && (len(args) > 0 || s.explain || s.all || c.Flags().Changed("limit")):
		return errors.New("--mid is one message: it takes no query, --all, --limit or --explain")
	case s.explain && c.Flags().Changed("format"):
		return errors.New("--explain is text for people: it takes no --format")
	case s.mid != 0 && s.format != "table" && s.format != "json":
		return fmt.Errorf("--format %s: --mid has table and json", s.format)
	}
	return nil
}

func (s *tracks) ask(c *cobra.Command, a asker, q tracking.Query) error {
	ctx, out := c.Context(), c.OutOrStdout()
	switch {
	case s.mid != 0 && s.format == "json":
		return a.copy(ctx, out, "messages/"+strconv.FormatUint(s.mid, 10), nil)
	case s.mid != 0:
		family, err := a.messages(ctx, "messages/"+strconv.FormatUint(s.mid, 10), nil)
		if err != nil {
			return err
		}
		return printFamily(out, family.Messages)
	case s.explain:
		return a.copy(ctx, out, "explain", url.Values{"q": {q.String()}})
	case s.format != "table":
		return a.copy(ctx, out, "messages", search(q, s.format))
	}
	note, err := s.table(ctx, out, a, q)
	if note != "" {
		fmt.Fprintln(c.ErrOrStderr(), note)
	}
	return err
}

// table prints page after page, up to q.Limit rows, or all if that is 0. The note
// says what there is beside the rows.
func (s *tracks) table(ctx context.Context, w io.Writer, a asker, q tracking.Query) (note string, err error) {
	left, rows := q.Limit, 0
	for {
		q.Limit = tracking.MaxLimit
		if !s.all {
			q.Limit = min(q.Limit, left)
		}
		page, err := a.messages(ctx, "messages", search(q, "json"))
		if err != nil {
			return "", err
		}
		for i := range page.Messages {
			if rows == 0 {
				fmt.Fprintln(w, row("RECEIVED (UTC)", "MID", "STATE", "SENDER", "RECIPIENT", "SUBJECT"))
			}
			rows++
			if _, err := fmt.Fprintln(w, messageRow(&page.Messages[i])); err != nil {
				return "", err
			}
		}
		left -= len(page.Messages)
		switch {
		case page.Next == 0 && rows == 0:
			return "no messages match", nil
		case page.Next == 0:
			return "", nil
		case page.Stopped != "" && (!s.all || page.Next == q.Before):
			return fmt.Sprintf("the search ended early: %s; before=%d goes on, timeout=1m takes longer", page.Stopped, page.Next), nil
		case !s.all && left == 0:
			return fmt.Sprintf("there are more: before=%d goes on, --all shows all", page.Next), nil
		}
		q.Before = page.Next
	}
}

func messageRow(m *export.Message) string {
	to := ""
	if n := len(m.Recipients); n > 0 {
		to = m.Recipients[0].Address
		if n > 1 {
			to = clip(to, 24) + fmt.Sprintf(" +%d", n-1)
		}
	}
	return row(shown(m.Received), m.MID.String(), m.State, cmp.Or(m.Sender, "<>"), to, m.Subject)
}

// row is a line of the table. Its widths are fixed, so that rows can be printed
// as they come.
func row(received, mid, state, sender, recipient, subject string) string {
	return strings.TrimRight(fmt.Sprintf("%-19s  %9s  %-22s  %-30s  %-30s  %s", received, mid,
		clip(safe(state), 22), clip(safe(sender), 30), clip(safe(recipient), 30), clip(safe(subject), 100)), " ")
}

// printFamily prints what happened to each message.
func printFamily(w io.Writer, family []export.Message) error {
	var b strings.Builder
	for i, m := range family {
		if i > 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "MID %d: %s: %s\n", m.MID, safe(m.State), safe(cmp.Or(m.Subject, "(No Subject)")))
		for _, e := range m.Events {
			fmt.Fprintf(&b, "  %s  %s\n", shown(e.Time), safe(e.Text))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// safe keeps a text from doing anything to a terminal: senders choose subjects
// and names, and could move the cursor or turn the direction of writing.
func safe(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsPrint(r):
			return r
		case unicode.IsSpace(r):
			return ' '
		}
		return utf8.RuneError
	}, s)
}

// clip cuts a text to n characters and shows that it did.
func clip(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return s
}

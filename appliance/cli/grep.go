package cli

import (
	"bytes"
	"regexp"
	"slices"
	"strconv"
)

// noResults is what is said when nothing matches. Source: public clients that look for
// it.
const noResults = "No results were found. Use another regular expression(s) to search."

// mostContext is how many lines around a match may be shown.
const mostContext = 1000

// grepping is a search of a log for lines.
type grepping struct {
	log      Subscription
	patterns []string
	fold     bool // letter case does not matter
	invert   bool // lines that do not match
	follow   bool // and goes on with what is written
	context  int  // lines around each

	re     []*regexp.Regexp
	before [][]byte
	after  int // lines that are still to be shown
	found  bool
}

// grep shows the lines of a log that match. Source of options and questions: AsyncOS
// CLI reference, grep.
func grep(c *call) error {
	g := &grepping{}
	c.out.unpaged = true
	read := g.options
	if len(c.args) == 0 {
		read = g.questions
	}
	if err := read(c); err != nil {
		return err
	}
	for _, p := range g.patterns {
		re, err := compile(p, g.fold)
		if err != nil {
			return err
		}
		g.re = append(g.re, re)
	}
	if g.follow {
		return c.follow(g.log, 0, func(line []byte) { g.line(c, line) })
	}
	files, err := g.log.Log.Written()
	if err != nil {
		return err
	}
	err = c.each(g.log.Log, files, func(line []byte) bool { g.line(c, line); return c.out.err == nil })
	if err == nil && !g.found && c.ctx.Err() == nil {
		c.say("%s\n", noResults)
	}
	return err
}

// compile makes a regular expression.
func compile(pattern string, fold bool) (*regexp.Regexp, error) {
	if fold {
		pattern = "(?i)" + pattern
	}
	re, err := regexp.Compile(pattern)
	if err != nil {
		return nil, failed("Invalid regular expression: %s", clean(err.Error()))
	}
	return re, nil
}

// options reads [-C count] [-e regex] [-i] [-p] [-t] [-v] [regex] log_name.
func (g *grepping) options(c *call) (err error) {
	var rest []string
	for args := c.args; len(args) > 0; args = args[1:] {
		switch a := args[0]; {
		case (a == "-e" || a == "-C") && len(args) < 2:
			return c.invalid()
		case a == "-e":
			g.patterns = append(g.patterns, args[1])
			args = args[1:]
		case a == "-C":
			if g.context, err = strconv.Atoi(args[1]); err != nil || g.context < 0 || g.context > mostContext {
				return c.invalid()
			}
			args = args[1:]
		case a == "-i":
			g.fold = true
		case a == "-p":
			c.out.unpaged = false
		case a == "-t":
			g.follow = true
		case a == "-v":
			g.invert = true
		default:
			rest = append(rest, a)
		}
	}
	if len(g.patterns) == 0 && len(rest) > 0 {
		g.patterns, rest = rest[:1], rest[1:]
	}
	if len(g.patterns) == 0 || len(rest) != 1 {
		return c.invalid()
	}
	c.args = nil
	g.log, err = c.logNamed(rest[0])
	return err
}

func (g *grepping) questions(c *call) (err error) {
	if g.log, err = c.chooseLog("grep"); err != nil {
		return err
	}
	pattern, err := c.ask("\nEnter the regular expression to grep.\n", "")
	if err != nil {
		return err
	}
	g.patterns = []string{pattern}
	paginate := false
	for _, q := range []struct {
		text  string
		usual bool
		says  *bool
	}{
		{"\nDo you want this search to be case insensitive?", true, &g.fold},
		{"\nDo you want to search for non-matching lines?", false, &g.invert},
		{"\nDo you want to tail the logs?", false, &g.follow},
		{"\nDo you want to paginate the output?", false, &paginate},
	} {
		if *q.says, err = c.confirm(q.text, q.usual); err != nil {
			return err
		}
	}
	c.out.unpaged = !paginate
	return nil
}

// line shows a line if it matches, or stands beside one that does.
func (g *grepping) line(c *call, line []byte) {
	if slices.ContainsFunc(g.re, func(re *regexp.Regexp) bool { return re.Match(line) }) != g.invert {
		g.found = true
		for _, b := range g.before {
			c.say("%s\n", b)
		}
		g.before, g.after = nil, g.context
		c.say("%s\n", line)
		return
	}
	switch {
	case g.after > 0:
		g.after--
		c.say("%s\n", line)
	case g.context > 0:
		if g.before = append(g.before, bytes.Clone(line)); len(g.before) > g.context {
			g.before = g.before[1:]
		}
	}
}

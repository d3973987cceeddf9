package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"esasim/appliance/logs"
	"esasim/appliance/users"
)

// call is a command that is being run.
type call struct {
	Box
	*person
	ctx  context.Context // ends with the session, and when Ctrl-C is pressed
	name string
	args []string // and what is left of them: they answer the first questions
	out  *output
	acts string // what it changes of what runs, as audit logs tell it; empty: nothing
}

// failure is what a command could not do, in the words that are shown.
type failure string

func (f failure) Error() string { return string(f) }

func failed(format string, args ...any) error { return failure(fmt.Sprintf(format, args...)) }

// errLeft says that a question was not answered: nothing more will be typed.
var errLeft = errors.New("nobody answers")

// do runs the command, if there is one of its name and the user may.
func (c *call) do() error {
	cmd, known := find(c.name)
	switch {
	case !known:
		return failed("Unknown command or missing feature key: %s", logs.Clean(c.name))
	case cmd.changes && cmd.name != "commit": // what is committed is told by those who carry it out
		c.acts = strings.Join(append([]string{c.name}, c.args...), " ")
	}
	err := c.runs(&cmd)
	if c.acts != "" && c.Audit != nil {
		d := users.Deed{By: "CLI", User: c.User.Name, Role: c.User.Role, From: c.From, What: c.acts}
		if err != nil {
			d.What, d.Refused = d.What+": "+err.Error(), true
		}
		c.Audit(d)
	}
	return err
}

// runs runs the command, if the user may.
func (c *call) runs(cmd *command) error {
	if cmd.changes && !c.User.Role.MayChange() {
		return c.forbidden()
	}
	c.out.unpaged = cmd.unpaged
	return cmd.run(c)
}

// finish shows what is left to be shown, and tells whether all went well.
func (c *call) finish(err error) bool {
	if c.ctx.Err() != nil && c.out.err == nil { // Ctrl-C ends a command, and that is no failure of it
		c.out.flush()
		c.show("\n")
		return true
	}
	var text failure
	switch {
	case err == nil, errors.Is(err, errStopped):
	case errors.As(err, &text):
		c.say("%s\n", text)
	case errors.Is(err, errLeft), errors.Is(err, context.Canceled):
		c.show("\n")
	default:
		for line := range strings.SplitSeq(err.Error(), "\n") {
			c.say("Error: %s\n", logs.Clean(line))
		}
	}
	c.out.flush()
	return err == nil || errors.Is(err, errStopped)
}

// say shows a text.
func (c *call) say(format string, args ...any) { _, _ = fmt.Fprintf(c.out, format, args...) }

// invalid is the failure of a command with arguments that it does not take.
func (c *call) invalid() error { return failed("Invalid arguments when processing %s", c.name) }

// noMore is the failure of a command that got more arguments than it takes.
func (c *call) noMore() error {
	if len(c.args) > 0 {
		return c.invalid()
	}
	return nil
}

// moment is a time as the appliance shows it: "Mon Jan 20 14:41:06 2020 GMT".
func (c *call) moment(t time.Time) string {
	t = t.In(c.Location)
	zone, _ := t.Zone()
	if zone == "UTC" {
		zone = "GMT"
	}
	return t.Format(logs.Stamp) + " " + zone
}

// ask asks a question, whose answer the arguments may have given. The text is shown
// before "[usual]> "; no answer is the usual one.
func (c *call) ask(text, usual string) (string, error) {
	if len(c.args) > 0 {
		answer := c.args[0]
		c.args = c.args[1:]
		return answer, nil
	}
	if err := c.ctx.Err(); err != nil {
		return "", err
	}
	last := strings.LastIndexByte(text, '\n') + 1
	c.say("%s", text[:last])
	c.out.flush()
	prompt := strings.TrimPrefix(text[last:]+" ["+usual+"]> ", " ")
	answer, err := c.Terminal.ReadLine(prompt)
	c.out.line = 0
	switch {
	case errors.Is(err, io.EOF):
		return "", errLeft
	case err != nil:
		return "", err
	}
	if answer = strings.TrimSpace(answer); answer == "" {
		return usual, nil
	}
	return answer, nil
}

// confirm asks a question to be answered with yes or no.
func (c *call) confirm(text string, usual bool) (bool, error) {
	word := map[bool]string{true: "Y", false: "N"}[usual]
	for {
		given := len(c.args) > 0
		answer, err := c.ask(text, word)
		if err != nil {
			return false, err
		}
		switch strings.ToLower(answer) {
		case "y", "yes":
			return true, nil
		case "n", "no":
			return false, nil
		}
		if given {
			return false, c.invalid()
		}
		c.say("Please answer Y or N.\n")
	}
}

// number asks for a number.
func (c *call) number(text string, usual, least, most int) (int, error) {
	for {
		given := len(c.args) > 0
		answer, err := c.ask(text, strconv.Itoa(usual))
		if err != nil {
			return 0, err
		}
		if n, err := strconv.Atoi(answer); err == nil && n >= least && n <= most {
			return n, nil
		}
		if given {
			return 0, c.invalid()
		}
		c.say("The value must be a number from %d to %d.\n", least, most)
	}
}

// operation is one of those that a command offers.
type operation struct{ name, text string }

// operate shows what can be done and does it, until somebody has enough: without an
// answer, or when nobody answers. What the arguments say is done once.
func (c *call) operate(before func(), ops []operation, do func(name string) error) error {
	for {
		given, left := len(c.args) > 0, true
		if !given && before != nil {
			before()
		}
		err := c.operateOnce(ops, func(name string) error { left = false; return do(name) })
		if err != nil || given || left {
			return err
		}
	}
}

// operateOnce shows what can be done and does it once, if somebody wants it.
func (c *call) operateOnce(ops []operation, do func(name string) error) error {
	for {
		given := len(c.args) > 0
		name, err := c.ask(menu(ops), "")
		if err != nil || name == "" {
			if errors.Is(err, errLeft) {
				c.say("\n")
				return nil
			}
			return err
		}
		i := slices.IndexFunc(ops, func(o operation) bool { return strings.EqualFold(o.name, name) })
		switch {
		case i >= 0:
			return do(ops[i].name)
		case given:
			return c.invalid()
		default:
			c.say("Unknown option %s.\n", logs.Clean(name))
		}
	}
}

func menu(ops []operation) string {
	var b strings.Builder
	b.WriteString("\nChoose the operation you want to perform:\n")
	for _, o := range ops {
		fmt.Fprintf(&b, "- %s - %s\n", o.name, o.text)
	}
	return b.String()
}

// forbidden is the failure of what the user's role does not allow.
func (c *call) forbidden() error {
	return failed("Your user role does not allow this command: %s", c.name)
}

package cli

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// What findevent searches for, as its menu has it.
const (
	byFrom = 1 + iota
	byMID
	bySubject
	byTo
)

// mostFound is how many messages a search lists.
const mostFound = 1000

// finding is a search for messages in a log.
type finding struct {
	by      int
	pattern string // a regular expression, or a MID
	fold    bool
	log     Subscription
	files   []string
	once    bool // the whole search stood on the line
}

// findEvent finds messages in a mail log, and shows all lines about one. Source of
// options and questions: AsyncOS CLI reference, findevent; what belongs to a message:
// the published tool that the command was made of.
func findEvent(c *call) error {
	f := &finding{}
	read := f.questions
	if len(c.args) > 0 {
		f.once = true
		read = f.options
	}
	if err := read(c); err != nil {
		return err
	}
	if f.by == byMID {
		mid, err := strconv.ParseUint(f.pattern, 10, 32)
		if err != nil {
			return failed("The Message ID must be a number.")
		}
		return f.trace(c, mid)
	}
	found, err := f.search(c)
	switch {
	case err != nil || c.ctx.Err() != nil:
		return err
	case len(found) == 0:
		c.say("%s\n", noResults)
		return nil
	}
	n := 1
	if len(found) > 1 || !f.once {
		var b strings.Builder
		b.WriteString("\nThe following matching message IDs were found.  Please choose one to\nshow additional log information:\n")
		for i, m := range found {
			fmt.Fprintf(&b, "%d. MID %d (%s) %s\n", i+1, m.mid, m.at, m.text)
		}
		if n, err = c.number(b.String(), 1, 1, len(found)); err != nil {
			return err
		}
	}
	return f.trace(c, found[n-1].mid)
}

// options reads [-i] [-f from | -s subject | -t to] log_name, or -m MID log_name.
func (f *finding) options(c *call) (err error) {
	args := c.args
	for ; len(args) > 0 && strings.HasPrefix(args[0], "-"); args = args[1:] {
		by, known := map[string]int{"-f": byFrom, "-s": bySubject, "-t": byTo, "-m": byMID}[args[0]]
		switch {
		case args[0] == "-i":
			f.fold = true
		case !known || f.by != 0 || len(args) < 2:
			return c.invalid()
		default:
			f.by, f.pattern = by, args[1]
			args = args[1:]
		}
	}
	if f.by == 0 || len(args) != 1 {
		return c.invalid()
	}
	c.args = nil
	if f.log, err = c.logNamed(args[0]); err != nil {
		return err
	}
	f.files, err = f.log.Log.Written()
	return err
}

func (f *finding) questions(c *call) (err error) {
	if f.by, err = c.number("\nPlease choose which type of search you want to perform:\n1. Search by envelope FROM\n2. Search by Message ID\n3. Search by Subject\n4. Search by envelope TO\n", 1, 1, 4); err != nil {
		return err
	}
	question := "\nEnter the regular expression to search for.\n"
	if f.by == byMID {
		question = "\nEnter the Message ID (MID) to search for.\n"
	}
	if f.pattern, err = c.ask(question, ""); err != nil {
		return err
	}
	if f.by != byMID {
		if f.fold, err = c.confirm("\nDo you want this search to be case insensitive?", true); err != nil {
			return err
		}
	}
	if f.log, err = c.chooseLog("use for message tracking"); err != nil {
		return err
	}
	return f.choose(c)
}

// choose asks for the files of the log.
func (f *finding) choose(c *call) error {
	all, err := f.log.Log.Written()
	if err != nil {
		return err
	}
	set, err := c.number("\nPlease choose which set of logs to search:\n1. All available log files\n2. Select log files by date list\n3. Current log file\n", 3, 1, 3)
	if err != nil {
		return err
	}
	switch {
	case set == 1 || len(all) == 0:
		f.files = all
		return nil
	case set == 3:
		f.files = all[len(all)-1:]
		return nil
	}
	var b strings.Builder
	b.WriteString("\nAvailable log files:\n")
	for i, name := range all {
		fmt.Fprintf(&b, "%d. %s\n", i+1, clean(name))
	}
	b.WriteString("Enter the numbers of the log files, separated by commas.\n")
	answer, err := c.ask(b.String(), "1")
	if err != nil {
		return err
	}
	for _, word := range list(answer) {
		n, err := strconv.Atoi(word)
		if err != nil || n < 1 || n > len(all) {
			return failed("There is no log file %s.", clean(word))
		}
		if !slices.Contains(f.files, all[n-1]) {
			f.files = append(f.files, all[n-1])
		}
	}
	slices.Sort(f.files)
	return nil
}

// match is a message that was found.
type match struct {
	mid      uint64
	at, text string
}

// The lines that say what is searched for: a MID, and the text.
var (
	saysFrom    = regexp.MustCompile(`: MID (\d+) ICID \d+ From: <(.*)>`)
	saysSubject = regexp.MustCompile(`: MID (\d+) Subject:? ['"](.*)['"]`)
	saysTo      = regexp.MustCompile(`: MID (\d+) ICID \d+ RID \d+ To: <(.*)>`)
)

func said(by int) *regexp.Regexp {
	switch by {
	case byFrom:
		return saysFrom
	case bySubject:
		return saysSubject
	}
	return saysTo
}

func (f *finding) search(c *call) ([]match, error) {
	re, err := compile(f.pattern, f.fold)
	if err != nil {
		return nil, err
	}
	says := said(f.by)
	var found []match
	err = c.each(f.log.Log, f.files, func(line []byte) bool {
		m := says.FindSubmatch(line)
		if m == nil || !re.Match(m[2]) {
			return true
		}
		mid, err := strconv.ParseUint(string(m[1]), 10, 32)
		if err == nil && (len(found) == 0 || found[len(found)-1].mid != mid) {
			found = append(found, match{mid, string(line[:min(len(line), stampLength)]), string(m[2])})
		}
		return len(found) < mostFound
	})
	return found, err
}

// stampLength is how long the time is that a line begins with.
const stampLength = len("Mon Jan _2 15:04:05 2006")

// trace shows all lines about a message and those that were made of it.
func (f *finding) trace(c *call, mid uint64) error {
	t := &tracing{mids: map[uint64]bool{mid: true}, icids: map[uint64]bool{}, dcids: map[uint64]bool{}}
	err := c.each(f.log.Log, f.files, func(line []byte) bool { t.learn(line); return true })
	if err != nil {
		return err
	}
	shown := false
	err = c.each(f.log.Log, f.files, func(line []byte) bool {
		if t.about(line) {
			c.say("%s\n", line)
			shown = true
		}
		return c.out.err == nil
	})
	if err == nil && !shown && c.ctx.Err() == nil {
		c.say("%s\n", noResults)
	}
	return err
}

// tracing is what belongs to a message.
type tracing struct{ mids, icids, dcids map[uint64]bool }

// mostTraced is how many messages and connections may belong to one.
const mostTraced = 10_000

var (
	begun     = regexp.MustCompile(`: Start MID (\d+) ICID (\d+)`)
	delivered = regexp.MustCompile(`: Delivery start DCID (\d+) MID (\d+) `)
	became    = regexp.MustCompile(`: (?:ISQ: Reinjected )?MID (\d+) (?:rewritten to|was split creating|as) MID (\d+)`)
	generated = regexp.MustCompile(`: MID (\d+) was generated (?:based on|for bounce of) MID (\d+)`)
	numbers   = regexp.MustCompile(`\b(MID|ICID|DCID):? (\d+)`)
)

// learn notes what a line says of relations.
func (t *tracing) learn(line []byte) {
	if len(t.mids)+len(t.icids)+len(t.dcids) > mostTraced {
		return
	}
	line = own(line)
	if m := begun.FindSubmatch(line); m != nil && t.mids[number(m[1])] {
		t.icids[number(m[2])] = true
	}
	if m := delivered.FindSubmatch(line); m != nil && t.mids[number(m[2])] {
		t.dcids[number(m[1])] = true
	}
	if m := became.FindSubmatch(line); m != nil && t.mids[number(m[1])] {
		t.mids[number(m[2])] = true
	}
	if m := generated.FindSubmatch(line); m != nil && t.mids[number(m[2])] {
		t.mids[number(m[1])] = true
	}
}

// about tells whether a line is about what is traced: one of its messages, or, if it
// names none, one of its connections.
func (t *tracing) about(line []byte) bool {
	line = own(line)
	if bytes.Contains(line, []byte(": Status: ")) {
		return false
	}
	named, ours, carried := false, false, false
	for _, m := range numbers.FindAllSubmatch(line, -1) {
		n := number(m[2])
		switch string(m[1]) {
		case "MID":
			named, ours = true, ours || t.mids[n]
		case "ICID":
			carried = carried || n != 0 && t.icids[n]
		case "DCID":
			carried = carried || n != 0 && t.dcids[n]
		}
	}
	return ours || !named && carried
}

// own is what of a line the appliance itself has said: senders choose what stands in
// quotes and brackets.
func own(line []byte) []byte {
	if i := bytes.IndexAny(line, `'"<`); i >= 0 {
		return line[:i]
	}
	return line
}

func number(b []byte) uint64 {
	n, _ := strconv.ParseUint(string(b), 10, 64)
	return n
}

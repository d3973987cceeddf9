package segment

import (
	"fmt"
	"time"

	"esasim/esa"
	"esasim/tracking/fold"
)

// Row is a row of a segment, put together.
type Row struct {
	Table   Table
	Number  uint64
	Events  []esa.Event
	Message *esa.Message // what the events make, valid until the next row; nil: it is a connection
}

// Check reads all of a segment. It tells found of each row that can be read, and
// wrong of each thing that is not as it must be: parts that are no parts, rows that
// do not decode, a directory or filters (t may be nil) that do not say what the
// rows do. The reader's state should be its own: nothing of it is read twice.
func (r *Reader) Check(t *Trigrams, found func(Row), wrong func(error)) {
	c := &checker{Reader: *r, trigrams: t, found: found, wrong: wrong}
	c.load = func(p Part) ([]byte, error) {
		b, err := r.load(p)
		c.seen.Size += int64(len(b))
		return b, err
	}
	f, err := c.getFrame()
	if err != nil {
		wrong(err)
		return
	}
	before := c.bad
	for t := range tables {
		for row := range f.tables[t].numbers {
			c.row(f, t, row)
		}
	}
	if c.bad == before {
		c.directory()
	}
}

type checker struct {
	Reader
	trigrams *Trigrams
	found    func(Row)
	wrong    func(error)

	rows    *rowReader // nil: to be made
	message esa.Message
	seen    Directory // as the rows say
	bad     int       // rows that could not be read
}

func (c *checker) say(format string, args ...any) {
	c.wrong(fmt.Errorf("%w: "+format, append([]any{ErrDamaged}, args...)...))
}

// Name is what a row's number is called.
func (t Table) Name() string {
	if t == Connections {
		return "ICID"
	}
	return "MID"
}

func (c *checker) row(f *frame, t Table, row int) {
	number := f.tables[t].numbers[row]
	var events []esa.Event
	var err error
	if c.rows == nil || f.through(t, row)%BlockRows == 0 {
		c.rows, err = c.Reader.rows(t, row, allParts)
	}
	if err == nil {
		events, err = c.rows.events(t, row)
	}
	if err != nil {
		c.wrong(fmt.Errorf("%s %d: %w", t.Name(), number, err))
		c.rows = nil
		c.bad++
		return
	}
	out := Row{Table: t, Number: number, Events: events}
	if t == Messages {
		c.message.Fold(events)
		c.message.MID = esa.MID(number)
		out.Message = &c.message
		c.summary(f, row)
		c.values()
	}
	c.found(out)
}

// summary holds the frame against a message, and gathers what the directory must
// say.
func (c *checker) summary(f *frame, row int) {
	m, d := &c.message, &c.seen
	if got := f.tables[Messages].states[row]; got != byte(m.State) {
		c.say("MID %d: the frame has state %d, the events %d", m.MID, got, m.State)
	}
	d.note(m, row == 0)
	if !f.plain(f.shapes[f.tables[Messages].shapes[row]]) {
		d.Odd++
	}
}

// values looks for everything that a search may look for.
func (c *checker) values() {
	m := &c.message
	whole := func(name string, column Column, v string) {
		if v != "" && !c.Directory.Filter.May(Hash(column, v)) {
			c.say("MID %d: the filter has not the %s %q", m.MID, name, v)
		}
	}
	text := func(name string, column Column, v string) {
		if c.trigrams != nil && !c.trigrams.May(column, v) {
			c.say("MID %d: the trigrams have not the %s %q", m.MID, name, v)
		}
	}
	sender := fold.String(m.Sender)
	whole("sender", Sender, sender)
	text("sender", Sender, sender)
	whole("domain", Domain, DomainOf(sender))
	for i := range m.Recipients {
		v := fold.String(m.Recipients[i].Address)
		whole("recipient", Recipient, v)
		text("recipient", Recipient, v)
	}
	text("subject", Subject, fold.String(m.Subject))
	text("reply-to", ReplyTo, fold.String(m.ReplyTo))
	whole("message-id", MessageID, fold.String(TrimID(m.MessageID)))
	for i := range m.Attachments {
		text("attachment", Attachment, fold.String(m.Attachments[i].Name))
		whole("sha256", SHA256, m.Attachments[i].SHA256)
	}
	if ip := m.Source.Remote; ip.IsValid() && !c.Directory.Filter.May(HashAddr(ip)) {
		c.say("MID %d: the filter has not the sender IP %s", m.MID, ip)
	}
}

// directory holds the directory against the rows. Rows and their ends are the
// frame's matter.
func (c *checker) directory() {
	d, s := c.Directory, &c.seen
	at := func(t time.Time) time.Time { return t.Truncate(time.Millisecond) }
	switch {
	case d.States != s.States:
		c.say("the directory has states %b, the rows %b", d.States, s.States)
	case !d.Oldest.Equal(at(s.Oldest)) || !d.Newest.Equal(at(s.Newest)):
		c.say("the directory begins at %s and ends at %s, the rows at %s and %s", d.Oldest, d.Newest, s.Oldest, s.Newest)
	case d.Odd != s.Odd:
		c.say("the directory has %d odd messages, the rows %d", d.Odd, s.Odd)
	case d.ICIDs != s.ICIDs:
		c.say("the directory has ICIDs %d to %d, the rows %d to %d", d.ICIDs[0], d.ICIDs[1], s.ICIDs[0], s.ICIDs[1])
	case d.Size != s.Size:
		c.say("the directory has %d octets, the parts %d", d.Size, s.Size)
	}
}

// Package mix makes mail as a company of three thousand people gets and sends
// it: newsletters, alerts, colleagues, customers, spam, in the languages of all
// of them. It makes single mails, to be sent by SMTP ([Mix]), and whole pasts of
// an appliance, as the events that it would have logged ([Past]).
//
// Everything is a function of a seed and a number: the same seed gives the same
// mail on every machine, whoever asks for which part of it in which order.
package mix

import (
	"time"

	"esasim/esa"
)

// Kind is what a mail is.
type Kind uint8

const (
	Business     Kind = iota // from a customer or supplier
	Private                  // from somebody at a freemail domain
	Newsletter               // in bulk
	Notification             // from a machine
	Spam
	Viral   // with an infected file
	Bounce  // a delivery report: its sender is the null sender
	Written // outgoing: by somebody of the company
	Issued  // outgoing: by a machine of the company
	Kinds
)

func (k Kind) String() string {
	return [...]string{"business", "private", "newsletter", "notification", "spam", "viral", "bounce", "written", "issued"}[k]
}

// Mail is one message, with the envelope and the host it comes with.
type Mail struct {
	Kind        Kind
	Host        *esa.Source // that sends it, and what the appliance thinks of that
	Sender      string      // of the envelope; empty: the null sender
	Recipients  []string    // of the envelope; those of one domain stand side by side
	Date        string      // these are the header's values, decoded
	From        string
	ReplyTo     string // often empty
	To          string
	MessageID   string // seldom empty
	Subject     string
	NoSubject   bool              // there is no such line
	Size        int64             // octets, about what AppendTo makes
	Attachments []*esa.Attachment // their SHA256 is drawn, not that of what AppendTo makes of them
	Policy      string            // mail policy of the recipients

	lang   language
	text   []string // lines of the body
	domain *domain  // outside: of the sender, or of the first recipient
	to     []*domain
}

// Outgoing is true when somebody inside sends it.
func (m *Mail) Outgoing() bool { return m.Kind == Written || m.Kind == Issued }

// Mix makes mails. It is read-only once made: any number of goroutines may use
// one.
type Mix struct {
	seed      uint64
	lex       [languages]*lexicon
	people    *population
	subjects  *subjects
	files     []*esa.Attachment // that are sent again and again
	fileDraw  alias
	work, off alias // kinds by the hour
	incoming  alias // kinds that come in, in a working hour
	fates     fates
}

// New makes the mix of a seed for a company whose mail domain is given:
// "example.com". It takes some tens of milliseconds and megabytes.
func New(seed uint64, company string) *Mix {
	m := &Mix{seed: seed}
	for l, s := range speeches() {
		m.lex[l] = newLexicon(s)
	}
	m.people = populate(seed, company, &m.lex)
	m.subjects = m.newSubjects()
	m.files = m.commonFiles()
	m.fileDraw = zipf(len(m.files), 4)
	m.work = newAlias(kindWeights(workHours))
	m.off = newAlias(kindWeights(offHours))
	m.incoming = newAlias(kindWeights(workHours)[:Written])
	m.fates = newFates()
	return m
}

// How many connections bring the kinds, in and out of working hours, of ten
// thousand. Some kinds come in several messages at a time.
var (
	workHours = [Kinds]uint64{Business: 3_430, Private: 600, Newsletter: 700, Notification: 1_500, Spam: 1_650, Viral: 30, Bounce: 160, Written: 1_600, Issued: 330}
	offHours  = [Kinds]uint64{Business: 800, Private: 900, Newsletter: 1_200, Notification: 3_700, Spam: 2_000, Viral: 40, Bounce: 160, Written: 400, Issued: 800}
)

func kindWeights(w [Kinds]uint64) []uint64 { return w[:] }

// Mail is the n-th mail of the mix, as of a working hour, dated at.
func (m *Mix) Mail(n uint64, at time.Time) *Mail { return m.one(n, at, &m.work) }

// Incoming is the n-th of the mails that come from outside.
func (m *Mix) Incoming(n uint64, at time.Time) *Mail { return m.one(n, at, &m.incoming) }

func (m *Mix) one(n uint64, at time.Time, kinds *alias) *Mail {
	g := generator{mix: m}
	g.dice.reset(m.seed, n)
	kind := Kind(kinds.draw(&g.dice))
	g.write(kind, g.peer(kind), at)
	return &g.mail
}

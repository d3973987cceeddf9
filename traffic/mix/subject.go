package mix

import (
	"time"

	"esasim/esa"
)

// subjects are those that come up again and again: topics that people answer,
// issues of newsletters, alerts.
type subjects struct {
	topics, issues, notices [languages][]string
}

const eachOf = 1_500 // of a language and a kind

func (m *Mix) newSubjects() *subjects {
	s := &subjects{}
	g := generator{mix: m}
	g.dice.reset(m.seed, 1<<63+1)
	day := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	for l, lex := range m.lex {
		fill := func(from []template) []string {
			out := make([]string, eachOf)
			for i := range out {
				g.text.begin()
				lex.write(&g.text, &g.dice, pick(&g.dice, from), day.AddDate(0, 0, g.dice.below(366)))
				out[i] = g.text.end()
			}
			return out
		}
		s.topics[l], s.issues[l], s.notices[l] = fill(lex.personal), fill(lex.newsletter), fill(lex.notice)
	}
	return s
}

// subject draws the subject. About four of ten are of their own; the others
// repeat, as mail does.
func (g *generator) subject(at time.Time) {
	m, d, s := &g.mail, &g.dice, g.mix.subjects
	if n := d.below(1_000); n < 10 {
		m.NoSubject = n < 4 // otherwise it is there and empty
		return
	}
	lex := g.mix.lex[m.lang]
	switch m.Kind {
	case Newsletter:
		// An issue goes to everybody within a week.
		issue := spread(uint64(m.domain.first)<<20 ^ uint64(at.Unix()/604_800))
		m.Subject = s.issues[m.lang][issue%eachOf]
	case Notification, Issued:
		if m.Subject = pick(d, s.notices[m.lang]); d.of10000(3_000) {
			m.Subject = g.compose(lex, lex.notice, at)
		}
	case Spam, Viral:
		m.Subject = g.compose(lex, lex.spam, at)
	case Bounce:
		m.Subject = pick(d, []string{"Undelivered Mail Returned to Sender", "Undeliverable: Newsletter", "Delivery Status Notification (Failure)", "Mail delivery failed: returning message to sender"})
	default:
		g.talk(lex, at)
	}
}

func (g *generator) compose(lex *lexicon, from []template, at time.Time) string {
	g.text.begin()
	lex.write(&g.text, &g.dice, pick(&g.dice, from), at)
	return g.text.end()
}

// talk is the subject of people: a new one, or an answer.
func (g *generator) talk(lex *lexicon, at time.Time) {
	m, d := &g.mail, &g.dice
	switch n := d.below(100); {
	case n < 40:
		m.Subject = g.compose(lex, lex.personal, at)
	case n < 60:
		m.Subject = pick(d, g.mix.subjects.topics[m.lang])
	default:
		m.Subject = g.text.begin().str(pick(d, lex.replies)).str(pick(d, g.mix.subjects.topics[m.lang])).end()
	}
}

// attached is how many of ten thousand mails of a kind have files.
var attached = [Kinds]int{Business: 2_600, Private: 2_000, Newsletter: 200, Notification: 500, Spam: 600, Viral: 10_000, Bounce: 0, Written: 2_600, Issued: 2_500}

// attach draws the files.
func (g *generator) attach(at time.Time) {
	m, d := &g.mail, &g.dice
	if !d.of10000(attached[m.Kind]) {
		return
	}
	n := 1
	if u := d.below(100); u < 22 && m.Kind != Viral {
		n += 1 + u%3
	}
	for range n {
		if m.Kind != Viral && d.of10000(4_000) {
			m.Attachments = append(m.Attachments, g.mix.files[g.mix.fileDraw.draw(d)])
			continue
		}
		m.Attachments = append(m.Attachments, g.file(at))
	}
}

// file makes one that was never seen before.
func (g *generator) file(at time.Time) *esa.Attachment {
	if len(g.fresh) == 0 {
		g.fresh = make([]esa.Attachment, 64)
	}
	a := &g.fresh[0]
	g.fresh = g.fresh[1:]
	lex := g.mix.lex[g.mail.lang]
	if a.Name = g.compose(lex, lex.attach, at); g.mail.Kind == Viral {
		a.Name = g.text.begin().str("Document_").num(uint64(g.dice.below(1_000_000)), 6).str(".zip").end()
	}
	a.Type = mediaType(a.Name)
	a.Size = g.dice.size(4000, 420) // 50 KiB, twice or half
	a.SHA256 = g.text.begin().random(&g.dice, 64, hexDigits).end()
	return a
}

// commonFiles are logos, terms, price lists: files that many mails carry.
func (m *Mix) commonFiles() []*esa.Attachment {
	g := generator{mix: m}
	g.dice.reset(m.seed, 1<<63+2)
	out := make([]*esa.Attachment, 600)
	fixed := words("image001.png logo.png image002.jpg smime.p7s AGB.pdf winmail.dat invite.ics signature.asc vcard.vcf terms.pdf")
	day := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range out {
		g.mail.lang = pick(&g.dice, tongues)
		a := g.file(day.AddDate(0, 0, g.dice.below(366)))
		if g.dice.of10000(6_000) {
			a.Name = pick(&g.dice, fixed)
			a.Size = g.dice.size(3000, 256)
		}
		a.Type = mediaType(a.Name)
		out[i] = a
	}
	return out
}

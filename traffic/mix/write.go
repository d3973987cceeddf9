package mix

import (
	"time"

	"esasim/esa"
)

// generator writes mails one after another into the same place. The texts in
// them are their own; the lists are used again for the next one.
type generator struct {
	mix   *Mix
	dice  dice
	text  slab
	mail  Mail
	fresh []esa.Attachment // allocation for files that nobody else has
}

// peer is who hands over a mail: for incoming ones a sender, of whose domain all
// mail of the connection is.
type peer struct {
	sender *sender
	host   *esa.Source
}

func (g *generator) peer(k Kind) peer {
	d, p := &g.dice, g.mix.people
	if k == Written || k == Issued {
		return peer{host: pick(d, p.relays)}
	}
	t := [...]trade{Business: business, Private: freemail, Newsletter: newsletter, Notification: notifier, Spam: spammer, Viral: spammer, Bounce: business}[k]
	s := &p.senders[p.from[t]+p.by[t].draw(d)]
	return peer{s, pick(d, s.domain.hosts)}
}

// again is another sender of the same domain, on the same connection.
func (g *generator) again(p peer) peer {
	if p.sender == nil {
		return p
	}
	dom := p.sender.domain
	return peer{&g.mix.people.senders[dom.first+g.dice.below(min(dom.people, 50))], p.host}
}

// write draws everything that a mail says.
func (g *generator) write(k Kind, p peer, at time.Time) {
	g.mail = Mail{Kind: k, Host: p.host, Policy: "DEFAULT", Recipients: g.mail.Recipients[:0], Attachments: g.mail.Attachments[:0], to: g.mail.to[:0]}
	zone := 1
	if p.sender == nil {
		g.outgoing(at)
	} else {
		zone = p.sender.domain.zone
		g.incoming(p.sender, at)
	}
	m := &g.mail
	m.text = g.mix.lex[m.lang].body
	m.Date = g.text.begin().date(at.Add(-time.Duration(g.dice.below(9_000))*time.Millisecond), zone).end()
	g.subject(at)
	g.attach(at)
	m.Size = g.dice.size(sizes[k].median, sizes[k].spread)
	for _, a := range m.Attachments {
		m.Size += a.Size*78/57 + 200 // base64 and its line ends, and the part's header
	}
}

// sizes of bodies, as [dice.size] wants them: 256 is a factor of two.
var sizes = [Kinds]struct{ median, spread int }{
	Business: {3200, 330}, Private: {3000, 350}, Newsletter: {3850, 260}, Notification: {2950, 300}, Spam: {2900, 330},
	Viral: {2700, 200}, Bounce: {2980, 150}, Written: {3250, 330}, Issued: {3000, 300},
}

// incoming fills in who writes to whom.
func (g *generator) incoming(s *sender, at time.Time) {
	m, d := &g.mail, &g.dice
	m.domain, m.lang = s.domain, s.lang
	m.Sender, m.From = s.address, s.from
	first := g.recipients()
	switch {
	case m.Kind == Bounce:
		m.Sender = ""
		m.From = g.text.begin().str("Mail Delivery System <MAILER-DAEMON@").str(s.domain.name).char('>').end()
	case s.domain.verp:
		m.Sender = g.verp(s, first)
	case m.Kind == Spam && d.of10000(2_000):
		m.Sender = g.text.begin().random(d, 12, hexDigits).char('@').str(s.domain.name).end()
	}
	if s.domain.trade == newsletter && d.of10000(4_000) || d.of10000(400) {
		m.ReplyTo = g.text.begin().str("reply@").str(s.domain.name).end()
	}
	host := s.domain.name
	if p := m.Host.Host; p != "" {
		host = p
	}
	if m.Kind != Spam || !d.of10000(800) {
		m.MessageID = g.text.messageID(d, s.domain.id, host, at)
	}
}

// verp is the envelope sender that a list makes for each recipient ("variable
// envelope return path"), so that it learns whose mail bounced.
func (g *generator) verp(s *sender, box *mailbox) string {
	d, t := &g.dice, g.text.begin()
	if g.dice.of10000(4_000) {
		return t.str("0100").random(d, 12, hexDigits).char('-').uuid(d).str("-000000@").str(s.domain.name).end()
	}
	t.str("bounces+").num(uint64(s.domain.first), 6).char('-').random(d, 4, hexDigits).char('-')
	local := box.address[:len(box.address)-len(g.mix.people.company)-1]
	return t.str(local).char('=').str(g.mix.people.company).char('@').str(s.domain.name).end()
}

// recipients draws mailboxes: mostly one, sometimes several, seldom many.
func (g *generator) recipients() *mailbox {
	m, p := &g.mail, g.mix.people
	first := &p.boxes[p.box.draw(&g.dice)]
	m.Policy, m.To = first.policy, first.address
	m.Recipients = append(m.Recipients, first.address)
	if m.Kind == Newsletter || m.Kind == Bounce {
		return first
	}
	for range g.crowd() {
		m.Recipients = append(m.Recipients, p.boxes[g.dice.below(len(p.boxes))].address)
	}
	return first
}

// crowd is how many recipients there are beside the first.
func (g *generator) crowd() int {
	switch n := g.dice.below(10_000); {
	case n < 8_700:
		return 0
	case n < 9_930:
		return g.dice.between(1, 5)
	case n < 9_995:
		return g.dice.between(6, 15)
	}
	return 49
}

// outgoing fills in who inside writes to whom outside.
func (g *generator) outgoing(at time.Time) {
	m, d, p := &g.mail, &g.dice, g.mix.people
	box := &p.boxes[p.box.draw(d)]
	m.Sender, m.From, m.lang = box.address, box.from, box.lang
	t := business
	if d.of10000(2_500) {
		t = freemail
	}
	left := 1 + g.crowd()
	for round := 0; left > 0 && round < 3; round++ {
		who := p.from[t] + p.by[t].draw(d)
		s := &p.senders[who]
		n := d.between(1, min(left, s.domain.people))
		if round == 2 || left == 1 {
			n = min(left, s.domain.people)
		}
		if round == 0 {
			m.To, m.domain = s.address, s.domain
		}
		if round > 0 && s.domain == m.domain {
			continue
		}
		for i := range n {
			r := &p.senders[s.domain.first+(who-s.domain.first+i)%s.domain.people]
			m.Recipients, m.to = append(m.Recipients, r.address), append(m.to, s.domain)
		}
		left -= n
	}
	if m.Kind == Issued {
		m.From = m.Sender
		m.MessageID = g.text.messageID(d, uuidID, "app01."+p.company, at)
		return
	}
	m.MessageID = g.text.messageID(d, exchangeID, "", at)
}

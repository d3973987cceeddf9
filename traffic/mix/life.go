package mix

import (
	"math"

	"esasim/esa"
)

// life makes the events of a message, from MAIL FROM to its end.
func (t *teller) life(makes bool) {
	t.events = t.events[:0]
	if !t.receive() {
		t.earliest = t.now
		return
	}
	t.earliest = t.now + int64(t.gen.dice.between(40_000, 400_000))
	t.pass(30_000)
	t.policy()
	if t.fate == spamTagged && makes {
		t.verdict(esa.AntiSpam, esa.Suspect)
		e := t.add(esa.MessageRewritten)
		e.Other, e.Engine, e.Text = t.mid+1, esa.AntiSpam, "antispam"
		t.add(esa.MessageFinished).Text = "done"
		return
	}
	if t.scan(true) {
		t.deliver(makes)
	}
}

// said is an event of the transaction, which has the connection's number.
func (t *teller) said(k esa.Kind) *esa.Event {
	e := t.add(k)
	e.ICID = t.from
	return e
}

// receive is the SMTP transaction. It is false when nothing was accepted.
func (t *teller) receive() bool {
	m := &t.gen.mail
	t.said(esa.MessageStarted).Source = t.source
	t.said(esa.SenderGiven).Address = m.Sender
	t.pass(25_000)
	if t.fate == nobodyTaken || t.fate == someRejected {
		e := t.said(esa.RecipientRejected)
		s := &t.h.mix.people.senders[t.gen.dice.below(addresses)]
		e.Address, e.Text = s.address, "RAT"
	}
	if t.fate == nobodyTaken {
		return t.abort("Receiving aborted by sender")
	}
	t.envelope()
	t.pass(60_000)
	if t.fate == clientGone {
		return t.abort("Receiving aborted by sender")
	}
	t.pass(int(m.Size/8) + 1_000)
	t.content(m.Subject)
	return true
}

func (t *teller) abort(why string) bool {
	t.said(esa.MessageAborted).Text = why
	t.said(esa.MessageFinished).Text = "aborted"
	return false
}

func (t *teller) envelope() {
	for i, a := range t.gen.mail.Recipients {
		e := t.said(esa.RecipientGiven)
		e.Address, e.RIDs = a, rids(i, i+1)
	}
}

// content is what the message says of itself; it ends with its acceptance.
func (t *teller) content(subject string) {
	m := &t.gen.mail
	if m.MessageID != "" {
		t.said(esa.MessageIDSeen).Text = m.MessageID
	}
	if !m.NoSubject {
		t.said(esa.SubjectSeen).Text = subject
	}
	t.header("From", m.From)
	if m.ReplyTo != "" {
		t.header("Reply-To", m.ReplyTo)
	}
	t.header("Date", m.Date)
	for _, a := range m.Attachments {
		t.said(esa.AttachmentSeen).Attachment = a
	}
	e := t.said(esa.MessageReady)
	e.Size, e.Address = m.Size, m.Sender
}

func (t *teller) header(name, text string) {
	e := t.said(esa.HeaderSeen)
	e.Name, e.Text = name, text
}

func (t *teller) policy() {
	e := t.add(esa.PolicyMatched)
	e.Name, e.Direction = t.gen.mail.Policy, t.source.Direction()
}

// child tells the message that was made from the last one: the same with a
// tagged subject, or a report that it bounced.
func (t *teller) child() bool {
	m := &t.gen.mail
	parent, bounced := t.mid, t.fate == refused
	t.now, t.limit = min(t.limit, t.now), math.MaxInt64
	t.began, t.earliest = t.now, max(t.earliest, t.now)
	t.mid, t.from, t.fate = t.mid+1, 0, passed
	t.next++
	t.events = t.events[:0]
	if bounced {
		t.report()
	}
	e := t.add(esa.MessageStarted)
	e.Other, e.Source = parent, t.source
	t.add(esa.SenderGiven).Address = m.Sender
	t.envelope()
	subject := m.Subject
	if !bounced {
		subject = t.gen.text.begin().str("[SUSPECTED SPAM] ").str(m.Subject).end()
	}
	t.content(subject)
	if bounced || t.rest() {
		t.deliver(false)
	}
	return t.tell()
}

// rest is what a tagged message still goes through.
func (t *teller) rest() bool {
	t.policy()
	return t.scan(false)
}

// report turns the mail that bounced into the report about it. The appliance
// sends that from the null sender, and scans it no more.
func (t *teller) report() {
	m, p := &t.gen.mail, t.h.mix.people
	to, dom := m.Sender, m.domain
	if m.Outgoing() {
		dom = nil
	}
	*m = Mail{Kind: Bounce, Recipients: append(m.Recipients[:0], to), to: m.to[:0], Date: m.Date, Subject: "Delivery Status Notification (Failure)", Size: 3_000 + m.Size%900, domain: dom, Attachments: m.Attachments[:0]}
	m.From = t.gen.text.begin().str("Mail Delivery System <MAILER-DAEMON@").str(p.company).char('>').end()
	m.MessageID = t.gen.text.begin().random(&t.gen.dice, 12, hexDigits).char('$').random(&t.gen.dice, 8, hexDigits).str("@esa.").str(p.company).end()
	if dom != nil {
		m.to = append(m.to, dom)
	}
	t.source = nil
}

// rids are the recipients from a up to, not including, b. All messages share
// the one list.
func rids(a, b int) []esa.RID { return everyRID[a:b:b] }

var everyRID = func() []esa.RID {
	out := make([]esa.RID, 128)
	for i := range out {
		out[i] = esa.RID(i)
	}
	return out
}()

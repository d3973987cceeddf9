package mix

import (
	"net/netip"
	"strconv"
	"strings"

	"esasim/esa"
)

// person writes the name and the local part of the i-th person of a language;
// no two of the same domain and language have the same.
func person(l *lexicon, lang language, i int) (name, local string) {
	g := l.givenNames[i%len(l.givenNames)]
	i /= len(l.givenNames)
	f := l.familyNames[i%len(l.familyNames)]
	name, local = g.written+" "+f.written, g.ascii+"."+f.ascii
	if lang == chinese || lang == japanese {
		name = f.written + g.written
	}
	if again := i / len(l.familyNames); again > 0 {
		local += strconv.Itoa(again + 1)
	}
	return name, local
}

// within is a part of a text as the text has it: fifty thousand addresses twice in
// memory are more than the processor's cache holds.
func within(text, part string) string {
	i := strings.LastIndex(text, part)
	return text[i : i+len(part)]
}

// newSender is the k-th address of a domain.
func newSender(d *dice, dom *domain, k int, lex *[languages]*lexicon) sender {
	s := sender{domain: dom, lang: dom.lang}
	if dom.trade == freemail {
		s.lang = pick(d, tongues)
	}
	firm, _, _ := strings.Cut(dom.name, "-")
	if _, after, ok := strings.Cut(firm, "."); ok {
		firm = after
	}
	firm = strings.ToUpper(firm[:1]) + firm[1:]
	var name, local string
	switch dom.trade {
	case newsletter:
		name, local = firm+" Newsletter", pick(d, words("news newsletter info hello marketing"))
	case notifier:
		name, local = firm, pick(d, words("noreply no-reply alerts jira monitoring root service do-not-reply"))
	default:
		// k keeps people of one domain apart, the rest makes domains differ.
		name, local = person(lex[s.lang], s.lang, k*7+d.below(7))
		if dom.trade == freemail {
			local += strconv.Itoa(d.between(1, 99))
		}
	}
	if k > 0 && dom.trade != business && dom.trade != freemail {
		local += strconv.Itoa(k + 1)
	}
	s.address = local + "@" + dom.name
	s.from = s.address
	switch {
	case d.of10000(500): // an address alone
	case strings.ContainsAny(name, ".,@"):
		s.from = `"` + name + `" <` + s.address + ">"
	default:
		s.from = name + " <" + s.address + ">"
	}
	s.address = within(s.from, s.address)
	return s
}

// employ makes the company: its mailboxes and its hosts.
func (p *population) employ(d *dice, lex *[languages]*lexicon) {
	here := []language{german, german, german, german, english, english, english, french, spanish, italian, chinese, japanese, russian}
	shared := words("info sales support office invoices hr it orders service marketing press security")
	var n [languages]int
	taken := map[string]bool{}
	for i := range mailboxes {
		if i < len(shared) {
			a := shared[i] + "@" + p.company
			p.boxes = append(p.boxes, mailbox{address: a, from: a, policy: "DEFAULT"})
			continue
		}
		lang := pick(d, here)
		name, local := person(lex[lang], lang, n[lang])
		n[lang]++
		if taken[local] { // people of two languages can have one name
			local += strconv.Itoa(i)
		}
		taken[local] = true
		a := local + "@" + p.company
		from := name + " <" + a + ">"
		p.boxes = append(p.boxes, mailbox{address: within(from, a), from: from, lang: lang,
			policy: pick(d, words("DEFAULT DEFAULT DEFAULT DEFAULT DEFAULT DEFAULT DEFAULT Finance Executives"))})
	}
	p.box = zipf(mailboxes, 20)
	for i := range byte(4) {
		inside := netip.AddrFrom4([4]byte{10, 1, 1, 21 + i})
		p.relays = append(p.relays, &esa.Source{Listener: "OutgoingMail", Local: netip.AddrFrom4([4]byte{192, 0, 2, 11}), Remote: inside,
			Host: "mbx0" + strconv.Itoa(int(i)+1) + "." + p.company, Verified: true, Rule: "RELAY", Group: "RELAYLIST", Match: "10.1.1.0/24",
			SBRS: "rfc1918", Country: "not enabled", Outgoing: true})
		p.inside = append(p.inside, &esa.Source{Local: p.outbound, Remote: inside})
	}
	for range 1_000 {
		p.refused = append(p.refused, &esa.Source{Listener: "IncomingMail", Local: netip.AddrFrom4([4]byte{192, 0, 2, 10}), Remote: address(d),
			Rule: "REJECT", Group: "BLACKLIST", Match: "sbrs[-10.0:-3.0]", SBRS: score(d.between(-99, -31)), Country: pick(d, words("China Brazil Vietnam India United_States"))})
	}
}

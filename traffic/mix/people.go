package mix

import (
	"net/netip"
	"strconv"

	"esasim/esa"
)

// How many there are.
const (
	addresses = 50_000 // of senders
	mailboxes = 3_000  // of the company
)

// trade is what a sending domain does.
type trade uint8

const (
	business   trade = iota // customers and suppliers
	freemail                // a few domains with very many people
	newsletter              // mail in bulk
	notifier                // machines that tell of something
	spammer
	trades
)

// domain is one that mail comes from, and goes to.
type domain struct {
	name   string
	trade  trade
	lang   language
	hosts  []*esa.Source // that send for it
	mx     *esa.Source   // that receives for it
	answer answerStyle   // how mx words that it took a message
	id     idStyle       // of the Message-IDs made there
	zone   int           // hours from UTC
	verp   bool          // each message has an envelope sender of its own
	first  int           // index of its first sender
	people int           // and how many there are
}

// sender is one address outside.
type sender struct {
	address, from string // "a.b@c.example", "A B <a.b@c.example>"
	domain        *domain
	lang          language
}

// mailbox is one address of the company.
type mailbox struct {
	address, from, policy string
	lang                  language
}

// population is everybody who writes and is written to. It is made once and
// then only read.
//
// All domains are below .example, and all addresses in 198.18.0.0/15 or
// 2001:db8::/32, which are reserved (RFC 2606, 2544, 3849): what a box that is
// tested answers to a sender, or a sighting of a spammer, must meet nobody.
type population struct {
	domains  []*domain
	senders  []sender
	by       [trades]alias // draws a sender of a trade ...
	from     [trades]int   // ... counted from here
	boxes    []mailbox
	box      alias // Zipf over boxes
	company  string
	relays   []*esa.Source // of the company, that hand outgoing mail to the appliance
	inside   []*esa.Source // that incoming mail is delivered to
	refused  []*esa.Source // whom the HAT rejects
	outbound netip.Addr
}

func populate(seed uint64, company string, lex *[languages]*lexicon) *population {
	var d dice
	d.reset(seed, 1<<63)
	p := &population{company: company, outbound: netip.AddrFrom4([4]byte{192, 0, 2, 12})}
	counts := [trades]struct{ domains, people int }{
		business: {3_400, 27_300}, freemail: {12, 18_000}, newsletter: {700, 1_400}, notifier: {300, 900}, spammer: {588, 2_400},
	}
	p.senders = make([]sender, 0, addresses)
	serial := map[string]int{}
	for t := range trades {
		p.from[t] = len(p.senders)
		c := counts[t]
		for i := range c.domains {
			n := c.people/c.domains + d.below(3) - 1
			if i == c.domains-1 {
				n = p.from[t] + c.people - len(p.senders)
			}
			dom := newDomain(&d, t, serial)
			dom.first, dom.people = len(p.senders), max(n, 1)
			p.domains = append(p.domains, dom)
			for k := range dom.people {
				p.senders = append(p.senders, newSender(&d, dom, k, lex))
			}
		}
		p.by[t] = scattered(len(p.senders)-p.from[t], 8)
	}
	p.employ(&d, lex)
	return p
}

func newDomain(d *dice, t trade, serial map[string]int) *domain {
	dom := &domain{trade: t, lang: pick(d, tongues), answer: answerStyle(d.below(int(answerStyles))), id: idStyle(d.below(int(idStyles)))}
	dom.zone = [languages]int{english: -5, german: 1, french: 1, spanish: 1, italian: 1, chinese: 8, japanese: 9, russian: 3}[dom.lang]
	stem := domainName(d, t)
	serial[stem]++
	if n := serial[stem]; n > 1 {
		stem += strconv.Itoa(n)
	}
	dom.name = stem + ".example"
	if t == freemail {
		dom.id = gmailID
	}
	dom.verp = t == newsletter && d.of10000(6_000)
	for range d.between(1, 3) {
		dom.hosts = append(dom.hosts, newHost(d, dom))
	}
	dom.mx = &esa.Source{Local: netip.AddrFrom4([4]byte{192, 0, 2, 12}), Remote: address(d)}
	return dom
}

// tongues has each language as often as it is met.
var tongues = []language{english, english, english, english, english, german, german, german, german, german, german, french, french,
	spanish, italian, chinese, japanese, russian}

func domainName(d *dice, t trade) string {
	first := words("nordwind alpen blue silver oak metro hansa lumen quadra vertex meridian delta contoura fabrikon rhein donau atlas nova prime omega terra pixel cargo medi agro aero kern stadt solar")
	second := words("logistik machines werke consulting foods pharma print steel textil bank energie soft systems trade bau optics reisen media labs motors")
	stem := pick(d, first) + "-" + pick(d, second)
	switch t {
	case freemail:
		return pick(d, words("webpost freemail mailbox postfach quickmail courrier correo posta"))
	case newsletter:
		return pick(d, words("news. em. mail. newsletter. go. ")) + stem
	case notifier:
		return pick(d, words("notify. alerts. noreply. app. ")) + stem
	case spammer:
		return stem + "-" + pick(d, words("deals online info win shop click"))
	}
	return stem
}

func address(d *dice) netip.Addr {
	u := d.bits()
	if u&0xf00 == 0 { // one in sixteen
		return netip.AddrFrom16([16]byte{0x20, 0x01, 0x0d, 0xb8, byte(u >> 16), byte(u >> 24), 0, 0, 0, 0, 0, 0, 0, 0, 0, byte(u>>32)&15 + 1})
	}
	return netip.AddrFrom4([4]byte{198, 18 + byte(u&1), byte(u >> 16), byte(u>>24)%254 + 1})
}

// newHost is a host that sends for a domain, and what the HAT makes of it. The
// ranges are those of the factory's table (AsyncOS user guide, "Default Mail
// Flow Policies").
func newHost(d *dice, dom *domain) *esa.Source {
	s := &esa.Source{
		Listener: "IncomingMail", Local: netip.AddrFrom4([4]byte{192, 0, 2, 10}), Remote: address(d), Rule: "ACCEPT",
		Group: "UNKNOWNLIST", Match: "sbrs[-1.0:10.0]", Country: [languages]string{"United States", "Germany", "France", "Spain", "Italy", "China", "Japan", "Russian Federation"}[dom.lang],
	}
	tenths := d.between(0, 75)
	if dom.trade == spammer {
		tenths = d.between(-29, 10)
	}
	if s.SBRS = score(tenths); tenths < -10 {
		s.Group, s.Match = "SUSPECTLIST", "sbrs[-3.0:-1.0]"
	}
	switch {
	case d.of10000(1_200):
		s.SBRS, s.Group, s.Match = "None", "UNKNOWNLIST", "sbrs[none]"
	case dom.trade == business && d.of10000(400):
		s.Group, s.Match = "WHITELIST", s.Remote.String()
	}
	if !d.of10000(600) || dom.trade != spammer && !d.of10000(200) {
		s.Host, s.Verified = pick(d, words("mail mx1 mx2 smtp out-1 out-2 relay mta7 mailgate"))+"."+dom.name, !d.of10000(500)
	}
	return s
}

func score(tenths int) string {
	s := strconv.Itoa(tenths/10) + "." + strconv.Itoa(max(tenths%10, -(tenths%10)))
	if tenths < 0 && tenths > -10 {
		s = "-" + s
	}
	return s
}

package mix

import (
	"strings"
	"time"
)

// template is a text with gaps, each a letter in braces: {o} an order number,
// {n} a number up to 99, {p} what mail is about, {m} a month, {d} a date, {c} a
// city, {h} a machine, {f} a firm, {g} a given name.
type template []part

// part is a piece of text and the gap behind it; 0: none.
type part struct {
	text string
	gap  byte
}

func parse(s string) template {
	var t template
	for {
		i := strings.IndexByte(s, '{')
		if i < 0 || i+2 >= len(s) {
			return append(t, part{text: s})
		}
		t = append(t, part{s[:i], s[i+1]})
		s = s[i+3:]
	}
}

func parseAll(list []string) []template {
	out := make([]template, len(list))
	for i, s := range list {
		out[i] = parse(s)
	}
	return out
}

// lexicon is a language, ready to write with.
type lexicon struct {
	speech
	givenNames, familyNames                    []name
	personal, newsletter, notice, spam, attach []template
	cities, machines, firms                    []string
}

// name is a word of a name as people write it and as addresses do.
type name struct{ written, ascii string }

func names(list []string) []name {
	out := make([]name, len(list))
	for i, s := range list {
		written, ascii, ok := strings.Cut(s, "/")
		if !ok {
			ascii = strings.ToLower(strings.ReplaceAll(written, " ", ""))
		}
		out[i] = name{written, ascii}
	}
	return out
}

func newLexicon(s speech) *lexicon {
	return &lexicon{
		speech: s, givenNames: names(s.given), familyNames: names(s.family),
		personal: parseAll(s.personal), newsletter: parseAll(s.newsletter), notice: parseAll(s.notice),
		spam: parseAll(s.spam), attach: parseAll(s.files),
		cities:   words("Berlin London Paris Madrid Milan Tokyo Shanghai Vienna Zurich Boston Austin Lyon Graz Osaka Oslo"),
		machines: words("web01 web02 db01 db02 mail01 nas01 fw01 sw-core-2 build7 vpn1 sap-prod files02 print3 proxy1 k8s-node-4 hyperv12"),
		firms:    words("Nordwind Alpenblick Contoura Fabrikon Bluepeak Hansa Lumen Quadra Silverline Vertex Oakfield Meridian"),
	}
}

func (l *lexicon) write(s *slab, d *dice, t template, at time.Time) {
	for i := range t {
		s.str(t[i].text)
		switch t[i].gap {
		case 'o':
			s.num(uint64(d.between(10_000, 9_999_999)), 5)
		case 'n':
			s.num(uint64(d.between(2, 99)), 1)
		case 'p':
			s.str(pick(d, l.nouns))
		case 'm':
			s.str(l.months[at.Month()-1])
		case 'd':
			s.day(at)
		case 'c':
			s.str(pick(d, l.cities))
		case 'h':
			s.str(pick(d, l.machines))
		case 'f':
			s.str(pick(d, l.firms))
		case 'g':
			s.str(pick(d, l.givenNames).written)
		}
	}
}

package filter

import (
	"fmt"
	"hash/fnv"
	"net/mail"
	"net/netip"
	"strconv"
	"strings"

	"esasim/appliance/letter"
	"esasim/esa"
)

// envelopeRules are about what is known without looking into the message.
func envelopeRules() map[string]rule {
	return map[string]rule{
		"true":          truthRule(func(*view) (bool, error) { return true, nil }),
		"false":         truthRule(func(*view) (bool, error) { return false, nil }),
		"mail-from":     textRule(func(v *view, hit func(string) bool) (bool, error) { return hit(v.m.Sender), nil }),
		"rcpt-to":       textRule((*view).recipients),
		"rcpt-count":    numberRule(func(v *view) (float64, bool) { return float64(v.count()), true }),
		"body-size":     numberRule(func(v *view) (float64, bool) { return float64(v.m.Size), true }),
		"recv-listener": textRule(listener),
		"recv-int":      textRule(listener),
		"direction":     wordRule(func(v *view) string { return v.m.Direction.String() }),
		"mail-policy":   textRule(func(v *view, hit func(string) bool) (bool, error) { return hit(v.policy), nil }),
		"random":        {cmp: chance, min: 1, max: 1, make: random},
	}
}

func listener(v *view, hit func(string) bool) (bool, error) { return hit(v.m.Source.Listener), nil }

func (v *view) count() int {
	n := 0
	v.recipients(func(string) bool { n++; return false })
	return n
}

// random(n) is a number from 0 to n-1. It follows from the filter and the MID, so
// that a test knows it.
func random(_ *compiler, e *expr) (test, error) {
	n, err := e.call.number(0, 0)
	if err != nil || n < 1 || n != float64(uint32(n)) {
		return nil, fmt.Errorf("want a whole number above 0")
	}
	op, than := "!=", 0.0
	if e.cmp != "" {
		op = e.cmp
		than, err = e.want.number()
	}
	return func(v *view) (bool, error) {
		h := fnv.New64a()
		h.Write(strconv.AppendUint([]byte(v.filter), uint64(v.m.MID), 10))
		sum := h.Sum64()
		return compare(float64((sum^sum>>32)%uint64(n)), op, than), nil
	}, err
}

// senderRules are about who sent it, and how that was verified.
func senderRules() map[string]rule {
	return map[string]rule{
		"remote-ip":           {cmp: oneOf, make: remoteIP},
		"reputation":          numberRule(reputation),
		"no-reputation":       truthRule(func(v *view) (bool, error) { _, ok := reputation(v); return !ok, nil }),
		"sendergroup":         textRule(func(v *view, hit func(string) bool) (bool, error) { return hit(v.m.Source.Group), nil }),
		"country":             wordRule(func(v *view) string { return v.m.Source.Country }),
		"spf-status":          {cmp: oneOf, max: 1, make: spf},
		"spf-passed":          truthRule(func(v *view) (bool, error) { return v.m.Auth.MailFrom.Result == "Pass", nil }),
		"dkim-authentication": wordRule(dkim),
		"dmarc-status":        wordRule(func(v *view) string { return v.m.Auth.DMARC.Result }),
	}
}

// reputation is the sender's score; not ok: it has none.
func reputation(v *view) (float64, bool) {
	n, err := strconv.ParseFloat(v.m.Source.SBRS, 64)
	return n, err == nil && n >= -10 && n <= 10
}

func remoteIP(_ *compiler, e *expr) (test, error) {
	var ranges [][2]netip.Addr
	for _, s := range list(e.want.text) {
		first, last, err := addresses(s)
		if err != nil {
			return nil, err
		}
		ranges = append(ranges, [2]netip.Addr{first, last})
	}
	return func(v *view) (bool, error) {
		a := v.m.Source.Remote.Unmap()
		for _, r := range ranges {
			if a.IsValid() && a.BitLen() == r[0].BitLen() && r[0].Compare(a) <= 0 && a.Compare(r[1]) <= 0 {
				return true, nil
			}
		}
		return false, nil
	}, nil
}

// addresses reads 10.0.0.1, 10.0.0.0/8 or 10.0.0.1-10.0.0.9.
func addresses(s string) (first, last netip.Addr, err error) {
	if p, err := netip.ParsePrefix(s); err == nil {
		b := p.Addr().AsSlice()
		for i := p.Bits(); i < len(b)*8; i++ {
			b[i/8] |= 0x80 >> (i % 8)
		}
		last, _ = netip.AddrFromSlice(b)
		return p.Masked().Addr(), last, nil
	}
	from, to, several := strings.Cut(s, "-")
	if !several {
		to = from
	}
	first, err = netip.ParseAddr(strings.TrimSpace(from))
	if err == nil {
		last, err = netip.ParseAddr(strings.TrimSpace(to))
	}
	if err != nil || first.BitLen() != last.BitLen() || last.Less(first) || first.Zone()+last.Zone() != "" {
		return first, last, fmt.Errorf("%q: want an IP address, a CIDR range, or a range with a dash", s)
	}
	return first, last, nil
}

// spf compares the result for the envelope sender, or for the identity that is
// named: helo or mailfrom.
func spf(_ *compiler, e *expr) (test, error) {
	identity, err := e.call.text(0)
	if err == nil && identity != "" && identity != "helo" && identity != "mailfrom" {
		err = fmt.Errorf("%q: want helo or mailfrom", identity)
	}
	words := list(e.want.text)
	return func(v *view) (bool, error) {
		r := &v.m.Auth.MailFrom
		if identity == "helo" {
			r = &v.m.Auth.HELO
		}
		return isAmong(words, r.Result), nil
	}, err
}

// dkim is the best result of all signatures, in the words of the rule; "" if
// nothing was checked.
func dkim(v *view) string {
	best := ""
	for _, r := range v.m.Auth.DKIM {
		switch r.Result {
		case "pass":
			return "pass"
		case esa.NoSignature:
			best = "none"
		case "permfail":
			best = "hardfail"
		case "tempfail":
			best = "temperror"
		default:
			best = "permerror"
		}
	}
	return best
}

// contentRules are about header and text.
func contentRules() map[string]rule {
	return map[string]rule{
		"subject":             textRule((*view).subject),
		"header":              {cmp: maybe, min: 1, max: 1, make: header},
		"addr-count":          {cmp: measure, max: 9, make: addrCount},
		"body-contains":       countRule(anyText),
		"only-body-contains":  countRule(bodyText),
		"attachment-contains": countRule(fileText),
		"encrypted": truthRule(func(v *view) (bool, error) {
			l, err := v.letter()
			return err == nil && l.Encrypted, err
		}),
	}
}

func header(_ *compiler, e *expr) (test, error) {
	name, err := e.call.text(0)
	if err != nil || !letter.ValidName(name) {
		return nil, fmt.Errorf("%s: want the name of a header field", e.call.args[0])
	}
	hit := func(string) bool { return true }
	if e.cmp != "" {
		p, err := newPattern(e.want.text)
		if err != nil {
			return nil, err
		}
		hit = p.has
	}
	return func(v *view) (bool, error) { return v.values(name, hit) }, nil
}

// addrCount counts the addresses in To and Cc, or in the fields that are named.
func addrCount(_ *compiler, e *expr) (test, error) {
	names, err := e.call.texts()
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		names = []string{"To", "Cc"}
	}
	than, err := e.want.number()
	return func(v *view) (bool, error) {
		n := 0
		for _, name := range names {
			if _, err := v.values(name, func(s string) bool { n += countAddresses(s); return false }); err != nil {
				return false, err
			}
		}
		return compare(float64(n), e.cmp, than), nil
	}, err
}

// countAddresses is how many addresses a field has, also one that is not well formed.
func countAddresses(s string) int {
	if all, err := mail.ParseAddressList(s); err == nil {
		return len(all)
	}
	return strings.Count(s, "@")
}

// countRule is one about a text in parts; with a number, it must be there as often.
func countRule(of func(*letter.Part) bool) rule {
	return rule{min: 1, max: 2, make: func(_ *compiler, e *expr) (test, error) {
		p, err := e.call.pattern(0)
		if err != nil {
			return nil, err
		}
		least, err := e.call.number(1, 1)
		if err != nil || least < 1 || least > 1e6 {
			return nil, fmt.Errorf("argument 2: want a number above 0")
		}
		return func(v *view) (bool, error) {
			left := int(least)
			return v.texts(of, func(s, low string) bool {
				left -= p.count(s, low, left)
				return left <= 0
			})
		}, nil
	}}
}

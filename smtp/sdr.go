package smtp

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"esasim/esa"
)

// Domain is what is thought of a domain of senders.
type Domain struct {
	Name    string // example.com, .example.com for all below it, or ALL
	Verdict string // one of [esa.SDRVerdicts]
	Threat  string // category, as in "Spam"; "": none
	Age     int    // days; 0: not known
}

// SDR is Sender Domain Reputation, from a table. Of domains that it does not have
// it thinks what it does of most: Neutral.
type SDR struct {
	domains table[Domain]
	reject  []string
}

// NewSDR checks the table, and the verdicts for which mail is refused.
func NewSDR(list []Domain, reject []string) (*SDR, error) {
	s := &SDR{reject: reject}
	for i, d := range list {
		err := d.check()
		if err == nil {
			err = s.domains.add(d.Name, d)
		}
		if err != nil {
			return nil, fmt.Errorf("domains[%d]: %w", i, err)
		}
	}
	for i, v := range reject {
		if !slices.Contains(esa.SDRVerdicts(), v) {
			return nil, fmt.Errorf("reject[%d]: verdict %q: want %s", i, v, strings.Join(esa.SDRVerdicts(), ", "))
		}
	}
	return s, nil
}

func (d *Domain) check() error {
	switch {
	case strings.Contains(d.Name, "@"):
		return fmt.Errorf("domain %q: want example.com, .example.com or ALL", d.Name)
	case !slices.Contains(esa.SDRVerdicts(), d.Verdict):
		return fmt.Errorf("verdict %q: want %s", d.Verdict, strings.Join(esa.SDRVerdicts(), ", "))
	case strings.ContainsFunc(d.Threat, unicode.IsControl) || strings.ContainsAny(d.Threat, ",."):
		return fmt.Errorf("threat %q: want a name without comma and full stop", d.Threat)
	case d.Age < 0:
		return fmt.Errorf("age %d: must not be negative; it is a number of days, and 0 is not known", d.Age)
	}
	return nil
}

// judge is the verdict on the domains of a message: that of the worst, and the age
// of the youngest.
func (s *SDR) judge(asked esa.SDRDomains) esa.SDRResult {
	out := esa.SDRResult{Asked: asked, Threat: "N/A"}
	youngest := 0
	for _, name := range asked.List() {
		if name == "" {
			continue
		}
		d, known := s.domains.find(name)
		if !known {
			d.Verdict = "Neutral"
		}
		if out.Verdict == "" || esa.Worse(d.Verdict, out.Verdict) {
			out.Verdict, out.Threat, out.Suspected = d.Verdict, "N/A", nil
			if d.Threat != "" {
				out.Threat = d.Threat
			}
		}
		if d.Verdict == out.Verdict && esa.Worse(d.Verdict, "Unknown") && !slices.Contains(out.Suspected, name) {
			out.Suspected = append(out.Suspected, name)
		}
		if out.Youngest == "" || d.Age > 0 && (youngest == 0 || d.Age < youngest) {
			out.Youngest, youngest = name, d.Age
		}
	}
	out.Age = esa.SDRAge(youngest)
	return out
}

func (s *SDR) refuses(r *esa.SDRResult) bool { return slices.Contains(s.reject, r.Verdict) }

// addressOf is the address in a header field such as "Joe <joe@example.com>", as
// far as its domain goes: what stands last in angle brackets, or all of it.
func addressOf(field string) string {
	if i := strings.LastIndexByte(field, '<'); i >= 0 {
		field, _, _ = strings.Cut(field[i+1:], ">")
	}
	return field
}

// maxDomain is how many octets a domain has at most (RFC 5321 4.5.3.1.2).
const maxDomain = 255

// domainOf is the domain of an address; "" if it has none that can be told of.
func domainOf(address string) string {
	d := strings.TrimSpace(address[strings.LastIndexByte(address, '@')+1:])
	if len(d) == len(address) || len(d) > maxDomain || strings.ContainsFunc(d, func(r rune) bool {
		return r <= ' ' || r == ',' || r == ':' || unicode.IsControl(r) || unicode.IsSpace(r)
	}) {
		return ""
	}
	return strings.ToLower(d)
}

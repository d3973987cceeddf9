package esa

import (
	"slices"
	"strconv"
	"strings"
)

// SDR is the check of Sender Domain Reputation: the Name of its AuthChecked events.
const SDR = "SDR"

// SDRResult is what Sender Domain Reputation thinks of the domains of a message.
// Verdict is empty if it was not asked.
type SDRResult struct {
	Asked     SDRDomains
	Verdict   string   // Awful, Poor, Tainted, Weak, Unknown, Neutral or Good
	Threat    string   // category; "N/A": none
	Suspected []string // domains that the verdict comes from
	Age       string   // of the youngest domain: "21 years 11 months 7 days"
	Youngest  string   // that domain
}

// SDRDomains are the domains that a message names; empty: it does not.
type SDRDomains struct{ Host, HELO, MailFrom, From, ReplyTo string }

// List are the domains in their order.
func (d *SDRDomains) List() []string { return []string{d.Host, d.HELO, d.MailFrom, d.From, d.ReplyTo} }

// SDRVerdicts are the verdicts from the worst to the best. Source: AsyncOS user
// guide, "Sender Domain Reputation Filtering".
func SDRVerdicts() []string {
	return []string{"Awful", "Poor", "Tainted", "Weak", "Unknown", "Neutral", "Good"}
}

// The words of the two sentences, those of 13.x.
const (
	sdrAsked     = "Domains for which SDR is requested: "
	sdrFound     = "Consolidated Sender Reputation: "
	sdrThreat    = ", Threat Category: "
	sdrSuspected = ", Suspected Domain(s) : "
	sdrAge       = ". Youngest Domain Age: "
	sdrYoungest  = " for domain: "
	notPresent   = "Not Present"
)

func sdrNames() []string {
	return []string{"reverse DNS host: ", "helo: ", "env-from: ", "header-from: ", "reply-to: "}
}

func (r *SDRResult) texts() []string {
	names, domains := sdrNames(), r.Asked.List()
	for i := range names {
		if domains[i] == "" {
			domains[i] = notPresent
		}
		names[i] += domains[i]
	}
	found := sdrFound + r.Verdict + sdrThreat + r.Threat
	if len(r.Suspected) > 0 {
		found += sdrSuspected + strings.Join(r.Suspected, ", ")
	}
	return []string{sdrAsked + strings.Join(names, ", "), found + sdrAge + r.Age + sdrYoungest + r.Youngest}
}

func (r *SDRResult) read(text string) {
	if rest, ok := strings.CutPrefix(text, sdrAsked); ok {
		r.readAsked(rest)
		return
	}
	rest, ok := strings.CutPrefix(text, sdrFound)
	if !ok {
		return
	}
	rest, r.Youngest, _ = strings.Cut(rest, sdrYoungest)
	rest, r.Age, _ = strings.Cut(rest, sdrAge)
	r.Verdict, rest, _ = strings.Cut(rest, sdrThreat)
	var suspected string
	r.Threat, suspected, _ = strings.Cut(rest, sdrSuspected)
	r.Suspected = nil
	if suspected != "" {
		r.Suspected = strings.Split(suspected, ", ")
	}
}

// SDRSince14 is a sentence of the check in the words of AsyncOS 14 and later, of which
// one was seen; how the reputations of 13.x became threat levels is inferred. The
// sentence about the domains has stayed.
func SDRSince14(text string) string {
	if !strings.HasPrefix(text, sdrFound) {
		return text
	}
	var r SDRResult
	r.read(text)
	level := map[string]string{"Awful": "Untrusted", "Poor": "Questionable", "Tainted": "Questionable", "Weak": "Questionable", "Good": "Trusted"}[r.Verdict]
	if level == "" {
		level = r.Verdict // Neutral, Unknown
	}
	suspected := "N/A (other reasons for verdict)"
	if len(r.Suspected) > 0 {
		suspected = strings.Join(r.Suspected, ", ")
	}
	return "Consolidated Sender Threat Level: " + level + sdrThreat + r.Threat + sdrSuspected + suspected + ". Sender Maturity: " + r.Age + sdrYoungest + r.Youngest
}

func (r *SDRResult) readAsked(text string) {
	for i, part := range strings.SplitN(text, ", ", 5) {
		domain := strings.TrimPrefix(part, sdrNames()[i])
		if domain == notPresent {
			domain = ""
		}
		*[]*string{&r.Asked.Host, &r.Asked.HELO, &r.Asked.MailFrom, &r.Asked.From, &r.Asked.ReplyTo}[i] = domain
	}
}

// SDRAge writes the age of a domain as the appliance does, with a year of 365 days
// and a month of 30 (ours). 0, not known, is what it says of domains that are not
// young.
func SDRAge(days int) string {
	if days <= 0 {
		return "30 days (or greater)"
	}
	var out []string
	for _, p := range []struct {
		n    int
		name string
	}{{days / 365, "year"}, {days % 365 / 30, "month"}, {days % 365 % 30, "day"}} {
		switch {
		case p.n == 1:
			out = append(out, "1 "+p.name)
		case p.n > 1:
			out = append(out, strconv.Itoa(p.n)+" "+p.name+"s")
		}
	}
	return strings.Join(out, " ")
}

// Worse tells whether a verdict is worse than another.
func Worse(verdict, than string) bool {
	return slices.Index(SDRVerdicts(), verdict) < slices.Index(SDRVerdicts(), than)
}

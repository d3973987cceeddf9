package esa

import "strings"

// The checks that AuthChecked events tell of: their Name.
const (
	SPF   = "SPF"
	DKIM  = "DKIM"
	DMARC = "DMARC"
)

// Authentication is what SDR, SPF, DKIM and DMARC found of a message; nothing if
// they were not asked. It goes to the log as the sentences of [Authentication.Events],
// from which [Fold] reads it back, so there is one truth and it is the one that
// people see.
type Authentication struct {
	SDR      SDRResult
	HELO     SPFResult    // of the name in HELO or EHLO
	MailFrom SPFResult    // of the envelope sender
	DKIM     []DKIMResult // of each signature, from the top; a single one with [NoSignature] if there is none
	DMARC    DMARCResult
}

// SPFResult is the result for one identity.
type SPFResult struct {
	Identity string // the address that was checked
	Result   string // Pass, Neutral, SoftFail, Fail, None, TempError or PermError; empty: not checked
}

// NoSignature is the result of DKIM for a message without signature.
const NoSignature = "no"

// DKIMResult is the result for one signature. A signature that cannot be read
// may have no domain.
type DKIMResult struct {
	Result     string // pass, permfail, tempfail, invalid or [NoSignature]
	Reason     string // "signature verified", "body hash did not verify [final]"
	Domain     string // d=
	Selector   string // s=
	Identifier string // i=
}

// DMARCResult is the result for the domain of the From header.
type DMARCResult struct {
	Result      string // passed, failed or skipped; empty: not checked
	Reason      string // why it was skipped
	Domain      string // of From; empty if skipped
	SPFAligned  bool   // SPF passed for a sender of this domain
	DKIMAligned bool   // so did a signature
	Action      string // of a failed message: none, quarantine or reject
}

// Events are the result as AuthChecked events in the order of the log, with
// Kind, Name and Text filled.
func (a *Authentication) Events() []Event {
	out := make([]Event, 0, 6+len(a.DKIM))
	say := func(name, text string) { out = append(out, Event{Kind: AuthChecked, Name: name, Text: text}) }
	if a.SDR.Verdict != "" {
		for _, text := range a.SDR.texts() {
			say(SDR, text)
		}
	}
	for _, s := range [...]struct {
		identity string
		SPFResult
	}{{"helo", a.HELO}, {"mailfrom", a.MailFrom}} {
		if s.Result != "" {
			say(SPF, s.identity+" identity "+s.text())
		}
	}
	for i := range a.DKIM {
		say(DKIM, a.DKIM[i].text())
	}
	if d := &a.DMARC; d.Result != "" {
		if d.Domain != "" {
			say(DMARC, d.text())
		}
		say(DMARC, verification+d.Result+bracketed(d.Reason))
	}
	return out
}

// found is how a sentence about SPF ends when there was a record.
const found = " (v=spf1)"

func (r SPFResult) text() string {
	text := r.Identity + " " + r.Result
	switch r.Result {
	case "Pass", "Fail", "SoftFail", "Neutral":
		text += found
	}
	return text
}

func (r *DKIMResult) text() string {
	var tags []string
	for _, t := range [...]struct{ name, value string }{{"d=", r.Domain}, {"s=", r.Selector}, {"i=", r.Identifier}} {
		if t.value != "" {
			tags = append(tags, t.name+t.value)
		}
	}
	return r.Result + " " + r.Reason + bracketed(strings.Join(tags, " "))
}

const (
	fromDomain   = "Message from domain "
	spfAligned   = "(SPF aligned "
	dkimAligned  = "DKIM aligned "
	dmarcAction  = "), DMARC action "
	verification = "Verification "
)

func (r *DMARCResult) text() string {
	word, action := "pass", ")"
	if r.Result == "failed" {
		word, action = "fail", dmarcAction+r.Action
	}
	return fromDomain + r.Domain + ", DMARC " + word + " " + spfAligned + truth(r.SPFAligned) + ", " +
		dkimAligned + truth(r.DKIMAligned) + action
}

// truth is a boolean in the notation of the appliance.
func truth(b bool) string {
	if b {
		return "True"
	}
	return "False"
}

func bracketed(text string) string {
	if text == "" {
		return ""
	}
	return " (" + text + ")"
}

// read adds what one event says. What it does not know, in a damaged log say,
// changes nothing.
func (a *Authentication) read(name, text string) {
	switch name {
	case SDR:
		a.SDR.read(text)
	case SPF:
		a.readSPF(text)
	case DKIM:
		var r DKIMResult
		r.read(text)
		a.DKIM = append(a.DKIM, r)
	case DMARC:
		a.DMARC.read(text)
	}
}

// readSPF goes from both ends: an address may have blanks in it.
func (a *Authentication) readSPF(text string) {
	identity, rest, _ := strings.Cut(strings.TrimSuffix(text, found), " identity ")
	i := strings.LastIndexByte(rest, ' ')
	if i < 0 {
		return
	}
	switch r := (SPFResult{Identity: rest[:i], Result: rest[i+1:]}); identity {
	case "helo":
		a.HELO = r
	case "mailfrom":
		a.MailFrom = r
	}
}

func (r *DKIMResult) read(text string) {
	r.Result, r.Reason, _ = strings.Cut(text, " ")
	i := strings.LastIndexByte(r.Reason, '(')
	if i < 1 || !strings.HasSuffix(r.Reason, ")") {
		return
	}
	tags := r.Reason[i+1 : len(r.Reason)-1]
	r.Reason = r.Reason[:i-1]
	for t := range strings.FieldsSeq(tags) {
		switch tag, value, _ := strings.Cut(t, "="); tag {
		case "d":
			r.Domain = value
		case "s":
			r.Selector = value
		case "i":
			r.Identifier = value
		}
	}
}

func (r *DMARCResult) read(text string) {
	if rest, ok := strings.CutPrefix(text, verification); ok {
		word, reason, _ := strings.Cut(rest, " ")
		r.Result, r.Reason = word, strings.TrimSuffix(strings.TrimPrefix(reason, "("), ")")
		return
	}
	rest, ok := strings.CutPrefix(text, fromDomain)
	if !ok {
		return
	}
	r.Domain, rest, _ = strings.Cut(rest, ", ")
	r.SPFAligned = strings.Contains(rest, spfAligned+truth(true))
	r.DKIMAligned = strings.Contains(rest, dkimAligned+truth(true))
	_, r.Action, _ = strings.Cut(rest, dmarcAction)
}

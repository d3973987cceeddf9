package auth

import (
	"context"
	"errors"
	"io"
	"mime"
	"net/mail"
	"strings"

	"github.com/emersion/go-msgauth/dmarc"
	"golang.org/x/net/publicsuffix"

	"esasim/esa"
)

// Why DMARC says nothing.
const (
	noDomain  = "Sending domain could not be determined"
	noRecord  = "No record found for the sending domain"
	temporary = "Temporary failure"
	permanent = "Permanent failure"
)

// dmarc judges the domain of the From header by what SPF and DKIM found (RFC
// 7489, section 6.6.2). The pct of a policy is ignored: which messages it spares
// would be left to chance.
func (c *Checker) dmarc(ctx context.Context, from string, a *esa.Authentication) esa.DMARCResult {
	domain, ok := fromDomain(from)
	if !ok {
		return skipped(noDomain)
	}
	record, policy, err := c.policy(ctx, domain)
	switch {
	case errors.Is(err, dmarc.ErrNoPolicy):
		return skipped(noRecord)
	case dmarc.IsTempFail(err):
		return skipped(temporary)
	case err != nil:
		return skipped(permanent)
	}
	r := esa.DMARCResult{Result: "passed", Domain: domain}
	var undecided bool
	r.SPFAligned, r.DKIMAligned, undecided = align(record, domain, a)
	switch {
	case r.SPFAligned || r.DKIMAligned:
	case undecided:
		return skipped(temporary)
	default:
		r.Result, r.Action = "failed", c.action(policy)
	}
	return r
}

func skipped(why string) esa.DMARCResult { return esa.DMARCResult{Result: "skipped", Reason: why} }

// policy is the record of a domain, or of the organization's domain above it,
// with the policy that is for this one.
func (c *Checker) policy(ctx context.Context, domain string) (*dmarc.Record, dmarc.Policy, error) {
	r, err := c.record(ctx, domain)
	if err == nil {
		return r, r.Policy, nil
	}
	above := organization(domain)
	if !errors.Is(err, dmarc.ErrNoPolicy) || above == domain {
		return nil, "", err
	}
	if r, err = c.record(ctx, above); err != nil {
		return nil, "", err
	}
	if r.SubdomainPolicy != "" {
		return r, r.SubdomainPolicy, nil
	}
	return r, r.Policy, nil
}

// record is what a domain publishes itself. Several records are as good as none
// (RFC 7489, section 6.6.3).
func (c *Checker) record(ctx context.Context, domain string) (*dmarc.Record, error) {
	return dmarc.LookupWithOptions(domain, &dmarc.LookupOptions{LookupTXT: func(name string) ([]string, error) {
		all, err := c.o.Resolver.LookupTXT(ctx, name)
		var records []string
		for _, txt := range all {
			if strings.HasPrefix(txt, "v=DMARC1") {
				records = append(records, txt)
			}
		}
		if len(records) > 1 {
			return nil, err
		}
		return records, err
	}})
}

// action is what is done with a message that failed: what its domain wishes, as
// far as the administrator wants to follow.
func (c *Checker) action(policy dmarc.Policy) string {
	action := none
	switch policy {
	case dmarc.PolicyReject:
		action = c.o.DMARCReject
	case dmarc.PolicyQuarantine:
		action = c.o.DMARCQuarantine
	}
	if action == "" {
		return none
	}
	return action
}

// align tells whether SPF and DKIM passed for the domain of From. Undecided is
// that one of them could have, if the DNS had answered.
func align(r *dmarc.Record, domain string, a *esa.Authentication) (bySPF, byDKIM, undecided bool) {
	_, sender := split(a.MailFrom.Identity)
	if sender, ok := ascii(sender); ok && same(r.SPFAlignment, sender, domain) {
		bySPF, undecided = a.MailFrom.Result == "Pass", a.MailFrom.Result == tempError
	}
	for i := range a.DKIM {
		d := &a.DKIM[i]
		if signer, ok := ascii(d.Domain); ok && same(r.DKIMAlignment, signer, domain) {
			byDKIM = byDKIM || d.Result == pass
			undecided = undecided || d.Result == tempFail
		}
	}
	return bySPF, byDKIM, undecided
}

func same(mode dmarc.AlignmentMode, a, b string) bool {
	return a == b || mode != dmarc.AlignmentStrict && organization(a) == organization(b)
}

// organization is the domain that somebody registered, "b.example" of
// "mail.b.example", by the public suffix list. A public suffix stands for itself.
func organization(domain string) string {
	if d, err := publicsuffix.EffectiveTLDPlusOne(domain); err == nil {
		return d
	}
	return domain
}

// fromDomain is the one domain of a From header, as it stands in the message.
func fromDomain(from string) (string, bool) {
	p := mail.AddressParser{WordDecoder: &mime.WordDecoder{CharsetReader: asIs}}
	list, err := p.ParseList(from)
	if err != nil { // a display name that breaks the rules: what is in the last angle brackets counts
		before, _, _ := strings.Cut(from[strings.LastIndexByte(from, '<')+1:], ">")
		list = []*mail.Address{{Address: strings.TrimSpace(before)}}
	}
	domain := ""
	for _, a := range list {
		local, name := split(a.Address)
		d, ok := ascii(name)
		if !ok || local == "" || domain != "" && d != domain {
			return "", false
		}
		domain = d
	}
	return domain, domain != ""
}

// asIs leaves names in unknown character sets as they are: nobody looks at them.
func asIs(_ string, r io.Reader) (io.Reader, error) { return r, nil }

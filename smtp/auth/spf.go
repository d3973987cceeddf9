package auth

import (
	"context"
	"net"
	"strings"

	"blitiri.com.ar/go/spf"
	"golang.org/x/net/idna"

	"esasim/esa"
)

const tempError = "TempError"

// words are the results as the appliance writes them.
var words = map[spf.Result]string{
	spf.None: "None", spf.Neutral: "Neutral", spf.Pass: "Pass", spf.Fail: "Fail",
	spf.SoftFail: "SoftFail", spf.TempError: tempError, spf.PermError: "PermError",
}

// spf checks both identities. The null sender stands for the postmaster of the
// HELO name (RFC 7208, section 2.4).
func (c *Checker) spf(ctx context.Context, e Envelope) (helo, mailFrom esa.SPFResult) {
	helo = c.identity(ctx, e, "postmaster@"+e.HELO)
	if e.Sender == "" {
		return helo, helo
	}
	return helo, c.identity(ctx, e, e.Sender)
}

func (c *Checker) identity(ctx context.Context, e Envelope, address string) esa.SPFResult {
	r := esa.SPFResult{Identity: address, Result: words[spf.None]}
	local, name := split(address)
	domain, ok := ascii(name)
	if !ok { // an address literal, say: nobody can have published anything
		return r
	}
	// The library takes what follows the first @ for the domain; a quoted local
	// part may have one, too.
	sender := strings.ReplaceAll(local, "@", "_") + "@" + domain
	result, _ := spf.CheckHostWithSender(net.IP(e.Remote.AsSlice()), e.HELO, sender,
		spf.WithContext(ctx), spf.WithResolver(c.o.Resolver))
	r.Result = words[result]
	return r
}

// split cuts an address at its last @.
func split(address string) (local, domain string) {
	i := strings.LastIndexByte(address, '@')
	return address[:max(i, 0)], address[i+1:]
}

// ascii is a domain name as the DNS knows it, in lower case; not ok if it can be
// none.
func ascii(name string) (domain string, ok bool) {
	domain, err := idna.Punycode.ToASCII(strings.ToLower(strings.TrimSuffix(name, ".")))
	if err != nil || domain == "" || len(domain) > 253 {
		return "", false
	}
	for label := range strings.SplitSeq(domain, ".") {
		if label == "" || len(label) > 63 || strings.ContainsFunc(label, notInNames) {
			return "", false
		}
	}
	return domain, true
}

func notInNames(r rune) bool {
	return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' && r != '_'
}

// Package auth checks who sent a message: SPF of the HELO name and the envelope
// sender, DKIM of all signatures, DMARC of the From header. The results are
// computed from what a resolver says of the domains; the resolver is handed in,
// and nothing else is asked.
//
// A message is written to a [Check] while it is received. Of one without
// signature only the header passes through here; a signed one is verified as it
// streams by, so memory does not grow with either.
package auth

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"esasim/esa"
)

// Resolver answers questions to the DNS as a [net.Resolver] does. Its errors
// must be *net.DNSError, not wrapped.
type Resolver interface {
	LookupTXT(ctx context.Context, name string) ([]string, error)
	LookupMX(ctx context.Context, name string) ([]*net.MX, error)
	LookupIPAddr(ctx context.Context, host string) ([]net.IPAddr, error)
	LookupAddr(ctx context.Context, addr string) ([]string, error)
}

// Options of a checker.
type Options struct {
	Resolver Resolver
	// SPFReject and SPFRejectHELO are the results of SPF, "Fail" say, for which a
	// message is refused: of the envelope sender and of the HELO name.
	SPFReject, SPFRejectHELO []string
	// DMARCReject is what is done with a message that fails when its domain's
	// policy is reject: none, quarantine or reject. DMARCQuarantine is the same of
	// the policy quarantine: none or quarantine. Empty is none.
	DMARCReject, DMARCQuarantine string
}

// timeout is how long the look-ups of SPF and DMARC may take, and that of a key for
// DKIM (AsyncOS user guide, mail flow policies: 40 seconds).
const timeout = 40 * time.Second

// Checker checks messages. Sessions may share it.
type Checker struct{ o Options }

// New makes a checker. The error names the option.
func New(o Options) (*Checker, error) {
	for _, l := range [...]struct {
		name  string
		words []string
	}{{"spf_reject", o.SPFReject}, {"spf_reject_helo", o.SPFRejectHELO}} {
		for _, w := range l.words {
			if !slices.Contains(refusable, w) {
				return nil, fmt.Errorf("%s: %q: want %s", l.name, w, strings.Join(refusable, ", "))
			}
		}
	}
	if a := o.DMARCReject; a != "" && !slices.Contains([]string{none, quarantine, reject}, a) {
		return nil, fmt.Errorf("dmarc_reject: %q: want none, quarantine or reject", a)
	}
	if a := o.DMARCQuarantine; a != "" && a != none && a != quarantine {
		return nil, fmt.Errorf("dmarc_quarantine: %q: want none or quarantine", a)
	}
	return &Checker{o}, nil
}

// refusable are the results of SPF for which a message can be refused.
var refusable = []string{"None", "Neutral", "SoftFail", "Fail", tempError, "PermError"}

// Actions of DMARC.
const (
	none       = "none"
	quarantine = "quarantine"
	reject     = "reject"
)

// Envelope is what is known of a message before its content.
type Envelope struct {
	Remote netip.Addr // the client's
	HELO   string     // the name it gave
	Sender string     // MAIL FROM; empty: the null sender
}

// Refusal is why a message is not taken.
type Refusal uint8

// The refusals.
const (
	Taken           Refusal = iota
	SPFUnauthorized         // a result of SPF that the options refuse
	SPFTemporary            // the same for TempError: the client shall come again
	DMARCFailed             // the action of DMARC is reject
)

// Refuses decides about a message with these results.
func (c *Checker) Refuses(a *esa.Authentication) Refusal {
	why := Taken
	for _, s := range [...]struct {
		result string
		listed []string
	}{{a.HELO.Result, c.o.SPFRejectHELO}, {a.MailFrom.Result, c.o.SPFReject}} {
		switch {
		case !slices.Contains(s.listed, s.result):
		case s.result != tempError:
			return SPFUnauthorized
		default:
			why = SPFTemporary
		}
	}
	if why == Taken && a.DMARC.Action == reject {
		why = DMARCFailed
	}
	return why
}

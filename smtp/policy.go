package smtp

import (
	"fmt"
	"slices"
)

// The access rules of mail flow policies. Source: AsyncOS user guide, "Mail
// Flow Policies".
const (
	Accept    = "ACCEPT"
	Relay     = "RELAY"
	Reject    = "REJECT"
	TCPRefuse = "TCPREFUSE"
	Continue  = "CONTINUE" // the group decides nothing, the table is looked through further
)

// What a mail flow policy says of STARTTLS.
const (
	TLSOff       = "off"       // not offered
	TLSPreferred = "preferred" // offered; also the meaning of ""
	TLSRequired  = "required"  // MAIL is refused without
)

// What a mail flow policy says of AUTH.
const (
	AuthOff       = "off"       // not available; also the meaning of ""
	AuthPreferred = "preferred" // available
	AuthRequired  = "required"  // MAIL is refused without
)

// Policy is a mail flow policy: what the senders of a group may do. A limit of
// 0 is none, where not said otherwise.
type Policy struct {
	Name                 string
	Rule                 string
	TLS                  string
	Auth                 string
	AuthOnlyTLS          bool  // AUTH is not available in clear
	MaxMessages          int   // of one connection
	MaxRecipients        int   // of one message; 0: the listener's limit
	MaxRecipientsPerHour int   // of one remote address
	MaxMessageSize       int64 // octets; 0: the listener's limit
	MaxConnections       int   // of one remote address at a time
	MaxInvalid           int   // recipients of one remote address in an hour that the RAT rejects (directory harvest attack prevention)
	DropInvalid          bool  // a connection with more than that is ended
}

func (p *Policy) check() error {
	if rules := []string{Accept, Relay, Reject, TCPRefuse, Continue}; !slices.Contains(rules, p.Rule) {
		return fmt.Errorf("mail flow policy %s: rule %q: want ACCEPT, RELAY, REJECT, TCPREFUSE or CONTINUE", p.Name, p.Rule)
	}
	if !slices.Contains([]string{"", TLSOff, TLSPreferred, TLSRequired}, p.TLS) {
		return fmt.Errorf("mail flow policy %s: tls %q: want off, preferred or required", p.Name, p.TLS)
	}
	if !slices.Contains([]string{"", AuthOff, AuthPreferred, AuthRequired}, p.Auth) {
		return fmt.Errorf("mail flow policy %s: auth %q: want off, preferred or required", p.Name, p.Auth)
	}
	if p.MaxInvalid < 0 || p.MaxMessages < 0 || p.MaxRecipients < 0 || p.MaxRecipientsPerHour < 0 || p.MaxMessageSize < 0 || p.MaxConnections < 0 {
		return fmt.Errorf("mail flow policy %s: a limit is negative; 0 is none", p.Name)
	}
	return nil
}

// lastPolicy is the policy of the table's implied last row, if there is one of
// this name.
const lastPolicy = "$ACCEPTED"

// Policies are mail flow policies by name.
type Policies map[string]*Policy

// NewPolicies checks the policies.
func NewPolicies(list []Policy) (Policies, error) {
	out := make(Policies, len(list)+1)
	for i := range list {
		p := list[i]
		if err := p.check(); err != nil {
			return nil, err
		}
		if out[p.Name] != nil {
			return nil, fmt.Errorf("mail flow policy %s: there are two of this name", p.Name)
		}
		out[p.Name] = &p
	}
	if out[lastPolicy] == nil {
		out[lastPolicy] = &Policy{Name: lastPolicy, Rule: Accept}
	}
	if out[lastPolicy].Rule == Continue {
		return nil, fmt.Errorf("mail flow policy %s: rule CONTINUE: it is also that of the table's last row", lastPolicy)
	}
	return out, nil
}

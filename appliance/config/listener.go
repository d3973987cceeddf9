package config

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"
)

// Listener are the limits of a listener. Their defaults are those of the
// policy $ACCEPTED (AsyncOS user guide, "Default mail flow policies"), apart
// from the connections, which a lab may need more of.
type Listener struct {
	Interface      string        `yaml:"interface"`        // its name in the logs
	MaxMessageSize Size          `yaml:"max_message_size"` // with its header
	MaxRecipients  int           `yaml:"max_recipients"`   // of a message
	MaxHeaderLines int           `yaml:"max_header_lines"` // of a message
	MaxHops        int           `yaml:"max_hops"`         // Received fields of a message: more of them are a loop
	MaxConnections int           `yaml:"max_connections"`  // at a time, of all hosts
	IdleTimeout    time.Duration `yaml:"idle_timeout"`     // for how long a client may be silent
	// DelayedRejection gives those whom a policy rejects a banner, and rejects
	// each recipient; so the logs tell who wanted to write to whom.
	DelayedRejection bool `yaml:"delayed_rejection"`
	// DefaultDomain is that of addresses without one, which are refused if it is empty.
	DefaultDomain string `yaml:"default_domain"`
	// TLS is starttls, implicit (SMTPS: the client begins with it), or off.
	TLS string `yaml:"tls"`
	// XCLIENT are addresses and CIDR ranges that may say they are another client,
	// Proxies those that must, by the PROXY protocol.
	XCLIENT []string `yaml:"xclient"`
	Proxies []string `yaml:"proxies"`
}

// The types of listeners, and how they do TLS.
const (
	Public      = "public"
	Private     = "private"
	TLSStart    = "starttls"
	TLSImplicit = "implicit"
	TLSOff      = "off"
)

// MoreListener is a listener beside the first one.
type MoreListener struct {
	Listener `yaml:",inline"`
	Address  string `yaml:"address"` // host:port
	// Type is public or private. A private one takes mail for everybody, from those
	// whom its HAT allows to.
	Type string `yaml:"type"`
	// SenderGroups and Recipients are its HAT and, of a public one, its RAT. Without
	// them a public one has those of the first listener, a private one has RELAYLIST
	// with nobody in it.
	SenderGroups []SenderGroup `yaml:"sender_groups"`
	Recipients   []Recipient   `yaml:"recipients"`
	// Place is how the names of its keys begin in errors, below appliance; [Appliance.Every]
	// fills it.
	Place string `yaml:"-"`
}

// NewListener is a listener with the settings from the factory.
func NewListener(name, kind, address string) MoreListener {
	return MoreListener{Listener: defaultListener(name), Type: kind, Address: address}
}

func defaultListener(name string) Listener {
	return Listener{
		Interface: name, MaxMessageSize: 100 << 20, MaxRecipients: 1000, MaxHeaderLines: 1000, MaxHops: 100,
		MaxConnections: 1000, IdleTimeout: 5 * time.Minute, TLS: TLSStart,
	}
}

// UnmarshalYAML has what the file does not name at the values of the factory.
func (l *MoreListener) UnmarshalYAML(decode func(any) error) error {
	type plain MoreListener
	p := plain(NewListener("", "", ""))
	err := decode(&p)
	*l = MoreListener(p)
	return err
}

// AllListeners limits all listeners together. Source: AsyncOS, "listenerconfig >
// setup".
type AllListeners struct {
	MaxConnections    int           `yaml:"max_connections"`     // at a time
	MaxTLSConnections int           `yaml:"max_tls_connections"` // of them with TLS
	TotalTime         time.Duration `yaml:"total_time"`          // of a connection
}

// SMTPAuth are those who may authenticate by AUTH, where their mail flow policy has
// it.
type SMTPAuth struct {
	Profile string     `yaml:"profile"` // its name in the logs
	Users   []SMTPUser `yaml:"users"`
}

// SMTPUser is who may authenticate.
type SMTPUser struct {
	Name       string `yaml:"name"`       // that AUTH gives
	Passphrase string `yaml:"passphrase"` // that goes with it
}

// DomainReputation is Sender Domain Reputation. The real appliance asks a service.
type DomainReputation struct {
	Query   bool     `yaml:"query"`   // true: it is asked about incoming mail
	Domains []Domain `yaml:"domains"` // what it thinks of them; of others Neutral
	Reject  []string `yaml:"reject"`  // verdicts for which mail is refused
}

// Domain is what is thought of a domain; see the Domain of package smtp.
type Domain struct {
	Name    string `yaml:"domain"`   // example.com, .example.com for all below it, or ALL
	Verdict string `yaml:"verdict"`  // how good it is, from Awful to Good
	Threat  string `yaml:"threat"`   // the threat category, as in Spam; empty: none
	Age     int    `yaml:"age_days"` // how old it is; 0: not known
}

// Every gives all listeners, the first one first, with the tables that each has.
// The first one has no address here.
func (a *Appliance) Every() []MoreListener {
	out := []MoreListener{{Listener: a.Listener, Type: Public, SenderGroups: a.SenderGroups, Recipients: a.Recipients}}
	for i, l := range a.Listeners {
		l.Place = fmt.Sprintf("listeners[%d].", i)
		if l.SenderGroups == nil {
			l.SenderGroups = a.SenderGroups
			if l.Type == Private {
				l.SenderGroups = privateGroups()
			}
		}
		if l.Recipients == nil && l.Type == Public {
			l.Recipients = a.Recipients
		}
		out = append(out, l)
	}
	return out
}

// Key is the full name of a key of this listener, for errors. The tables of the
// first listener stand beside it.
func (l *MoreListener) Key(name string) string {
	if table, _, _ := strings.Cut(name, "["); l.Place == "" && table != "sender_groups" && table != "recipients" {
		name = "listener." + name
	}
	return "appliance." + l.Place + name
}

// PolicyOf is the mail flow policy that a sender group of a listener has, which the
// work queue asks whether to scan; nil if there is none of this name.
func (a *Appliance) PolicyOf(listener, group string) *MailFlowPolicy {
	for _, l := range a.Every() {
		if l.Interface != listener {
			continue
		}
		name := "$ACCEPTED" // of those whom no group has
		for _, g := range l.SenderGroups {
			if g.Name == group || g.Name == "ALL" && group == "None" {
				name = g.Policy
				break
			}
		}
		for i := range a.Policies {
			if a.Policies[i].Name == name {
				return &a.Policies[i]
			}
		}
	}
	return nil
}

const nameChars = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-."

func (a *Appliance) checkListeners() error {
	var errs []error
	seen := map[string]bool{}
	for i, l := range a.Every() {
		bad := func(key, format string, args ...any) {
			errs = append(errs, fmt.Errorf(l.Key(key)+": "+format, args...))
		}
		for _, p := range []struct {
			key string
			n   int64
		}{{"max_message_size", int64(l.MaxMessageSize)}, {"max_recipients", int64(l.MaxRecipients)}, {"max_header_lines", int64(l.MaxHeaderLines)},
			{"max_hops", int64(l.MaxHops)}, {"max_connections", int64(l.MaxConnections)}, {"idle_timeout", int64(l.IdleTimeout)}} {
			if p.n <= 0 {
				bad(p.key, "must be greater than 0")
			}
		}
		if !slices.Contains([]string{TLSStart, TLSImplicit, TLSOff}, l.TLS) {
			bad("tls", "%q: want starttls, implicit or off", l.TLS)
		}
		if strings.TrimSpace(l.Interface) == "" || seen[l.Interface] {
			bad("interface", "%q: want a name that no other listener has", l.Interface)
		}
		seen[l.Interface] = true
		if l.DefaultDomain != "" && strings.Trim(l.DefaultDomain, nameChars) != "" {
			bad("default_domain", "%q: want a domain such as example.com", l.DefaultDomain)
		}
		for n, g := range l.SenderGroups {
			if key := fmt.Sprintf("sender_groups[%d].name", n); g.Name == "" {
				bad(key, "is missing")
			}
		}
		if i == 0 {
			continue
		}
		if l.Type != Public && l.Type != Private {
			bad("type", "%q: want public or private", l.Type)
		}
		if l.Type == Private && l.Recipients != nil {
			bad("recipients", "a private listener has no Recipient Access Table")
		}
		if _, port, err := net.SplitHostPort(l.Address); err != nil || port == "" {
			bad("address", "%q: want host:port", l.Address)
		}
	}
	return errors.Join(errs...)
}

// checkAll looks at what listeners have in common.
func (a *Appliance) checkAll() error {
	var errs []error
	for _, p := range []struct {
		key string
		n   int64
	}{{"max_connections", int64(a.All.MaxConnections)}, {"max_tls_connections", int64(a.All.MaxTLSConnections)}, {"total_time", int64(a.All.TotalTime)}} {
		if p.n <= 0 {
			errs = append(errs, fmt.Errorf("appliance.all_listeners.%s: must be greater than 0", p.key))
		}
	}
	return errors.Join(errs...)
}

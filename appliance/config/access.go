package config

import (
	"errors"
	"fmt"
)

// Sender is what is known of some addresses that connect: what DNS, the
// reputation service and geolocation would say. The most specific entry wins;
// of an address without an entry nothing is known.
type Sender struct {
	Address    string `yaml:"address"`    // an IP address or a CIDR range
	Host       string `yaml:"host"`       // its name by reverse DNS
	Unverified bool   `yaml:"unverified"` // the name does not lead back to the address
	SBRS       string `yaml:"sbrs"`       // -10.0 to 10.0, none, rfc1918, unable to retrieve, or not enabled
	Country    string `yaml:"country"`    // empty: not enabled
}

// MailFlowPolicy says what the senders of a group may do. A limit of 0 is none,
// or where the listener has one, that.
type MailFlowPolicy struct {
	Name                 string `yaml:"name"`                    // as sender groups have it: "$ACCEPTED"
	Rule                 string `yaml:"rule"`                    // ACCEPT, RELAY, REJECT, TCPREFUSE or CONTINUE
	TLS                  string `yaml:"tls"`                     // off, preferred (the default) or required
	MaxMessages          int    `yaml:"max_messages"`            // of one connection
	MaxRecipients        int    `yaml:"max_recipients"`          // of one message
	MaxRecipientsPerHour int    `yaml:"max_recipients_per_hour"` // of one remote address
	MaxMessageSize       Size   `yaml:"max_message_size"`        // with its header
	MaxConnections       int    `yaml:"max_connections"`         // of one remote address at a time
	Auth                 string `yaml:"auth"`                    // off (the default), preferred or required
	AuthOnlyTLS          bool   `yaml:"auth_requires_tls"`       // AUTH is offered on encrypted connections only
	// DHAPLimit is how many recipients of one remote address the RAT rejects in an
	// hour before its words are "Too many invalid recipients"; with DHAPDrop the
	// connection is ended then (directory harvest attack prevention).
	DHAPLimit int  `yaml:"dhap_limit"`
	DHAPDrop  bool `yaml:"dhap_drop"`
	// SpamCheck and VirusCheck say whether the work queue looks at the mail: on (the
	// default) or off.
	SpamCheck  string `yaml:"spam_check"`
	VirusCheck string `yaml:"virus_check"`
}

// SenderGroup is one row of the HAT.
type SenderGroup struct {
	Name   string `yaml:"name"`   // as the logs have it
	Policy string `yaml:"policy"` // the name of a mail flow policy
	// Members are ALL, addresses, CIDR ranges, 10.0.0.1-10.0.0.20, 10.1.1., host
	// names, .example.com, sbrs[-10.0:-3.0], sbrs[none] or country[Netherlands].
	Members []string `yaml:"members"`
}

// Recipient is one row of the RAT. In the file a row may be its address alone.
type Recipient struct {
	Address string `yaml:"address"`            // ALL, example.com, .example.com, user@example.com or user@
	Access  string `yaml:"access"`             // accept (the default) or reject
	Reply   string `yaml:"reply"`              // to those rejected, with its code: "550 no such user"
	Bypass  bool   `yaml:"bypass_rate_limits"` // max_recipients_per_hour does not count here
}

// Abbreviates names the key that a row may be alone.
func (Recipient) Abbreviates() string { return "address" }

// UnmarshalYAML reads a row, or an address alone. In this form, with a function,
// the decoder stays as strict as it is.
func (r *Recipient) UnmarshalYAML(decode func(any) error) error {
	if decode(&r.Address) == nil {
		return nil
	}
	type row Recipient
	return decode((*row)(r))
}

// SenderVerification says which envelope senders are refused. The real appliance
// asks the DNS.
type SenderVerification struct {
	Missing    []string `yaml:"missing"`    // domains that do not exist, written as in the RAT
	Exceptions []string `yaml:"exceptions"` // the Sender Verification Exception Table, likewise
}

// defaultPolicies and defaultGroups are the HAT of a public listener (AsyncOS
// user guide, the moderate score ranges). What $ACCEPTED and $TRUSTED do not
// limit here has the same limit at the listener.
func defaultPolicies() []MailFlowPolicy {
	return []MailFlowPolicy{
		{Name: "$ACCEPTED", Rule: "ACCEPT", MaxMessages: 1000, MaxConnections: 1000},
		{Name: "$THROTTLED", Rule: "ACCEPT", MaxMessages: 10, MaxRecipients: 20, MaxRecipientsPerHour: 20,
			MaxMessageSize: 1 << 20, MaxConnections: 10},
		{Name: "$TRUSTED", Rule: "ACCEPT", MaxMessages: 1000, MaxConnections: 600, SpamCheck: "off"},
		{Name: "$BLOCKED", Rule: "REJECT"},
		{Name: "$RELAYED", Rule: "RELAY", SpamCheck: "off"},
	}
}

func defaultGroups() []SenderGroup {
	return []SenderGroup{
		{"RELAYLIST", "$RELAYED", nil},
		{"WHITELIST", "$TRUSTED", nil},
		{"BLACKLIST", "$BLOCKED", []string{"sbrs[-10.0:-3.0]"}},
		{"SUSPECTLIST", "$THROTTLED", []string{"sbrs[-3.0:-1.0]"}},
		{"UNKNOWNLIST", "$ACCEPTED", []string{"sbrs[-1.0:10.0]", "sbrs[none]"}},
		{"ALL", "$ACCEPTED", nil},
	}
}

// privateGroups is the HAT of a private listener.
func privateGroups() []SenderGroup {
	return []SenderGroup{{"RELAYLIST", "$RELAYED", nil}, {"ALL", "$BLOCKED", nil}}
}

// checkAccess looks for what has no name. What else can be wrong is found by
// those who read the tables.
func (a *Appliance) checkAccess() error {
	var errs []error
	for i, p := range a.Policies {
		if p.Name == "" {
			errs = append(errs, fmt.Errorf("appliance.mail_flow_policies[%d].name: is missing", i))
		}
		for key, value := range map[string]string{"spam_check": p.SpamCheck, "virus_check": p.VirusCheck} {
			if value != "" && value != "on" && value != "off" {
				errs = append(errs, fmt.Errorf("appliance.mail_flow_policies[%d].%s: %q: want on or off", i, key, value))
			}
		}
	}
	return errors.Join(errs...)
}

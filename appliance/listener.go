package appliance

import (
	"fmt"

	"esasim/appliance/config"
	"esasim/smtp"
	"esasim/tracking"
)

func (a *Appliance) newListener() (*smtp.Listener, error) {
	c := &a.o.Config
	o := smtp.Options{
		Interface: c.Listener.Interface, Host: c.Hostname, DelayRejection: c.Listener.DelayedRejection,
		MaxMessage: int64(c.Listener.MaxMessageSize), MaxRecipients: c.Listener.MaxRecipients,
		MaxHeaderLines: c.Listener.MaxHeaderLines, MaxConnections: c.Listener.MaxConnections,
		Idle: c.Listener.IdleTimeout, Log: journal{a.store}, Logger: a.o.Logger,
		Room: tracking.NewRoom(a.o.FS, a.o.Dir, int64(c.Tracking.MinFree), a.o.Logger),
	}
	if err := access(&o, c); err != nil {
		return nil, err
	}
	var err error
	if o.TLS, err = certificate(a.o.FS, a.o.Dir, c.Hostname); err != nil {
		return nil, err
	}
	return smtp.New(o), nil
}

// access gives the listener its tables. An error names the key that is wrong.
func access(o *smtp.Options, c *config.Appliance) (err error) {
	senders := make([]smtp.Sender, len(c.Senders))
	for i, s := range c.Senders {
		senders[i] = smtp.Sender(s)
	}
	if o.Senders, err = smtp.NewSenders(senders); err != nil {
		return fmt.Errorf("appliance.senders: %w", err)
	}
	policies, err := smtp.NewPolicies(mailFlow(c))
	if err != nil {
		return fmt.Errorf("appliance.mail_flow_policies: %w", err)
	}
	groups := make([]smtp.SenderGroup, len(c.SenderGroups))
	for i, g := range c.SenderGroups {
		groups[i] = smtp.SenderGroup(g)
	}
	if o.HAT, err = smtp.NewHAT(groups, policies); err != nil {
		return fmt.Errorf("appliance.sender_groups: %w", err)
	}
	rows := make([]smtp.Recipient, len(c.Recipients))
	for i, r := range c.Recipients {
		rows[i] = smtp.Recipient(r)
	}
	if o.RAT, err = smtp.NewRAT(rows); err != nil {
		return fmt.Errorf("appliance.recipients: %w", err)
	}
	if o.Verification, err = smtp.NewVerification(c.Verification.Missing, c.Verification.Exceptions); err != nil {
		return fmt.Errorf("appliance.sender_verification.%w", err)
	}
	if o.Auth, err = c.Authentication.Checker(); err != nil {
		return err
	}
	if o.XCLIENT, err = smtp.NewNetworks(c.Listener.XCLIENT); err != nil {
		return fmt.Errorf("appliance.listener.xclient: %w", err)
	}
	return nil
}

func mailFlow(c *config.Appliance) []smtp.Policy {
	policies := make([]smtp.Policy, len(c.Policies))
	for i, p := range c.Policies {
		policies[i] = smtp.Policy{
			Name: p.Name, Rule: p.Rule, TLS: p.TLS, MaxMessages: p.MaxMessages, MaxRecipients: p.MaxRecipients,
			MaxRecipientsPerHour: p.MaxRecipientsPerHour, MaxMessageSize: int64(p.MaxMessageSize), MaxConnections: p.MaxConnections,
		}
	}
	return policies
}

package appliance

import (
	"fmt"

	"esasim/appliance/config"
	"esasim/smtp"
	"esasim/tracking"
)

// commonOptions are what listeners have from the start to the end.
func (a *Appliance) commonOptions(c *config.Appliance) (o smtp.Options, err error) {
	o = smtp.Options{
		Host: c.Hostname, Log: journal{a.store}, Logger: a.o.Logger,
		Room:   tracking.NewRoom(a.o.FS, a.o.Dir, int64(c.Tracking.MinFree), a.o.Logger),
		Shared: smtp.NewShared(c.All.MaxConnections, c.All.MaxTLSConnections),
	}
	o.TLS, err = certificate(a.o.FS, a.o.Dir, c.Hostname)
	return o, err
}

// listenerOptions are those of the listeners, in the order of the configuration.
func (a *Appliance) listenerOptions(c *config.Appliance) (out []smtp.Options, err error) {
	common := a.common
	common.MaxTime, common.NoSubjects = c.All.TotalTime, !c.LogSubjects
	if err := tables(&common, c); err != nil {
		return nil, err
	}
	policies, err := smtp.NewPolicies(mailFlow(c))
	if err != nil {
		return nil, fmt.Errorf("appliance.mail_flow_policies: %w", err)
	}
	for _, l := range c.Every() {
		o := common
		limits(&o, &l)
		if err := access(&o, &l, policies); err != nil {
			return nil, err
		}
		out = append(out, o)
	}
	return out, nil
}

// tables gives what all listeners know. An error names the key that is wrong.
func tables(o *smtp.Options, c *config.Appliance) (err error) {
	if o.Senders, err = smtp.NewSenders(each(c.Senders, func(s config.Sender) smtp.Sender { return smtp.Sender(s) })); err != nil {
		return fmt.Errorf("appliance.senders: %w", err)
	}
	if o.Verification, err = smtp.NewVerification(c.Verification.Missing, c.Verification.Exceptions); err != nil {
		return fmt.Errorf("appliance.sender_verification.%w", err)
	}
	if o.Auth, err = c.Authentication.Checker(); err != nil {
		return err
	}
	if o.Users, err = smtp.NewUsers(c.SMTPAuth.Profile, each(c.SMTPAuth.Users, func(v config.SMTPUser) smtp.User { return smtp.User(v) })); err != nil {
		return fmt.Errorf("appliance.smtp_auth.%w", err)
	}
	sdr, err := smtp.NewSDR(each(c.Reputation.Domains, func(v config.Domain) smtp.Domain { return smtp.Domain(v) }), c.Reputation.Reject)
	if err != nil {
		return fmt.Errorf("appliance.sender_domain_reputation.%w", err)
	}
	if c.Reputation.Query {
		o.SDR = sdr
	}
	return nil
}

// limits gives a listener what it has of its own.
func limits(o *smtp.Options, l *config.MoreListener) {
	o.Interface, o.Private, o.DelayRejection = l.Interface, l.Type == config.Private, l.DelayedRejection
	o.MaxMessage, o.MaxRecipients, o.MaxHeaderLines = int64(l.MaxMessageSize), l.MaxRecipients, l.MaxHeaderLines
	o.MaxConnections, o.MaxHops, o.Idle = l.MaxConnections, l.MaxHops, l.IdleTimeout
	o.DefaultDomain = l.DefaultDomain
	o.ImplicitTLS = l.TLS == config.TLSImplicit
	if l.TLS == config.TLSOff {
		o.TLS = nil
	}
}

// access gives a listener its tables. An error names the key that is wrong.
func access(o *smtp.Options, l *config.MoreListener, policies smtp.Policies) (err error) {
	if o.HAT, err = smtp.NewHAT(each(l.SenderGroups, func(v config.SenderGroup) smtp.SenderGroup { return smtp.SenderGroup(v) }), policies); err != nil {
		return fmt.Errorf("%s: %w", l.Key("sender_groups"), err)
	}
	if o.RAT, err = smtp.NewRAT(each(l.Recipients, func(v config.Recipient) smtp.Recipient { return smtp.Recipient(v) })); err != nil {
		return fmt.Errorf("%s: %w", l.Key("recipients"), err)
	}
	if o.XCLIENT, err = smtp.NewNetworks(l.XCLIENT); err != nil {
		return fmt.Errorf("%s: %w", l.Key("xclient"), err)
	}
	if o.Proxies, err = smtp.NewNetworks(l.Proxies); err != nil {
		return fmt.Errorf("%s: %w", l.Key("proxies"), err)
	}
	return nil
}

func mailFlow(c *config.Appliance) []smtp.Policy {
	policies := make([]smtp.Policy, len(c.Policies))
	for i, p := range c.Policies {
		policies[i] = smtp.Policy{
			Name: p.Name, Rule: p.Rule, TLS: p.TLS, MaxMessages: p.MaxMessages, MaxRecipients: p.MaxRecipients,
			MaxRecipientsPerHour: p.MaxRecipientsPerHour, MaxMessageSize: int64(p.MaxMessageSize), MaxConnections: p.MaxConnections,
			Auth: p.Auth, AuthOnlyTLS: p.AuthOnlyTLS, MaxInvalid: p.DHAPLimit, DropInvalid: p.DHAPDrop,
		}
	}
	return policies
}

// each gives the entries of a table to package smtp.
func each[A, B any](list []A, to func(A) B) []B {
	out := make([]B, len(list))
	for i := range list {
		out[i] = to(list[i])
	}
	return out
}

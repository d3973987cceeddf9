package appliance

import (
	"errors"
	"fmt"
	"strings"

	"esasim/appliance/config"
	"esasim/smtp"
)

// Check says all that is wrong with a configuration, its tables included. Every
// fault begins with its key, "appliance.sender_groups[2]: ...".
func Check(c *config.Appliance) error {
	errs := []error{c.Check()}
	found := faultyRows(c)
	if errs = append(errs, found...); len(found) == 0 {
		errs = append(errs, tryTables(c)) // what rows have against each other
	}
	return errors.Join(errs...)
}

// tryTables makes the listeners' tables, and says the first thing that is wrong.
func tryTables(c *config.Appliance) error {
	var o smtp.Options
	if err := tables(&o, c); err != nil {
		return err
	}
	policies, err := smtp.NewPolicies(mailFlow(c))
	if err != nil {
		return fmt.Errorf("appliance.mail_flow_policies: %w", err)
	}
	for _, l := range c.Every() {
		if err := access(&o, &l, policies); err != nil {
			return err
		}
	}
	return nil
}

// faultyRows tries each row in a configuration that is the factory's apart from it.
// Rows that name others are tried when those are right.
func faultyRows(c *config.Appliance) []error {
	t := trial{}
	t.each("appliance.senders", len(c.Senders), func(a *config.Appliance, i int) { a.Senders = c.Senders[i : i+1] })
	before := len(t.errs)
	t.each("appliance.mail_flow_policies", len(c.Policies), func(a *config.Appliance, i int) {
		a.Policies, a.SenderGroups = c.Policies[i:i+1], nil
	})
	rightPolicies := len(t.errs) == before
	if rightPolicies {
		t.groups(groupTable{"appliance.sender_groups", "appliance.sender_groups", c.SenderGroups, func(a *config.Appliance, list []config.SenderGroup) {
			a.Policies, a.SenderGroups = c.Policies, list
		}})
	}
	t.each("appliance.recipients", len(c.Recipients), func(a *config.Appliance, i int) { a.Recipients = c.Recipients[i : i+1] })
	missing, exceptions := c.Verification.Missing, c.Verification.Exceptions
	t.each("appliance.sender_verification.missing", len(missing), func(a *config.Appliance, i int) { a.Verification.Missing = missing[i : i+1] })
	t.each("appliance.sender_verification.exceptions", len(exceptions), func(a *config.Appliance, i int) {
		a.Verification.Exceptions = exceptions[i : i+1]
	})
	users, domains, proxies := c.SMTPAuth.Users, c.Reputation.Domains, c.Listener.Proxies
	t.each("appliance.smtp_auth.users", len(users), func(a *config.Appliance, i int) { a.SMTPAuth.Users = users[i : i+1] })
	t.each("appliance.sender_domain_reputation.domains", len(domains), func(a *config.Appliance, i int) { a.Reputation.Domains = domains[i : i+1] })
	t.each("appliance.listener.proxies", len(proxies), func(a *config.Appliance, i int) { a.Listener.Proxies = proxies[i : i+1] })
	xclient := c.Listener.XCLIENT
	t.each("appliance.listener.xclient", len(xclient), func(a *config.Appliance, i int) { a.Listener.XCLIENT = xclient[i : i+1] })
	for i := range c.Listeners {
		t.listener(c, i, rightPolicies)
	}
	return t.errs
}

// listener tries the rows of the tables that a listener has of its own. In the trial
// it is the only one beside the first.
func (t *trial) listener(c *config.Appliance, i int, rightPolicies bool) {
	l := &c.Listeners[i]
	row, table := fmt.Sprintf("appliance.listeners[%d].", i), "appliance.listeners[0]."
	only := func(a *config.Appliance, set func(*config.MoreListener)) {
		one := config.NewListener(l.Interface, l.Type, l.Address)
		set(&one)
		a.Listeners = []config.MoreListener{one}
	}
	rows := func(name string, n int, set func(l *config.MoreListener, j int)) {
		for j := range n {
			t.try(fmt.Sprintf("%s%s[%d]", row, name, j), table+name, func(a *config.Appliance, j int) {
				only(a, func(one *config.MoreListener) { set(one, j) })
			}, j)
		}
	}
	rows("recipients", len(l.Recipients), func(one *config.MoreListener, j int) { one.Recipients = l.Recipients[j : j+1] })
	rows("xclient", len(l.XCLIENT), func(one *config.MoreListener, j int) { one.XCLIENT = l.XCLIENT[j : j+1] })
	rows("proxies", len(l.Proxies), func(one *config.MoreListener, j int) { one.Proxies = l.Proxies[j : j+1] })
	if rightPolicies {
		t.groups(groupTable{row + "sender_groups", table + "sender_groups", l.SenderGroups, func(a *config.Appliance, list []config.SenderGroup) {
			a.Policies, a.SenderGroups = c.Policies, nil
			only(a, func(one *config.MoreListener) { one.SenderGroups = list })
		}})
	}
}

// groupTable is a Host Access Table to try: its key, its key in the trial, its rows,
// and how some of them get into the trial.
type groupTable struct {
	row, table string
	list       []config.SenderGroup
	set        func(a *config.Appliance, list []config.SenderGroup)
}

// groups are tried member by member, then as they are.
func (t *trial) groups(in groupTable) {
	for i, g := range in.list {
		before, key := len(t.errs), fmt.Sprintf("%s[%d]", in.row, i)
		with := func(members []string) func(*config.Appliance, int) {
			return func(a *config.Appliance, j int) {
				one := g
				if one.Members = members; members != nil {
					one.Members = members[j : j+1]
				}
				in.set(a, []config.SenderGroup{one})
			}
		}
		t.try(key, in.table, with(nil), 0)
		for j := range g.Members {
			if len(t.errs) == before {
				t.try(fmt.Sprintf("%s.members[%d]", key, j), in.table, with(g.Members), j)
			}
		}
	}
}

// trial gathers the faults of rows.
type trial struct{ errs []error }

func (t *trial) each(key string, n int, set func(*config.Appliance, int)) {
	for i := range n {
		t.try(fmt.Sprintf("%s[%d]", key, i), key, set, i)
	}
}

// try notes what is wrong with the factory's configuration once it has a row. The
// fault names the table; it is given the row's key instead.
func (t *trial) try(row, table string, set func(*config.Appliance, int), i int) {
	a := config.Default()
	set(&a, i)
	if err := tryTables(&a); err != nil {
		if rest, ok := strings.CutPrefix(err.Error(), table+"[0]"); ok { // it knows the row, and the key in it
			t.errs = append(t.errs, fmt.Errorf("%s%s", row, rest))
			return
		}
		t.errs = append(t.errs, fmt.Errorf("%s: %s", row, strings.TrimPrefix(err.Error(), table+": ")))
	}
}

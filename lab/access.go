package lab

import (
	"cmp"
	"errors"
	"fmt"

	"esasim/appliance/config"
	"esasim/cloud"
	"esasim/cloud/ctr"
)

// APIUser is somebody of the organisation; API clients act for one.
type APIUser struct {
	Name     string `yaml:"name"`     // as whoami has it
	Email    string `yaml:"email"`    // the address, which tells users apart
	Role     string `yaml:"role"`     // admin may everything; user may change nothing of the organisation
	Disabled bool   `yaml:"disabled"` // true: the clients of this user get no tokens
}

// APIClient is a program that may ask for access tokens.
type APIClient struct {
	ID          string   `yaml:"id"`          // as programs send it; the real ones are client-UUID
	Password    string   `yaml:"password"`    // as programs send it
	Name        string   `yaml:"name"`        // what the client is called; empty: its id
	Description string   `yaml:"description"` // what it is for
	Scopes      []string `yaml:"scopes"`      // what it may do: enrich is all below enrich, enrich:read only reads; empty: nothing
	User        string   `yaml:"user"`        // address of the user for whom it acts; empty: the first administrator
}

// organisation is the name of a region's organisation.
func (t *ThreatResponse) organisation(region string) string {
	return cmp.Or(t.Organisations[region], organisation)
}

// access is what the regions' clouds are told.
func (c *Config) access() ctr.Access {
	t := c.ThreatResponse
	a := ctr.Access{OrgLimit: t.RateLimit, Remaining: c.Profile == config.XDR2025, InvalidJWT: t.InvalidJWT, Users: t.users()}
	for _, each := range t.Clients {
		a.Clients = append(a.Clients, each.client())
	}
	return a
}

func (t *ThreatResponse) users() []ctr.User {
	var out []ctr.User
	for _, u := range t.Users {
		out = append(out, ctr.User{Name: cmp.Or(u.Name, u.Email), Email: u.Email, Role: u.role(), Disabled: u.Disabled})
	}
	return out
}

func (u APIUser) role() string { return cmp.Or(u.Role, ctr.Ordinary) }

func (c APIClient) client() ctr.Client {
	return ctr.Client{ID: c.ID, Password: c.Password, Name: cmp.Or(c.Name, c.ID), Description: c.Description, Scopes: c.Scopes, UserID: c.User}
}

func (t *ThreatResponse) checkAccess() error {
	var errs []error
	for region := range t.Organisations {
		if cloud.Hosts(region) == nil {
			errs = append(errs, fmt.Errorf("threat_response.organisations.%s: unknown region: want %s, %s or %s", region, Americas, Europe, Asia))
		}
	}
	if t.RateLimit < 0 || t.RateLimit > ctr.MaxOrgLimit {
		errs = append(errs, fmt.Errorf("threat_response.rate_limit: %d: want 0 to %d", t.RateLimit, ctr.MaxOrgLimit))
	}
	for _, err := range ctr.CheckUsers(t.users()) {
		errs = append(errs, fmt.Errorf("threat_response.users%w", err))
	}
	return errors.Join(append(errs, t.checkClients()...)...)
}

func (t *ThreatResponse) checkClients() (errs []error) {
	seen, users := map[string]bool{}, map[string]bool{"": true}
	for _, u := range t.Users {
		users[u.Email] = true
	}
	for i, c := range t.Clients {
		at := fmt.Sprintf("threat_response.clients[%d].", i)
		if err := ctr.CheckClient(c.client()); err != nil {
			errs = append(errs, fmt.Errorf("%s%w", at, err))
		}
		if seen[c.ID] {
			errs = append(errs, fmt.Errorf("%sid: %q is there twice", at, c.ID))
		}
		if !users[c.User] {
			errs = append(errs, fmt.Errorf("%suser: there is no user %q", at, c.User))
		}
		seen[c.ID] = true
	}
	return errs
}

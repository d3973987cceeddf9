package lab

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"

	"esasim/appliance/users"
	"esasim/internal/group"
	"esasim/internal/web"
)

// listenAPI opens the ports of the API alone.
func (l *Lab) listenAPI() (err error) {
	c := &l.o.Config
	if c.API != "" {
		if l.api, err = l.port("api", c.API); err != nil {
			return err
		}
	}
	if c.APITLS != "" {
		l.apiTLS, err = l.port("api_tls", c.APITLS)
	}
	return err
}

// serveAPI serves the API alone, by HTTP and by HTTPS with the appliance's certificate.
func (l *Lab) serveAPI(g *group.Group) {
	c := &l.o.Config
	serve := func(name, address string, ln net.Listener) {
		h := web.Guard(web.Recover(l.appliance.API(), l.o.Logger), hosts(address, []string{c.Appliance.Hostname}))
		g.Go(name, func(ctx context.Context) error { return web.Serve(ctx, ln, h, l.o.Logger) })
	}
	if l.api != nil {
		serve("api", c.API, l.api)
	}
	if l.apiTLS != nil {
		serve("api_tls", c.APITLS, tls.NewListener(l.apiTLS, l.appliance.TLS()))
	}
}

// FactoryError says that a face cannot be opened to other machines while a passphrase
// is good that everybody knows.
type FactoryError struct {
	Face    string // as in "console"
	Address string
	Key     string // of the passphrase
	User    string
}

func (e *FactoryError) Error() string {
	return fmt.Sprintf("%s %s: can be reached from other machines, and %s of the user %s is the one that everybody knows: give another one, "+
		"or a passphrase_hash, in the configuration file (--config), or keep to 127.0.0.1", e.Face, e.Address, e.Key, e.User)
}

// closedToOthers is an error for a port that other machines can reach if a user has
// the factory's passphrase. A cloud alone has no users.
func (l *Lab) closedToOthers(face, address string, ln net.Listener) error {
	c := &l.o.Config
	if c.SMTP == "" || !foreign(ln.Addr()) {
		return nil
	}
	for i, u := range c.Appliance.Users {
		if u.Passphrase == users.FactoryPassphrase {
			return errors.Join(&FactoryError{face, address, fmt.Sprintf("appliance.users[%d].passphrase", i), u.Name}, ln.Close())
		}
	}
	return nil
}

// foreign tells whether other machines can reach an address.
func foreign(a net.Addr) bool {
	ap, err := netip.ParseAddrPort(a.String())
	return err == nil && !ap.Addr().Unmap().IsLoopback()
}

package zones

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
)

// Server is a real DNS server.
type Server struct{ resolver *net.Resolver }

// NewServer makes a resolver that asks the server at an address, host:port, and
// no other.
func NewServer(address string) (*Server, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil || host == "" || port == "" {
		return nil, fmt.Errorf("%q: %w", address, errAddress)
	}
	dial := func(ctx context.Context, network, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, network, address)
	}
	return &Server{&net.Resolver{PreferGo: true, Dial: dial}}, nil
}

var errAddress = errors.New("want host:port")

// rooted keeps a name from being looked for below this machine's own domain.
func rooted(name string) string { return strings.TrimSuffix(name, ".") + "." }

// given keeps what [net.Resolver] found out. Where the one who asks gave up,
// nothing is known, which is no fault of the name: that is a temporary error.
func given[T any](ctx context.Context, name string, found T, err error) (T, error) {
	if err != nil && ctx.Err() != nil {
		err = &net.DNSError{Err: "look-up given up", Name: name, IsTimeout: true, IsTemporary: true}
	}
	return found, err
}

// LookupTXT gives the texts of a name.
func (s *Server) LookupTXT(ctx context.Context, name string) ([]string, error) {
	found, err := s.resolver.LookupTXT(ctx, rooted(name))
	return given(ctx, name, found, err)
}

// LookupMX gives the mail exchangers of a name.
func (s *Server) LookupMX(ctx context.Context, name string) ([]*net.MX, error) {
	found, err := s.resolver.LookupMX(ctx, rooted(name))
	return given(ctx, name, found, err)
}

// LookupIPAddr gives the addresses of a name.
func (s *Server) LookupIPAddr(ctx context.Context, name string) ([]net.IPAddr, error) {
	found, err := s.resolver.LookupIPAddr(ctx, rooted(name))
	return given(ctx, name, found, err)
}

// LookupAddr gives the names of an address.
func (s *Server) LookupAddr(ctx context.Context, addr string) ([]string, error) {
	found, err := s.resolver.LookupAddr(ctx, addr)
	return given(ctx, addr, found, err)
}

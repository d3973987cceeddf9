package smtp

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"time"

	"github.com/pires/go-proxyproto"
)

// proxyTime is how long a proxy has to say for whom it speaks.
const proxyTime = 10 * time.Second

// conn has a connection from one of these addresses begin with a header of the PROXY
// protocol, version 1 or 2 (HAProxy, proxy-protocol.txt). It does not read the header,
// which would hold up other clients.
func (n Networks) conn(c net.Conn) net.Conn {
	if len(n) == 0 || !n.has(address(c.RemoteAddr())) {
		return c
	}
	return proxyproto.NewConn(c, proxyproto.WithPolicy(proxyproto.REQUIRE), proxyproto.SetReadHeaderTimeout(proxyTime))
}

// Why a proxy is not listened to.
var (
	errNoProxy  = errors.New("there is no header")
	errBadProxy = errors.New("the header is invalid")
)

// ends are those of a connection: ours, and for a proxy who it speaks for. With an
// error that is the proxy.
func ends(raw net.Conn) (local, remote netip.Addr, err error) {
	p, ok := raw.(*proxyproto.Conn)
	if !ok {
		return address(raw.LocalAddr()), address(raw.RemoteAddr()), nil
	}
	raw = p.Raw()
	remote, err = behind(p, address(raw.RemoteAddr()))
	return address(raw.LocalAddr()), remote, err
}

// behind is who a proxy speaks for.
func behind(p *proxyproto.Conn, proxy netip.Addr) (netip.Addr, error) {
	h := p.ProxyHeader() // reads it
	if h == nil {
		// The header was not taken, so reading gives the reason again.
		if _, err := p.Read(nil); errors.Is(err, proxyproto.ErrNoProxyProtocol) || errors.Is(err, io.EOF) {
			return proxy, errNoProxy
		}
		return proxy, errBadProxy
	}
	if h.Command.IsLocal() { // a look whether we are alive, made by the proxy for itself
		return proxy, nil
	}
	tcp, ok := h.SourceAddr.(*net.TCPAddr)
	if !ok {
		return proxy, errBadProxy // of a protocol that is not TCP, or not said
	}
	a, ok := netip.AddrFromSlice(tcp.IP)
	if !ok {
		return proxy, errBadProxy
	}
	return a.Unmap(), nil
}

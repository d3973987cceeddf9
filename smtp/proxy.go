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

// listen has connections from these addresses begin with a header of the PROXY
// protocol, version 1 or 2 (HAProxy, proxy-protocol.txt).
func (n Networks) listen(l net.Listener) net.Listener {
	if len(n) == 0 {
		return l
	}
	return proxied{l, n}
}

type proxied struct {
	net.Listener
	by Networks
}

// Accept does not read the header, which would hold up other clients.
func (p proxied) Accept() (net.Conn, error) {
	c, err := p.Listener.Accept()
	if err != nil || !p.by.has(address(c.RemoteAddr())) {
		return c, err
	}
	return proxyproto.NewConn(c, proxyproto.WithPolicy(proxyproto.REQUIRE), proxyproto.SetReadHeaderTimeout(proxyTime)), nil
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

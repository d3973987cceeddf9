package lab

import (
	"net"
	"net/netip"

	"esasim/appliance/users"
)

// Addresses say where everything is and how to get in: what the first screen
// shows and --addresses-file writes.
type Addresses struct {
	SMTP              string            `json:"smtp,omitempty"`      // host:port of the first listener
	Listeners         map[string]string `json:"listeners,omitempty"` // host:port of each, by its interface, if there are several
	Console           string            `json:"console,omitempty"`   // URL
	SSH               string            `json:"ssh,omitempty"`       // host:port of the appliance's command line
	API               string            `json:"api,omitempty"`       // URL of the port of the REST API alone
	APITLS            string            `json:"api_tls,omitempty"`   // likewise, by HTTPS
	Cloud             map[string]string `json:"cloud,omitempty"`     // URL of each region
	ConsoleUser       string            `json:"console_user,omitempty"`
	ConsolePassphrase string            `json:"console_passphrase,omitempty"`
	PortalUser        string            `json:"portal_user,omitempty"`
	PortalPassphrase  string            `json:"portal_passphrase,omitempty"`
	ClientID          string            `json:"ctr_client_id,omitempty"`
	ClientPassword    string            `json:"ctr_client_password,omitempty"`
	Serial            string            `json:"serial,omitempty"`
	DeviceID          string            `json:"device_id,omitempty"`
}

// Addresses of the lab. The device id is there once the lab is ready.
func (l *Lab) Addresses() Addresses {
	var a Addresses
	if l.appliance != nil {
		a.SMTP = reachable(l.smtp[0].Addr())
		a.Listeners = l.listenerAddresses()
		a.Console = "http://" + reachable(l.console.Addr())
		if l.ssh != nil {
			a.SSH = reachable(l.ssh.Addr())
		}
		if l.api != nil {
			a.API = "http://" + reachable(l.api.Addr())
		}
		if l.apiTLS != nil {
			a.APITLS = "https://" + reachable(l.apiTLS.Addr())
		}
		a.ConsoleUser, a.ConsolePassphrase = l.administrator()
		a.Serial = l.appliance.Serial()
		a.DeviceID = l.appliance.Link().Status().DeviceID
	}
	if len(l.clouds) > 0 {
		a.Cloud = map[string]string{}
		for region := range l.clouds {
			a.Cloud[region] = l.url(region)
		}
		a.PortalUser, a.PortalPassphrase = "admin", "ironport"
		a.ClientID, a.ClientPassword = l.client.ID, l.client.Password
	}
	return a
}

// administrator is the first user with that role whose passphrase is known; if
// nobody's is, the first one without it.
func (l *Lab) administrator() (name, passphrase string) {
	for _, u := range l.o.Config.Appliance.Users {
		if u.Role == string(users.Administrator) && (name == "" || passphrase == "" && u.Passphrase != "") {
			name, passphrase = u.Name, u.Passphrase
		}
	}
	return name, passphrase
}

// listenerAddresses are where each listener is; nil if there is only one.
func (l *Lab) listenerAddresses() map[string]string {
	if len(l.smtp) < 2 {
		return nil
	}
	out := map[string]string{}
	for i, each := range l.appliance.Listeners() {
		out[each.Interface()] = reachable(l.smtp[i].Addr())
	}
	return out
}

// reachable is an address to connect to: for a port open on all interfaces, the
// loopback one.
func reachable(a net.Addr) string {
	ap, err := netip.ParseAddrPort(a.String())
	if err != nil || !ap.Addr().IsUnspecified() {
		return a.String()
	}
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), ap.Port()).String()
}

// Exposed lists the faces that others than this machine can reach. Pages and the
// emulator's own API have no sign-in yet, so whoever reaches them may do nearly
// everything there.
func (l *Lab) Exposed() []string {
	var out []string
	for _, ln := range l.listeners() {
		if foreign(ln.Addr()) {
			out = append(out, ln.Addr().String())
		}
	}
	return out
}

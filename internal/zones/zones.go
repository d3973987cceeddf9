// Package zones is a table of DNS records that stands in for the DNS, so that
// what depends on other people's records can be tried offline, and always with
// the same outcome. It answers like a [net.Resolver]; [Server] asks a real one.
package zones

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/miekg/dns"
)

// Options of a table.
type Options struct {
	// Records are lines of a zone file (RFC 1035, section 5): a name, perhaps a
	// TTL and IN, one of A, AAAA, MX, PTR and TXT, and the data. Names are absolute
	// with or without the dot at their end, unless a line $ORIGIN says otherwise.
	Records string
	// ServFail and Timeout are names of which, and of all names below, nothing can
	// be found out: the server fails, or does not answer. A time-out is told at
	// once, because a simulated server keeps nobody waiting.
	ServFail, Timeout []string
}

// Table answers from its records alone. Readers may share it.
type Table struct {
	txt   map[string][]string
	mx    map[string][]*net.MX
	addrs map[string][]net.IPAddr
	ptr   map[string][]string
	fails map[string]net.DNSError // by name: how its look-ups fail
}

// New reads a table. The error names the line and what is wrong with it.
func New(o Options) (*Table, error) {
	t := &Table{txt: map[string][]string{}, mx: map[string][]*net.MX{}, addrs: map[string][]net.IPAddr{},
		ptr: map[string][]string{}, fails: map[string]net.DNSError{}}
	if err := t.read(o.Records); err != nil {
		return nil, fmt.Errorf("zones: %w", err)
	}
	for _, n := range o.ServFail {
		if err := t.fail(n, net.DNSError{Err: "server misbehaving", IsTemporary: true}); err != nil {
			return nil, fmt.Errorf("servfail: %w", err)
		}
	}
	for _, n := range o.Timeout {
		if err := t.fail(n, net.DNSError{Err: "i/o timeout", IsTimeout: true, IsTemporary: true}); err != nil {
			return nil, fmt.Errorf("timeout: %w", err)
		}
	}
	return t, nil
}

func (t *Table) read(text string) error {
	const ttl = 3600 // for lines that have none; nothing here ever grows old
	if strings.Contains(strings.ToUpper(text), "$GENERATE") {
		return errGenerate
	}
	p := dns.NewZoneParser(strings.NewReader(text), ".", "")
	p.SetDefaultTTL(ttl)
	for rr, ok := p.Next(); ok; rr, ok = p.Next() {
		if err := t.add(rr); err != nil {
			return err
		}
	}
	return p.Err()
}

// errGenerate: one line could stand for 65,536 records, and a short file for more
// than there is room.
var errGenerate = errors.New("$GENERATE is not emulated")

func (t *Table) add(rr dns.RR) error {
	h := rr.Header()
	name := canonical(h.Name)
	if strings.HasPrefix(name, "*.") {
		return fmt.Errorf("%s: wildcards are not emulated", h.Name)
	}
	switch r := rr.(type) {
	case *dns.TXT:
		t.txt[name] = append(t.txt[name], unescape(strings.Join(r.Txt, "")))
	case *dns.MX:
		t.mx[name] = append(t.mx[name], &net.MX{Host: r.Mx, Pref: r.Preference})
	case *dns.A:
		t.addrs[name] = append(t.addrs[name], net.IPAddr{IP: r.A})
	case *dns.AAAA:
		t.addrs[name] = append(t.addrs[name], net.IPAddr{IP: r.AAAA})
	case *dns.PTR:
		t.ptr[name] = append(t.ptr[name], r.Ptr)
	default:
		return fmt.Errorf("%s: type %s: want A, AAAA, MX, PTR or TXT", h.Name, dns.TypeToString[h.Rrtype])
	}
	return nil
}

func (t *Table) fail(name string, how net.DNSError) error {
	if _, ok := dns.IsDomainName(name); !ok || name == "" {
		return fmt.Errorf("%q: want a domain name", name)
	}
	t.fails[canonical(name)] = how
	return nil
}

// canonical is a name as the table's keys are: lower case, without the last dot.
func canonical(name string) string { return strings.ToLower(strings.TrimSuffix(name, ".")) }

// unescape takes the backslashes of a zone file out of a text: "\;" is ";", and
// "\059" is, too.
func unescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var out strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			out.WriteByte(s[i])
			continue
		}
		i++
		if n, ok := decimal(s[i:]); ok {
			out.WriteByte(n)
			i += 2
			continue
		}
		out.WriteByte(s[i])
	}
	return out.String()
}

// decimal reads the three digits of an escaped octet.
func decimal(s string) (byte, bool) {
	if len(s) < 3 {
		return 0, false
	}
	n := 0
	for _, c := range []byte(s[:3]) {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return byte(n), n < 256
}

// find is the answer of a look-up: the records, or the error that a
// [net.Resolver] would give. It is never wrapped, because those who ask look at
// its type.
func find[T any](t *Table, from map[string][]T, name string) ([]T, error) {
	name = canonical(name)
	if len(t.fails) > 0 {
		for at := name; ; {
			if how, ok := t.fails[at]; ok {
				how.Name = name
				return nil, &how
			}
			_, above, ok := strings.Cut(at, ".")
			if !ok {
				break
			}
			at = above
		}
	}
	if found := from[name]; len(found) > 0 {
		return found, nil
	}
	return nil, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
}

// LookupTXT gives the texts of a name, the parts of each put together.
func (t *Table) LookupTXT(_ context.Context, name string) ([]string, error) {
	return find(t, t.txt, name)
}

// LookupMX gives the mail exchangers of a name, as they stand in the table.
func (t *Table) LookupMX(_ context.Context, name string) ([]*net.MX, error) {
	return find(t, t.mx, name)
}

// LookupIPAddr gives the addresses of a name, A and AAAA.
func (t *Table) LookupIPAddr(_ context.Context, name string) ([]net.IPAddr, error) {
	return find(t, t.addrs, name)
}

// LookupAddr gives the names of an address.
func (t *Table) LookupAddr(_ context.Context, addr string) ([]string, error) {
	name, err := dns.ReverseAddr(addr)
	if err != nil {
		return nil, &net.DNSError{Err: "unrecognized address", Name: addr}
	}
	return find(t, t.ptr, name)
}

package zones

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/miekg/dns"
)

const records = `
; what others say of themselves
b.example            TXT  "v=spf1 mx -all"
B.example.           300 IN MX 10 mail.b.example
mail.b.example       A    192.0.2.7
mail.b.example       AAAA 2001:db8::7
7.2.0.192.in-addr.arpa PTR mail.b.example
$ORIGIN c.example.
s1._domainkey        TXT  ( "v=DKIM1\; k=rsa\059 "
                            "p=AAAA" )
@                    TXT  "one"
@                    TXT  "two \"and\" a half"
`

// resolver is what both kinds answer.
type resolver interface {
	LookupTXT(context.Context, string) ([]string, error)
	LookupMX(context.Context, string) ([]*net.MX, error)
	LookupIPAddr(context.Context, string) ([]net.IPAddr, error)
	LookupAddr(context.Context, string) ([]string, error)
}

func table(t *testing.T) *Table {
	t.Helper()
	z, err := New(Options{Records: records, ServFail: []string{"broken.example"}, Timeout: []string{"Slow.example."}})
	if err != nil {
		t.Fatal(err)
	}
	return z
}

// ask asks as "TXT b.example" and gives the answer as text.
func ask(t *testing.T, r resolver, question string) string {
	t.Helper()
	kind, name, _ := strings.Cut(question, " ")
	var got any
	var err error
	switch kind {
	case "TXT":
		got, err = r.LookupTXT(t.Context(), name)
	case "MX":
		var mx []*net.MX
		if mx, err = r.LookupMX(t.Context(), name); err == nil {
			got = fmt.Sprintf("%d %s", mx[0].Pref, mx[0].Host)
		}
	case "ADDR":
		got, err = r.LookupIPAddr(t.Context(), name)
	case "PTR":
		got, err = r.LookupAddr(t.Context(), name)
	}
	if err == nil {
		return fmt.Sprint(got)
	}
	d, ok := err.(*net.DNSError) // those who ask look at the type itself
	if !ok {
		t.Fatalf("%s: %T, want *net.DNSError", question, err)
	}
	return fmt.Sprintf("notfound=%t temporary=%t timeout=%t", d.IsNotFound, d.Temporary(), d.Timeout())
}

func TestTable(t *testing.T) {
	const absent = "notfound=true temporary=false timeout=false"
	z := table(t)
	for question, want := range map[string]string{
		"TXT b.example":                     "[v=spf1 mx -all]",
		"TXT B.EXAMPLE.":                    "[v=spf1 mx -all]",
		"MX b.example":                      "10 mail.b.example.",
		"ADDR mail.b.example":               "[{192.0.2.7 } {2001:db8::7 }]",
		"PTR 192.0.2.7":                     "[mail.b.example.]",
		"TXT s1._domainkey.c.example":       "[v=DKIM1; k=rsa; p=AAAA]",
		"TXT c.example":                     `[one two "and" a half]`,
		"TXT nobody.example":                absent,
		"TXT mail.b.example":                absent, // the name is there, the type is not
		"MX c.example":                      absent,
		"ADDR b.example":                    absent,
		"PTR 192.0.2.8":                     absent,
		"PTR nonsense":                      "notfound=false temporary=false timeout=false",
		"TXT broken.example":                "notfound=false temporary=true timeout=false",
		"MX a.b.broken.example":             "notfound=false temporary=true timeout=false",
		"TXT unbroken.example":              absent,
		"TXT slow.example":                  "notfound=false temporary=true timeout=true",
		"ADDR really.slow.example":          "notfound=false temporary=true timeout=true",
		"TXT ":                              absent,
		"TXT ..":                            absent,
		"TXT " + strings.Repeat("a.", 5000): absent,
	} {
		if got := ask(t, z, question); got != want {
			t.Errorf("%.60s: %s, want %s", question, got, want)
		}
	}
}

func TestTableErrors(t *testing.T) {
	for _, c := range []struct {
		o    Options
		want []string // of the error
	}{
		{Options{Records: "b.example TXT \"a\"\nb.example A 300.1.1.1\n"}, []string{"zones: ", "line: 2:", "300.1.1.1"}},
		{Options{Records: "b.example SPF \"v=spf1\""}, []string{"zones: b.example.: type SPF: want A, AAAA, MX, PTR or TXT"}},
		{Options{Records: "b.example CNAME c.example"}, []string{"type CNAME: want"}},
		{Options{Records: "b.example TXT \"open"}, []string{"zones: ", "line: 1:"}},
		{Options{Records: "nonsense"}, []string{"zones: ", "line: 1:"}},
		{Options{Records: "*.b.example TXT \"x\""}, []string{"*.b.example.: wildcards are not emulated"}},
		{Options{Records: "$INCLUDE /etc/passwd"}, []string{"zones: ", "line: 1:"}},
		{Options{Records: "$generate 1-3 h$ A 192.0.2.$"}, []string{"zones: $GENERATE is not emulated"}},
		{Options{ServFail: []string{""}}, []string{`servfail: "": want a domain name`}},
		{Options{Timeout: []string{strings.Repeat("x", 64) + ".example"}}, []string{"timeout: ", "want a domain name"}},
	} {
		_, err := New(c.o)
		for _, want := range c.want {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%+v: %v, want %q", c.o, err, want)
			}
		}
	}
	for _, address := range []string{"", "192.0.2.1", ":53", "192.0.2.1:"} {
		if _, err := NewServer(address); !errors.Is(err, errAddress) {
			t.Errorf("server %q: %v", address, err)
		}
	}
}

// Whatever a zone file holds, it is read or refused; what was read is answered.
func FuzzTable(f *testing.F) {
	f.Add(records)
	f.Add("$ORIGIN x.\n@ 3 IN TXT \"\\1\\\" ( \"a\" )\n")
	f.Add("$GENERATE 1-3 h$ A 192.0.2.$\n")
	f.Fuzz(func(t *testing.T, text string) {
		z, err := New(Options{Records: text})
		if err != nil {
			return
		}
		for name := range z.txt {
			if found, err := z.LookupTXT(t.Context(), name+"."); err != nil || len(found) == 0 {
				t.Errorf("%q: %q, %v", name, found, err)
			}
		}
	})
}

// A real server is asked at its address, and a name is never searched for
// elsewhere.
func TestServer(t *testing.T) {
	s, err := NewServer(serve(t))
	if err != nil {
		t.Fatal(err)
	}
	z := table(t)
	for _, question := range []string{"TXT b.example", "MX b.example", "ADDR mail.b.example", "PTR 192.0.2.7",
		"TXT s1._domainkey.c.example", "TXT nobody.example"} {
		if got, want := ask(t, s, question), ask(t, z, question); got != want {
			t.Errorf("%s: %s, want %s", question, got, want)
		}
	}
	given, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.LookupTXT(given, "b.example"); !temporary(err) {
		t.Errorf("given up: %v", err)
	}
	if got := ask(t, s, "TXT broken.example"); !strings.Contains(got, "temporary=true") {
		t.Errorf("a server that fails: %s", got)
	}
}

func temporary(err error) bool {
	var d *net.DNSError
	return errors.As(err, &d) && d.Temporary()
}

// serve answers by UDP with the records above and gives the address.
func serve(t *testing.T) string {
	t.Helper()
	var all []dns.RR
	p := dns.NewZoneParser(strings.NewReader(records), ".", "")
	p.SetDefaultTTL(60)
	for rr, ok := p.Next(); ok; rr, ok = p.Next() {
		all = append(all, rr)
	}
	socket, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &dns.Server{PacketConn: socket, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		m := new(dns.Msg).SetReply(q)
		m.Rcode = dns.RcodeNameError
		for _, rr := range all {
			if strings.EqualFold(rr.Header().Name, q.Question[0].Name) && rr.Header().Rrtype == q.Question[0].Qtype {
				m.Answer, m.Rcode = append(m.Answer, rr), dns.RcodeSuccess
			} else if strings.EqualFold(rr.Header().Name, q.Question[0].Name) {
				m.Rcode = dns.RcodeSuccess
			}
		}
		if strings.HasPrefix(q.Question[0].Name, "broken.") {
			m.Rcode = dns.RcodeServerFailure
		}
		w.WriteMsg(m)
	})}
	started, done := make(chan struct{}), make(chan error, 1)
	server.NotifyStartedFunc = func() { close(started) }
	go func() { done <- server.ActivateAndServe() }()
	<-started
	t.Cleanup(func() {
		if err := errors.Join(server.Shutdown(), <-done); err != nil {
			t.Error(err)
		}
	})
	return socket.LocalAddr().String()
}

package esasim_test

import (
	"errors"
	"net"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"esasim/esasimtest"
	"esasim/lab"
)

// A DNS server that the configuration names is asked, and its failures are
// temporary errors.
func TestAuthenticationResolver(t *testing.T) {
	l := esasimtest.Start(t, func(o *lab.Options) {
		o.Config.Appliance.Authentication.Verify = true
		o.Config.Appliance.Authentication.Resolver = nameServer(t, map[string]string{
			"b.example.": "v=spf1 ip4:127.0.0.1 -all", "_dmarc.b.example.": "v=DMARC1; p=reject"})
	})
	for sender, want := range map[string]string{
		"a@b.example":      "Pass, DMARC passed",
		"a@nobody.example": "None, DMARC skipped No record found for the sending domain",
		"a@broken.example": "TempError, DMARC skipped Temporary failure",
	} {
		mid := l.Send(t, sender, "From: "+sender+"\r\nSubject: x\r\n\r\nx\r\n", "u@x.example")
		m, err := l.Appliance().Tracking().Message(t.Context(), mid)
		if err != nil {
			t.Fatal(err)
		}
		got := strings.TrimSpace(m.Auth.MailFrom.Result + ", DMARC " + m.Auth.DMARC.Result + " " + m.Auth.DMARC.Reason)
		if got != want {
			t.Errorf("%s: %s, want %s", sender, got, want)
		}
	}
}

// nameServer answers TXT questions by UDP until the test ends, and fails for
// broken.example.
func nameServer(t *testing.T, txt map[string]string) (address string) {
	socket, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	started, done := make(chan struct{}), make(chan error, 1)
	server := &dns.Server{PacketConn: socket, NotifyStartedFunc: func() { close(started) },
		Handler: dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
			m, name := new(dns.Msg).SetReply(q), strings.ToLower(q.Question[0].Name)
			text, ok := txt[name]
			switch {
			case strings.HasSuffix(name, "broken.example."):
				m.Rcode = dns.RcodeServerFailure
			case !ok:
				m.Rcode = dns.RcodeNameError
			case q.Question[0].Qtype == dns.TypeTXT:
				m.Answer = []dns.RR{&dns.TXT{Hdr: dns.RR_Header{Name: q.Question[0].Name, Rrtype: dns.TypeTXT, Class: dns.ClassINET}, Txt: []string{text}}}
			}
			if err := w.WriteMsg(m); err != nil {
				t.Error(err)
			}
		})}
	go func() { done <- server.ActivateAndServe() }()
	<-started
	t.Cleanup(func() {
		if err := errors.Join(server.Shutdown(), <-done); err != nil {
			t.Error(err)
		}
	})
	return socket.LocalAddr().String()
}

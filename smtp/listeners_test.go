package smtp

import (
	"encoding/base64"
	"testing"
	"time"
)

// Private listeners, those of several that share their limits, proxies, users and
// harvesters.
func TestListeners(t *testing.T) {
	const (
		banner = "< 220 esa.example.com ESMTP"
		first  = "1 from 127.0.0.1  false; 1 ACCEPT UNKNOWNLIST sbrs[none] None; "
		v2     = `raw "\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c\xc0\x00\x02\x02\x7f\x00\x00\x01\x30\x39\x00\x19"`
		local  = `raw "\r\n\r\n\x00\r\nQUIT\n\x20\x00\x00\x00"`
	)
	plain := func(user, passphrase string) string {
		return "> AUTH PLAIN " + base64.StdEncoding.EncodeToString([]byte("\x00"+user+"\x00"+passphrase))
	}
	policy := func(change func(*Policy)) func(*Options) {
		return func(o *Options) { change(o.HAT.groups[5].policy) } // of UNKNOWNLIST
	}
	proxy := func(o *Options) { o.Proxies, o.XCLIENT = o.XCLIENT, nil }
	hello := []string{"dial", banner, "> HELO c", "< 250"}
	mail := []string{"> MAIL FROM:<a@b.example>", "< 250 sender <a@b.example> ok"}
	quit := []string{"> QUIT", "< 221", "end"}
	for _, c := range []accessCase{
		{"a private one takes mail for everybody", func(o *Options) { o.Private = true }, [][]string{hello, mail,
			{"> RCPT TO:<any@where.test>", "< 250"}, quit}, first + "1 MID 1 of UNKNOWNLIST; 1 any@where.test; 1 closed"},
		{"suspended", nil, [][]string{hello, {"suspend", "dial", "< 421 esa.example.com Service not available, closing transaction channel", "end", "use 0"}, mail, quit,
			{"resume"}, hello, quit}, first + "1 MID 1 of UNKNOWNLIST; 1 closed; 2 from 127.0.0.1  false; 2 ACCEPT UNKNOWNLIST sbrs[none] None; 2 closed"},
		{"one of all listeners too many", func(o *Options) { o.Shared = NewShared(1, 9) }, [][]string{hello,
			{"dial", "< 421 #4.4.5 Too many connections to this host", "end", "use 0"}, quit, hello, quit},
			first + "2 from 127.0.0.1  false; 2 ACCEPT UNKNOWNLIST sbrs[none] None; 2 Receiving Failed: Connection limit exceeded; 2 closed; 1 closed; *"},
		{"one encrypted too many", func(o *Options) { o.Shared = NewShared(9, 1) }, [][]string{hello, {"> STARTTLS", "< 220", "tls"}, hello,
			{"> STARTTLS", "< 421 #4.4.5 Too many TLS sessions at this time", "end", "use 0", "> QUIT", "< 221", "end"}, hello, {"> STARTTLS", "< 220", "tls", "quit"}},
			first + "2 from 127.0.0.1  false; 2 ACCEPT UNKNOWNLIST sbrs[none] None; 2 TLS failed; 2 closed; 1 closed; *"},
		{"encryption outlives XCLIENT and is counted on", func(o *Options) { o.Shared = NewShared(9, 1) }, [][]string{hello, {"> STARTTLS", "< 220", "tls",
			"> XCLIENT ADDR=10.0.0.1", banner}, hello, {"> STARTTLS", "< 421 #4.4.5", "end", "use 0"}, quit}, "*"},
		{"time is up", func(o *Options) { o.MaxTime = 15 * time.Minute }, [][]string{hello, {"wait 14m", "> NOOP", "< 250 ok", "wait 1m", "< 421 Exceeded allowable connection time", "end"}},
			first + "1 closed disconnected address 127.0.0.1, exceeded allowable connection time"},
		{"SMTPS", func(o *Options) { o.ImplicitTLS = true }, [][]string{{"dial", "tls", banner, "> HELO c", "< 250"}, mail, quit}, first + "1 MID 1 of UNKNOWNLIST; 1 closed"},
		{"a proxy, version 1", proxy, [][]string{{"dial", `raw "PROXY TCP4 192.0.2.2 127.0.0.1 12345 25\r\nHELO c\r\n"`, banner, "< 250"}, quit},
			"1 from 192.0.2.2  false; 1 ACCEPT SUSPECTLIST sbrs[-3.0:-1.0] -2.0; 1 closed"},
		{"a proxy, IPv6", proxy, [][]string{{"dial", `raw "PROXY TCP6 2001:db8::1 ::1 12345 25\r\n"`, banner}, quit},
			"1 from 2001:db8::1  false; 1 ACCEPT UNKNOWNLIST sbrs[none] None; 1 closed"},
		{"a proxy, version 2", proxy, [][]string{{"dial", v2, banner}, quit}, "1 from 192.0.2.2  false; 1 ACCEPT SUSPECTLIST sbrs[-3.0:-1.0] -2.0; 1 closed"},
		{"a proxy with SMTPS", func(o *Options) { proxy(o); o.ImplicitTLS = true }, [][]string{{"dial", v2, "tls", banner}, quit},
			"1 from 192.0.2.2  false; 1 ACCEPT SUSPECTLIST sbrs[-3.0:-1.0] -2.0; 1 closed"},
		{"a proxy for itself", proxy, [][]string{{"dial", local, banner}, quit}, first + "1 closed"},
		{"a proxy without a header", proxy, [][]string{{"dial", `raw "EHLO client.example\r\n"`, "end"}}, "1 from 127.0.0.1  false; 1 PROXY protocol: there is no header; 1 closed"},
		{"a silent proxy", proxy, [][]string{{"dial", "wait 9s", "wait 1s", "end"}}, "1 from 127.0.0.1  false; 1 PROXY protocol: there is no header; 1 closed"},
		{"a slow proxy", proxy, [][]string{{"dial", `raw "PROXY TCP4 192.0.2"`, "wait 10s", "end"}}, "1 from 127.0.0.1  false; 1 PROXY protocol: *"},
		{"a proxy with half a header", proxy, [][]string{{"dial", `raw "PROXY TCP4 192.0.2.2\r\n"`, "end"}}, "1 from 127.0.0.1  false; 1 PROXY protocol: the header is invalid; 1 closed"},
		{"no proxy", nil, [][]string{{"dial", banner, "> PROXY TCP4 192.0.2.2 127.0.0.1 12345 25", "< 500", "quit"}}, first + "1 Unknown command: PROXY TCP4 192.0.2.2 127.0.0.1 12345 25; 1 closed lost"},
		{"a user", policy(func(p *Policy) { p.Auth = AuthPreferred }), [][]string{hello, {plain("joe", "wrong"), "< 535", plain("joe", ""), "< 535", plain("", ""), "< 535", plain("joe", "secret"), "< 235"},
			{"> MAIL FROM:<a@nx.example>", "< 250", "> RCPT TO:<any@where.test>", "< 250"}, quit},
			first + "1 auth failed joe PLAIN with profile: users; 1 auth failed joe PLAIN with profile: users; 1 auth failed  PLAIN with profile: users; " +
				"1 auth succeeded joe PLAIN with profile: users; 1 MID 1 of UNKNOWNLIST by joe, RELAY; 1 any@where.test; 1 closed"},
		{"nobody", policy(func(p *Policy) { p.Auth = AuthPreferred }), [][]string{hello, mail, {"> RCPT TO:<any@where.test>", "< 550"}, quit},
			first + "1 MID 1 of UNKNOWNLIST; 1 any@where.test by RAT; 1 closed"},
		{"a user who encrypts afterwards", policy(func(p *Policy) { p.Auth = AuthPreferred }), [][]string{hello, {plain("joe", "secret"), "< 235", "> STARTTLS", "< 220", "tls", "> HELO c", "< 250"}, mail,
			{"> RCPT TO:<any@where.test>", "< 550", "> RSET", "< 250", plain("joe", "secret"), "< 235"}, mail, {"> RCPT TO:<any@where.test>", "< 250"}, quit},
			first + "1 auth succeeded joe PLAIN with profile: users; 1 MID 1 of UNKNOWNLIST; 1 any@where.test by RAT; " +
				"1 auth succeeded joe PLAIN with profile: users; 1 MID 2 of UNKNOWNLIST by joe, RELAY; 1 any@where.test; 1 closed"},
		{"a user who is somebody else then", policy(func(p *Policy) { p.Auth = AuthPreferred }), [][]string{hello, {plain("joe", "secret"), "< 235", "> XCLIENT ADDR=198.51.100.1", banner, "> HELO c", "< 250"},
			mail, {"> RCPT TO:<any@where.test>", "< 550"}, quit}, first + "1 auth succeeded joe PLAIN with profile: users; 1 closed; *"},
		{"ours are not asked about", func(o *Options) {
			o.SDR, _ = NewSDR([]Domain{{Name: "ALL", Verdict: "Awful"}}, []string{"Awful"})
		}, [][]string{{"dial", banner, "> XCLIENT ADDR=10.0.0.1", banner, "> HELO c", "< 250"}, mail, {"> RCPT TO:<u@x.example>", "< 250", "> DATA", "< 354", "> .", "< 250"}, quit},
			first + "1 closed; 2 from 10.0.0.1  false; 2 RELAY RELAYLIST 10.0.0.0/8 None; 2 MID 1 of RELAYLIST; 2 u@x.example; 2 closed"},
		{"a user needed", policy(func(p *Policy) { p.Auth = AuthRequired }), [][]string{hello, {"> MAIL FROM:<a@b.example>", "< 530 Authentication required", "> MAIL FROM:<a@b.example>", "< 530",
			plain("joe", "secret"), "< 235"}, mail, quit},
			first + "1 auth was required but remote host did not initiate it; 1 auth succeeded joe PLAIN with profile: users; 1 MID 1 of UNKNOWNLIST by joe, RELAY; 1 closed"},
		{"a user in clear", policy(func(p *Policy) { p.Auth, p.AuthOnlyTLS = AuthPreferred, true }), [][]string{hello, {plain("joe", "secret"), "< 538", "> STARTTLS", "< 220", "tls", "> HELO c", "< 250",
			plain("joe", "secret"), "< 235"}, quit}, first + "1 auth succeeded joe PLAIN with profile: users; 1 closed"},
		{"a user from a bad address", func(o *Options) { o.DelayRejection = true; o.HAT.groups[2].policy.Auth = AuthPreferred }, [][]string{{"dial", banner, "> XCLIENT ADDR=192.0.2.1", banner, "> HELO c", "< 250"}, mail,
			{"> RCPT TO:<u@x.example>", "< 550", "> RSET", "< 250", plain("joe", "secret"), "< 235"}, mail, {"> RCPT TO:<any@where.test>", "< 250"}, quit}, "*"},
		{"harvest", policy(func(p *Policy) { p.MaxInvalid = 2 }), [][]string{hello, mail, {"> RCPT TO:<a@y.example>", "< 550 #5.1.0", "> RCPT TO:<b@y.example>", "< 550 #5.1.0",
			"> RCPT TO:<c@y.example>", "< 550 Too many invalid recipients", "> RCPT TO:<u@x.example>", "< 250", "wait 1h", "> RCPT TO:<c@y.example>", "< 550 #5.1.0"}, quit},
			first + "1 MID 1 of UNKNOWNLIST; 1 a@y.example by RAT; 1 b@y.example by RAT; 1 c@y.example by Injection Control; 1 u@x.example; 1 c@y.example by RAT; 1 closed"},
		{"harvest, dropped", policy(func(p *Policy) { p.MaxInvalid, p.DropInvalid = 1, true }), [][]string{hello, mail, {"> RCPT TO:<a@y.example>", "< 550 #5.1.0", "quit"}, hello, mail,
			{"> RCPT TO:<b@y.example>", "< 550 Too many invalid recipients", "end"}},
			first + "1 MID 1 of UNKNOWNLIST; 1 a@y.example by RAT; 1 closed lost; 2 from 127.0.0.1  false; 2 ACCEPT UNKNOWNLIST sbrs[none] None; " +
				"2 MID 2 of UNKNOWNLIST; 2 b@y.example by Injection Control; " +
				"2 Dropping connection due to potential Directory Harvest Attack from host=127.0.0.1, dhap_limit=1, sender_group=UNKNOWNLIST, listener=IncomingMail; 2 closed"},
		{"addresses that are none", nil, [][]string{hello, {"> MAIL FROM:<a@[]>", "< 501", "> MAIL FROM:<joe>", "< 501"}, mail, {"> RCPT TO:<>", "< 501"}, quit},
			first + "1 Invalid sender address: Unsupported domain literal: '[]'; 1 Invalid sender address:  'MAIL FROM:<joe>'; " +
				"1 MID 1 of UNKNOWNLIST; 1 MID 1 Invalid recipient address:  'RCPT TO:<>'; 1 closed"},
		{"a default domain", func(o *Options) { o.DefaultDomain = "x.example" }, [][]string{hello, {"> MAIL FROM:<joe>", "< 250 sender <joe@x.example> ok", "> RCPT TO:<u>", "< 250"}, quit},
			first + "1 MID 1 of UNKNOWNLIST; 1 u@x.example; 1 closed"},
		{"a loop", func(o *Options) { o.MaxHops = 2 }, [][]string{hello, mail, {"> RCPT TO:<u@x.example>", "< 250", "> DATA", "< 354", `raw "Received: a\r\nreceived : b\r\n\r\nReceived: c\r\n.\r\n"`, "< 250"}, mail,
			{"> RCPT TO:<u@x.example>", "< 250", "> DATA", "< 354", `raw "Received: a\r\n b\r\nRECEIVED: b\r\nReceived: c\r\n\r\n.\r\n"`, "< 554 Too many hops"}, quit},
			first + "1 MID 1 of UNKNOWNLIST; 1 u@x.example; 1 MID 2 of UNKNOWNLIST; 1 u@x.example; 1 Receiving Failed: Message loop; 1 closed"},
		{"of ill repute", func(o *Options) {
			o.SDR, _ = NewSDR([]Domain{{Name: "bad.example", Verdict: "Awful", Threat: "Spam", Age: 3}}, []string{"Awful"})
		}, [][]string{hello, mail, {"> RCPT TO:<u@x.example>", "< 250", "> DATA", "< 354", `raw "From: Joe <joe@bad.example>\r\n\r\n.\r\n"`, "< 550 #5.7.1 Mail from domains of this reputation is prohibited."}, quit},
			first + "1 MID 1 of UNKNOWNLIST; 1 u@x.example; 1 SDR Domains for which SDR is requested: reverse DNS host: Not Present, helo: c, env-from: b.example, header-from: bad.example, reply-to: Not Present; " +
				"1 SDR Consolidated Sender Reputation: Awful, Threat Category: Spam, Suspected Domain(s) : bad.example. Youngest Domain Age: 3 days for domain: bad.example; 1 Rejected by SDR; 1 closed"},
	} {
		change := c.change
		c.change = func(o *Options) {
			var err error
			if o.Users, err = NewUsers("users", []User{{"joe", "secret"}}); err != nil {
				t.Fatal(err)
			}
			if change != nil {
				change(o)
			}
		}
		t.Run(c.name, func(t *testing.T) { c.run(t, factory()) })
	}
}

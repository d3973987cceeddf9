package headers

import (
	"bytes"
	"io"
	"net/mail"
	"net/netip"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"esasim/esa"
)

// arrived is a message that came by a connection and through all engines.
func arrived() *esa.Message {
	m := &esa.Message{MID: 89, ICID: 5, Sender: "a@b.example", HELO: "b", TLS: "TLSv1.2 ECDHE-RSA-AES256-GCM-SHA384", Received: time.Date(2022, 9, 7, 8, 10, 33, 0, time.UTC),
		Source: esa.Source{Remote: netip.MustParseAddr("192.0.2.1"), Host: "mail.b.example", Listener: "IncomingMail", Group: "UNKNOWNLIST", Rule: "ACCEPT", SBRS: "3.5"}}
	m.Auth = esa.Authentication{HELO: esa.SPFResult{Identity: "postmaster@b", Result: "None"}, MailFrom: esa.SPFResult{Identity: "a@b.example", Result: "Pass"},
		DKIM: []esa.DKIMResult{{Result: esa.NoSignature}}, DMARC: esa.DMARCResult{Result: "passed", Domain: "b.example"}}
	m.Verdicts[esa.AntiSpam], m.Verdicts[esa.AntiVirus], m.Verdicts[esa.AMP] = esa.Negative, esa.Positive, esa.Skipped
	return m
}

func all() Fields {
	return Fields{Received: true, Authentication: true, SPF: true, IronPort: true, AntiSpam: true, AntiVirus: true, AMP: true, SLBL: true}
}

func delivered(t *testing.T, f Fields, m *esa.Message, content string) string {
	t.Helper()
	b, err := io.ReadAll(Adder{Host: "esa.example.com", Fields: f}.Deliver(m, strings.NewReader(content)))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestFields(t *testing.T) {
	const want = "Authentication-Results: esa.example.com;\r\n  spf=none smtp.helo=postmaster@b;\r\n  spf=pass smtp.mailfrom=a@b.example;\r\n" +
		"  dkim=none;\r\n  dmarc=pass header.from=b.example\r\n" +
		"Received-SPF: Pass (esa.example.com: domain of a@b.example designates 192.0.2.1 as permitted sender) identity=mailfrom;\r\n" +
		"  client-ip=192.0.2.1;\r\n  receiver=esa.example.com;\r\n  envelope-from=\"a@b.example\";\r\n  x-sender=\"a@b.example\";\r\n  x-conformance=spf_only\r\n" +
		"X-IronPort-Anti-Spam-Filtered: true\r\nX-IronPort-Anti-Spam-Result: NEGATIVE\r\nX-IronPort-AV: E=Sophos; v=POSITIVE\r\nX-Amp-Result: SKIPPED(no attachment in message)\r\n" +
		"X-IronPort-RemoteIP: 192.0.2.1\r\nX-IronPort-MID: 89\r\nX-IronPort-Reputation: 3.5\r\nX-IronPort-Listener: IncomingMail\r\nX-IronPort-SenderGroup: UNKNOWNLIST\r\nX-IronPort-MailFlowPolicy: ACCEPT\r\n" +
		"Received: from mail.b.example (HELO b) ([192.0.2.1])\r\n  by esa.example.com with ESMTP/TLS/ECDHE-RSA-AES256-GCM-SHA384; 07 Sep 2022 08:10:33 +0000\r\n" +
		"Subject: x\r\n\r\nbody\r\n"
	if got := delivered(t, all(), arrived(), "Subject: x\r\n\r\nbody\r\n"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// Mail from a sender on a list says so, and nothing of antispam, which did not look.
func TestListed(t *testing.T) {
	for v, want := range map[esa.Verdict]string{esa.Negative: "X-SLBL-Result: SAFE-LISTED\r\nx", esa.Positive: "X-SLBL-Result: BLOCK-LISTED\r\nx"} {
		m := &esa.Message{Listed: true}
		m.Verdicts[esa.AntiSpam] = v
		if got := delivered(t, all(), m, "x"); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		if got := delivered(t, Fields{AntiSpam: true}, m, "x"); got != "x" {
			t.Errorf("got %q when it is not asked for", got)
		}
	}
}

// What the log does not know is left out, and so is what nobody asked for.
func TestFieldsLeftOut(t *testing.T) {
	m := &esa.Message{Source: esa.Source{Remote: netip.MustParseAddr("2001:db8::1")}, Received: time.Unix(0, 0)}
	const want = "Received: from unknown ([2001:db8::1])\r\n  by esa.example.com with ESMTP; 01 Jan 1970 00:00:00 +0000\r\nx"
	if got := delivered(t, Fields{Received: true, Authentication: true, SPF: true, AntiSpam: true, AntiVirus: true, AMP: true}, m, "x"); got != want {
		t.Errorf("got %q", got)
	}
	if got := delivered(t, Fields{}, arrived(), "x"); got != "x" {
		t.Errorf("got %q when nothing is asked for", got)
	}
	if got := delivered(t, all(), &esa.Message{Source: esa.Source{Outgoing: true}}, "x"); got != "x" {
		t.Errorf("got %q of a bounce message", got)
	}
}

// Nothing that a client chose adds a field of its own, or ends the header.
func TestFieldsHostile(t *testing.T) {
	m := arrived()
	const bad = "a)\"\\b\r\nX-Evil: 1\r\n\r\n@b.example"
	m.HELO, m.TLS, m.Sender, m.Source.Host, m.Auth.MailFrom.Identity = bad, "T "+bad, bad, bad, bad
	for _, result := range []string{"Pass", "Fail", "SoftFail", "Neutral", "None", "PermError"} {
		m.Auth.MailFrom.Result = result
		got, err := mail.ReadMessage(strings.NewReader(delivered(t, all(), m, "Subject: x\r\n\r\nbody")))
		if err != nil {
			t.Fatal(err)
		}
		if len(got.Header) != 14 || got.Header.Get("Subject") != "x" {
			t.Errorf("%s: header %q", result, got.Header)
		}
	}
}

// filtered are headers and what is left of them in the name of esa.example.com.
func filtered() [][2]string {
	long := "Authentication-Results: other;" + strings.Repeat("\r\n x=y", 4000) + "\r\n"
	return [][2]string{
		{"A: 1\r\nAuthentication-Results: esa.example.com; spf=pass\r\nB: 2\r\n\r\nAuthentication-Results: esa.example.com; x\r\n", "A: 1\r\nB: 2\r\n\r\nAuthentication-Results: esa.example.com; x\r\n"},
		{"authentication-RESULTS : ESA.Example.Com/1; spf=pass\r\n\tdkim=pass\r\n\r\n", "\r\n"},
		{"Authentication-Results:\r\n (a (nested\\)) comment) \r\n\tesa.example.com (x); none\r\nB: 2\r\n\r\n", "B: 2\r\n\r\n"},
		{"Authentication-Results: \"esa.example.c\\om\"; none\r\n\r\n", "\r\n"},
		{"Authentication-Results: other.example; spf=pass\r\n smtp.mailfrom=esa.example.com\r\nB: 2\r\n\r\n", "Authentication-Results: other.example; spf=pass\r\n smtp.mailfrom=esa.example.com\r\nB: 2\r\n\r\n"},
		{"Authentication-Results: esa.example.com.evil; x\r\n\r\n", "Authentication-Results: esa.example.com.evil; x\r\n\r\n"},
		{"Authentication-Results" + strings.Repeat(" ", 6000) + ": esa.example.com; x\r\n\r\n", "\r\n"},
		{"A: 1\r\n" + long + "B: 2\r\n\r\n", "A: 1\r\nB: 2\r\n\r\n"},
		{strings.Repeat("x", 10_000) + "\r\nAuthentication-Results: esa.example.com", strings.Repeat("x", 10_000) + "\r\n"},
		{"Authentication-Results: other; x", "Authentication-Results: other; x"},
		{"Authentication-Results:", "Authentication-Results:"},
		{"", ""},
	}
}

func TestWithout(t *testing.T) {
	for _, c := range filtered() {
		for _, r := range []io.Reader{strings.NewReader(c[0]), iotest.OneByteReader(strings.NewReader(c[0])), iotest.DataErrReader(strings.NewReader(c[0]))} {
			b, err := io.ReadAll(without("esa.example.com", r))
			if err != nil || string(b) != c[1] {
				t.Errorf("%.200q: %.200q, %v; want %.200q", c[0], b, err, c[1])
			}
		}
	}
	if _, err := io.ReadAll(without("h", iotest.TimeoutReader(iotest.OneByteReader(strings.NewReader("ab"))))); err != iotest.ErrTimeout {
		t.Errorf("a content that cannot be read: %v", err)
	}
}

// Whatever a header is, what is left does not change when it is read again, and the
// body stays as it is.
func FuzzWithout(f *testing.F) {
	for _, c := range filtered() {
		f.Add([]byte(c[0]))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		once, err := io.ReadAll(without("esa.example.com", bytes.NewReader(content)))
		if err != nil {
			t.Fatal(err)
		}
		again, err := io.ReadAll(without("esa.example.com", iotest.HalfReader(bytes.NewReader(once))))
		if err != nil || !bytes.Equal(again, once) {
			t.Errorf("%q became %q and then %q", content, once, again)
		}
		if i := bytes.Index(content, []byte("\r\n\r\n")); i >= 0 && !bytes.HasSuffix(once, content[i+4:]) {
			t.Errorf("%q became %q: the body is another", content, once)
		}
	})
}

package auth

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"io"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/emersion/go-msgauth/dkim"
	"github.com/google/go-cmp/cmp"

	"esasim/esa"
	"esasim/internal/zones"
)

// key is a signer's key and what its zone says of it.
type key struct {
	crypto.Signer
	record string
}

var keys = sync.OnceValue(func() map[string]key {
	r, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	der, err := x509.MarshalPKIXPublicKey(&r.PublicKey)
	if err != nil {
		panic(err)
	}
	public, e, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		panic(err)
	}
	encode := base64.StdEncoding.EncodeToString
	return map[string]key{
		"rsa": {r, "v=DKIM1; k=rsa; p=" + encode(der)}, "ed25519": {e, "v=DKIM1; k=ed25519; p=" + encode(public)},
	}
})

// signature is how a message of a test is signed.
type signature struct {
	key, domain, selector, identifier string
	expires                           time.Time
	relaxed                           bool
}

func signed(t testing.TB, message string, s signature) string {
	t.Helper()
	o := &dkim.SignOptions{Domain: s.domain, Selector: s.selector, Identifier: s.identifier, Signer: keys()[s.key], Hash: crypto.SHA256,
		Expiration: s.expires}
	if s.relaxed {
		o.HeaderCanonicalization, o.BodyCanonicalization = dkim.CanonicalizationRelaxed, dkim.CanonicalizationRelaxed
	}
	var out bytes.Buffer
	if err := dkim.Sign(&out, strings.NewReader(message), o); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// records are the zones of these tests. Those who send are at 192.0.2.1.
func records() string {
	quoted := func(name, txt string) string {
		var parts strings.Builder
		for len(txt) > 200 {
			parts.WriteString(` "` + txt[:200] + `"`)
			txt = txt[200:]
		}
		return name + " TXT" + parts.String() + ` "` + txt + "\"\n"
	}
	return `
b.example                   TXT "v=spf1 ip4:192.0.2.1 -all"
mail.b.example              TXT "v=spf1 a -all"
mail.b.example              A   192.0.2.1
_dmarc.b.example            TXT "v=DMARC1; p=reject; sp=quarantine; pct=0; rua=mailto:x@b.example"
strict.example              TXT "v=spf1 include:b.example ~all"
_dmarc.strict.example       TXT "v=DMARC1; p=quarantine; aspf=s; adkim=s"
sub.strict.example          TXT "v=spf1 ip4:192.0.2.1 -all"
_dmarc.sub.strict.example   TXT "something else"
fail.example                TXT "v=spf1 -all"
_dmarc.fail.example         TXT "v=DMARC1; p=none"
soft.example                TXT "v=spf1 ~all"
neutral.example             TXT "v=spf1 ?all"
twice.example               TXT "v=spf1 -all"
twice.example               TXT "v=spf1 +all"
_dmarc.twice.example        TXT "v=DMARC1; p=reject"
_dmarc.twice.example        TXT "v=DMARC1; p=none"
bad.example                 TXT "v=spf1 ip4:no -all"
_dmarc.bad.example          TXT "v=DMARC1; p=perhaps"
asks.example                TXT "v=spf1 include:broken.example -all"
_dmarc.asks.example         TXT "v=DMARC1; p=reject"
mx.example                  TXT "v=spf1 mx ptr:client.example -all"
mx.example                  MX  10 mail.b.example
1.2.0.192.in-addr.arpa      PTR client.example
xn--bcher-kva.example       TXT "v=spf1 +all"
_dmarc.xn--bcher-kva.example TXT "v=DMARC1; p=reject"
revoked._domainkey.b.example TXT "v=DKIM1; p="
` + quoted("r._domainkey.b.example", keys()["rsa"].record) + quoted("e._domainkey.b.example", keys()["ed25519"].record) +
		quoted("e._domainkey.sub.strict.example", keys()["ed25519"].record) +
		quoted("other._domainkey.b.example", keys()["ed25519"].record)
}

func checker(t testing.TB, o Options) *Checker {
	t.Helper()
	z, err := zones.New(zones.Options{Records: records(), ServFail: []string{"broken.example"}, Timeout: []string{"slow.example"}})
	if err != nil {
		t.Fatal(err)
	}
	o.Resolver = z
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// check checks a message, in pieces as they come.
func check(t testing.TB, c *Checker, e Envelope, from string, message io.Reader) esa.Authentication {
	t.Helper()
	k := c.Begin(t.Context())
	defer k.Close()
	if _, err := io.CopyBuffer(struct{ io.Writer }{k}, struct{ io.Reader }{message}, make([]byte, 4<<10)); err != nil {
		t.Fatal(err)
	}
	return k.Finish(e, from)
}

// said are the sentences of what was found.
func said(a esa.Authentication) (out []string) {
	for _, e := range a.Events() {
		out = append(out, e.Name+": "+e.Text)
	}
	return out
}

const (
	from    = "A <a@b.example>"
	message = "From: " + from + "\r\nTo: u@x.example\r\nSubject: hello\r\n\r\nline\r\n\r\n  end \r\n\r\n"
)

var client = netip.MustParseAddr("192.0.2.1")

func TestSPF(t *testing.T) {
	c := checker(t, Options{})
	for _, r := range []struct {
		remote, helo, sender string
		want                 string // both results and the second identity
	}{
		{"192.0.2.1", "mail.b.example", "a@b.example", "Pass Pass a@b.example"},
		{"192.0.2.9", "mail.b.example", "a@b.example", "Fail Fail a@b.example"},
		{"2001:db8::1", "h.example", "a@b.example", "None Fail a@b.example"},
		{"192.0.2.1", "h.example", "a@strict.example", "None Pass a@strict.example"},
		{"192.0.2.9", "h.example", "a@strict.example", "None SoftFail a@strict.example"},
		{"192.0.2.1", "h.example", "a@soft.example", "None SoftFail a@soft.example"},
		{"192.0.2.1", "h.example", "a@neutral.example", "None Neutral a@neutral.example"},
		{"192.0.2.1", "h.example", "a@twice.example", "None PermError a@twice.example"},
		{"192.0.2.1", "h.example", "a@bad.example", "None PermError a@bad.example"},
		{"192.0.2.1", "h.example", "a@broken.example", "None TempError a@broken.example"},
		{"192.0.2.1", "h.slow.example", "a@asks.example", "TempError TempError a@asks.example"},
		{"192.0.2.1", "h.example", "a@mx.example", "None Pass a@mx.example"},
		{"192.0.2.1", "h.example", "a@nobody.example", "None None a@nobody.example"},
		{"192.0.2.1", "mail.b.example", "", "Pass Pass postmaster@mail.b.example"},
		{"192.0.2.1", "[192.0.2.1]", "", "None None postmaster@[192.0.2.1]"},
		{"192.0.2.1", "h.example", `"x@b.example"@fail.example`, `None Fail "x@b.example"@fail.example`},
		{"192.0.2.1", "h.example", "a@Bücher.example", "None Pass a@Bücher.example"},
		{"192.0.2.1", "h.example", "a@B.EXAMPLE", "None Pass a@B.EXAMPLE"},
		{"192.0.2.1", "h.example", "nowhere", "None None nowhere"},
	} {
		e := Envelope{Remote: netip.MustParseAddr(r.remote), HELO: r.helo, Sender: r.sender}
		helo, mailFrom := c.spf(t.Context(), e)
		if got := helo.Result + " " + mailFrom.Result + " " + mailFrom.Identity; got != r.want {
			t.Errorf("%+v: %s, want %s", e, got, r.want)
		}
	}
}

func TestDKIM(t *testing.T) {
	b := signature{key: "rsa", domain: "b.example", selector: "r"}
	with := func(change func(*signature)) string {
		s := b
		change(&s)
		return signed(t, message, s)
	}
	good := with(func(*signature) {})
	ed := with(func(s *signature) {
		s.key, s.selector, s.relaxed, s.identifier = "ed25519", "e", true, "Ann@mail.b.example"
	})
	for name, r := range map[string]struct {
		message string
		want    string
	}{
		"none":             {message, "no signature"},
		"no body":          {"From: a@b.example\r\n", "no signature"},
		"nothing":          {"", "no signature"},
		"in the body":      {message + good, "no signature"},
		"rsa":              {good, "pass signature verified (d=b.example s=r i=@b.example)"},
		"ed25519, relaxed": {strings.Replace(ed, "line\r\n", "line \t\r\n", 1), "pass signature verified (d=b.example s=e i=Ann@mail.b.example)"},
		"header changed":   {strings.Replace(good, "hello", "hallo", 1), "permfail signature did not verify [final] (d=b.example s=r i=@b.example)"},
		"body changed":     {good + "more\r\n", "permfail body hash did not verify [final] (d=b.example s=r i=@b.example)"},
		"not signed field": {"Received: by x\r\nReply-To: b@c.example\r\n" + good, "pass signature verified (d=b.example s=r i=@b.example)"},
		"wrong key":        {with(func(s *signature) { s.selector = "other" }), "permfail inappropriate key algorithm (d=b.example s=other i=@b.example)"},
		"expired":          {with(func(s *signature) { s.expires = time.Now().Add(-time.Hour) }), "permfail signature has expired (d=b.example s=r i=@b.example)"},
		"not yet expired":  {with(func(s *signature) { s.expires = time.Now().Add(time.Hour) }), "pass signature verified (d=b.example s=r i=@b.example)"},
		"no key":           {with(func(s *signature) { s.selector = "x" }), "permfail no key for signature (d=b.example s=x i=@b.example)"},
		"revoked":          {with(func(s *signature) { s.selector = "revoked" }), "permfail key revoked (d=b.example s=revoked i=@b.example)"},
		"server fails":     {with(func(s *signature) { s.domain = "broken.example" }), "tempfail key unavailable (d=broken.example s=r i=@broken.example)"},
		"no answer":        {with(func(s *signature) { s.domain = "slow.example" }), "tempfail key unavailable (d=slow.example s=r i=@slow.example)"},
		"no version":       {"DKIM-Signature: a=b\r\n" + message, "invalid incompatible signature version"},
		"malformed":        {"DKIM-Signature: v=1; a\r\n" + message, "invalid malformed signature tags"},
		"no colon":         {"DKIM-Signature\r\n" + message, "invalid incompatible signature version"},
		"tags missing":     {"dkim-signature : v=1; d=b.example (x);\r\n s=\r\n\tr\r\n" + message, "invalid signature missing required tag (d=b.example?x? s=r)"},
		"two":              {signed(t, good, signature{key: "ed25519", domain: "b.example", selector: "e"}), "pass signature verified (d=b.example s=e i=@b.example); pass signature verified (d=b.example s=r i=@b.example)"},
		"one of two":       {"DKIM-Signature: v=2\r\n" + good, "invalid incompatible signature version; pass signature verified (d=b.example s=r i=@b.example)"},
		"seven":            {strings.Repeat("DKIM-Signature: v=2\r\n", 7) + message, strings.Repeat("invalid incompatible signature version; ", 4) + "invalid incompatible signature version"},
		"too large":        {"DKIM-Signature: v=1; h=" + strings.Repeat("from:", 2000) + "\r\n" + message, "invalid signature too large"},
		"large header":     {strings.Repeat("X: "+strings.Repeat("x", 900)+"\r\n", 200) + good, "invalid message header too large"},
		"large, none":      {strings.Repeat("X: "+strings.Repeat("x", 900)+"\r\n", 100) + message, "no signature"},
		"empty lines":      {good + strings.Repeat("\r\n", 40<<10), "invalid too many empty lines"},
		"some empty lines": {good + strings.Repeat("\r\n", 20<<10), "pass signature verified (d=b.example s=r i=@b.example)"},
		"signed header":    {signed(t, "From: a@b.example\r\n\r\n", b), "pass signature verified (d=b.example s=r i=@b.example)"},
	} {
		c := checker(t, Options{})
		for pieces, r2 := range map[string]io.Reader{"as it comes": strings.NewReader(r.message), "octet by octet": iotest.OneByteReader(strings.NewReader(r.message))} {
			var got []string
			a := check(t, c, Envelope{Remote: client}, from, r2)
			for _, s := range said(a) {
				if text, ok := strings.CutPrefix(s, "DKIM: "); ok {
					got = append(got, text)
				}
			}
			if strings.Join(got, "; ") != r.want {
				t.Errorf("%s, %s: %q, want %q", name, pieces, got, r.want)
			}
		}
	}
}

func TestDMARC(t *testing.T) {
	// What SPF and DKIM found, in short: "pass" of a sender's and a signer's domain.
	found := func(spf, sender, dkim, signer string) *esa.Authentication {
		return &esa.Authentication{MailFrom: esa.SPFResult{Identity: "a@" + sender, Result: spf}, DKIM: []esa.DKIMResult{{Result: dkim, Domain: signer}}}
	}
	const (
		aligned   = ", DMARC pass (SPF aligned True, DKIM aligned True) Verification passed"
		bySPF     = ", DMARC pass (SPF aligned True, DKIM aligned False) Verification passed"
		byDKIM    = ", DMARC pass (SPF aligned False, DKIM aligned True) Verification passed"
		failed    = ", DMARC fail (SPF aligned False, DKIM aligned False), DMARC action "
		skipped   = "Verification skipped "
		unknown   = skipped + "(Sending domain could not be determined)"
		none      = skipped + "(No record found for the sending domain)"
		temporary = skipped + "(Temporary failure)"
	)
	c := checker(t, Options{DMARCReject: "reject", DMARCQuarantine: "quarantine"})
	for _, r := range []struct {
		from  string
		found *esa.Authentication
		want  string
	}{
		{from, found("Pass", "b.example", "pass", "b.example"), "Message from domain b.example" + aligned},
		{from, found("Pass", "mail.B.example", "no", ""), "Message from domain b.example" + bySPF},
		{from, found("SoftFail", "b.example", "pass", "x.y.b.example"), "Message from domain b.example" + byDKIM},
		{from, found("Pass", "c.example", "pass", "c.example"), "Message from domain b.example" + failed + "reject Verification failed"},
		{from, found("Fail", "b.example", "permfail", "b.example"), "Message from domain b.example" + failed + "reject Verification failed"},
		{from, found("TempError", "b.example", "no", ""), temporary},
		{from, found("Fail", "b.example", "tempfail", "b.example"), temporary},
		{from, found("TempError", "c.example", "tempfail", "c.example"), "Message from domain b.example" + failed + "reject Verification failed"},
		{from, found("TempError", "b.example", "pass", "b.example"), "Message from domain b.example" + byDKIM},
		{"a@deep.down.b.example", found("Pass", "c.example", "no", ""), "Message from domain deep.down.b.example" + failed + "quarantine Verification failed"},
		{"a@strict.example", found("Pass", "sub.strict.example", "pass", "sub.strict.example"), "Message from domain strict.example" + failed + "quarantine Verification failed"},
		{"a@sub.strict.example", found("Pass", "sub.strict.example", "no", ""), "Message from domain sub.strict.example" + bySPF},
		{"a@sub.strict.example", found("Pass", "strict.example", "no", ""), "Message from domain sub.strict.example" + failed + "quarantine Verification failed"},
		{"a@fail.example", found("Fail", "fail.example", "no", ""), "Message from domain fail.example" + failed + "none Verification failed"},
		{"a@nobody.example", found("Pass", "nobody.example", "no", ""), none},
		{"a@twice.example", found("Fail", "twice.example", "no", ""), none},
		{"a@bad.example", found("Fail", "bad.example", "no", ""), skipped + "(Permanent failure)"},
		{"a@broken.example", found("Pass", "broken.example", "no", ""), temporary},
		{"a@x.slow.example", found("Pass", "broken.example", "no", ""), temporary},
		{"a@example", found("Pass", "b.example", "no", ""), none},
		{"a@Bücher.example", found("Pass", "bücher.example", "no", ""), "Message from domain xn--bcher-kva.example" + bySPF},
		{"", found("Pass", "b.example", "no", ""), unknown},
		{"nobody", found("Pass", "b.example", "no", ""), unknown},
		{"a@b.example, b@c.example", found("Pass", "b.example", "no", ""), unknown},
		{"a@b.example, b@B.example", found("Pass", "b.example", "no", ""), "Message from domain b.example" + bySPF},
		{"a@[192.0.2.1]", found("Pass", "b.example", "no", ""), unknown},
		{"a@b..example", found("Pass", "b.example", "no", ""), unknown},
		{`"c@c.example" <a@b.example>`, found("Pass", "b.example", "no", ""), "Message from domain b.example" + bySPF},
		{"=?utf-8?q?=3Cc=40c.example=3E,?= <a@b.example>", found("Pass", "b.example", "no", ""), "Message from domain b.example" + bySPF},
		{"=?x-unknown?q?=FF?= <a@b.example>", found("Pass", "b.example", "no", ""), "Message from domain b.example" + bySPF},
		{"A. B. [sales] <a@b.example>", found("Pass", "b.example", "no", ""), "Message from domain b.example" + bySPF},
	} {
		a := esa.Authentication{DMARC: c.dmarc(t.Context(), r.from, r.found)}
		if got := strings.ReplaceAll(strings.Join(said(a), " "), "DMARC: ", ""); got != r.want {
			t.Errorf("%s %+v: %s, want %s", r.from, r.found, got, r.want)
		}
	}
}

// A whole message: what was found, in the order of the log, and the header that
// a delivery may add.
func TestCheck(t *testing.T) {
	c := checker(t, Options{SPFReject: []string{"Fail"}})
	e := Envelope{Remote: client, HELO: "mail.nobody.example", Sender: "a@b.example"}
	good := signed(t, message, signature{key: "rsa", domain: "b.example", selector: "r"})
	a := check(t, c, e, from, strings.NewReader(good))
	if diff := cmp.Diff([]string{
		"SPF: helo identity postmaster@mail.nobody.example None",
		"SPF: mailfrom identity a@b.example Pass (v=spf1)",
		"DKIM: pass signature verified (d=b.example s=r i=@b.example)",
		"DMARC: Message from domain b.example, DMARC pass (SPF aligned True, DKIM aligned True)",
		"DMARC: Verification passed",
	}, said(a)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if got, want := Header("esa.example.com", &a), "esa.example.com; spf=none smtp.helo=postmaster@mail.nobody.example; "+
		"spf=pass smtp.mailfrom=a@b.example; dkim=pass header.d=b.example header.i=@b.example; dmarc=pass header.from=b.example"; got != want {
		t.Errorf("header\n%s, want\n%s", got, want)
	}
	e.Remote = netip.MustParseAddr("192.0.2.2")
	a = check(t, c, e, from, strings.NewReader(good+"x\r\n"))
	if got, want := Header("esa.example.com", &a), "esa.example.com; spf=none smtp.helo=postmaster@mail.nobody.example; "+
		`spf=fail smtp.mailfrom=a@b.example; dkim=fail reason="body hash did not verify [final]" header.d=b.example header.i=@b.example; `+
		"dmarc=fail header.from=b.example"; got != want {
		t.Errorf("header\n%s, want\n%s", got, want)
	}
	a = check(t, c, Envelope{Remote: client, HELO: "h"}, "", strings.NewReader("\r\n"))
	if got, want := Header("h", &a), "h; spf=none smtp.helo=postmaster@h; spf=none smtp.mailfrom=postmaster@h; dkim=none; dmarc=none"; got != want {
		t.Errorf("header\n%s, want\n%s", got, want)
	}
	if got := Header("h", new(esa.Authentication)); got != "" {
		t.Errorf("header of a message that was not checked: %q", got)
	}
}

func TestRefuses(t *testing.T) {
	for _, r := range []struct {
		o              Options
		helo, mailFrom string
		action         string
		want           Refusal
	}{
		{Options{}, "Fail", "Fail", "none", Taken},
		{Options{SPFReject: []string{"Fail"}}, "Fail", "Pass", "none", Taken},
		{Options{SPFReject: []string{"Fail"}}, "Fail", "Fail", "quarantine", SPFUnauthorized},
		{Options{SPFReject: []string{"Fail", "SoftFail"}}, "None", "SoftFail", "reject", SPFUnauthorized},
		{Options{SPFReject: []string{"TempError"}}, "None", "TempError", "reject", SPFTemporary},
		{Options{SPFReject: []string{"Fail"}, SPFRejectHELO: []string{"TempError"}}, "TempError", "Fail", "", SPFUnauthorized},
		{Options{SPFRejectHELO: []string{"Fail"}}, "Fail", "Pass", "", SPFUnauthorized},
		{Options{}, "None", "None", "reject", DMARCFailed},
	} {
		a := esa.Authentication{HELO: esa.SPFResult{Result: r.helo}, MailFrom: esa.SPFResult{Result: r.mailFrom}, DMARC: esa.DMARCResult{Action: r.action}}
		if got := checker(t, r.o).Refuses(&a); got != r.want {
			t.Errorf("%+v: %d, want %d", r, got, r.want)
		}
	}
}

func TestOptions(t *testing.T) {
	for want, o := range map[string]Options{
		`spf_reject: "Pass": want None`:                         {SPFReject: []string{"Fail", "Pass"}},
		`spf_reject_helo: "fail": want None`:                    {SPFRejectHELO: []string{"fail"}},
		`dmarc_reject: "drop": want none, quarantine or reject`: {DMARCReject: "drop"},
		`dmarc_quarantine: "reject": want none or quarantine`:   {DMARCQuarantine: "reject"},
	} {
		if _, err := New(o); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%+v: %v, want %s", o, err, want)
		}
	}
}

// A message that is given up ends its verifier, and so does one whose listener
// ends: its look-ups say that they know nothing.
func TestClose(t *testing.T) {
	c := checker(t, Options{})
	k := c.Begin(t.Context())
	if _, err := io.WriteString(k, signed(t, message, signature{key: "rsa", domain: "b.example", selector: "r"})); err != nil {
		t.Fatal(err)
	}
	if k.pipe == nil {
		t.Fatal("a signed message is not verified")
	}
	k.Close()
	k.Close()
	if k.pipe != nil {
		t.Error("the verifier goes on")
	}
	c.o.Resolver = givenUp{c.o.Resolver}
	a := check(t, c, Envelope{Remote: client, HELO: "b.example"}, from, strings.NewReader(message))
	if got := a.HELO.Result + " " + a.DMARC.Reason; got != "TempError Temporary failure" {
		t.Errorf("after the end: %s", got)
	}
}

// givenUp is a real resolver whose asker has gone.
type givenUp struct{ Resolver }

func (givenUp) LookupTXT(ctx context.Context, name string) ([]string, error) {
	s, err := zones.NewServer("192.0.2.1:53")
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	cancel()
	return s.LookupTXT(ctx, name)
}

// A large message is neither kept nor, without a signature, looked at.
func TestMemory(t *testing.T) {
	c := checker(t, Options{})
	chunk := []byte(strings.Repeat("0123456789abcdef0123456789abcdef0123456789abcdef0123456789\r\n", 64))
	for name, first := range map[string]string{"unsigned": message, "signed": signed(t, message, signature{key: "rsa", domain: "b.example", selector: "r", relaxed: true})} {
		k := c.Begin(t.Context())
		_, _ = io.WriteString(k, first)
		const chunks = 2000 // 7.5 MB
		perChunk := testing.AllocsPerRun(chunks, func() { _, _ = k.Write(chunk) })
		if name == "unsigned" && perChunk != 0 {
			t.Errorf("%s: %v allocations a chunk", name, perChunk)
		}
		if len(k.header) > 0 || (k.pipe != nil) != (name == "signed") {
			t.Errorf("%s: header %d, pipe %v", name, len(k.header), k.pipe)
		}
		a := k.Finish(Envelope{Remote: client}, from)
		if got := a.DKIM[0].Reason; (name == "signed") != (got == "body hash did not verify [final]") {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// Whatever a header holds, a check ends, its results fit the log, and are read
// back from it.
func FuzzCheck(f *testing.F) {
	f.Add(message, from)
	f.Add(signed(f, message, signature{key: "ed25519", domain: "b.example", selector: "e"}), "a@b.example, c")
	f.Add("DKIM-Signature: v=1; d=b.example; s=r; a=rsa-sha256; c=relaxed/relaxed; h=from:from; bh=AA==; b=AA==; i=\"@b.example\r\n\r\n", "<")
	f.Add(" DKIM-Signature: v=1; d=(; s=); x=1\r\nDKIM-Signature:\r\n v=1\r\n", "a@\x00")
	c := checker(f, Options{DMARCReject: "reject"})
	f.Fuzz(func(t *testing.T, message, from string) {
		a := check(t, c, Envelope{Remote: client, HELO: from, Sender: "a@" + from}, from, strings.NewReader(message))
		events := a.Events()
		for _, e := range events {
			if e.Name == esa.DKIM && strings.ContainsAny(e.Text, "\r\n\x00") {
				t.Errorf("%q", e.Text)
			}
		}
		if got := len(a.DKIM); got == 0 || got > maxSignatures {
			t.Errorf("%d results of DKIM", got)
		}
		if m := esa.Fold(events); !cmp.Equal(m.Auth.DKIM, a.DKIM) || m.Auth.DMARC != a.DMARC {
			t.Errorf("read back %+v, want %+v", m.Auth, a)
		}
		if h := Header("h", &a); !strings.HasPrefix(h, "h; ") {
			t.Errorf("header %q", h)
		}
	})
}

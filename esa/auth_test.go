package esa

import (
	"reflect"
	"slices"
	"testing"
)

// What was found is told in the words of the logs, and read back from them.
func TestAuthentication(t *testing.T) {
	for name, c := range map[string]struct {
		found Authentication
		said  []string
	}{
		"not asked": {},
		"of ill repute": {Authentication{SDR: SDRResult{Asked: SDRDomains{Host: "mx.c.example", HELO: "c.example", MailFrom: "b.example", From: "b.example", ReplyTo: "d.example"},
			Verdict: "Awful", Threat: "Spam", Suspected: []string{"b.example", "d.example"}, Age: "1 day", Youngest: "d.example"}}, []string{
			"SDR: Domains for which SDR is requested: reverse DNS host: mx.c.example, helo: c.example, env-from: b.example, header-from: b.example, reply-to: d.example",
			"SDR: Consolidated Sender Reputation: Awful, Threat Category: Spam, Suspected Domain(s) : b.example, d.example. Youngest Domain Age: 1 day for domain: d.example",
		}},
		"of no repute": {Authentication{SDR: SDRResult{Asked: SDRDomains{HELO: "c"}, Verdict: "Neutral", Threat: "N/A", Age: "30 days (or greater)", Youngest: "c"}}, []string{
			"SDR: Domains for which SDR is requested: reverse DNS host: Not Present, helo: c, env-from: Not Present, header-from: Not Present, reply-to: Not Present",
			"SDR: Consolidated Sender Reputation: Neutral, Threat Category: N/A. Youngest Domain Age: 30 days (or greater) for domain: c",
		}},
		"all pass": {Authentication{
			HELO: SPFResult{"postmaster@mail.b.example", "None"}, MailFrom: SPFResult{"a@b.example", "Pass"},
			DKIM:  []DKIMResult{{"pass", "signature verified", "b.example", "sel1", "@b.example"}},
			DMARC: DMARCResult{Result: "passed", Domain: "b.example", SPFAligned: true, DKIMAligned: true},
		}, []string{
			"SPF: helo identity postmaster@mail.b.example None", "SPF: mailfrom identity a@b.example Pass (v=spf1)",
			"DKIM: pass signature verified (d=b.example s=sel1 i=@b.example)",
			"DMARC: Message from domain b.example, DMARC pass (SPF aligned True, DKIM aligned True)", "DMARC: Verification passed",
		}},
		"all fail": {Authentication{
			HELO: SPFResult{"postmaster@h", "TempError"}, MailFrom: SPFResult{`"a Pass b"@b.example`, "Fail"},
			DKIM: []DKIMResult{
				{"permfail", "body hash did not verify [final]", "b.example", "s", "a@b.example"},
				{"invalid", "malformed signature tags", "", "", ""}, {"tempfail", "key unavailable", "c.example", "", ""},
			},
			DMARC: DMARCResult{Result: "failed", Domain: "b.example", DKIMAligned: false, Action: "reject"},
		}, []string{
			"SPF: helo identity postmaster@h TempError", `SPF: mailfrom identity "a Pass b"@b.example Fail (v=spf1)`,
			"DKIM: permfail body hash did not verify [final] (d=b.example s=s i=a@b.example)",
			"DKIM: invalid malformed signature tags", "DKIM: tempfail key unavailable (d=c.example)",
			"DMARC: Message from domain b.example, DMARC fail (SPF aligned False, DKIM aligned False), DMARC action reject",
			"DMARC: Verification failed",
		}},
		"nothing to check": {Authentication{
			MailFrom: SPFResult{"a@b.example", "SoftFail"}, DKIM: []DKIMResult{{Result: NoSignature, Reason: "signature"}},
			DMARC: DMARCResult{Result: "skipped", Reason: "No record found for the sending domain"},
		}, []string{
			"SPF: mailfrom identity a@b.example SoftFail (v=spf1)", "DKIM: no signature",
			"DMARC: Verification skipped (No record found for the sending domain)",
		}},
	} {
		events := c.found.Events()
		var said []string
		for _, e := range events {
			said = append(said, e.Name+": "+e.Text)
		}
		if !slices.Equal(said, c.said) {
			t.Errorf("%s: said %q, want %q", name, said, c.said)
		}
		if m := Fold(events); !reflect.DeepEqual(m.Auth, c.found) {
			t.Errorf("%s: read back %+v, want %+v", name, m.Auth, c.found)
		}
		bitByBit(t, name, events)
	}
}

// A damaged log makes no fold panic.
func TestAuthenticationDamaged(t *testing.T) {
	for _, text := range []string{"", " ", "(", ")", "a (", "a ()", "a (d", "helo identity ", "helo identity x", "mailfrom", "Verification",
		"Verification ", "Verification skipped (", "Message from domain ", "Message from domain b.example", "pass (d=", "pass )("} {
		for _, name := range []string{"", SPF, DKIM, DMARC} {
			Fold([]Event{{Kind: AuthChecked, Name: name, Text: text}})
		}
	}
}

func TestSDRAge(t *testing.T) {
	for days, want := range map[int]string{0: "30 days (or greater)", 1: "1 day", 30: "1 month", 364: "12 months 4 days", 365: "1 year", 8002: "21 years 11 months 7 days"} {
		if got := SDRAge(days); got != want {
			t.Errorf("%d days: %s, want %s", days, got, want)
		}
	}
}

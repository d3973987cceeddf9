package tracking

import (
	"net/netip"
	"testing"
	"time"

	"esasim/esa"
)

// What a search compares, and how: spelled out, because the search test holds
// the store only against this very comparison.
func TestMatch(t *testing.T) {
	received := time.Date(2020, 5, 14, 13, 23, 57, 0, time.UTC)
	outgoing := esa.Outgoing
	m := esa.Message{
		MID: 8, ICID: 3, Received: received, Sender: "Mgmt01@cisco.com", Subject: "Straße: test TEST", MessageID: "<1@Host.test>",
		Recipients:  []esa.Recipient{{Address: "a@one.test"}, {Address: "B@two.test"}},
		Attachments: []esa.Attachment{{Name: "Invoice.PDF", SHA256: "ab12"}},
		Source:      esa.Source{Remote: netip.MustParseAddr("::ffff:10.1.2.3"), Host: "Mail.Sender.test", Group: "UNKNOWNLIST", Country: "Norway", SBRS: "-3.7"},
		ReplyTo:     "Boss <boss@sender.test>", Policy: "Kanzlei STRASSE", State: esa.Quarantined, Quarantines: []string{"Policy", "Outbreak"},
		Events: []esa.Event{
			{Kind: esa.EngineVerdict, Engine: esa.AntiVirus, Verdict: esa.Positive, Name: "EICAR-AV-Test"},
			{Kind: esa.EngineVerdict, Engine: esa.AntiSpam, Verdict: esa.Negative},
			{Kind: esa.MessageQuarantined, Engine: esa.AntiVirus, Name: "Policy"},
		},
	}
	bare := esa.Message{MID: 9, Received: received, Events: []esa.Event{{Kind: esa.MessageStarted}}}
	text := func(op Op, v string) Text { return Text{op, v} }
	for _, c := range []struct {
		q    Query
		want bool
	}{
		{Query{}, true},
		{Query{Sender: text(BeginsWith, "mgmt")}, true},
		{Query{Sender: text(BeginsWith, "gmt")}, false},
		{Query{Sender: text(Is, "MGMT01@CISCO.COM")}, true},
		{Query{Sender: text(Is, "mgmt01")}, false},
		{Query{Sender: text(Contains, "@CISCO")}, true},
		{Query{Recipient: text(BeginsWith, "b@")}, true},
		{Query{Recipient: text(Is, "two.test")}, false},
		{Query{Subject: text(BeginsWith, "STRASSE")}, true},
		{Query{Subject: text(Contains, "test test")}, true},
		{Query{Subject: text(Is, "straße: TEST test")}, true},
		{Query{Attachment: text(Contains, "voice.pdf")}, true},
		{Query{SHA256: "AB12"}, true},
		{Query{SHA256: "ab1"}, false},
		{Query{MessageID: "1@host.test"}, true},
		{Query{MessageID: " <1@Host.test> "}, true},
		{Query{MessageID: "1@host"}, false},
		{Query{MID: 8}, true},
		{Query{MID: 9}, false},
		{Query{ICID: 3}, true},
		{Query{ICID: 4}, false},
		{Query{SenderIP: netip.MustParsePrefix("10.1.2.3/32")}, true},
		{Query{SenderIP: netip.MustParsePrefix("10.0.0.0/8")}, true},
		{Query{SenderIP: netip.MustParsePrefix("11.0.0.0/8")}, false},
		{Query{Direction: &outgoing}, false},
		{Query{From: received}, true},
		{Query{From: received.Add(time.Nanosecond)}, false},
		{Query{To: received}, false},
		{Query{To: received.Add(time.Nanosecond)}, true},
		{Query{Sender: text(BeginsWith, "mgmt"), MID: 9}, false},
		{Query{MessageID: "< 1@HOST.test >"}, true},
		{Query{Before: 8}, false},
		{Query{Before: 9}, true},
		{Query{SenderIP: netip.MustParsePrefix("::ffff:10.1.0.0/112")}, true},
		{Query{SenderIP: netip.MustParsePrefix("::/0")}, false},
		{Query{Domain: text(Is, "CISCO.com")}, true},
		{Query{Domain: text(Is, "mgmt01@cisco.com")}, false},
		{Query{Domain: text(BeginsWith, "cis")}, true},
		{Query{Host: text(Contains, "SENDER")}, true},
		{Query{Host: text(Is, "sender.test")}, false},
		{Query{ReplyTo: text(BeginsWith, "BOSS")}, true},
		{Query{ReplyTo: text(Contains, "cisco")}, false},
		{Query{Group: "unknownlist"}, true},
		{Query{Group: "unknown"}, false},
		{Query{Country: "norway"}, true},
		{Query{Country: "Nor"}, false},
		{Query{Policy: "kanzlei straße"}, true},
		{Query{Policy: "kanzlei"}, false},
		{Query{Sender: text(Empty, "")}, false},
		{Query{Subject: text(Empty, "")}, false},
		{Query{Recipient: text(Empty, "")}, false},
		{Query{Attachment: text(Empty, "")}, false},
		{Query{Recipient: text(Is, "a@ONE.test")}, true},
		{Query{Subject: text(Is, "")}, true},
		{Query{States: []esa.State{esa.Delivered}}, false},
		{Query{States: []esa.State{esa.Delivered, esa.Quarantined}}, true},
		{Query{Countries: []string{"Japan", "NORWAY"}}, true},
		{Query{Countries: []string{"Japan"}}, false},
		{Query{Countries: []string{"Japan"}, Scores: []int{-3}}, true},
		{Query{Scores: []int{-4, 3}}, false},
		{Query{Scores: []int{-4, 3}, Held: []string{"Policy"}}, true},
		{Query{Held: []string{"POLICY"}}, true},
		{Query{Held: []string{"Pol"}}, false},
		{Query{Held: []string{"Virus", "outbreak"}}, true},
		{Query{Held: []string{"Virus"}, States: []esa.State{esa.Quarantined}}, true},
		{Query{Held: []string{"Virus"}, States: []esa.State{esa.Delivered}}, false},
		{Query{Held: []string{"Policy"}, MID: 9}, false},
		{Query{Events: []EventMatch{{Kind: esa.MessageDropped}}}, false},
		{Query{Events: []EventMatch{{Kind: esa.MessageDropped}, {Kind: esa.EngineVerdict}}}, true},
		{Query{Events: []EventMatch{{Kind: esa.MessageDropped}}, Held: []string{"Policy"}}, true},
		{Query{Events: []EventMatch{{Kind: esa.EngineVerdict, Engine: esa.AntiVirus, Verdict: esa.Positive}}}, true},
		{Query{Events: []EventMatch{{Kind: esa.EngineVerdict, Engine: esa.AntiSpam, Verdict: esa.Positive}}}, false},
		{Query{Events: []EventMatch{{Kind: esa.EngineVerdict, Verdict: esa.Negative, Name: "eicar-av-test"}}}, false},
		{Query{Events: []EventMatch{{Kind: esa.EngineVerdict, Name: "eicar-av-TEST"}}}, true},
		{Query{Events: []EventMatch{{Kind: esa.MessageQuarantined, Name: "eicar-av-test"}}}, false},
	} {
		if got := c.q.matcher()(&m); got != c.want {
			t.Errorf("%s: %t", c.q, got)
		}
	}
	for _, c := range []struct {
		q    Query
		want bool
	}{
		{Query{Sender: text(Empty, "")}, true},
		{Query{Domain: text(Empty, "")}, true},
		{Query{Recipient: text(Empty, "")}, true},
		{Query{Subject: text(Empty, "")}, true},
		{Query{Attachment: text(Empty, "")}, true},
		{Query{ReplyTo: text(Empty, "")}, true},
		{Query{Host: text(Empty, "")}, true},
		{Query{Sender: text(Contains, "@")}, false},
		{Query{Recipient: text(Contains, "@")}, false},
		{Query{SenderIP: netip.MustParsePrefix("0.0.0.0/0")}, false},
		{Query{SenderIP: netip.MustParsePrefix("::/0")}, false},
		{Query{Events: []EventMatch{{Kind: esa.MessageStarted}}}, true},
		{Query{Held: []string{"Policy"}}, false},
	} {
		if got := c.q.matcher()(&bare); got != c.want {
			t.Errorf("a message without anything: %s: %t", c.q, got)
		}
	}
}

func TestNeedle(t *testing.T) {
	for _, c := range []struct {
		t          Text
		folded     string
		set, match bool
	}{
		{Text{}, "x", false, true},
		{Text{Is, ""}, "x", false, true},
		{Text{BeginsWith, "STRASSE"}, "strasse 1", true, true},
		{Text{BeginsWith, "ße"}, "strasse", true, false},
		{Text{Contains, "ße"}, "strasse", true, true},
		{Text{Is, "Σ"}, "σ", true, true},
		{Text{Is, "Σ"}, "σσ", true, false},
		{Text{Empty, ""}, "", true, true},
		{Text{Empty, ""}, " ", true, false},
	} {
		n := c.t.needle()
		if n.set() != c.set || n.matches(c.folded) != c.match {
			t.Errorf("%v in %q: set %t, matches %t", c.t, c.folded, n.set(), n.matches(c.folded))
		}
	}
}

func TestDomainOf(t *testing.T) {
	for address, want := range map[string]string{"": "", "a": "", "a@B.test": "B.test", `"x@y"@z.test`: "z.test", "a@": ""} {
		if got := domainOf(address); got != want {
			t.Errorf("domainOf(%q) = %q, want %q", address, got, want)
		}
	}
}

// A zone is where an address is met, not what it is.
func TestMatchZone(t *testing.T) {
	q := Query{SenderIP: netip.MustParsePrefix("fe80::1/128")}
	if m := (esa.Message{Source: esa.Source{Remote: netip.MustParseAddr("fe80::1%eth0")}}); !q.matcher()(&m) {
		t.Error("an address with a zone is not found")
	}
}

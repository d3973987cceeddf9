package maillog

import (
	"bytes"
	"flag"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"esasim/appliance/logs"
	"esasim/appliance/specimen"
	"esasim/appliance/stage"
	"esasim/esa"
	"esasim/internal/golden"
)

var update = flag.Bool("update", false, "write the golden files again")

// The whole life of messages in the appliance's words: delivered over TLS to
// two recipients with an attachment, dropped as spam and as a virus, delayed
// and bounced, aborted.
func TestSentencesGolden(t *testing.T) {
	src := &esa.Source{Listener: "IncomingMail", Local: netip.MustParseAddr("2.2.2.2"), Remote: netip.MustParseAddr("1.1.1.1"),
		Host: "mail.b.example", Verified: true, Rule: "ACCEPT", Group: "UNKNOWNLIST", Match: "sbrs[none]", SBRS: "None", Country: "not enabled"}
	refused := &esa.Source{Remote: netip.MustParseAddr("1.1.1.1"), Rule: "TCPREFUSE", Group: "BLACKLIST", Match: "sbrs[-10.0:-3.0]", SBRS: "-9.9", Country: "Netherlands"}
	at := time.Date(2020, 8, 10, 9, 52, 59, 0, time.UTC)
	dcid := &esa.Source{Local: netip.MustParseAddr("2.2.2.2"), Remote: netip.MustParseAddr("3.3.3.3")}
	out := logs.NewLines(time.UTC)
	for _, e := range []esa.Event{
		{Kind: esa.ConnectionOpened, ICID: 5, Source: src},
		{Kind: esa.HATDecided, ICID: 5, Source: src},
		{Kind: esa.TLSStarted, ICID: 5, Name: "TLSv1.2", Text: "ECDHE-RSA-AES256-GCM-SHA384"},
		{Kind: esa.MessageStarted, ICID: 5, MID: 89, Source: src},
		{Kind: esa.SenderGiven, ICID: 5, MID: 89, Address: "a@b.example"},
		{Kind: esa.RecipientGiven, ICID: 5, MID: 89, Address: "u@x.example", RIDs: []esa.RID{0}},
		{Kind: esa.RecipientGiven, ICID: 5, MID: 89, Address: "v@x.example", RIDs: []esa.RID{1}},
		{Kind: esa.RecipientRejected, ICID: 5, MID: 89, Address: "nobody@y.example", Text: "RAT"},
		{Kind: esa.MessageIDSeen, MID: 89, Text: "<x@b.example>"},
		{Kind: esa.SubjectSeen, MID: 89, Text: "hello"},
		{Kind: esa.SubjectSeen, MID: 90, Text: "it's"},
		{Kind: esa.SubjectSeen, MID: 91, Text: "two\nFri Aug 10 09:52:59 2020 Info: forged\u2028lines"},
		{Kind: esa.HeaderSeen, MID: 89, Name: "From", Text: "A <a@b.example>"},
		{Kind: esa.AttachmentSeen, MID: 89, Attachment: &esa.Attachment{Name: "a.pdf"}},
		{Kind: esa.MessageReady, MID: 89, Size: 71983, Address: "a@b.example"},
		{Kind: esa.PolicyMatched, MID: 89, Name: "DEFAULT"},
		{Kind: esa.PolicyMatched, MID: 92, Name: "DEFAULT", Direction: esa.Outgoing},
		{Kind: esa.EngineVerdict, MID: 89, Engine: esa.AntiSpam, Verdict: esa.Negative},
		{Kind: esa.EngineVerdict, MID: 90, Engine: esa.AntiSpam, Verdict: esa.Positive},
		{Kind: esa.EngineVerdict, MID: 91, Engine: esa.AntiSpam, Verdict: esa.Suspect},
		{Kind: esa.MessageDropped, MID: 90, Engine: esa.AntiSpam, Text: "Dropped by CASE"},
		{Kind: esa.EngineVerdict, MID: 89, Engine: esa.AntiVirus, Verdict: esa.Negative},
		{Kind: esa.EngineVerdict, MID: 91, Engine: esa.AntiVirus, Verdict: esa.Positive, Name: "EICAR-AV-Test"},
		{Kind: esa.EngineVerdict, MID: 89, Engine: esa.AMP, Verdict: esa.Skipped},
		{Kind: esa.EngineVerdict, MID: 90, Engine: esa.AMP, Verdict: esa.Unknown},
		{Kind: esa.EngineVerdict, MID: 91, Engine: esa.AMP, Verdict: esa.Positive},
		{Kind: esa.EngineVerdict, MID: 92, Engine: esa.AMP, Verdict: esa.Negative},
		{Kind: esa.EngineVerdict, MID: 89, Engine: esa.Graymail, Verdict: esa.Negative},
		{Kind: esa.EngineVerdict, MID: 89, Engine: esa.OutbreakFilters, Verdict: esa.Negative},
		{Kind: esa.MessageQueued, MID: 89},
		{Kind: esa.ConnectionTrouble, ICID: 5, Text: "Unknown command: FOO"},
		{Kind: esa.ConnectionClosed, ICID: 5},
		{Kind: esa.ConnectionClosed, ICID: 6, Text: "lost"},
		{Kind: esa.ConnectionOpened, ICID: 7, Source: refused},
		{Kind: esa.HATDecided, ICID: 7, Source: refused},
		{Kind: esa.ConnectionClosed, ICID: 7, Text: "refused"},
		{Kind: esa.DeliveryOpened, DCID: 7, Source: dcid, Size: 25},
		{Kind: esa.DeliveryStarted, DCID: 7, MID: 89, RIDs: []esa.RID{0, 1}},
		{Kind: esa.RecipientDelivered, DCID: 7, MID: 89, RIDs: []esa.RID{0, 1}, Text: "2.0.0 OK  1591 gsmtp"},
		{Kind: esa.RecipientDelayed, DCID: 7, MID: 90, RIDs: []esa.RID{0}, Name: "4.1.0 - Unknown address error", Text: "451 greylisted", Until: at.Add(time.Hour)},
		{Kind: esa.RecipientBounced, DCID: 7, MID: 91, RIDs: []esa.RID{0}, Name: "5.1.0 - Unknown address error", Text: "550 5.1.1 user unknown"},
		{Kind: esa.MessageFinished, MID: 89, Text: "done"},
		{Kind: esa.DeliveryClosed, DCID: 7},
		{Kind: esa.MessageAborted, MID: 93, Text: "Receiving aborted by sender"},
		{Kind: esa.MessageFinished, MID: 93, Text: "aborted"},
		{Kind: esa.EngineVerdict, MID: 94, Engine: esa.AntiSpam, Verdict: esa.Marketing},
		{Kind: esa.EngineVerdict, MID: 94, Engine: esa.AntiSpam, Verdict: esa.Unscannable},
		{Kind: esa.EngineVerdict, MID: 94, Engine: esa.AntiVirus, Verdict: esa.Unscannable},
		{Kind: esa.EngineVerdict, MID: 94, Engine: esa.AMP, Verdict: esa.LowRisk},
		{Kind: esa.EngineVerdict, MID: 94, Engine: esa.AMP, Verdict: esa.Unscannable},
		{Kind: esa.EngineVerdict, MID: 94, Engine: esa.AMP, Verdict: esa.Unknown, Text: "File analysis pending"},
		{Kind: esa.EngineVerdict, MID: 94, Engine: esa.Graymail, Verdict: esa.Social},
		{Kind: esa.EngineVerdict, MID: 94, Engine: esa.OutbreakFilters, Verdict: esa.Positive},
		{Kind: esa.EngineVerdict, MID: 94, Engine: esa.DLP, Verdict: esa.Negative},
		{Kind: esa.EngineVerdict, MID: 94, Engine: esa.DLP, Verdict: esa.Positive, Name: "HIPAA", Text: "Severity: LOW (Risk Factor: 15)"},
		{Kind: esa.EngineVerdict, MID: 94, Engine: esa.ContentFilters, Verdict: esa.Positive, Name: "f"},
		{Kind: esa.EngineVerdict, MID: 94, Engine: esa.AntiSpam},
		{Kind: esa.MessageSplit, MID: 94, Other: 95, Name: "Finance", RIDs: []esa.RID{1}},
		{Kind: esa.MessageRewritten, MID: 94, Other: 96, Engine: esa.AntiSpam, Text: "antispam"},
		{Kind: esa.MessageStarted, MID: 96, Other: 94},
		{Kind: esa.MessageQuarantined, MID: 96, Engine: esa.ContentFilters, Name: "Policy", Text: "content filter:f"},
		{Kind: esa.MessageQuarantined, MID: 96, Engine: esa.AntiVirus, Name: "Virus"},
		{Kind: esa.MessageReleased, MID: 96, Name: "Policy", Text: "manual", Size: 190},
		{Kind: esa.QuarantineDeleted, MID: 96, Name: "Virus", Text: "expired\nforged", Size: 3600},
		{Kind: esa.MessageReleased, MID: 96},
		{Kind: esa.QuarantineDeleted, MID: 96},
		{Kind: esa.QuarantineAsked, MID: 97, Engine: esa.AntiSpam, Name: "Spam Quarantine"},
		{Kind: esa.QuarantineAsked, MID: 97, Engine: esa.ContentFilters, Name: "Policy"},
		{Kind: esa.MessageQuarantined, MID: 97, Engine: esa.AntiSpam, Name: "Spam Quarantine", DCID: 4051},
		{Kind: esa.MessageReinjected, MID: 97, Other: 99},
		{Kind: esa.AuthTried, ICID: 6, Name: "LOGIN with profile: users", Address: "u\nforged", Text: "succeeded"},
		{Kind: esa.MessageBounced, MID: 96, Name: "5.7.1 - x", Text: "Bounced by content filter 'f' in the inbound table"},
		{Kind: esa.MessageGenerated, MID: 96, Other: 100, Text: "bcc filter 'f'"},
		{Kind: esa.LogEntered, MID: 96, Text: "seen"},
		{Kind: esa.QuarantineMoved, MID: 96, Name: "Policy", Text: "Mine"},
		{Kind: esa.QuarantineDelayed, MID: 96, Name: "Mine", Until: at},
		{Kind: esa.VerdictChanged, MID: 96, Engine: esa.AMP, Verdict: esa.Positive},
		{Kind: esa.URLMatched, MID: 96, Text: "http://x.example/", Address: "-6.8", Name: "URL Reputation Rule"},
		{Kind: esa.BounceGenerated, MID: 91, Other: 98},
		{Kind: esa.AuthChecked, MID: 99, ICID: 5, Name: esa.SPF, Text: "helo identity postmaster@mail.b.example None"},
		{Kind: esa.AuthChecked, MID: 99, ICID: 5, Name: esa.SPF, Text: "mailfrom identity a@b.example Pass (v=spf1)"},
		{Kind: esa.AuthChecked, MID: 99, ICID: 5, Name: esa.DKIM, Text: "permfail body hash did not verify [final] (d=b.example s=sel1 i=@b.example)"},
		{Kind: esa.AuthChecked, MID: 99, ICID: 5, Name: esa.DMARC, Text: "Message from domain b.example, DMARC pass (SPF aligned True, DKIM aligned False)"},
		{Kind: esa.AuthChecked, MID: 99, ICID: 5, Name: esa.DMARC, Text: "Verification passed"},
		{Kind: esa.DeliveryTLSStarted, DCID: 8, Name: "TLSv1.2", Text: "ECDHE-RSA-AES256-GCM-SHA384", Address: "x.example"},
		{Kind: esa.DeliveryTrouble, DCID: 263, MID: 90, Text: "Connection Error: DCID: 263 IP: 128.242.110.90 details: EOF interface: 128.197.12.246 reason: network error"},
		{Kind: esa.RecipientDelayed, DCID: 8, MID: 90, RIDs: []esa.RID{0}, Name: "4.4.0 - Other network problem", Text: "000 [Errno 54] Connection reset by peer", Until: at.Add(time.Hour)},
		{Kind: esa.RecipientBounced, DCID: 8, MID: 90, RIDs: []esa.RID{1}, Name: "5.1.0 - Unknown address error", Text: "554 5.7.1 two\nlines"},
		{Kind: esa.DoubleBounced, MID: 98, RIDs: []esa.RID{0}, Name: "5.1.0 - Unknown address error", Text: "501 5.5.4 Invalid Address"},
		{Kind: esa.DoubleBounced, MID: 99, RIDs: []esa.RID{0}, Name: "5.7.1 - Delivery not authorized, message refused"},
		{Kind: esa.DeliveryTrouble, Text: "Deliveries are currently suspended"},
		{Kind: esa.EngineVerdict, MID: 91, Engine: esa.OutbreakFilters, Verdict: esa.Positive, Name: "OUTBREAK_0002187_03", Text: "Phish", Size: 3},
		{Kind: esa.EngineVerdict, MID: 91, Engine: esa.OutbreakFilters, Verdict: esa.Positive, Size: 5},
	} {
		for _, s := range sentencesOf(&e) {
			out.Say(at, logs.Info, s)
		}
	}
	golden.Check(t, "testdata/sentences.txt", out.Buf, *update)
	if n := bytes.Count(out.Buf, []byte("forged")); n != 3 || bytes.Contains(out.Buf, []byte("\nforged")) || bytes.Contains(out.Buf, []byte("\nFri")) {
		t.Error("mail can break a log line in two")
	}
}

// Since 14 Sender Domain Reputation has a threat level and a maturity.
func TestWordingOfSDR(t *testing.T) {
	const asked = "Domains for which SDR is requested: reverse DNS host: h, helo: h, env-from: b.example, header-from: Not Present, reply-to: Not Present"
	const old, aged = "Consolidated Sender Reputation: ", " (or greater) for domain: h"
	for _, c := range []struct {
		wording    int
		text, want string
	}{
		{15, asked, asked},
		{13, old + "Neutral, Threat Category: N/A. Youngest Domain Age: 30 days" + aged, old + "Neutral, Threat Category: N/A. Youngest Domain Age: 30 days" + aged},
		{14, old + "Neutral, Threat Category: N/A. Youngest Domain Age: 30 days" + aged,
			"Consolidated Sender Threat Level: Neutral, Threat Category: N/A, Suspected Domain(s) : N/A (other reasons for verdict). Sender Maturity: 30 days" + aged},
		{15, old + "Awful, Threat Category: Spam, Suspected Domain(s) : a.example, b.example. Youngest Domain Age: 3 days for domain: a.example",
			"Consolidated Sender Threat Level: Untrusted, Threat Category: Spam, Suspected Domain(s) : a.example, b.example. Sender Maturity: 3 days for domain: a.example"},
		{14, "something of a newer version", "something of a newer version"},
	} {
		out := logs.NewLines(time.UTC)
		entry := esa.Entry{Events: []esa.Event{{Kind: esa.AuthChecked, MID: 8, Name: esa.SDR, Text: c.text}}}
		if err := (Log{Wording: c.wording}).Write(t.Context(), out, []esa.Entry{entry}); err != nil {
			t.Fatal(err)
		}
		if got := out.Texts(); len(got) != 1 || got[0] != "MID 8 SDR: "+c.want {
			t.Errorf("wording %d: %q, want %q", c.wording, got, c.want)
		}
	}
}

// Every kind of event has a sentence, or is known to have none.
func TestEveryKindHasASentence(t *testing.T) {
	silent := []esa.Kind{esa.HeaderSeen, esa.Inherited, esa.FileJudged, esa.MessageRemediated, esa.DLPMatched, esa.Audited}
	for k := esa.ConnectionOpened; k < esa.Kinds; k++ {
		e := esa.Event{Kind: k, Name: stage.SpamQuarantine, Source: &esa.Source{}, RIDs: []esa.RID{0}, Attachment: &esa.Attachment{}, Engine: esa.AntiSpam, Verdict: esa.Negative}
		if got := sentencesOf(&e); (len(got) == 0) != slices.Contains(silent, k) {
			t.Errorf("kind %d: %q", k, got)
		}
	}
}

// Every verdict an engine can have has a sentence, which never makes a bad one
// look clean; filters are silent.
func TestVerdictsHaveSentences(t *testing.T) {
	for _, e := range specimen.Events() {
		if e.Kind != esa.EngineVerdict {
			continue
		}
		got := sentencesOf(e)
		silent := e.Engine == esa.MessageFilters || e.Engine == esa.ContentFilters
		if (len(got) == 0) != silent {
			t.Errorf("engine %d verdict %d: %q", e.Engine, e.Verdict, got)
		}
		for _, s := range got {
			if e.Verdict != esa.Negative && (strings.Contains(s, "negative") || strings.Contains(s, "CLEAN")) {
				t.Errorf("engine %d verdict %d: %q", e.Engine, e.Verdict, s)
			}
		}
	}
}

// The last row of the HAT has no name in the older wording; a group that has the
// member ALL has it in both.
func TestWording(t *testing.T) {
	const want = "ICID 5 ACCEPT SG %s SBRS None country not enabled"
	for _, c := range []struct {
		wording     int
		group, want string
	}{
		{0, "None", "None match "}, {13, "None", "None match "}, {14, "None", "None match ALL"}, {15, "None", "None match ALL"},
		{13, "MINE", "MINE match ALL"}, {15, "MINE", "MINE match ALL"},
	} {
		out := logs.NewLines(time.UTC)
		src := &esa.Source{Rule: "ACCEPT", Group: c.group, Match: "ALL", SBRS: "None", Country: "not enabled"}
		entry := esa.Entry{Events: []esa.Event{{Kind: esa.HATDecided, ICID: 5, Source: src}}}
		if err := (Log{Wording: c.wording}).Write(t.Context(), out, []esa.Entry{entry}); err != nil {
			t.Fatal(err)
		}
		if got := out.Texts(); len(got) != 1 || got[0] != fmt.Sprintf(want, c.want) {
			t.Errorf("wording %d: %q, want %q", c.wording, got, fmt.Sprintf(want, c.want))
		}
	}
}

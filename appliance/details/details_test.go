package details

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"esasim/appliance/specimen"
	"esasim/esa"
)

var update = flag.Bool("update", false, "write the goldens anew")

func at(second int) time.Time {
	return time.Date(2022, 9, 7, 8, 10, 33, 0, time.UTC).Add(time.Duration(second) * time.Second)
}

func source() *esa.Source {
	return &esa.Source{
		Listener: "Data 1", Local: netip.MustParseAddr("2.2.2.2"), Remote: netip.MustParseAddr("1.1.1.1"),
		Host: "mail.b.example", Verified: true, Rule: "ACCEPT", Group: "UNKNOWNLIST",
		Match: "sbrs[0.0:10.0]", SBRS: "3.5", Country: "Netherlands",
	}
}

// received is a message as far as "ready".
func received() []esa.Event {
	return []esa.Event{
		{Kind: esa.ConnectionOpened, Time: at(0), ICID: 5, Source: source()},
		{Kind: esa.HATDecided, Time: at(0), ICID: 5, Source: source()},
		{Kind: esa.TLSStarted, Time: at(0), ICID: 5, Name: "TLSv1.2", Text: "ECDHE-RSA-AES256-GCM-SHA384"},
		{Kind: esa.MessageStarted, Time: at(1), MID: 89, ICID: 5, Source: source()},
		{Kind: esa.SenderGiven, Time: at(1), MID: 89, ICID: 5, Address: "a@b.example"},
		{Kind: esa.RecipientGiven, Time: at(1), MID: 89, ICID: 5, RIDs: []esa.RID{0}, Address: "u@x.example"},
		{Kind: esa.RecipientGiven, Time: at(1), MID: 89, ICID: 5, RIDs: []esa.RID{1}, Address: "v@x.example"},
		{Kind: esa.RecipientRejected, Time: at(1), MID: 89, ICID: 5, Address: "no@y.example", Text: "RAT"},
		{Kind: esa.MessageIDSeen, Time: at(2), MID: 89, Text: "<x@b.example>"},
		{Kind: esa.SubjectSeen, Time: at(2), MID: 89, Text: "hello"},
		{Kind: esa.HeaderSeen, Time: at(2), MID: 89, Name: "From", Text: "A <a@b.example>"},
		{Kind: esa.AttachmentSeen, Time: at(2), MID: 89, Attachment: &esa.Attachment{Name: "a.pdf"}},
		{Kind: esa.MessageReady, Time: at(2), MID: 89, Size: 71983, Address: "a@b.example"},
	}
}

// scanned is a message as far as "queued".
func scanned() []esa.Event {
	verdict := func(e esa.Engine, v esa.Verdict) esa.Event {
		return esa.Event{Kind: esa.EngineVerdict, Time: at(3), MID: 89, Engine: e, Verdict: v}
	}
	return append(received(),
		esa.Event{Kind: esa.PolicyMatched, Time: at(3), MID: 89, Name: "DEFAULT", Direction: esa.Incoming},
		verdict(esa.MessageFilters, esa.Negative),
		verdict(esa.AntiSpam, esa.Negative), verdict(esa.AntiVirus, esa.Negative), verdict(esa.AMP, esa.Skipped),
		verdict(esa.Graymail, esa.Negative), verdict(esa.ContentFilters, esa.Negative),
		verdict(esa.OutbreakFilters, esa.Negative), verdict(esa.DLP, esa.NotEvaluated),
		esa.Event{Kind: esa.MessageQueued, Time: at(3), MID: 89},
	)
}

func delivery() []esa.Event {
	return []esa.Event{
		{Kind: esa.ConnectionClosed, Time: at(3), ICID: 5, Text: "lost"},
		{Kind: esa.DeliveryOpened, Time: at(4), DCID: 7, Size: 25, Source: &esa.Source{
			Local: netip.MustParseAddr("2.2.2.2"), Remote: netip.MustParseAddr("3.3.3.3")}},
		{Kind: esa.DeliveryStarted, Time: at(4), DCID: 7, MID: 89, RIDs: []esa.RID{0, 1}},
	}
}

// stories are whole messages; each is a golden.
func stories() map[string][]esa.Event {
	one := func(e esa.Event) []esa.Event {
		e.MID, e.Time = 89, at(5)
		return append(append(scanned(), delivery()...), e)
	}
	found := func(e ...esa.Event) []esa.Event {
		for i := range e {
			e[i].MID, e[i].Time = 89, at(3)
		}
		return append(received(), e...)
	}
	positive := func(g esa.Engine, name, text string) esa.Event {
		return esa.Event{Kind: esa.EngineVerdict, Engine: g, Verdict: esa.Positive, Name: name, Text: text}
	}
	outgoing := source()
	outgoing.Rule, outgoing.Group, outgoing.Match, outgoing.Outgoing = "RELAY", "RELAYLIST", "10.0.0.0/8", true
	outgoing.Host, outgoing.Verified = "", false
	return map[string][]esa.Event{
		"delivered": append(append(scanned(), delivery()...),
			esa.Event{Kind: esa.RecipientDelivered, Time: at(5), DCID: 7, MID: 89, RIDs: []esa.RID{0, 1}, Text: "2.0.0 OK"},
			esa.Event{Kind: esa.MessageFinished, Time: at(5), MID: 89, Text: "done"},
			esa.Event{Kind: esa.DeliveryClosed, Time: at(5), DCID: 7}),
		"bounced": one(esa.Event{Kind: esa.RecipientBounced, DCID: 7, RIDs: []esa.RID{0},
			Name: "5.1.0 - Unknown address error", Text: "550 5.1.1 it's not here"}),
		"no-such-host": one(esa.Event{Kind: esa.RecipientBounced, RIDs: []esa.RID{1},
			Name: "5.1.2 - Bad destination host", Text: "DNS Hard Error looking up x (MX):  NXDomain"}),
		"delayed": one(esa.Event{Kind: esa.RecipientDelayed, DCID: 7, RIDs: []esa.RID{1}, Until: at(3600),
			Name: "4.1.0 - Unknown address error", Text: "451-greylisted\n451 come again"}),
		"aborted": found(esa.Event{Kind: esa.MessageAborted, Text: "Receiving aborted by sender"},
			esa.Event{Kind: esa.MessageFinished, Text: "aborted"}),
		"spam": found(positive(esa.AntiSpam, "", ""),
			esa.Event{Kind: esa.MessageDropped, Engine: esa.AntiSpam, Text: "Dropped by CASE"}),
		"virus": found(positive(esa.AntiVirus, "EICAR", ""),
			esa.Event{Kind: esa.MessageDropped, Engine: esa.AntiVirus, Text: "Dropped by antivirus"}),
		"filters": found(positive(esa.MessageFilters, "FileType", ""), positive(esa.ContentFilters, "f", ""),
			positive(esa.DLP, "HIPAA", "Severity: LOW (Risk Factor: 15)"), positive(esa.AMP, "", ""),
			esa.Event{Kind: esa.MessageDropped, Engine: esa.ContentFilters, Text: "Dropped by content filter 'f' in the inbound table"}),
		"rewritten": found(
			esa.Event{Kind: esa.EngineVerdict, Engine: esa.AntiSpam, Verdict: esa.Suspect},
			esa.Event{Kind: esa.MessageSplit, Other: 90, RIDs: []esa.RID{1}, Name: "Finance"},
			esa.Event{Kind: esa.MessageRewritten, Other: 91, Engine: esa.AntiSpam, Text: "antispam"},
			esa.Event{Kind: esa.MessageFinished, Text: "done"}),
		"bounce-generated": append(one(esa.Event{Kind: esa.RecipientBounced, DCID: 7, RIDs: []esa.RID{0, 1},
			Name: "5.1.0 - Unknown address error", Text: "550 no"}),
			esa.Event{Kind: esa.BounceGenerated, Time: at(6), MID: 89, Other: 90},
			esa.Event{Kind: esa.MessageFinished, Time: at(6), MID: 89, Text: "done"}),
		"unreachable": found(esa.Event{Kind: esa.DeliveryTrouble, Text: "Connection Error: DCID: 0 IP: 192.0.2.9 details: timeout interface: 192.0.2.1 reason: network error"},
			esa.Event{Kind: esa.RecipientDelayed, RIDs: []esa.RID{1}, Until: at(3600), Name: "4.4.0 - Other network problem", Text: "000 timeout"}),
		"double-bounced": found(esa.Event{Kind: esa.DeliveryTLSStarted, DCID: 7, Name: "TLSv1.2", Text: "ECDHE-RSA-AES256-GCM-SHA384", Address: "x.example"},
			esa.Event{Kind: esa.RecipientBounced, DCID: 7, RIDs: []esa.RID{0}, Name: "5.1.0 - Unknown address error", Text: "501 5.5.4 Invalid Address"},
			esa.Event{Kind: esa.DoubleBounced, RIDs: []esa.RID{0}, Name: "5.1.0 - Unknown address error", Text: "501 5.5.4 Invalid Address"},
			esa.Event{Kind: esa.DoubleBounced, RIDs: []esa.RID{1}, Name: "5.7.1 - Delivery not authorized, message refused"}),
		"generated": {
			{Kind: esa.MessageStarted, Time: at(6), MID: 90, Other: 89},
			{Kind: esa.SenderGiven, Time: at(6), MID: 90},
			{Kind: esa.RecipientGiven, Time: at(6), MID: 90, RIDs: []esa.RID{0}, Address: "a@b.example"},
			{Kind: esa.MessageQueued, Time: at(6), MID: 90},
		},
		"quarantined": found(positive(esa.ContentFilters, "f", ""),
			esa.Event{Kind: esa.MessageQuarantined, Engine: esa.ContentFilters, Name: "Policy", Text: "content filter:f"},
			positive(esa.OutbreakFilters, "", ""),
			esa.Event{Kind: esa.MessageQuarantined, Engine: esa.OutbreakFilters, Name: "Outbreak"}),
		"released": found(
			esa.Event{Kind: esa.MessageQuarantined, Engine: esa.ContentFilters, Name: "Policy", Text: "content filter:f"},
			esa.Event{Kind: esa.MessageReleased, Name: "Policy", Text: "manual", Size: 190},
			esa.Event{Kind: esa.MessageReleased},
			esa.Event{Kind: esa.MessageQueued}),
		"deleted": found(
			esa.Event{Kind: esa.EngineVerdict, Engine: esa.AntiSpam, Verdict: esa.Positive},
			esa.Event{Kind: esa.MessageQuarantined, Engine: esa.AntiSpam, Name: "Spam Quarantine"},
			esa.Event{Kind: esa.QuarantineDeleted, Name: "Spam Quarantine", Text: "expired"},
			esa.Event{Kind: esa.QuarantineDeleted},
			esa.Event{Kind: esa.MessageFinished, Text: "done"}),
		"authenticated": found(checked(
			esa.SPF, "helo identity postmaster@mail.b.example None", esa.SPF, "mailfrom identity a@b.example Pass (v=spf1)",
			esa.DKIM, "pass signature verified (d=b.example s=sel1 i=@b.example)",
			esa.DMARC, "Message from domain b.example, DMARC pass (SPF aligned True, DKIM aligned True)", esa.DMARC, "Verification passed")...),
		"refused": found(append(checked(
			esa.SPF, "mailfrom identity a@b.example SoftFail (v=spf1)", esa.DKIM, "no signature",
			esa.DMARC, "Message from domain b.example, DMARC fail (SPF aligned False, DKIM aligned False), DMARC action reject", esa.DMARC, "Verification failed"),
			esa.Event{Kind: esa.MessageAborted, Text: "Rejected by DMARC verification"}, esa.Event{Kind: esa.MessageFinished, Text: "aborted"})...),
		"outgoing-null-sender": {
			{Kind: esa.ConnectionOpened, Time: at(0), ICID: 6, Source: outgoing},
			{Kind: esa.HATDecided, Time: at(0), ICID: 6, Source: outgoing},
			{Kind: esa.MessageStarted, Time: at(1), MID: 90, ICID: 6, Source: outgoing},
			{Kind: esa.SenderGiven, Time: at(1), MID: 90, ICID: 6},
			{Kind: esa.ConnectionTrouble, Time: at(2), ICID: 6, Text: "Receiving Failed: Too Many Messages"},
			{Kind: esa.ConnectionClosed, Time: at(3), ICID: 6},
		},
	}
}

// checked are events of checks, given as name and text in turn.
func checked(of ...string) (out []esa.Event) {
	for i := 0; i < len(of); i += 2 {
		out = append(out, esa.Event{Kind: esa.AuthChecked, Name: of[i], Text: of[i+1]})
	}
	return out
}

func TestLines(t *testing.T) {
	for name, events := range stories() {
		t.Run(name, func(t *testing.T) {
			var got strings.Builder
			for _, l := range Lines(events) {
				fmt.Fprintf(&got, "%s %s\n", l.Time.Format(time.TimeOnly), l.Text)
			}
			m := esa.Fold(events)
			fmt.Fprintf(&got, "last state: %s\n", LastState(&m))
			golden(t, name, got.String())
		})
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name+".txt")
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
}

// TestGuideLastState holds the one sentence that the integration guide shows.
func TestGuideLastState(t *testing.T) {
	m := esa.Fold([]esa.Event{
		{Kind: esa.MessageStarted, Time: at(0), MID: 8, ICID: 3, Source: source()},
		{Kind: esa.RecipientGiven, Time: at(0), MID: 8, RIDs: []esa.RID{0}, Address: "testingBren@cisco.com"},
		{Kind: esa.RecipientDelivered, Time: at(1), MID: 8, DCID: 1, RIDs: []esa.RID{0}, Text: "ok:  Message 8 accepted"},
		{Kind: esa.MessageFinished, Time: at(1), MID: 8, Text: "done"},
		{Kind: esa.ConnectionClosed, Time: at(2), ICID: 3},
	})
	want := "Message 8 to testingBren@cisco.com received remote SMTP response 'ok:  Message 8 accepted'"
	if got := LastState(&m); got != want {
		t.Errorf("last state\n%s, want\n%s", got, want)
	}
	if got := LastState(&esa.Message{State: esa.Queued}); got != "Queued for Delivery" {
		t.Errorf("last state of a message without events: %q", got)
	}
}

// TestUnscannable: when the content cannot be read, each engine that takes part
// says so in its own words, and names nothing it did not find.
func TestUnscannable(t *testing.T) {
	for engine, want := range map[esa.Engine][]string{
		esa.AntiSpam: {"Message 8 scanned by Anti-Spam engine: CASE. Interim verdict: Unscannable",
			"Message 8 scanned by Anti-Spam engine CASE. Interim verdict: unscannable.",
			"Message 8 scanned by Anti-Spam engine: CASE. Final verdict: Unscannable"},
		esa.AntiVirus: {"Message 8 scanned by Anti-Virus engine Sophos. Interim verdict: UNSCANNABLE",
			"Message 8 scanned by Anti-Virus engine. Final verdict: Unscannable"},
		esa.AMP: {"Message 8 scanned by Advanced Malware Protection engine. Final verdict: UNSCANNABLE"},
	} {
		var got []string
		for _, l := range Lines([]esa.Event{{Kind: esa.EngineVerdict, MID: 8, Engine: engine, Verdict: esa.Unscannable, Name: "EICAR"}}) {
			got = append(got, l.Text)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("engine %d (-want +got):\n%s", engine, diff)
		}
	}
	for _, l := range Lines([]esa.Event{{Kind: esa.EngineVerdict, MID: 8, Engine: esa.AntiVirus, Verdict: esa.Skipped}}) {
		if !strings.HasSuffix(strings.ToLower(l.Text), "verdict: unscannable") {
			t.Errorf("the two lines of antivirus disagree: %q", l.Text)
		}
	}
}

// TestVerdictWords: the last line about each verdict, in its engine's words, and
// no two verdicts of an engine read the same.
func TestVerdictWords(t *testing.T) {
	said := map[string]esa.Verdict{}
	for _, e := range specimen.Events() {
		if e.Kind != esa.EngineVerdict {
			continue
		}
		lines := Lines([]esa.Event{*e})
		if len(lines) == 0 {
			if e.Verdict != esa.Negative {
				t.Errorf("engine %d verdict %d: nothing is said", e.Engine, e.Verdict)
			}
			continue
		}
		text := lines[len(lines)-1].Text
		if v, twice := said[text]; twice {
			t.Errorf("engine %d: verdicts %d and %d both read %q", e.Engine, v, e.Verdict, text)
		}
		said[text] = e.Verdict
	}
}

// TestEveryKind fails when a kind was added and nobody decided what the page
// says of it, and when a bare event (a damaged log) would panic.
func TestEveryKind(t *testing.T) {
	var seen []string
	for _, name := range kindNames(t) {
		k := esa.Kind(len(seen) + 1)
		seen = append(seen, name)
		if name == "Kinds" { // not a kind: one more than the last
			continue
		}
		if int(k) >= len(sentences) || sentences[k] == nil {
			t.Errorf("esa.%s has neither a sentence nor saysNothing", name)
		}
		Lines([]esa.Event{{Kind: k}})
	}
	if len(seen) != int(esa.Kinds) {
		t.Errorf("found only %d kinds in the source of esa", len(seen))
	}
	Lines([]esa.Event{{Kind: 0}, {Kind: 255}}) // written by a newer version
	for engine := esa.NoEngine; engine < esa.Engines; engine++ {
		for v := esa.NotEvaluated; v < esa.Verdicts; v++ {
			e := esa.Event{Kind: esa.EngineVerdict, MID: 1, Engine: engine, Verdict: v}
			for _, l := range Lines([]esa.Event{e}) {
				if strings.Contains(l.Text, "%!") || strings.HasSuffix(l.Text, ": ") {
					t.Errorf("engine %d verdict %d: %q", engine, v, l.Text)
				}
			}
		}
	}
}

// kindNames reads the names of all kinds from their declaration, so that a kind
// added later is noticed here.
func kindNames(t *testing.T) []string {
	file, err := parser.ParseFile(token.NewFileSet(), "../../esa/event.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, decl := range file.Decls {
		if g, ok := decl.(*ast.GenDecl); ok && g.Tok == token.CONST {
			for _, spec := range g.Specs {
				for _, n := range spec.(*ast.ValueSpec).Names {
					names = append(names, n.Name)
				}
			}
		}
	}
	return names
}

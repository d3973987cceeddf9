package tracking

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"esasim/esa"
)

func TestQueryString(t *testing.T) {
	d := esa.Incoming
	q := Query{Sender: Text{Is, `a"b`}, Subject: Text{BeginsWith, "x y"}, Domain: Text{Op: Empty}, SHA256: "ab", MessageID: "<1@x>",
		MID: 7, ICID: 2, SenderIP: netip.MustParsePrefix("10.0.0.0/8"), Direction: &d, Policy: "DEFAULT", From: time.Unix(0, 0),
		States: []esa.State{esa.Delivered, esa.Replaced}, Held: []string{"Policy"},
		Events: []EventMatch{{esa.EngineVerdict, esa.AntiSpam, esa.Positive, ""}, {Kind: esa.MessageQuarantined, Name: "Policy"}},
		Before: 9, Limit: 5, Timeout: 90 * time.Second}
	const want = `sender=is:"a\"b" domain=is_empty subject=begins_with:"x y" sha256=ab message-id="<1@x>" sender-ip=10.0.0.0/8 ` +
		`direction=incoming mid=7 icid=2 policy="DEFAULT" from=1970-01-01T00:00:00Z state=delivered,replaced held="Policy" ` +
		`event=verdict/antispam/positive,quarantined/"Policy" before=9 limit=5 timeout=1m30s`
	if got := q.String(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got := (Query{Recipient: Text{Op: Is}}).String(); got != "" {
		t.Errorf("query without a criterion: %q", got)
	}
}

func TestParseOp(t *testing.T) {
	for op := BeginsWith; op <= Empty; op++ {
		if got, err := ParseOp(op.String()); got != op || err != nil {
			t.Errorf("ParseOp(%s) = %v, %v", op, got, err)
		}
	}
	for _, s := range []string{"like", "", "4"} {
		if _, err := ParseOp(s); err == nil {
			t.Errorf("ParseOp(%q) is no error", s)
		}
	}
}

// What Check refuses, String must still be able to print.
func TestCheck(t *testing.T) {
	now, d := time.Date(2024, 1, 2, 0, 0, 0, 0, time.UTC), esa.Direction(7)
	sha := strings.Repeat("aB", 32)
	for _, c := range []struct {
		q    Query
		want string // "": fine
	}{
		{Query{}, ""},
		{Query{Sender: Text{Op: Empty}, SHA256: sha, From: now, To: now.Add(1), Limit: MaxLimit + 1, MessageID: "x"}, ""},
		{Query{Subject: Text{Empty, "x"}}, "subject: is_empty takes no value"},
		{Query{Host: Text{Op: 9}}, "host: unknown operator 9"},
		{Query{SHA256: sha[1:]}, "sha256: "},
		{Query{SHA256: "g" + sha[1:]}, "sha256: "},
		{Query{SHA256: sha + "00"}, "sha256: "},
		{Query{MessageID: " <> "}, "message-id: "},
		{Query{SenderIP: netip.PrefixFrom(netip.MustParseAddr("1.2.3.4"), 33)}, "sender-ip: "},
		{Query{Direction: &d}, "direction: unknown direction 7"},
		{Query{From: now, To: now}, "to: want a moment after from"},
		{Query{From: now.AddDate(9000, 0, 0)}, "from: year 11024"},
		{Query{To: now.AddDate(-3000, 0, 0)}, "to: year -976"},
		{Query{States: []esa.State{esa.States}}, "state: unknown state"},
		{Query{Held: []string{"a", ""}}, "held: "},
		{Query{Countries: []string{""}}, "any-country: "},
		{Query{Scores: []int{11}}, "any-score: 11: "},
		{Query{Events: []EventMatch{{}}}, "event: "},
		{Query{Events: []EventMatch{{Kind: esa.Kinds}}}, "event: "},
		{Query{Events: []EventMatch{{Kind: 1, Engine: esa.Engines}}}, "event: "},
		{Query{Events: []EventMatch{{Kind: 1, Verdict: esa.Verdicts}}}, "event: "},
		{Query{Limit: -1}, "limit: want no negative value"},
		{Query{Timeout: -1}, "timeout: want no negative value"},
		{Query{Subject: Text{Is, strings.Repeat("x", maxQuery)}}, "65549 bytes as text, want at most 65536"},
	} {
		err := c.q.Check()
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.HasPrefix(err.Error(), "query: "+c.want)) {
			t.Errorf("%.80s: %v, want %s", c.q, err, c.want)
		}
	}
}

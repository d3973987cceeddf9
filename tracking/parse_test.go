package tracking

import (
	"fmt"
	"math"
	"net/netip"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"esasim/esa"
)

// sameQuery is how queries compare that say the same.
var sameQuery = cmp.Options{
	cmpopts.EquateEmpty(), cmp.Comparer(func(a, b netip.Prefix) bool { return a == b }),
	cmp.Transformer("set", func(t Text) string {
		if !t.needle().set() {
			return ""
		}
		return fmt.Sprintf("%d %s", t.Op, t.Value)
	}),
}

func TestParseQuery(t *testing.T) {
	out := esa.Outgoing
	day := time.Date(2024, 1, 2, 0, 0, 0, 0, time.UTC)
	for text, want := range map[string]Query{
		"":                            {},
		" \t\r\n":                     {},
		"subject=invoice":             {Subject: Text{Contains, "invoice"}},
		`subject="two words"`:         {Subject: Text{Contains, "two words"}},
		`subject=is:"\"a\" \u00e9"`:   {Subject: Text{Is, `"a" é`}},
		"subject=begins_with:Re:":     {Subject: Text{BeginsWith, "Re:"}},
		`subject="Re:"`:               {Subject: Text{Contains, "Re:"}},
		"subject=is":                  {Subject: Text{Contains, "is"}},
		"subject=is_empty mid=3":      {Subject: Text{Op: Empty}, MID: 3},
		`subject="is_empty"`:          {Subject: Text{Contains, "is_empty"}},
		"subject=a,b=c/d":             {Subject: Text{Contains, "a,b=c/d"}},
		"sender=a@b.test recipient=c": {Sender: Text{Contains, "a@b.test"}, Recipient: Text{Contains, "c"}},
		"attachment=a reply-to=b host=c domain=is:d": {Attachment: Text{Contains, "a"}, ReplyTo: Text{Contains, "b"},
			Host: Text{Contains, "c"}, Domain: Text{Is, "d"}},
		"message-id=<1@x> icid=18446744073709551615": {MessageID: "<1@x>", ICID: math.MaxUint64},
		"sender-ip=10.1.2.3":                         {SenderIP: netip.MustParsePrefix("10.1.2.3/32")},
		"sender-ip=2001:db8::/32":                    {SenderIP: netip.MustParsePrefix("2001:db8::/32")},
		`direction=outgoing group=WHITELIST country=Norway policy="Main office"`: {Direction: &out, Group: "WHITELIST", Country: "Norway", Policy: "Main office"},
		"from=2024-01-02 to=2024-01-02T10:30":                                    {From: day, To: day.Add(10*time.Hour + 30*time.Minute)},
		"from=2024-01-02T02:00:00.5+02:00":                                       {From: day.Add(time.Second / 2)},
		"state=delivered,bounced state=dropped":                                  {States: []esa.State{esa.Delivered, esa.Bounced, esa.Dropped}},
		`any-country="South Korea",Japan any-score=-3,7`:                         {Countries: []string{"South Korea", "Japan"}, Scores: []int{-3, 7}},
		`held="Policy",Virus held="a,b"`:                                         {Held: []string{"Policy", "Virus", "a,b"}},
		`event=dropped,verdict/amp event=verdict/positive,verdict/antispam/suspect/"x/y, z",quarantined/"Policy"`: {Events: []EventMatch{
			{Kind: esa.MessageDropped}, {Kind: esa.EngineVerdict, Engine: esa.AMP}, {Kind: esa.EngineVerdict, Verdict: esa.Positive},
			{esa.EngineVerdict, esa.AntiSpam, esa.Suspect, "x/y, z"}, {Kind: esa.MessageQuarantined, Name: "Policy"}}},
		"before=9 limit=1000 timeout=1m": {Before: 9, Limit: 1000, Timeout: time.Minute},
	} {
		got, err := ParseQuery(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
		} else if d := cmp.Diff(want, got, sameQuery); d != "" {
			t.Errorf("%s (-want +got):\n%s", text, d)
		}
	}
}

func TestParseQueryErrors(t *testing.T) {
	for text, want := range map[string]string{
		"mid":                           `column 1: "mid": want name=value`,
		"a b":                           `column 1: "a": want name=value`,
		`"x"`:                           `column 1: "": want name=value`,
		"mid=1 colour=red":              `column 7: unknown criterion "colour": want one of sender, domain, `,
		"mid=1  mid=1":                  "column 8: mid: given twice, first in column 1",
		"mid=":                          "column 5: mid: want a value",
		"mid=0":                         "column 5: mid: want a value: leave it out for this one",
		"limit=-1":                      "column 1: limit: want no negative value",
		"mid=1 limit=x":                 `column 13: limit: "x": want a number`,
		"icid=18446744073709551616":     `column 6: icid: "18446744073709551616": want a number`,
		"subject=":                      "column 9: subject: want a value",
		"subject=is: mid=1":             "column 12: subject: want a value",
		`subject=is:""`:                 "column 12: subject: want a value, or is_empty",
		"subject=Re:x":                  `column 9: subject: operator "Re": want one of begins_with, is, contains, is_empty; a value with a colon wants quotes`,
		"mid=1 subject=is_empty:x":      "column 7: subject: is_empty takes no value",
		`subject=is:"x`:                 "column 12: subject: want a closing quote",
		`subject=is:"\q"`:               "column 12: subject: want a closing quote",
		`subject="x"y`:                  "column 12: subject: want a blank behind the closing quote",
		`subject=x"y"`:                  `column 9: subject: quote within "x"`,
		"sha256=abc":                    `column 1: sha256: "abc": want 64 hexadecimal digits`,
		"message-id=<>":                 `column 1: message-id: "<>": nothing within the brackets`,
		"sender-ip=10.0.0.0/33":         `column 11: sender-ip: "10.0.0.0/33": want an address, or a prefix`,
		"sender-ip=fe80::1%eth0":        `column 11: sender-ip: `,
		"direction=up":                  `column 11: direction: "up": want one of incoming, outgoing`,
		`group=""`:                      "column 7: group: want a value",
		"from=yesterday":                `column 6: from: "yesterday": want 2006-01-02`,
		"from=0000-01-01":               "column 1: from: year 0: want 1 to 9999",
		"from=0001-01-01":               "column 6: from: want a value: leave it out",
		"from=2024-01-02 to=2024-01-02": "column 17: to: want a moment after from",
		"state=delivered,lost":          `column 17: state: "lost": want one of receiving, `,
		"state=delivered,":              "column 17: state: want a value",
		`held=""`:                       "column 1: held: want a quarantine's name",
		"event=eaten":                   `column 7: event: kind "eaten": want one of connection-opened, `,
		"event=verdict/":                "column 15: event: want a value",
		"event=verdict/good":            `column 15: event: "good": want an engine (message-filters, `,
		"event=verdict/positive/amp":    `column 24: event: "amp": want an engine (`,
		"event=verdict/amp/antispam":    `column 19: event: "antispam": want an engine (`,
		`event=quarantined/""`:          "column 19: event: want a name within the quotes",
		`event=quarantined/"a"/amp`:     "column 22: event: want a blank behind",
		"timeout=3":                     `column 9: timeout: "3": want a duration`,
		"timeout=0s":                    "column 9: timeout: want a value",
		strings.Repeat(" ", maxQuery+1): "65537 bytes, want at most 65536",
		"subject=" + strings.Repeat("\x01", maxQuery/2): "131091 bytes as text, want at most 65536",
	} {
		q, err := ParseQuery(text)
		if err == nil || !strings.HasPrefix(err.Error(), "query: "+want) {
			t.Errorf("%.60s:\ngot  %v\nwant query: %s", text, err, want)
		}
		if d := cmp.Diff(Query{}, q, sameQuery); d != "" {
			t.Errorf("%.60s: a query beside an error: %s", text, q)
		}
	}
}

// A text that is far too wrong must not come back whole within the error.
func TestParseQueryErrorIsShort(t *testing.T) {
	long := strings.Repeat("x", maxQuery/2)
	for _, text := range []string{long, long + "=", "mid=" + long, "sha256=" + long, "subject=" + long + ":x", "event=" + long,
		"event=verdict/" + long, "state=" + long, "from=" + long, "sender-ip=" + long, `subject=` + long + `"`, "timeout=" + long} {
		if _, err := ParseQuery(text); err == nil || len(err.Error()) > 800 {
			t.Errorf("%.20s: %.100v", text, err)
		}
	}
}

// Each kind, engine, verdict and state has a word, and no two the same.
func TestNames(t *testing.T) {
	lower := regexp.MustCompile(`^[a-z0-9]+([-_][a-z0-9]+)*$`)
	unique := func(what string, names []string) {
		for i, s := range names {
			if !lower.MatchString(s) || slices.Index(names, s) != i {
				t.Errorf("%s %d: %q", what, i, s)
			}
		}
	}
	unique("operator", opNames[:])
	unique("direction", directionNames[:])
	unique("state", stateNames[:])
	unique("kind", kindNames[1:])
	unique("engine or verdict", append(engineNames[1:len(engineNames):len(engineNames)], verdictNames[1:]...))
	unique("criterion", criterionNames())
}

// The document names every word.
func TestQueryDocument(t *testing.T) {
	b, err := os.ReadFile("../docs/query.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range slices.Concat(criterionNames(), opNames[:], directionNames[:], stateNames[:], kindNames[1:], engineNames[1:], verdictNames[1:]) {
		if !strings.Contains(string(b), "`"+s+"`") {
			t.Errorf("docs/query.md lacks `%s`", s)
		}
	}
	examples := regexp.MustCompile("(?ms)^```query\n(.*?)^```$").FindSubmatch(b)
	if examples == nil {
		t.Fatal("docs/query.md: no examples")
	}
	for line := range strings.Lines(string(examples[1])) {
		if q, err := ParseQuery(line); err != nil || q.String() == "" {
			t.Errorf("docs/query.md: %s: %v", line, err)
		}
	}
}

func checkRoundTrip(t interface {
	Helper()
	Fatalf(string, ...any)
}, q Query) {
	t.Helper()
	got, err := ParseQuery(q.String())
	if err != nil {
		t.Fatalf("%s: %v", q, err)
	}
	if d := cmp.Diff(q, got, sameQuery); d != "" {
		t.Fatalf("%s (-want +got):\n%s", q, d)
	}
	if got.String() != q.String() {
		t.Fatalf("%s is printed again as %s", q, got)
	}
}

func TestQueryRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		q := anyQuery(t)
		if err := q.Check(); err != nil {
			t.Skip(err)
		}
		checkRoundTrip(t, q)
	})
}

// anyQuery draws queries of which nearly all pass Check.
func anyQuery(t *rapid.T) Query {
	some := rapid.OneOf(rapid.Just(""), rapid.String(), rapid.StringMatching(`[a-z:"\\ =,/<>]{1,8}`),
		rapid.Map(rapid.SliceOfN(rapid.Byte(), 0, 8), func(b []byte) string { return string(b) }))
	text := rapid.Custom(func(t *rapid.T) Text {
		if op := rapid.Uint8Max(uint8(Empty)).Draw(t, "op"); Op(op) != Empty {
			return Text{Op(op), some.Draw(t, "value")}
		}
		return Text{Op: Empty}
	})
	number := rapid.OneOf(rapid.Just(uint64(0)), rapid.Uint64())
	moment := rapid.Custom(func(t *rapid.T) time.Time {
		if rapid.Bool().Draw(t, "unset") {
			return time.Time{}
		}
		zone := time.FixedZone("", rapid.IntRange(-50000, 50000).Draw(t, "zone"))
		return time.Unix(rapid.Int64Range(-62135596800, 253402300799).Draw(t, "s"), rapid.Int64Range(0, 999999999).Draw(t, "ns")).In(zone)
	})
	q := Query{
		Sender: text.Draw(t, "sender"), Recipient: text.Draw(t, "recipient"), Subject: text.Draw(t, "subject"),
		Attachment: text.Draw(t, "attachment"), ReplyTo: text.Draw(t, "reply-to"), Domain: text.Draw(t, "domain"), Host: text.Draw(t, "host"),
		SHA256:    rapid.SampledFrom([]string{"", strings.Repeat("0a", 32), strings.Repeat("Ff", 32)}).Draw(t, "sha256"),
		MessageID: some.Draw(t, "message-id"), Group: some.Draw(t, "group"), Country: some.Draw(t, "country"), Policy: some.Draw(t, "policy"),
		MID: esa.MID(number.Draw(t, "mid")), ICID: esa.ICID(number.Draw(t, "icid")), Before: esa.MID(number.Draw(t, "before")),
		From: moment.Draw(t, "from"), To: moment.Draw(t, "to"),
		Limit: rapid.IntMin(0).Draw(t, "limit"), Timeout: time.Duration(rapid.Int64Min(0).Draw(t, "timeout")),
		Held:      rapid.SliceOfN(rapid.StringN(1, 8, -1), 0, 3).Draw(t, "held"),
		Countries: rapid.SliceOfN(rapid.StringN(1, 8, -1), 0, 3).Draw(t, "countries"), Scores: rapid.SliceOfN(rapid.IntRange(-10, 10), 0, 3).Draw(t, "scores"),
		States: rapid.SliceOfN(rapid.Map(rapid.Uint8Max(uint8(esa.States-1)), func(n uint8) esa.State { return esa.State(n) }),
			0, 3).Draw(t, "states"),
		Events: rapid.SliceOfN(rapid.Custom(func(t *rapid.T) EventMatch {
			return EventMatch{esa.Kind(rapid.Uint8Range(1, uint8(esa.Kinds-1)).Draw(t, "kind")), esa.Engine(rapid.Uint8Max(uint8(esa.Engines-1)).Draw(t, "engine")),
				esa.Verdict(rapid.Uint8Max(uint8(esa.Verdicts-1)).Draw(t, "verdict")), some.Draw(t, "name")}
		}), 0, 3).Draw(t, "events"),
	}
	if b := rapid.SliceOfN(rapid.Byte(), 0, 16).Draw(t, "ip"); len(b) == 4 || len(b) == 16 {
		a, _ := netip.AddrFromSlice(b)
		q.SenderIP = netip.PrefixFrom(a, rapid.IntRange(0, a.BitLen()).Draw(t, "bits"))
	}
	if rapid.Bool().Draw(t, "directed") {
		d := esa.Direction(rapid.Uint8Max(1).Draw(t, "direction"))
		q.Direction = &d
	}
	if !q.From.Before(q.To) && !q.To.IsZero() {
		q.From, q.To = q.To, q.From
	}
	return q
}

func FuzzParseQuery(f *testing.F) {
	for _, s := range []string{"", "subject=invoice", `subject=is:"two \"words\"" mid=8`, "sender=is_empty",
		"sender-ip=::ffff:10.0.0.0/104", "from=2024-01-02 to=2024-01-02T10:30", "state=delivered,bounced", `held="Policy",Virus`, `any-country=Norway any-score=-3`,
		`event=verdict/antispam/positive,quarantined/"Policy"`, "direction=incoming limit=20 timeout=1m30s before=9",
		"mid=1 mid=1", `subject="x"y`, "event=verdict/", "message-id=\xff", "from=0001-01-01T00:00:00.1Z"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		q, err := ParseQuery(text)
		if err != nil {
			return
		}
		if err := q.Check(); err != nil {
			t.Fatalf("%s: %v", q, err)
		}
		checkRoundTrip(t, q)
		q.matcher()(&esa.Message{})
	})
}

package smtp

import (
	"fmt"
	"strings"
	"testing"

	"esasim/smtp/dialect"
)

// For whom mail is taken: the most specific row decides.
func TestRAT(t *testing.T) {
	r, err := NewRAT([]Recipient{
		{Address: "example.com"}, {Address: ".sub.example.org"}, {Address: ".org", Access: "reject", Reply: "554 no"},
		{Address: "old@Example.com", Access: "REJECT", Reply: "550 5.1.6 has moved"}, {Address: "abuse@", Bypass: true},
		{Address: "abuse@closed.example", Access: "reject"}, {Address: "a.x.sub.example.org", Access: "reject", Reply: "450 later"},
	})
	if err != nil {
		t.Fatal(err)
	}
	for address, want := range map[string]string{
		"a@example.com": "", "a@EXAMPLE.com": "", "a@x.example.com": "no row", "a@notexample.com": "no row",
		"a@x.sub.example.org": "", "a@y.x.sub.example.org": "", "a@sub.example.org": "554 no", "a@a.x.sub.example.org": "450 later",
		"OLD@example.com": "550 5.1.6 has moved", "old@example.org": "554 no",
		"abuse@example.com": "bypass", "abuse@any.test": "bypass", "Abuse@closed.example": "no row", "xabuse@any.test": "no row",
		"a@": "no row", "a": "no row", "": "no row", `"a@example.com"@evil.test`: "no row", "a@.": "no row", "a@..": "no row", "a@[192.0.2.1]": "no row",
	} {
		row, got := r.judge(address), ""
		switch {
		case row.reply == dialect.AddressRejected:
			got = "no row"
		case row.reply != nil:
			got = fmt.Sprintf("%d %s", row.reply.Code, row.reply.Message)
		case row.bypass:
			got = "bypass"
		}
		if got != want {
			t.Errorf("%s: %s, want %s", address, got, want)
		}
	}
	all, err := NewRAT([]Recipient{{Address: "ALL"}, {Address: "not@example.com", Access: "reject"}})
	if err != nil || all.judge("a@anything.test").reply != nil || all.judge("not@example.com").reply == nil {
		t.Errorf("ALL does not take all but one, %v", err)
	}
}

func TestRATErrors(t *testing.T) {
	for want, rows := range map[string][]Recipient{
		`recipient : address ""`:                            {{}},
		`recipient @x.example: address "@x.example"`:        {{Address: "@x.example"}},
		`recipient a@b@c: address`:                          {{Address: "a@b@c"}},
		`recipient a b: address`:                            {{Address: "a b"}},
		`recipient X.example: address "X.example": there`:   {{Address: "x.example"}, {Address: "X.example"}},
		`recipient ALL: address ALL: there are two`:         {{Address: "ALL"}, {Address: "ALL"}},
		`recipient x: access "deny"`:                        {{Address: "x", Access: "deny"}},
		`recipient x: reply "550 no": only those`:           {{Address: "x", Reply: "550 no"}},
		`recipient x: reply "250 yes": want a code`:         {{Address: "x", Access: "reject", Reply: "250 yes"}},
		`recipient x: reply "550": want a code`:             {{Address: "x", Access: "reject", Reply: "550"}},
		`recipient x: reply "550 a\r\nb": want a code`:      {{Address: "x", Access: "reject", Reply: "550 a\r\nb"}},
		`recipient x: reply "550 é": want a code`:           {{Address: "x", Access: "reject", Reply: "550 é"}},
		`recipient x: reply "550 ` + strings.Repeat("a", 9): {{Address: "x", Access: "reject", Reply: "550 " + strings.Repeat("a", 500)}},
	} {
		if _, err := NewRAT(rows); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%+v: %v, want %s", rows, err, want)
		}
	}
}

func TestVerification(t *testing.T) {
	v, err := NewVerification([]string{"nx.example", ".invalid"}, []string{"boss@nx.example", "good.invalid"})
	if err != nil {
		t.Fatal(err)
	}
	for from, want := range map[string][2]bool{ // exists, excepted
		"": {true, false}, "a@b.example": {true, false}, "a@NX.example": {false, false}, "a@x.nx.example": {true, false},
		"a@x.invalid": {false, false}, "Boss@nx.example": {true, true}, "a@good.invalid": {true, true},
	} {
		if exists, excepted := v.judge(from); want != [2]bool{exists, excepted} {
			t.Errorf("%s: %t, %t, want %v", from, exists, excepted, want)
		}
	}
	if _, err := NewVerification([]string{"a b"}, nil); err == nil || !strings.HasPrefix(err.Error(), `missing: address "a b"`) {
		t.Error(err)
	}
	if _, err := NewVerification(nil, []string{"a b"}); err == nil || !strings.HasPrefix(err.Error(), `exceptions: address "a b"`) {
		t.Error(err)
	}
}

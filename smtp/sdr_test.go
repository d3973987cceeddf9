package smtp

import (
	"strings"
	"testing"

	"esasim/esa"
)

func TestSDR(t *testing.T) {
	s, err := NewSDR([]Domain{{Name: "spam.example", Verdict: "Awful", Threat: "Spam", Age: 5}, {Name: ".spam.example", Verdict: "Poor"},
		{Name: "good.example", Verdict: "Good", Age: 8002}, {Name: "new.example", Verdict: "Neutral", Age: 1}}, []string{"Awful"})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		asked   esa.SDRDomains
		want    string
		refused bool
	}{
		{esa.SDRDomains{HELO: "c"}, "Neutral N/A [] 30 days (or greater) c", false},
		{esa.SDRDomains{HELO: "good.example"}, "Good N/A [] 21 years 11 months 7 days good.example", false},
		{esa.SDRDomains{Host: "good.example", HELO: "c", From: "new.example"}, "Neutral N/A [] 1 day new.example", false},
		{esa.SDRDomains{HELO: "a.spam.example", MailFrom: "SPAM.example", From: "spam.example", ReplyTo: "new.example"}, "Awful Spam [SPAM.example,spam.example] 1 day new.example", true},
		{esa.SDRDomains{HELO: "a.spam.example", MailFrom: "good.example"}, "Poor N/A [a.spam.example] 21 years 11 months 7 days good.example", false},
	} {
		r := s.judge(c.asked)
		if got := r.Verdict + " " + r.Threat + " [" + strings.Join(r.Suspected, ",") + "] " + r.Age + " " + r.Youngest; got != c.want || s.refuses(&r) != c.refused {
			t.Errorf("%v: %s, refused %t", c.asked, got, s.refuses(&r))
		}
	}
	for field, want := range map[string]string{"Joe <joe@B.example>": "b.example", "joe@b.example": "b.example", "": "", "joe": "", "<joe>": "", "a <b@c> <d@e>": "e",
		"x@a, b@c": "c", "x@a b": "", "x@y\u2028z": "", "x@" + strings.Repeat("a", 256): "", "undisclosed:;": ""} {
		if got := domainOf(addressOf(field)); got != want {
			t.Errorf("domain of %q: %q, want %q", field, got, want)
		}
	}
}

func TestSDRFaults(t *testing.T) {
	for want, d := range map[string]Domain{
		`domains[0]: domain "a@b.example": want`: {Name: "a@b.example", Verdict: "Good"},
		`domains[0]: verdict "awful": want`:      {Name: "b.example", Verdict: "awful"},
		`domains[0]: threat "a, b": want`:        {Name: "b.example", Verdict: "Good", Threat: "a, b"},
		`domains[0]: age -1: must`:               {Name: "b.example", Verdict: "Good", Age: -1},
		`domains[0]: address "": want`:           {Verdict: "Good"},
	} {
		if _, err := NewSDR([]Domain{d}, nil); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
	if _, err := NewSDR(nil, []string{"Bad"}); err == nil || !strings.HasPrefix(err.Error(), `reject[0]: verdict "Bad": want`) {
		t.Error(err)
	}
}

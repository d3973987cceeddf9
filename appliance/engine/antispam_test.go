package engine

import (
	"bytes"
	"strings"
	"testing"

	"esasim/appliance/letter"
	"esasim/appliance/stage"
	"esasim/esa"
)

func rules(t *testing.T, list ...Rule) *Rules {
	t.Helper()
	r, err := NewRules(list)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func spamStage(t *testing.T, r *Rules, positive, suspect stage.Treatment) stage.Stage {
	t.Helper()
	s, err := AntiSpam(SpamOptions{Positive: positive, Suspect: suspect, PositiveScore: 90, SuspectScore: 50, MaxSize: 1 << 20, Rules: r})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func scan(t *testing.T, s stage.Stage, j *stage.Job) stage.Finding {
	t.Helper()
	f, err := s.Scan(j)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// What the test texts, the test header and rules say.
func TestSpamVerdicts(t *testing.T) {
	win := When{Subject: []string{"win"}}
	large := strings.Repeat("some words of a long text\r\n", 4000)
	for _, c := range []struct {
		name, content string
		rule          []Rule
		want          esa.Verdict
		what          string
	}{
		{"plain", "Subject: x\r\n\r\nhello", nil, esa.Negative, ""},
		{"gtube", "Subject: x\r\n\r\n" + gtube, nil, esa.Positive, "GTUBE"},
		{"gtube in a large message", "Subject: x\r\n\r\n" + large + gtube, nil, esa.Positive, "GTUBE"},
		{"header", "Subject: x\r\nx-advertisement: Spam\r\n\r\nhello", nil, esa.Positive, testHeader},
		{"header of a large message", "X-Advertisement: suspect\r\n\r\n" + large, nil, esa.Suspect, testHeader},
		{"header with something else", "X-Advertisement: marketing\r\n\r\nhello", nil, esa.Negative, ""},
		{"header in the body", "Subject: x\r\n\r\nX-Advertisement: spam\r\n", nil, esa.Negative, ""},
		{"a longer name", "X-Advertisements: spam\r\n\r\n", nil, esa.Negative, ""},
		{"rule", "\r\n", []Rule{{Engine: "antispam", Verdict: "suspect", Name: "r", When: win}}, esa.Suspect, "r"},
		{"rule before the text", "\r\n" + gtube, []Rule{{Engine: "antispam", Verdict: "negative", When: win}}, esa.Negative, ""},
		{"score 90", "\r\n", []Rule{{Engine: "antispam", Score: 90, When: win}}, esa.Positive, ""},
		{"score 89", "\r\n", []Rule{{Engine: "antispam", Score: 89, When: win}}, esa.Suspect, ""},
		{"score 50", "\r\n", []Rule{{Engine: "antispam", Score: 50, When: win}}, esa.Suspect, ""},
		{"score 49", "\r\n" + gtube, []Rule{{Engine: "antispam", Score: 49, When: win}}, esa.Negative, ""},
		{"bulk", "\r\n", []Rule{{Engine: "antispam", Verdict: "bulk", When: win}}, esa.Bulk, ""},
	} {
		f := scan(t, spamStage(t, rules(t, c.rule...), stage.Treatment{Action: "drop"}, stage.Treatment{}), job(c.content))
		if f.Verdict != c.want || f.Name != c.what || (f.Want.Drop != "") != (c.want == esa.Positive) {
			t.Errorf("%s: %+v", c.name, f)
		}
	}
}

// Above the limit nothing is read.
func TestSpamTooLarge(t *testing.T) {
	j := job(unreadable)
	j.Message.Size = 1<<20 + 1
	if f := scan(t, spamStage(t, nil, stage.Treatment{Action: "drop"}, stage.Treatment{}), j); f.Verdict != esa.Skipped || f.Text != "1048577/1048576" || f.Want.Drop != "" {
		t.Errorf("%+v", f)
	}
	s, err := Graymail(GraymailOptions{MaxSize: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	if f := scan(t, s, j); f.Verdict != esa.NotEvaluated {
		t.Errorf("graymail: %+v", f)
	}
}

// Each treatment, and what is done to the message.
func TestSpamTreatments(t *testing.T) {
	for _, c := range []struct {
		t     stage.Treatment
		check func(stage.Want) bool
	}{
		{stage.Treatment{}, func(w stage.Want) bool { return w.Edit.Empty() && len(w.Hold)+len(w.To) == 0 && w.Drop+w.Bounce == "" }},
		{stage.Treatment{Action: "bounce"}, func(w stage.Want) bool { return w.Bounce == "Bounced by CASE" && w.Reason == stage.Refused }},
		{stage.Treatment{Action: "quarantine"}, func(w stage.Want) bool { return len(w.Hold) == 1 && w.Hold[0].Quarantine == stage.SpamQuarantine }},
		{stage.Treatment{Action: "quarantine", Quarantine: "Policy"}, func(w stage.Want) bool { return w.Hold[0].Quarantine == "Policy" }},
		{stage.Treatment{To: []string{"abuse@y.test"}}, func(w stage.Want) bool { return w.By == "antispam" && w.To[0] == "abuse@y.test" }},
		{stage.Treatment{Subject: "[SPAM] ", Header: "X-Spam: yes"}, func(w stage.Want) bool {
			got := edited(w.Edit, "Subject: You WIN\r\n\r\n"+gtube)
			return w.By == "antispam" && got == "Subject: [SPAM] You WIN\r\nX-Spam: yes\r\n\r\n"+gtube
		}},
	} {
		for _, s := range []stage.Stage{spamStage(t, nil, c.t, stage.Treatment{Action: "drop"}),
			spamStage(t, rules(t, Rule{Engine: "antispam", Verdict: "suspect", When: When{Recipient: []string{"ALL"}}}), stage.Treatment{Action: "drop"}, c.t)} {
			if f := scan(t, s, job("Subject: You WIN\r\n\r\n"+gtube)); !c.check(f.Want) {
				t.Errorf("%+v: %+v", c.t, f)
			}
		}
	}
}

func edited(e letter.Edit, content string) string {
	var b bytes.Buffer
	if err := e.Apply(&b, strings.NewReader(content)); err != nil {
		return err.Error()
	}
	return b.String()
}

// Graymail by header and by rule, each with its treatment.
func TestGraymail(t *testing.T) {
	tag := func(s string) stage.Treatment { return stage.Treatment{Subject: s} }
	s, err := Graymail(GraymailOptions{Marketing: tag("M "), Social: tag("S "), Bulk: stage.Treatment{Action: "drop"}, MaxSize: 1 << 20, Rules: rules(t,
		Rule{Engine: "graymail", Verdict: "negative", When: When{Header: []string{"X-Never"}}},
		Rule{Engine: "graymail", Verdict: "marketing", When: When{Header: []string{"List-Unsubscribe"}}})})
	if err != nil {
		t.Fatal(err)
	}
	for content, want := range map[string]struct {
		verdict esa.Verdict
		subject string
	}{
		"Subject: You WIN\r\n\r\n":                                            {esa.Negative, ""},
		"X-Advertisement: bulk\r\n\r\n":                                       {esa.Bulk, ""},
		"X-Advertisement: Social\r\nSubject: x\r\n\r\n":                       {esa.Social, "S You WIN"},
		"X-Advertisement: marketing\r\n\r\n":                                  {esa.Marketing, "M You WIN"},
		"List-Unsubscribe: <mailto:x@y.test>\r\n\r\n":                         {esa.Marketing, "M You WIN"},
		"List-Unsubscribe: <mailto:x@y.test>\r\nX-Never: 1\r\n\r\n":           {esa.Negative, ""},
		"X-Never: 1\r\nX-Advertisement: bulk\r\nSubject: rules first\r\n\r\n": {esa.Negative, ""},
	} {
		f := scan(t, s, job(content))
		subject := ""
		if len(f.Want.Edit.Header) > 0 {
			subject = f.Want.Edit.Header[0].Value
		}
		if f.Verdict != want.verdict || subject != want.subject || (f.Want.Drop == "Dropped by graymail") != (want.verdict == esa.Bulk) {
			t.Errorf("%q: %+v", content, f)
		}
	}
}

// What is wrong with settings is said with its key.
func TestSettingsErrors(t *testing.T) {
	bad := stage.Treatment{Action: "x", Header: "no"}
	spam := SpamOptions{PositiveScore: 90, SuspectScore: 50}
	for want, makes := range map[string]func() error{
		"positive.action: \"x\": want deliver, drop, bounce or quarantine\npositive.header: \"no\": want NAME: VALUE": func() error {
			o := spam
			o.Positive = bad
			_, err := AntiSpam(o)
			return err
		},
		"suspect_score: 90 and positive_score: 90: want 1 to 100, the first one less": func() error {
			_, err := AntiSpam(SpamOptions{PositiveScore: 90, SuspectScore: 90})
			return err
		},
		"social.subject: must be one line": func() error {
			_, err := Graymail(GraymailOptions{Social: stage.Treatment{Subject: "a\nb"}})
			return err
		},
		`repaired.action: "drop": nobody would get what was repaired; want deliver or quarantine`: func() error {
			_, err := AntiVirus(VirusOptions{Repair: true, Repaired: stage.Treatment{Action: "drop"}})
			return err
		},
		`notify.others[1]: "x": want an address`: func() error {
			_, err := AntiVirus(VirusOptions{Notice: Notice{Others: []string{"a@b.test", "x"}}})
			return err
		},
	} {
		if err := makes(); err == nil || err.Error() != want {
			t.Errorf("got %v\nwant %s", err, want)
		}
	}
}

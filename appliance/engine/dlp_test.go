package engine

import (
	"strings"
	"testing"

	"esasim/appliance/dlp"
	"esasim/appliance/stage"
	"esasim/esa"
)

func dlpOptions(t *testing.T) DLPOptions {
	scale := dlp.Scale{dlp.Low: 10, dlp.Medium: 35, dlp.High: 60, dlp.Critical: 90}
	word, err := dlp.Dictionary([]string{"secret"})
	if err != nil {
		t.Fatal(err)
	}
	cards := DLPPolicy{Name: "PCI", Scale: scale, Body: true, Files: true, Classifiers: []dlp.Classifier{{Name: "Credit Card Numbers", Weight: 15, Max: 100, Find: dlp.CreditCards}}}
	cards.Actions[dlp.Low] = DLPAction{Encrypt: true}
	cards.Actions[dlp.Medium] = DLPAction{Treatment: stage.Treatment{Action: "quarantine", Subject: "[DLP] "}, Notify: []string{"ciso@corp.example"}}
	cards.Actions[dlp.High] = DLPAction{Treatment: stage.Treatment{Action: "drop"}}
	words := DLPPolicy{Name: "Words", Scale: scale, Files: true, Classifiers: []dlp.Classifier{{Name: "Words", Weight: 100, Max: 100, Find: word}},
		When: about(t, When{Recipient: []string{"@press.example"}})}
	words.Actions[dlp.Critical] = DLPAction{Treatment: stage.Treatment{Action: "deliver", Strip: true}}
	return DLPOptions{Policies: []DLPPolicy{cards, words}, Host: "esa.test"}
}

const withFile = "Subject: %S\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n%B\r\n--b\r\nContent-Type: text/csv\r\nContent-Disposition: attachment; filename=f.csv\r\n\r\n%F\r\n--b--\r\n"

// The first policy that is violated decides, by what it found in the parts it looks into.
func TestDLP(t *testing.T) {
	o := dlpOptions(t)
	for _, c := range []struct {
		name, subject, body, file string
		to                        string
		policy, text              string
		parts                     string // where something was found
	}{
		{name: "nothing", body: "4111 1111 1111 1112"},
		{name: "in the subject", subject: "4111111111111111", policy: "PCI", text: "Severity: LOW (Risk Factor: 15)", parts: "Message Subject"},
		{name: "in the body and in a file", body: "4111111111111111 5555555555554444", file: "378282246310005", policy: "PCI", text: "Severity: MEDIUM (Risk Factor: 45)", parts: "Message Body Message Body f.csv"},
		{name: "a word, but not to them", file: "secret"},
		{name: "a word where it is not looked for", to: "a@press.example", body: "secret"},
		{name: "a word", to: "a@press.example", file: "Secret", policy: "Words", text: "Severity: CRITICAL (Risk Factor: 100)", parts: "f.csv"},
		{name: "both: the first decides", to: "a@press.example", body: "4111111111111111", file: "secret", policy: "PCI", text: "Severity: LOW (Risk Factor: 15)", parts: "Message Body"},
	} {
		m := &esa.Message{MID: 7, Subject: c.subject, Sender: "me@corp.example", Recipients: []esa.Recipient{{Address: c.to}}}
		f, err := o.scan(jobOf(m, strings.NewReplacer("%S", c.subject, "%B", c.body, "%F", c.file).Replace(withFile)))
		var parts []string
		for _, e := range f.Told {
			if parts = append(parts, e.Address); e.Kind != esa.DLPMatched || strings.Contains(e.Text, "1111111") {
				t.Errorf("%s: told %+v", c.name, e)
			}
		}
		if err != nil || f.Name != c.policy || f.Text != c.text || strings.Join(parts, " ") != c.parts || (f.Verdict == esa.Positive) != (c.policy != "") {
			t.Errorf("%s: %d %q %q in %q, %v", c.name, f.Verdict, f.Name, f.Text, parts, err)
		}
	}
}

// What is done depends on the severity.
func TestDLPActions(t *testing.T) {
	o := dlpOptions(t)
	cards := []string{"4111111111111111", "5555555555554444", "378282246310005", "6011111111111117"}
	want := func(n int, to string) *stage.Want {
		m := &esa.Message{MID: 7, Subject: "Zahlen für\nalle", Sender: "me@corp.example", Recipients: []esa.Recipient{{Address: "you@x.example"}, {Address: to}}}
		f, err := o.scan(jobOf(m, strings.NewReplacer("%S", "s", "%B", strings.Join(cards[:n], " "), "%F", "secret").Replace(withFile)))
		if err != nil || f.Verdict != esa.Positive {
			t.Fatalf("%d cards: %d, %v", n, f.Verdict, err)
		}
		return &f.Want
	}
	if w := want(1, ""); len(w.Edit.Header) != 1 || w.Edit.Header[0].Name != EncryptHeader || w.By != "dlp" || w.Drop != "" || w.Hold != nil {
		t.Errorf("low: %+v", w)
	}
	w := want(3, "")
	if len(w.Hold) != 1 || w.Hold[0] != (stage.Hold{Quarantine: "Policy", Reason: "DLP violation"}) || w.Edit.Header[0].Value != "[DLP] Zahlen für\nalle" || len(w.Copies) != 1 {
		t.Fatalf("medium: %+v", w)
	}
	c := w.Copies[0]
	text := string(c.Content)
	for _, part := range []string{"From: \"Mail Delivery System\" <MAILER-DAEMON@esa.test>\r\nTo: ciso@corp.example\r\nSubject: DLP violation: PCI\r\n", "\r\n\r\nA message (MID 7) violates the DLP policy 'PCI'.\r\nSeverity: MEDIUM (Risk Factor: 45)\r\n",
		"\r\n\r\nFrom: me@corp.example\r\nTo: you@x.example\r\n", "Subject: Zahlen f=C3=BCr alle\r\n"} {
		if !strings.Contains(text, part) {
			t.Errorf("no %q in %q", part, text)
		}
	}
	if c.By != "notify filter 'PCI'" || !c.Null || c.To[0] != "ciso@corp.example" || strings.Contains(text, "4111") {
		t.Errorf("notice %+v, %q", c, text)
	}
	if w := want(4, ""); w.Drop != "Dropped by DLP" {
		t.Errorf("high: %+v", w)
	}
	if w := want(0, "a@press.example"); len(w.Edit.Strip) != 1 || w.Edit.Strip[1] == "" {
		t.Errorf("critical: %+v", w)
	}
}

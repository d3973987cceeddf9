package filter

import (
	"strings"
	"testing"

	"esasim/appliance/letter"
	"esasim/esa"
)

func contentOutcome(t *testing.T, list ...Content) string {
	t.Helper()
	s, err := Contents(list, esa.Incoming, options())
	if err != nil {
		t.Errorf("%+v: %v", list, err)
		return ""
	}
	return outcome(t, s, wire(sample))
}

// Every condition of a content filter is true for the mail as it should be.
func TestConditions(t *testing.T) {
	tested := map[string]bool{}
	for _, c := range []struct {
		is   Condition
		want bool
	}{
		{Condition{If: "subject", Contains: "invoice 4711"}, true}, {Condition{If: "subject", Is: "your invoice"}, false}, {Condition{If: "subject", Is: "your invoice 4711"}, true},
		{Condition{If: "subject", Contains: "in.oice"}, false}, {Condition{If: "subject", Matches: `in.oice \d`}, true}, {Condition{If: "subject", Not: true, Contains: "invoice"}, false},
		{Condition{If: "sender", BeginsWith: "SALLY@"}, true}, {Condition{If: "sender", EndsWith: "sally@b"}, false}, {Condition{If: "recipient", EndsWith: "@x.example"}, true}, {Condition{If: "recipient", BeginsWith: "x"}, false},
		{Condition{If: "header", Header: "X-Mailer", Exists: true}, true}, {Condition{If: "header", Header: "X-None", Exists: true}, false}, {Condition{If: "header", Header: "X-Mailer", Is: "PIGEON"}, true}, {Condition{If: "header", Header: "X-Mailer", Is: "pig"}, false},
		{Condition{If: "text", Contains: "SECRET"}, true}, {Condition{If: "body", Contains: "secret"}, false}, {Condition{If: "body", Contains: "invoice", Threshold: 3}, true}, {Condition{If: "body", Contains: "invoice", Threshold: 4}, false}, {Condition{If: "attachment_text", Contains: "secret"}, true},
		{Condition{If: "attachment_name", EndsWith: ".exe"}, true}, {Condition{If: "attachment_name", Is: "exe"}, false}, {Condition{If: "attachment_type", In: []string{"audio", "image/*"}}, true}, {Condition{If: "attachment_type", In: []string{"audio"}}, false},
		{Condition{If: "attachment_kind", In: []string{"pdf", "exe"}}, true}, {Condition{If: "attachment_kind", In: []string{"pdf"}}, false}, {Condition{If: "attachment_sha256", In: []string{sumOf(t, "list.csv")}}, true},
		{Condition{If: "attachment_size", Above: "14"}, true}, {Condition{If: "attachment_size", Above: "1K"}, false}, {Condition{If: "attachment_count", Above: "2", Below: "4"}, true}, {Condition{If: "attachment_count", Above: "2", Below: "3"}, false},
		{Condition{If: "size", Below: "1M"}, true}, {Condition{If: "size", Above: "1M"}, false}, {Condition{If: "recipient_count", Above: "1"}, true}, {Condition{If: "recipient_count", Above: "2"}, false},
		{Condition{If: "encrypted"}, false}, {Condition{If: "attachment_encrypted"}, false}, {Condition{If: "macro"}, false}, {Condition{If: "encrypted", Not: true}, true},
		{Condition{If: "url", Contains: "EVIL.example"}, true}, {Condition{If: "url", Contains: "none.example"}, false}, {Condition{If: "url_reputation", Min: score(-10), Max: score(-6)}, true}, {Condition{If: "url_reputation", Max: score(-7)}, false},
		{Condition{If: "url_category", In: []string{"phishing"}}, true}, {Condition{If: "url_category", In: []string{"Adult"}}, false}, {Condition{If: "url_no_reputation"}, true},
		{Condition{If: "sender_ip", In: []string{"10.0.0.0/8", "192.0.2.7"}}, true}, {Condition{If: "sender_ip", In: []string{"10.0.0.0/8"}}, false}, {Condition{If: "sender_group", In: []string{"suspectlist"}}, true}, {Condition{If: "sender_group", In: []string{"SUSPECT"}}, false},
		{Condition{If: "sender_reputation", Min: score(-3), Max: score(-1)}, true}, {Condition{If: "sender_reputation", Min: score(0)}, false}, {Condition{If: "sender_no_reputation"}, false},
		{Condition{If: "country", In: []string{"Netherlands"}}, true}, {Condition{If: "direction", In: []string{"outgoing"}}, false}, {Condition{If: "mail_policy", In: []string{"sales"}}, true}, {Condition{If: "mail_policy", In: []string{"Sale"}}, false},
		{Condition{If: "spf", In: []string{"Fail", "SoftFail"}}, true}, {Condition{If: "spf", In: []string{"Pass"}}, false}, {Condition{If: "dkim", In: []string{"hardfail"}}, true}, {Condition{If: "dmarc", In: []string{"passed"}}, false},
		{Condition{If: "dictionary", Dictionary: "cards"}, true}, {Condition{If: "dictionary", Dictionary: "cards", Threshold: 2}, false}, {Condition{If: "rule", Rule: `rcpt-count == 2 and true`}, true}, {Condition{If: "rule", Rule: `false`}, false},
	} {
		tested[c.is.If] = true
		got := contentOutcome(t, Content{Name: "f", Conditions: []Condition{c.is}, Actions: []Action{{Do: "no_op"}}})
		if got = got[strings.LastIndexByte(got, ' ')+1:]; (got == "f") != c.want || got != "f" && got != "" {
			t.Errorf("%+v: %q", c.is, got)
		}
	}
	for name := range forms() {
		if !tested[name] {
			t.Errorf("%s: not tested", name)
		}
	}
	yes, no := Condition{If: "rule", Rule: "true"}, Condition{If: "rule", Rule: "false"}
	for _, c := range []struct {
		match string
		list  []Condition
		want  string
	}{{"", nil, "f"}, {"", []Condition{no, yes}, "f"}, {"any", []Condition{no, no}, ""}, {"all", []Condition{no, yes}, ""}, {"all", []Condition{yes, yes}, "f"}} {
		if got := contentOutcome(t, Content{Name: "f", Match: c.match, Conditions: c.list, Actions: []Action{{Do: "no_op"}}}); got != c.want {
			t.Errorf("%s of %v: %q", c.match, c.list, got)
		}
	}
}

// Every action of a content filter does what it should.
func TestContentActions(t *testing.T) {
	tested := map[string]bool{}
	for _, c := range []struct {
		do   Action
		want string
	}{
		{Action{Do: "no_op"}, "f; g"}, {Action{Do: "drop"}, "f; drop Dropped by content filter 'f' in the inbound table"}, {Action{Do: "bounce"}, "f; bounce Bounced by content filter 'f' in the inbound table"},
		{Action{Do: "deliver"}, "f"}, {Action{Do: "skip_outbreak"}, "f; g; skip [7]"},
		{Action{Do: "quarantine", Quarantine: "Policy"}, "f; g; hold Policy (content filter:f)"}, {Action{Do: "quarantine", Quarantine: "Policy", Duplicate: true}, "f; g; copy to bob@x.example eve@x.example by duplicate-quarantine filter 'f' hold Policy"},
		{Action{Do: "change_recipient", To: []string{"a@z.example", "b@z.example"}}, "f; g; to a@z.example b@z.example; by alt-rcpt-to-filter filter 'f'"},
		{Action{Do: "bcc", To: []string{"a@z.example"}, Scan: true, Subject: "s"}, "f; g; copy to a@z.example by bcc-scan filter 'f' scan Subject: s"},
		{Action{Do: "bcc", To: []string{"a@z.example"}}, "f; g; copy to a@z.example by bcc filter 'f'"},
		{Action{Do: "notify", To: []string{"a@z.example"}, Text: "x"}, "f; g; copy to a@z.example by notify filter 'f' null"}, {Action{Do: "notify", To: []string{"a@z.example"}, Resource: "warning", Copy: true}, "f; g; copy to a@z.example by notify-copy filter 'f' null attach"},
		{Action{Do: "add_header", Header: "X-A", Value: "$MID"}, "f; g; add X-A: 7; by insert-header filter 'f'"}, {Action{Do: "replace_header", Header: "X-List", Value: "3"}, "f; g; replace X-List: 3; by replace-header filter 'f'"},
		{Action{Do: "remove_header", Header: "X-List"}, "f; g; remove X-List: ; by strip-header filter 'f'"}, {Action{Do: "edit_header", Header: "X-Mailer", Matches: "pig", With: "wid"}, "f; g; replace X-Mailer: wideon; by edit-header-text filter 'f'"},
		{Action{Do: "add_subject", Text: "[x] "}, "f; g; replace Subject: [x] Your Invoice 4711; by edit-subject-text filter 'f'"}, {Action{Do: "add_subject", Text: " !", At: "end"}, "f; g; replace Subject: Your Invoice 4711 !; by edit-subject-text filter 'f'"},
		{Action{Do: "add_heading", Resource: "warning"}, "f; g; head External: sally@b.example; by add-heading filter 'f'"}, {Action{Do: "add_footer", Text: "bye"}, "f; g; foot bye; by add-footer filter 'f'"},
		{Action{Do: "log", Text: "seen $MID"}, "log seen 7; f; g"},
		{Action{Do: "strip", Text: "x"}, "f; g; strip 1 x; strip 2 x; strip 3 x; by drop-attachments filter 'f'"}, {Action{Do: "strip", By: "name", Matches: "csv$", Text: "x"}, "f; g; strip 2 x; by drop-attachments-by-name filter 'f'"},
		{Action{Do: "strip", By: "type", In: []string{"image"}, Text: "x"}, "f; g; strip 3 x; by drop-attachments-by-mimetype filter 'f'"}, {Action{Do: "strip", By: "kind", In: []string{"exe", "zip"}, Text: "x"}, "f; g; strip 1 x; by drop-attachments-by-filetype filter 'f'"},
		{Action{Do: "strip", By: "size", Above: "16", Text: "x"}, "f; g; strip 3 x; by drop-attachments-by-size filter 'f'"}, {Action{Do: "strip", By: "sha256", In: []string{sumOf(t, "list.csv")}, Text: "x"}, "f; g; strip 2 x; by drop-attachments-by-sha256 filter 'f'"},
		{Action{Do: "strip", By: "macro"}, "f; g"}, {Action{Do: "strip", By: "encrypted"}, "f; g"}, {Action{Do: "strip", By: "text", Matches: "SECRET", Text: "x"}, "f; g; strip 2 x; by drop-attachments-where-contains filter 'f'"},
		{Action{Do: "defang_url", Min: score(-10), Max: score(-6)}, "f; g; See hxxp://evil[.]example/pay?a=1&b=2, http://new.example or http://good.example/.; by url-reputation-defang filter 'f'"},
		{Action{Do: "replace_url", In: []string{"News"}, Text: "-"}, "f; g; See http://evil.example/pay?a=1&b=2, http://new.example or -.; by url-category-replace filter 'f'"},
		{Action{Do: "redirect_url", In: []string{"Adult"}}, "f; g"}, {Action{Do: "action", Action: `log-entry("x")`}, "log x; f; g"},
	} {
		tested[c.do.Do] = true
		if got := contentOutcome(t, Content{Name: "f", Actions: []Action{c.do}}, Content{Name: "g", Actions: []Action{{Do: "no_op"}}}); got != c.want {
			t.Errorf("%+v:\n%q, want\n%q", c.do, got, c.want)
		}
	}
	for name := range acts() {
		if !tested[name] {
			t.Errorf("%s: not tested", name)
		}
	}
}

// Faults of content filters name the key.
func TestContentFaults(t *testing.T) {
	for _, c := range []struct {
		f    Content
		want string
	}{
		{Content{Name: "", Actions: []Action{{Do: "drop"}}}, `[0].name: "": want a name without quotes`},
		{Content{Name: "f", Match: "some", Actions: []Action{{Do: "drop"}}}, `[0].match: "some": want any or all`},
		{Content{Name: "f"}, `[0].actions: wants an action`},
		{Content{Name: "f", Actions: []Action{{Do: "explode"}}}, `[0].actions[0].do: "explode": want one of action, add_footer, `},
		{Content{Name: "f", Actions: []Action{{Do: "drop", To: []string{"a@b"}}}}, `[0].actions[0]: to does not go with drop`},
		{Content{Name: "f", Actions: []Action{{Do: "quarantine", Quarantine: "None"}}}, `[0].actions[0]: quarantine: there is no quarantine "None"`},
		{Content{Name: "f", Actions: []Action{{Do: "strip", By: "colour"}}}, `[0].actions[0]: by: "colour": want one of encrypted, kind, `},
		{Content{Name: "f", Actions: []Action{{Do: "strip", By: "name"}}}, `[0].actions[0]: by: name wants matches`},
		{Content{Name: "f", Actions: []Action{{Do: "strip", By: "name", Matches: "x", Above: "5"}}}, `[0].actions[0]: above does not go with by: name`},
		{Content{Name: "f", Actions: []Action{{Do: "add_subject"}}}, `[0].actions[0]: wants text, and at: start or end`},
		{Content{Name: "f", Actions: []Action{{Do: "defang_url", Min: score(1)}}}, `[0].actions[0]: wants min and max, or in`},
		{Content{Name: "f", Actions: []Action{{Do: "add_header"}}}, `[0].actions[0]: wants header and value`},
		{Content{Name: "f", Actions: []Action{{Do: "action", Action: "archive('x')"}}}, `[0].actions[0]: archive: not supported: there is no such log`},
		{Content{Name: "f", Actions: []Action{{Do: "drop"}}, Conditions: []Condition{{If: "colour"}}}, `[0].conditions[0].if: "colour": want one of attachment_count, `},
		{Content{Name: "f", Actions: []Action{{Do: "drop"}}, Conditions: []Condition{{If: "subject"}}}, `[0].conditions[0]: wants one of contains, is, `},
		{Content{Name: "f", Actions: []Action{{Do: "drop"}}, Conditions: []Condition{{If: "subject", Is: "a", Contains: "b"}}}, `[0].conditions[0]: wants one of contains, is, `},
		{Content{Name: "f", Actions: []Action{{Do: "drop"}}, Conditions: []Condition{{If: "subject", Matches: "("}}}, "[0].conditions[0]: matches: error parsing regexp"},
		{Content{Name: "f", Actions: []Action{{Do: "drop"}}, Conditions: []Condition{{If: "subject", Is: "a", Above: "5"}}}, `[0].conditions[0]: above does not go with subject`},
		{Content{Name: "f", Actions: []Action{{Do: "drop"}}, Conditions: []Condition{{If: "size", Above: "large"}}}, `[0].conditions[0]: body-size: want ==, `},
		{Content{Name: "f", Actions: []Action{{Do: "drop"}}, Conditions: []Condition{{If: "spf"}}}, `[0].conditions[0]: wants in`},
		{Content{Name: "f", Actions: []Action{{Do: "drop"}}, Conditions: []Condition{{If: "sender_reputation", Min: score(5), Max: score(1)}}}, `[0].conditions[0]: 5 to 1: want a range`},
		{Content{Name: "f", Actions: []Action{{Do: "drop"}}, Conditions: []Condition{{If: "rule", Rule: "a b"}}}, `[0].conditions[0]: line 1, column 3: b where the end is wanted`},
		{Content{Name: "f", Actions: []Action{{Do: "drop"}}, Conditions: []Condition{{If: "rule", Rule: "foo"}}}, `[0].conditions[0]: foo: no such rule`},
	} {
		_, err := Contents([]Content{c.f}, esa.Outgoing, options())
		if err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%+v:\n%v, want\n%s", c.f, err, c.want)
		}
	}
	twice := []Content{{Name: "f", Actions: []Action{{Do: "drop"}}}, {Name: "f", Actions: []Action{{Do: "drop"}}}}
	if _, err := Contents(twice, esa.Incoming, options()); err == nil || err.Error() != "[1].name: there is a filter f already" {
		t.Errorf("%v", err)
	}
	for want, o := range map[string]*Options{
		"dictionaries[0].name":            {Dictionaries: []Dictionary{{}}},
		"dictionaries[0].terms[1].term":   {Dictionaries: []Dictionary{{Name: "d", Terms: []Term{{Text: "a"}, {Text: "*odd"}}}}},
		"dictionaries[0].terms[0].term":   {Dictionaries: []Dictionary{{Name: "d", Terms: []Term{{Text: "("}}}}},
		"dictionaries[0].terms[0].weight": {Dictionaries: []Dictionary{{Name: "d", Terms: []Term{{Text: "a", Weight: 11}}}}},
		"text_resources[1].name":          {Texts: []Text{{Name: "a"}, {Name: "a"}}},
		"urls[0].url":                     {URLs: []URL{{URL: "http:// x"}}},
		"urls[0].score":                   {URLs: []URL{{URL: "x.example", Score: score(11)}}},
	} {
		if err := o.Check(); err == nil || !strings.HasPrefix(err.Error(), want+": ") {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

// Smart identifiers are told from other numbers.
func TestSmartIdentifiers(t *testing.T) {
	for id, c := range map[string]struct{ yes, no []string }{
		"*credit": {[]string{"4111 1111 1111 1111", "5555-5555-5555-4444", "378282246310005", "3782 822463 10005"}, []string{"4111 1111 1111 1112", "1111 1111 1111 1111", "41111111111111112222"}},
		"*ssn":    {[]string{"123-45-6789"}, []string{"000-45-6789", "666-45-6789", "912-45-6789", "123-00-6789", "123-45-0000", "123456789"}},
		"*aba":    {[]string{"021000021", "111000025"}, []string{"021000022", "991000021"}},
		"*cusip":  {[]string{"037833100", "38259P508"}, []string{"037833101", "ABCDEFGH5"}},
	} {
		d := Dictionary{Name: "d", Terms: []Term{{Text: id}}}
		made, err := d.compile()
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range c.yes {
			if made.count("no "+s+".", "no "+strings.ToLower(s)+".", 1) != 1 {
				t.Errorf("%s: %s is none", id, s)
			}
		}
		for _, s := range c.no {
			if made.count("no "+s+".", "no "+strings.ToLower(s)+".", 1) != 0 {
				t.Errorf("%s: %s is one", id, s)
			}
		}
	}
}

// An URL is looked up by its host and those above it, and by how it begins.
func TestURLTable(t *testing.T) {
	table, err := newURLTable([]URL{{URL: ".evil.example", Category: "a"}, {URL: "http://x.evil.example/bad/", Category: "b"}, {URL: "x.evil.example", Category: "c"}, {URL: "[2001:db8::1]", Category: "d"}})
	if err != nil {
		t.Fatal(err)
	}
	for s, want := range map[string]string{"http://evil.example": "a", "http://EVIL.example.:8080/x": "a", "https://y.evil.example?x": "a", "http://x.evil.example/bad/1": "b",
		"http://x.evil.example/b": "c", "http://z.x.evil.example/bad/": "c", "http://notevil.example": "", "http://good.example@evil.example/": "a", "http://good.example/@evil.example": "",
		"http://[2001:db8::1]:80/": "d", "http://": ""} {
		got := ""
		if u := table.of(s); u != nil {
			got = u.Category
		}
		if got != want {
			t.Errorf("%s: %q, want %q", s, got, want)
		}
	}
}

// A pattern's shortcut for fixed texts never changes what matches.
func TestPatterns(t *testing.T) {
	for _, re := range []string{"(?i)kiss", "kiss", "(?i)^kiss$", "(?i)a kiss?", "(kiss)+", "(?i)(kiss|miss)", "k.ss", "(?i)\u00e9t\u00e9", "", "(?i)x*kiss", "(?:kiss){2}"} {
		p, err := newPattern(re)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range []string{"kiss", "KISS", "a kis", "\u212ai\u017f\u017f", "kisskiss", "MISS", "\u00c9T\u00c9", "", "k\u0130ss", strings.Repeat("x", 100) + "Kiss"} {
			if got, want := p.has(s), p.re.MatchString(s); got != want {
				t.Errorf("%q in %q: %t", re, s, got)
			}
			if got, want := p.count(s, lower(s), 5), len(p.re.FindAllStringIndex(s, 5)); got != want {
				t.Errorf("%q in %q: %d, want %d", re, s, got, want)
			}
		}
	}
}

// What is found in files: macros, encryption, groups of kinds.
func TestFiles(t *testing.T) {
	l := &letter.Letter{Encrypted: true, Header: []letter.Field{{Name: "Subject", Value: "x"}}, Parts: []letter.Part{
		{Index: 0, Type: "text/plain", Text: "hello"},
		{Index: 1, Type: "application/msword", Name: "a.doc", File: true, Size: 3000, Kind: "doc", Macro: true},
		{Index: 2, Type: "application/zip", Name: "b.zip", File: true, Size: 5 << 20, Kind: "zip", Encrypted: true},
		{Index: 3, Type: "text/plain", Name: "c.txt", File: true, Size: 10, Kind: "text", Text: "pay 4111111111111111"},
	}}
	m := message(t, "Subject: x\r\n\r\n")
	m.Attachments = []esa.Attachment{{Name: "a.doc"}, {Name: "b.zip"}, {Name: "c.txt"}}
	for _, c := range []struct{ text, want string }{
		{`f: if (encrypted and attachment-protected and attachment-unprotected and macro-detection-rule) { no-op(); }`, "f"},
		{`f: if (attachment-filetype == "Document, gif" and attachment-filetype == "Compressed" and attachment-filetype != "image") { no-op(); }`, "f"},
		{`f: if (attachment-size > 4M and attachment-size < 11) { no-op(); }`, "f"},
		{`f: { drop-macro-enabled-attachments("m"); drop-protected-attachments("p"); } g: if (macro-detection-rule or attachment-protected or attachment-count > 1) { drop(); }`,
			"f; strip 1 m; strip 2 p; by drop-macro-enabled-attachments filter 'f'"},
		{`f: { drop-attachments-where-dictionary-match("cards", 1, "c"); } g: if (dictionary-match("cards") or attachment-contains("pay")) { drop(); }`,
			"f; strip 3 c; by drop-attachments-where-dictionary-match filter 'f'"},
		{`f: { drop-attachments-by-filetype("text", "t: $dropped_filename"); drop-attachments-by-size(1M, "all: $dropped_filenames, last: $dropped_filename"); }`,
			"f; strip 2 all: b.zip, c.txt, last: b.zip; strip 3 t: c.txt; by drop-attachments-by-filetype filter 'f'"},
	} {
		lib, err := newLibrary(options())
		if err != nil {
			t.Fatal(err)
		}
		list, err := parse(c.text)
		if err != nil {
			t.Fatal(err)
		}
		compiled := compiler{library: lib, engine: esa.MessageFilters}
		filters := compiled.set(list)
		f, err := filters.look(m, "", func() (*letter.Letter, error) { return l, nil })
		if got := say(&f); err != nil || len(compiled.errs) > 0 || got != c.want {
			t.Errorf("%s:\n%s, want\n%s", c.text, got, c.want)
		}
	}
}

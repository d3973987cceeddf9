package filter

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files")

// print is filters as the language has them.
func print(list []definition) string {
	var b strings.Builder
	for i := range list {
		b.WriteString(list[i].String())
	}
	return b.String()
}

// Faults are told with their place, what was expected, and the name that is most
// like a wrong one.
func TestFaults(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{`f`, "line 1, column 2: the end where : is wanted"},
		{`5: if (true) {}`, "line 1, column 1: 5 where the name of a filter is wanted"},
		{`f: drop();`, "line 1, column 4: drop where if or { is wanted"},
		{`f: if (true) { drop() }`, "line 1, column 23: } where ; is wanted"},
		{"f:\n  if (true {\n", "line 2, column 12: { where ) is wanted"},
		{`f: if (subject == ) {}`, "line 1, column 19: ) where a text or a number is wanted"},
		{`f: if () {}`, "line 1, column 8: ) where a rule is wanted"},
		{`f: if (subject == "a`, `line 1, column 19: a text begins with " and does not end`},
		{"f: {\n  log-entry(\"\u00e4\" \"b\");", `line 2, column 17: "b" where , or ) is wanted`},
		{`f: { @ }`, "line 1, column 6: '@' begins nothing"},
		{`f: if (url-category(['a' 'b'])) {}`, `line 1, column 26: "b" where , or ] is wanted`},
		{`f: if (url-category([5])) {}`, "line 1, column 22: 5 where a text is wanted"},
		{`f: {`, "line 1, column 5: the end where an action or } is wanted"},
		{strings.Repeat("(", 10) + `f`, "line 1, column 1: ( where the name of a filter is wanted"},
		{`f: if ` + strings.Repeat("(", 200) + `true`, "line 1, column 106: nested more than 100 deep"},
		{`f: if (subjct == "a") {}`, "line 1, column 8: subjct: no such rule; did you mean subject?"},
		{`f: { qarantine("Policy"); }`, "line 1, column 6: qarantine: no such action; did you mean quarantine?"},
		{`f: { archive("x"); }`, "line 1, column 6: archive: not supported: there is no such log"},
		{`f: if (subject) {}`, "line 1, column 8: subject: want == or != and a text in quotes"},
		{`f: if (subject < "a") {}`, "line 1, column 8: subject: want == or != and a text in quotes"},
		{`f: if (subject == "(") {}`, "line 1, column 8: subject: error parsing regexp: missing closing ): `(`"},
		{`f: if (body-size == "x") {}`, "line 1, column 8: body-size: want ==, !=, <, <=, > or >= and a number"},
		{`f: if (true == "x") {}`, `line 1, column 8: true: is true or false and not compared with "x"`},
		{`f: if (header("a b")) {}`, `line 1, column 8: header: "a b": want the name of a header field`},
		{`f: if (header) {}`, `line 1, column 8: header: wants 1 arguments, not 0`},
		{`f: if (body-contains("a", 0)) {}`, `line 1, column 8: body-contains: argument 2: want a number above 0`},
		{`f: if (random(0)) {}`, `line 1, column 8: random: want a whole number above 0`},
		{`f: if (remote-ip == "x") {}`, `line 1, column 8: remote-ip: "x": want an IP address, a CIDR range, or a range with a dash`},
		{`f: if (attachment-filetype == "foo") {}`, `line 1, column 8: attachment-filetype: "foo": want 7z, bmp, `},
		{`f: if (attachment-sha256 == "foo") {}`, `line 1, column 8: attachment-sha256: "foo": want a SHA-256, 64 hex digits, or the name of a file hash list`},
		{`f: if (dictionary-match("foo")) {}`, `line 1, column 8: dictionary-match: there is no dictionary "foo"`},
		{`f: if (url-reputation(5, 1)) {}`, `line 1, column 8: url-reputation: 5 to 1: want a range of scores from -10.0 to 10.0`},
		{`f: { quarantine("None"); }`, `line 1, column 6: quarantine: there is no quarantine "None"`},
		{`f: { bcc("none"); }`, `line 1, column 6: bcc: "none": want an address, or several with commas between them`},
		{`f: { add-footer("none"); }`, `line 1, column 6: add-footer: there is no text resource "none"`},
		{`f: { drop("x"); }`, `line 1, column 6: drop: wants 0 arguments, not 1`},
		{`f: { insert-header("X", 5); }`, `line 1, column 6: insert-header: argument 2: 5 where a text in quotes is wanted`},
		{`f: {} f: {}`, `line 1, column 7: there is a filter f already`},
	} {
		_, err := Messages(c.text, options())
		if err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s:\n%v, want\n%s", c.text, err, c.want)
		}
	}
	// All faults of names are told, not only the first one.
	_, err := Messages(`f: if (foo) { bar(); }`, options())
	all, ok := err.(interface{ Unwrap() []error })
	if !ok || len(all.Unwrap()) != 2 {
		t.Errorf("%v", err)
	}
	bad := options()
	bad.URLs = append(bad.URLs, URL{})
	if _, err := Messages(`f: {}`, bad); err == nil || !strings.Contains(err.Error(), "urls[2].url") {
		t.Errorf("%v", err)
	}
	if errors.Unwrap(bad.Check()) == nil && bad.Check() == nil {
		t.Error("a bad URL is good")
	}
}

// What is read and written again is the same.
func TestLanguage(t *testing.T) {
	b, err := os.ReadFile(filepath.Join("testdata", "language.filters"))
	if err != nil {
		t.Fatal(err)
	}
	list, err := parse(string(b))
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(filepath.Join("testdata", "language.golden"))
	if *update {
		err = os.WriteFile(filepath.Join("testdata", "language.golden"), []byte(print(list)), 0o644)
		want = []byte(print(list))
	}
	if got := print(list); err != nil || got != string(want) {
		t.Errorf("%v\n%s", err, got)
	}
}

// No text makes the parser panic; what it reads it can write and read again.
func FuzzParse(f *testing.F) {
	b, err := os.ReadFile(filepath.Join("testdata", "language.filters"))
	if err != nil {
		f.Fatal(err)
	}
	for _, s := range []string{string(b), `f: if (not (a or b("x", -5M)) and c == 'y\n') { d(['a', "b"]); } elif (x) {} else { e(); }`, "f:{}#", `a:if(b!="\\\"`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		list, err := parse(s)
		Messages(s, options())
		if err != nil {
			return
		}
		once := print(list)
		again, err := parse(once)
		if err != nil && strings.Contains(err.Error(), "nested more than") {
			return // the brackets of the if were one too many
		}
		if err != nil {
			t.Fatalf("%v in\n%s", err, once)
		}
		if twice := print(again); twice != once {
			t.Fatalf("%s\nbecame\n%s", once, twice)
		}
	})
}

package dlp

import (
	"slices"
	"strings"
	"testing"
	"testing/quick"
)

func matches(find Finder, text string) []string {
	var out []string
	find(text, func(from, to int) bool { out = append(out, text[from:to]); return true })
	return out
}

type texts []struct {
	text string
	want []string
}

func (l texts) test(t *testing.T, find Finder) {
	t.Helper()
	for _, c := range l {
		if got := matches(find, c.text); !slices.Equal(got, c.want) {
			t.Errorf("%q: %q, want %q", c.text, got, c.want)
		}
	}
}

// The brands' test numbers are found; numbers that only look like them are not.
func TestCreditCards(t *testing.T) {
	texts{
		{"pay with 4111111111111111 please", []string{"4111111111111111"}},
		{"4111 1111 1111 1111", []string{"4111 1111 1111 1111"}},
		{"4111-1111-1111-1111.", []string{"4111-1111-1111-1111"}},
		{"card:4222222222222,", []string{"4222222222222"}},                                          // Visa of 13 digits
		{"5555555555554444 and 2223003122003222", []string{"5555555555554444", "2223003122003222"}}, // Mastercard, old and new ranges
		{"378282246310005", []string{"378282246310005"}},                                            // American Express
		{"3714 496353 98431", []string{"3714 496353 98431"}},                                        // as embossed
		{"6011111111111117 6011000990139424", []string{"6011111111111117", "6011000990139424"}},
		{"3530111333300000", []string{"3530111333300000"}},
		{"30569309025904 3852 000002 3237", []string{"30569309025904", "3852 000002 3237"}},
		{"4111 1111 1111 1111 12/29 123", []string{"4111 1111 1111 1111"}}, // with what follows on a card
		{"4111 1111 1111 1111 123", []string{"4111 1111 1111 1111"}},
		{"4111 1111 1111 1111 12345", []string{"4111 1111 1111 1111"}},
		{"no 12 4111 1111 1111 1111", []string{"4111 1111 1111 1111"}},
		{"(4111111111111111)\n4012888888881881", []string{"4111111111111111", "4012888888881881"}},
		{"4111111111111112", nil},                     // check digit
		{"4111 1111 1111 1112", nil},                  //
		{"1234567812345670", nil},                     // Luhn is right, but of no brand
		{"94111111111111111", nil},                    // a longer number
		{"41111111111111110", nil},                    //
		{"411111111111111141111111111111114111", nil}, //
		{"x4111111111111111", nil},                    // a part of a word
		{"4111111111111111x 4111111111111111é", nil},  //
		{"1-4111-1111-1111-1111", nil},                // a longer number with hyphens
		{"4111-1111-1111-1111-5", nil},                //
		{"4111-1111 1111-1111", nil},                  // not as anybody writes it
		{"4111  1111  1111  1111", nil},               //
		{"41 11111111111111", nil},                    //
		{"0.4111111111111111", nil},                   // a fraction
		{"37828224631000 3782822463100050", nil},      // a digit less, and one more
		{"0000000000000000 0000 0000 0000 0000", nil}, //
		{"", nil}, {"4", nil}, {"4111 ", nil}, {"4111-", nil},
	}.test(t, CreditCards)
}

func TestSSNs(t *testing.T) {
	texts{
		{"his is 123-45-6789.", []string{"123-45-6789"}},
		{"123 45 6789", []string{"123 45 6789"}},
		{"SSN: 123456789", []string{"123456789"}},
		{"Social Security number is 899999999", []string{"899999999"}},
		{"123456789", nil},
		{"123-45 6789", nil},
		{"000-45-6789 666-45-6789 900-45-6789 999-45-6789", nil}, // areas that are not given
		{"123-00-6789 123-45-0000", nil},
		{"078-05-1120 219-09-9999", nil}, // advertisements
		{"1123-45-6789 123-45-67890 123-45-6789-1 1-123-45-6789", nil},
		{"a123-45-6789 123-45-6789b", nil},
		{"call 123-456-7890", nil},
		{"123-45-678", nil}, {"123-", nil}, {"", nil},
	}.test(t, SSNs)
}

func TestIBANs(t *testing.T) {
	texts{
		{"to DE89370400440532013000 today", []string{"DE89370400440532013000"}},
		{"DE89 3704 0044 0532 0130 00.", []string{"DE89 3704 0044 0532 0130 00"}},
		{"gb29nwbk60161331926819", []string{"gb29nwbk60161331926819"}},
		{"GB29 NWBK 6016 1331 9268 19, FR14 2004 1010 0505 0001 3M02 606", []string{"GB29 NWBK 6016 1331 9268 19", "FR14 2004 1010 0505 0001 3M02 606"}},
		{"NO9386011117947;CH9300762011623852957", []string{"NO9386011117947", "CH9300762011623852957"}},
		{"MT84MALT011000012345MTLCAST001S", []string{"MT84MALT011000012345MTLCAST001S"}},
		{"DE88370400440532013000", nil},                        // check digits
		{"DE8937040044053201300", nil},                         // too short
		{"DE893704004405320130000", nil},                       // too long
		{"ADE89370400440532013000", nil},                       // a part of a word
		{"ZZ89370400440532013000 US89370400440532013000", nil}, // no such country, and one without
		{"DE89-3704-0044-0532-0130-00 DE89  3704 0044 0532 0130 00", nil},
		{"", nil}, {"DE89", nil}, {"DE8", nil},
	}.test(t, IBANs)
}

func TestPatternAndDictionary(t *testing.T) {
	pattern, err := Pattern(`\bPRJ-\d{4}\b`)
	if err != nil {
		t.Fatal(err)
	}
	texts{{"PRJ-1234 PRJ-12345 xPRJ-1234 PRJ-5678", []string{"PRJ-1234", "PRJ-5678"}}, {"", nil}}.test(t, pattern)
	words, err := Dictionary([]string{"top secret", "card", "cards", "Übung", "a.b"})
	if err != nil {
		t.Fatal(err)
	}
	texts{
		{"TOP  SECRET: cards, card and cardss", []string{"TOP  SECRET", "cards", "card"}},
		{"übung, Übungen", []string{"übung"}}, {"a.b axb", []string{"a.b"}}, {"top\r\nsecret", []string{"top\r\nsecret"}},
	}.test(t, words)
	for _, bad := range []string{"(", "a*", ""} {
		if _, err := Pattern(bad); err == nil {
			t.Errorf("pattern %q is taken", bad)
		}
	}
	for _, bad := range [][]string{nil, {""}, {"a", " "}} {
		if _, err := Dictionary(bad); err == nil {
			t.Errorf("words %q are taken", bad)
		}
	}
}

// The risk factor is the sum of what classifiers add, each up to its maximum; what
// says the same counts once.
func TestRisk(t *testing.T) {
	scale := Scale{Low: 10, Medium: 35, High: 60, Critical: 90}
	card := Classifier{Name: "Cards", Weight: 15, Max: 100, Find: CreditCards}
	ssn := Classifier{Name: "SSN", Weight: 20, Max: 40, Minimum: 2, Find: SSNs}
	six := []string{"4111111111111111", "5555555555554444", "378282246310005", "6011111111111117", "3530111333300000", "4012888888881881"}
	for _, c := range []struct {
		name     string
		text     string
		severity Severity
		risk     int
	}{
		{"nothing", "hello", Ignored, 0},
		{"one card", six[0], Low, 15},
		{"the same card thrice", "4111111111111111 4111 1111 1111 1111 4111-1111-1111-1111", Low, 15},
		{"three cards", strings.Join(six[:3], " "), Medium, 45},
		{"four cards", strings.Join(six[:4], " "), High, 60},
		{"six cards", strings.Join(six, " "), Critical, 90},
		{"one number, which is too few", "123-45-6789", Ignored, 0},
		{"two numbers", "123-45-6789 123-45-6788", Medium, 40},
		{"four numbers, and no more than the maximum", "123-45-6789 123-45-6788 123-45-6787 123-45-6786", Medium, 40},
		{"a card and two numbers", six[0] + " 123-45-6789 123-45-6788", Medium, 55},
		{"six cards and two numbers, and no more than 100", strings.Join(six, " ") + " 123-45-6789 123-45-6788", Critical, 100},
	} {
		r := Scan([]Classifier{card, ssn}, scale, []Text{{"Message Body", c.text}})
		if r.Severity != c.severity || r.Risk != c.risk || (len(r.Found) == 0) != (c.severity == Ignored) {
			t.Errorf("%s: %s, %d, found %v; want %s, %d", c.name, r.Severity, r.Risk, r.Found, c.severity, c.risk)
		}
	}
}

// What is reported says where it was, how much there is, and cannot be read.
func TestFound(t *testing.T) {
	scale := Scale{Low: 10, Medium: 35, High: 60, Critical: 90}
	r := Scan([]Classifier{{Name: "Cards", Weight: 15, Max: 100, Find: CreditCards}}, scale, []Text{
		{"Message Subject", "none"},
		{"Message Body", "4111 1111 1111 1111, 5555555555554444, 378282246310005, 6011111111111117"},
		{"a.csv", "3530111333300000;4111111111111111"},
	})
	want := []Found{{"Cards", "Message Body", "**** **** **** 1111", 4}, {"Cards", "Message Body", "************4444", 4}, {"Cards", "Message Body", "***********0005", 4},
		{"Cards", "a.csv", "************0000", 1}}
	if !slices.Equal(r.Found, want) {
		t.Errorf("%v\nwant %v", r.Found, want)
	}
	many := strings.Builder{}
	for i := range 3 * maxDistinct {
		many.WriteString("PRJ-" + strings.Repeat("x", i%50) + string(rune('a'+i%26)) + strings.Repeat("y", i/50) + " ")
	}
	find, err := Pattern(`PRJ-\w+`)
	if err != nil {
		t.Fatal(err)
	}
	var parts []Text
	for range 30 {
		parts = append(parts, Text{"p", many.String()})
	}
	if r := Scan([]Classifier{{Name: "P", Weight: 1, Max: 100, Find: find}}, scale, parts); r.Risk != 100 || len(r.Found) > maxFound {
		t.Errorf("%d, %d are reported", r.Risk, len(r.Found))
	}
}

// Of what is masked nobody can read more than four characters.
func TestMask(t *testing.T) {
	for s, want := range map[string]string{"": "", "secret": "******", "123-45-6789": "***-**-6789", "TOP SECRET!": "*** ***RET!", "ÄÖÜäöüßab": "*****üßab"} {
		if got := Mask(s); got != want {
			t.Errorf("%q: %q, want %q", s, got, want)
		}
	}
	if err := quick.Check(func(s string) bool {
		m := Mask(s)
		return len(strings.Map(func(r rune) rune {
			if r == '*' || r == ' ' || r == '-' {
				return -1
			}
			return 'x'
		}, m)) <= 4 && len([]rune(m)) <= maxMask
	}, nil); err != nil {
		t.Error(err)
	}
}

func BenchmarkScan(b *testing.B) {
	const line = "Dear customer, order 12345678 of 2026-11-26 for 4711 pieces was shipped to account 4111 1111 1111 1112 (ref. AB12-3456-7890).\r\n"
	text := []Text{{"Message Body", strings.Repeat(line, 1<<20/len(line))}}
	words, err := Dictionary([]string{"top secret", "confidential", "internal only"})
	if err != nil {
		b.Fatal(err)
	}
	for name, find := range map[string]Finder{"cards": CreditCards, "ssn": SSNs, "iban": IBANs, "dictionary": words} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text[0].Text)))
			for b.Loop() {
				Scan([]Classifier{{Name: name, Weight: 15, Max: 100, Find: find}}, Scale{Low: 10}, text)
			}
		})
	}
}

// Hostile texts are looked through without a panic, matches lie in the text, in
// order, and are what they are said to be.
func FuzzFind(f *testing.F) {
	for _, s := range []string{"4111 1111 1111 1111 123", "4111-1111-1111-1111-5", "SSN 123456789 123-45-6789", "DE89 3704 0044 0532 0130 00", "gb29nwbk60161331926819", "4\x00-1é"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for name, find := range map[string]Finder{"card": CreditCards, "ssn": SSNs, "iban": IBANs} {
			last := 0
			find(s, func(from, to int) bool {
				if from < last || to <= from || to > len(s) {
					t.Fatalf("%s: [%d:%d] behind %d of %d", name, from, to, last, len(s))
				}
				last = to
				digits := strings.Map(func(r rune) rune {
					if r < '0' || r > '9' {
						return -1
					}
					return r
				}, s[from:to])
				if name == "card" && (len(digits) < minCard || len(digits) > maxCard || !luhn([]byte(digits))) || name == "ssn" && len(digits) != 9 {
					t.Fatalf("%s: %q", name, s[from:to])
				}
				return true
			})
		}
		_ = Scan([]Classifier{{Weight: 1, Max: 100, Find: CreditCards}}, Scale{Low: 1}, []Text{{"p", s}})
	})
}

package fold

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"pgregory.net/rapid"
)

// check holds what this package makes of s against x/text.
func check(t interface {
	Helper()
	Fatalf(string, ...any)
}, s string) {
	t.Helper()
	want := cases.Fold().String(s)
	if got := String(s); got != want {
		t.Fatalf("String(%q) = %q, want %q", s, got, want)
	}
	if got := Append([]byte("X"), s); string(got) != "X"+want {
		t.Fatalf("Append(X, %q) = %q, want %q", s, got, "X"+want)
	}
	if n := folded(s); s[:n] != want[:n] || n < len(s) && want == s {
		t.Fatalf("folded(%q) = %d", s, n)
	}
	if got, want := ASCII(s), strings.IndexFunc(s, func(r rune) bool { return r >= utf8.RuneSelf }) < 0; got != want {
		t.Fatalf("ASCII(%q) = %t", s, got)
	}
}

func TestFold(t *testing.T) {
	for s, want := range map[string]string{
		"": "", "a": "a", "Z": "z", "@[`{": "@[`{", "INVOICE 2024.PDF": "invoice 2024.pdf",
		"Straße": "strasse", "ΣΊΣΥΦΟΣ": "σίσυφοσ", "\u0390": "\u03b9\u0308\u0301", "ﬃ": "ffi", "İ": "i̇", "Ⴀ": "ⴀ", "ꭰ": "Ꭰ", "𐐀": "𐐨",
		"请查收发票": "请查收发票", "\xffA\xc3": "\xffa\xc3", "\xe4\xb8A": "\xe4\xb8a", "\xed\xa0\x80": "\xed\xa0\x80",
		"\xc1\x81": "\xc1\x81", "\xe0\x81\x81": "\xe0\x81\x81", "\xf0\x80\x81\x81": "\xf0\x80\x81\x81",
	} {
		if got := String(s); got != want {
			t.Errorf("String(%q) = %q, want %q", s, got, want)
		}
		check(t, s)
	}
}

// Every character, at every distance from the end of a word of eight bytes.
func TestEveryCharacter(t *testing.T) {
	f := cases.Fold()
	const before = "AAAAAAA"
	var src, dst []byte
	for r := rune(0); r <= utf8.MaxRune; r++ {
		src = utf8.AppendRune(append(src[:0], before[:r%8]...), r)
		dst = append(dst[:0], make([]byte, 4*len(src)+16)...)
		n, _, err := f.Transform(dst, src, true)
		if err != nil {
			t.Fatal(err)
		}
		if got := Append(nil, string(src)); !bytes.Equal(got, dst[:n]) {
			t.Fatalf("%U: %q, want %q", r, got, dst[:n])
		}
	}
}

// Pages that are left out when the table is made must have no case: a later
// Unicode could change that.
func TestCaseless(t *testing.T) {
	f := cases.Fold()
	for r := rune(0x80); r <= utf8.MaxRune; r++ {
		if !caseless(r&^63) && r < limit {
			continue
		}
		if s := string(r); f.String(s) != s {
			t.Fatalf("%U folds to %q", r, f.String(s))
		}
	}
	if n := len(folds().pages); n > 255 {
		t.Fatalf("%d pages: the index holds 255", n)
	}
}

func TestRandom(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		parts := rapid.SliceOfN(rapid.OneOf(
			rapid.String(),
			rapid.StringMatching(`[ -~]{0,20}`),
			rapid.StringMatching(`[\x{80}-\x{24ff}]{0,5}`),
			rapid.Map(rapid.SliceOfN(rapid.Byte(), 0, 12), func(b []byte) string { return string(b) }),
		), 0, 5).Draw(t, "parts")
		check(t, strings.Join(parts, ""))
	})
}

func FuzzFold(f *testing.F) {
	for _, s := range []string{"", "Hello, World", "Straße ΣΊΣΥΦΟΣ", "\xffA\xc3", "\xe0\x81\x81Z", "请查收发票 ABC", "𐐀\xf0\x90\x90"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) { check(t, s) })
}

func TestStringAllocatesNothing(t *testing.T) {
	for _, s := range []string{"", "already in lower case, and long enough", "请查收发票", "über", "\xff\xfe"} {
		if n := testing.AllocsPerRun(100, func() { String(s) }); n != 0 {
			t.Errorf("String(%q): %v allocations", s, n)
		}
	}
}

func BenchmarkFold(b *testing.B) {
	for _, c := range []struct{ name, text string }{
		{"ASCII", "Invoice 2024-11-23 from ACME Corp. is Attached; Please Pay"},
		{"lower", "invoice 2024-11-23 from acme corp. is attached; please pay"},
		{"German", "Überfällige Rechnung: Größere Änderungen für Straße und Haus"},
		{"Russian", "Счёт за Ноябрь 2024 года, Пожалуйста оплатите"},
		{"Greek", "Τιμολόγιο Νοεμβρίου 2024: Παρακαλώ Πληρώστε"},
		{"Chinese", "请查收二零二四年十一月的发票，并在月底之前付款"},
		{"Japanese", "請求書をお送りしますので、ご確認をお願いいたします"},
		{"Korean", "십일월 청구서를 보내드리오니 확인 부탁드립니다"},
		{"Thai", "ใบแจ้งหนี้ประจำเดือนพฤศจิกายนกรุณาชำระเงิน"},
		{"Arabic", "فاتورة شهر نوفمبر مرفقة يرجى الدفع قبل نهاية الشهر"},
	} {
		text := strings.Repeat(c.text+" ", 16)
		b.Run("Append/"+c.name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			var dst []byte
			for b.Loop() {
				dst = Append(dst[:0], text)
			}
		})
		b.Run("String/"+c.name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				_ = String(text)
			}
		})
		b.Run("cases/"+c.name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			f := cases.Fold()
			for b.Loop() {
				_ = f.String(text)
			}
		})
	}
}

// What the first text outside ASCII waits for.
func BenchmarkTable(b *testing.B) {
	for b.Loop() {
		newTable()
	}
}

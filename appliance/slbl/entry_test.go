package slbl

import (
	"strings"
	"testing"
)

func TestSender(t *testing.T) {
	for in, want := range map[string]string{
		"User@Example.COM": "user@example.com", "example.com": "example.com", "server.Domain.com": "server.domain.com", "localhost": "localhost",
		"[10.1.1.0]": "[10.1.1.0]", "10.1.1.0": "[10.1.1.0]", "[IPv6:2001:DB8::1]": "[ipv6:2001:db8::1]", "2001:db8:0::1": "[ipv6:2001:db8::1]",
		"[2001:db8::1]": "[ipv6:2001:db8::1]", "user@[1.2.3.4]": "user@[1.2.3.4]", "user@[IPv6:2001:db8::1]": "user@[ipv6:2001:db8::1]",
		"o'neil+x@a-b.example": "o'neil+x@a-b.example", "ünal@b.example": "ünal@b.example", "[ipv6:::ffff:1.2.3.4]": "[1.2.3.4]",
	} {
		if got, err := Sender(in); err != nil || got != want {
			t.Errorf("Sender(%q) = %q, %v; want %q", in, got, err, want)
		}
	}
	for _, in := range []string{"", "@", "a@", "@b.example", ".domain.com", "a@.domain.com", "a@b@c.example", "a b@c.example", "a@b c.example", "<a@b.example>", "A <a@b.example>",
		"a@b.example,c@d.example", "b.*", "1.2.3.4.5", "1.2.3", "[1.2.3]", "[ipv6:1.2.3.4]", "[1.2.3.4", "a@1.2.3.4", "10.0.0.0/8", "fe80::1%eth0", "-a.example", "a..example", "a.example.",
		"a\r\n@b.example", "a\x00@b.example", `"a b"@c.example`, "\u2028@b.example", "a@b.exa\xffmple", strings.Repeat("a", 65) + "@b.example", strings.Repeat("a.", 130) + "example", "a@" + strings.Repeat("a", 64) + ".example"} {
		if got, err := Sender(in); err == nil {
			t.Errorf("Sender(%q) = %q", in, got)
		}
	}
}

// An entry that is taken is short, one line, and means itself.
func FuzzEntry(f *testing.F) {
	for _, s := range []string{"user@Example.com", "server.domain.com", ".domain.com", "[10.1.1.0]", "user@[ipv6:2001:DB8::1]", "::ffff:1.2.3.4", "Ünal@b.example", "\u0130@b.example", "a@b@c"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for name, read := range map[string]func(string) (string, error){"Sender": Sender, "Recipient": Recipient} {
			got, err := read(s)
			if err != nil {
				if len(err.Error()) > 1000 {
					t.Errorf("%s(%q): %d octets of error", name, s, len(err.Error()))
				}
				continue
			}
			if again, err := read(got); err != nil || again != got {
				t.Errorf("%s(%q) = %q, of that %q, %v", name, s, got, again, err)
			}
			if len(got) > mostLocal+1+mostDomain || strings.ContainsAny(got, " \t\r\n<>\",;\x00") {
				t.Errorf("%s(%q) = %q", name, s, got)
			}
		}
	})
}

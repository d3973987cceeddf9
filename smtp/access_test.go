package smtp

import (
	"net/netip"
	"strings"
	"testing"
)

func TestHAT(t *testing.T) {
	h, err := NewHAT([]SenderGroup{
		{"RELAYLIST", Relay, []string{"10.0.0.0/8"}},
		{"BLACKLIST", Reject, []string{"192.0.2.1", "2001:db8::/32"}},
		{"SUSPECTLIST", Accept, nil},
		{"UNKNOWNLIST", Accept, []string{"sbrs[none]"}},
		{"LAST", TCPRefuse, []string{"ALL"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	for addr, want := range map[string]string{
		"10.1.2.3":     "RELAY RELAYLIST 10.0.0.0/8",
		"192.0.2.1":    "REJECT BLACKLIST 192.0.2.1",
		"192.0.2.2":    "ACCEPT UNKNOWNLIST sbrs[none]",
		"2001:db8::9":  "REJECT BLACKLIST 2001:db8::/32",
		"2001:db80::9": "ACCEPT UNKNOWNLIST sbrs[none]",
	} {
		s := h.decide(netip.MustParseAddr(addr))
		if got := s.Rule + " " + s.Group + " " + s.Match; got != want || s.Outgoing != (s.Rule == Relay) {
			t.Errorf("%s: %s, outgoing %t, want %s", addr, got, s.Outgoing, want)
		}
	}
	if s := (HAT{}).decide(netip.MustParseAddr("192.0.2.1")); s.Rule != Accept || s.Match != "ALL" {
		t.Errorf("an empty table: %+v", s)
	}
}

func TestHATErrors(t *testing.T) {
	for want, g := range map[string]SenderGroup{
		`sender group A: rule "DROP"`:          {"A", "DROP", nil},
		`sender group B: member "10.0.0.0/33"`: {"B", Accept, []string{"10.0.0.0/33"}},
		`sender group C: member "host.test"`:   {"C", Accept, []string{"ALL", "host.test"}},
	} {
		if _, err := NewHAT([]SenderGroup{g}); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%+v: %v, want %s", g, err, want)
		}
	}
}

func TestRAT(t *testing.T) {
	r := NewRAT([]string{"example.com", ".sub.example.org"})
	for address, want := range map[string]bool{
		"a@example.com": true, "a@EXAMPLE.com": true, "a@x.example.com": false, "a@notexample.com": false,
		"a@x.sub.example.org": true, "a@y.x.sub.example.org": true, "a@sub.example.org": false,
		"a@": false, "a": false, "": false, `"a@example.com"@evil.test`: false, "a@.": false, "a@..": false,
	} {
		if got := r.accepts(address); got != want {
			t.Errorf("%s: %t", address, got)
		}
	}
	if !NewRAT([]string{"ALL"}).accepts("a@anything.test") {
		t.Error("ALL does not take all")
	}
}

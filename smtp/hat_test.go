package smtp

import (
	"net/netip"
	"strings"
	"testing"
)

// newTestHAT makes a table with a policy for each rule.
func newTestHAT(t *testing.T, groups ...SenderGroup) HAT {
	t.Helper()
	known, err := NewPolicies([]Policy{{Name: "$A", Rule: Accept}, {Name: "$L", Rule: Relay}, {Name: "$R", Rule: Reject},
		{Name: "$T", Rule: TCPRefuse}, {Name: "$C", Rule: Continue}, {Name: lastPolicy, Rule: Accept, MaxMessages: 7}})
	if err != nil {
		t.Fatal(err)
	}
	h, err := NewHAT(groups, known)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// Who falls into which group, by which line.
func TestHAT(t *testing.T) {
	h := newTestHAT(t,
		SenderGroup{"EVERYBODY", "$C", []string{"ALL"}},
		SenderGroup{"RELAYLIST", "$L", []string{"10.0.0.0/8", "172.16.1.1-172.16.1.20", "172.16.2.5-7", "172.17.", "172.18.9."}},
		SenderGroup{"BLACKLIST", "$R", []string{"192.0.2.1", "2001:db8::/32", "2001:dba::1-2001:dba::ff", "sbrs[-10.0:-3.0]", "country[Nowhere]"}},
		SenderGroup{"SUSPECTLIST", "$A", []string{"sbrs[-3:-1]", ".isp.example"}},
		SenderGroup{"PARTNERS", "$A", []string{"mail.b.example"}},
		SenderGroup{"UNKNOWNLIST", "$A", []string{"sbrs[-1.0:5.0]", "sbrs[none]"}},
		SenderGroup{"EMPTY", "$T", nil},
	)
	who := func(address string, s Sender) string {
		t.Helper()
		if s.Address = address; address == "" {
			s.Address = "198.51.100.1"
		}
		known, err := NewSenders([]Sender{s})
		if err != nil {
			t.Fatal(err)
		}
		a := netip.MustParseAddr(s.Address)
		src, p := h.decide(a, known.of(a))
		if src.Rule != p.Rule || src.Outgoing != (src.Rule == Relay) || src.Remote != a || src.Host != s.Host {
			t.Errorf("%+v: %+v by %+v", s, src, p)
		}
		return src.Rule + " " + src.Group + " " + src.Match + " " + src.SBRS
	}
	for _, c := range []struct {
		address string
		sender  Sender
		want    string
	}{
		{"10.1.2.3", Sender{}, "RELAY RELAYLIST 10.0.0.0/8 None"},
		{"10.1.2.3", Sender{SBRS: "-9.9"}, "RELAY RELAYLIST 10.0.0.0/8 -9.9"},
		{"172.16.1.20", Sender{}, "RELAY RELAYLIST 172.16.1.1-172.16.1.20 None"},
		{"172.16.1.21", Sender{}, "ACCEPT UNKNOWNLIST sbrs[none] None"},
		{"172.16.2.7", Sender{}, "RELAY RELAYLIST 172.16.2.5-7 None"},
		{"172.16.2.8", Sender{}, "ACCEPT UNKNOWNLIST sbrs[none] None"},
		{"172.17.255.255", Sender{}, "RELAY RELAYLIST 172.17. None"},
		{"172.18.9.1", Sender{}, "RELAY RELAYLIST 172.18.9. None"},
		{"172.18.10.1", Sender{}, "ACCEPT UNKNOWNLIST sbrs[none] None"},
		{"192.0.2.1", Sender{}, "REJECT BLACKLIST 192.0.2.1 None"},
		{"2001:db8:ffff::9", Sender{}, "REJECT BLACKLIST 2001:db8::/32 None"},
		{"2001:dba::fe", Sender{}, "REJECT BLACKLIST 2001:dba::1-2001:dba::ff None"},
		{"2001:db80::9", Sender{SBRS: "rfc1918"}, "ACCEPT UNKNOWNLIST sbrs[none] rfc1918"},
		{"", Sender{SBRS: "-3"}, "REJECT BLACKLIST sbrs[-10.0:-3.0] -3.0"},
		{"", Sender{SBRS: "-2.95"}, "REJECT BLACKLIST sbrs[-10.0:-3.0] -3.0"},
		{"", Sender{SBRS: "-2.9"}, "ACCEPT SUSPECTLIST sbrs[-3:-1] -2.9"},
		{"", Sender{SBRS: "0"}, "ACCEPT UNKNOWNLIST sbrs[-1.0:5.0] 0.0"},
		{"", Sender{SBRS: "7"}, "ACCEPT None ALL 7.0"},
		{"", Sender{Country: "nowhere"}, "REJECT BLACKLIST country[Nowhere] None"},
		{"", Sender{Host: "MAIL.b.example"}, "ACCEPT PARTNERS mail.b.example None"},
		{"", Sender{Host: "x.mail.b.example"}, "ACCEPT UNKNOWNLIST sbrs[none] None"},
		{"", Sender{Host: "mail.b.example", Unverified: true}, "ACCEPT UNKNOWNLIST sbrs[none] None"},
		{"", Sender{Host: "a.b.ISP.example"}, "ACCEPT SUSPECTLIST .isp.example None"},
		{"", Sender{Host: "isp.example"}, "ACCEPT UNKNOWNLIST sbrs[none] None"},
		{"", Sender{Host: "xisp.example"}, "ACCEPT UNKNOWNLIST sbrs[none] None"},
	} {
		if got := who(c.address, c.sender); got != c.want {
			t.Errorf("%s %+v: %s, want %s", c.address, c.sender, got, c.want)
		}
	}
	if _, p := h.decide(netip.MustParseAddr("198.51.100.1"), &sender{scored: true, score: 9}); p.MaxMessages != 7 {
		t.Errorf("the last row has policy %+v", p)
	}
}

func TestHATErrors(t *testing.T) {
	known, err := NewPolicies([]Policy{{Name: "$A", Rule: Accept}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := NewHAT([]SenderGroup{{"G", "$B", nil}}, known); err == nil || !strings.HasPrefix(err.Error(), `sender group G: policy "$B"`) {
		t.Errorf("no such policy: %v", err)
	}
	for _, m := range []string{"", "10.0.0.0/33", "10.0.0.300", "10.0.0.9-10.0.0.1", "10.0.0.9-1", "10.0.0.1-2001:db8::1", "10.1.1.1.", "10..",
		"host test", "a..example", "..example", ".", "sbrs[]", "sbrs[-11:0]", "sbrs[1:0]", "sbrs[1:nan]", "sbrs[none", "country[]", "fe80::1%eth0"} {
		if _, err := NewHAT([]SenderGroup{{"G", "$A", []string{"ALL", m}}}, known); err == nil || !strings.HasPrefix(err.Error(), `sender group G: member "`+m+`"`) {
			t.Errorf("%s: %v", m, err)
		}
	}
	for want, groups := range map[string][]SenderGroup{
		`sender group ALL: it must be the last one`:              {{"ALL", "$A", nil}, {"G", "$A", nil}},
		`sender group ALL: it must be the last one, with no`:     {{"ALL", "$A", []string{"10.0.0.1"}}},
		`sender group ALL: policy "$B": there is no`:             {{"ALL", "$B", nil}},
		`sender group ALL: policy "$C": rule CONTINUE: it is th`: {{"ALL", "$C", nil}},
	} {
		known["$C"] = &Policy{Name: "$C", Rule: Continue}
		if _, err := NewHAT(groups, known); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%v: %v, want %s", groups, err, want)
		}
	}
	for want, p := range map[string][]Policy{
		`mail flow policy $A: auth "yes"`:                            {{Name: "$A", Rule: Accept, Auth: "yes"}},
		`mail flow policy $A: a limit is negative; 0`:                {{Name: "$A", Rule: Accept, MaxInvalid: -1}},
		`mail flow policy $A: rule "DROP"`:                           {{Name: "$A", Rule: "DROP"}},
		`mail flow policy $A: tls "maybe"`:                           {{Name: "$A", Rule: Accept, TLS: "maybe"}},
		`mail flow policy $A: a limit is negative`:                   {{Name: "$A", Rule: Accept, MaxConnections: -1}},
		`mail flow policy $A: there are two`:                         {{Name: "$A", Rule: Accept}, {Name: "$A", Rule: Relay}},
		`mail flow policy $ACCEPTED: rule CONTINUE: it is also that`: {{Name: "$ACCEPTED", Rule: Continue}},
	} {
		if _, err := NewPolicies(p); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%+v: %v, want %s", p, err, want)
		}
	}
}

// The last row is no group to the logs.
func TestHATLastRow(t *testing.T) {
	for _, members := range [][]string{nil, {"ALL"}} {
		h := newTestHAT(t, SenderGroup{"G", "$A", []string{"10.0.0.1"}}, SenderGroup{"ALL", "$R", members})
		if src, p := h.decide(netip.MustParseAddr("10.0.0.2"), nobody()); src.Group != "None" || src.Match != "ALL" || src.Rule != Reject || p.Name != "$R" {
			t.Errorf("%+v", src)
		}
		if src, _ := h.decide(netip.MustParseAddr("10.0.0.1"), nobody()); src.Group != "G" {
			t.Errorf("%+v", src)
		}
	}
}

func TestUsersFaults(t *testing.T) {
	for want, list := range map[string][]User{
		`users[0].name: ""`:                  {{"", "x"}},
		`users[0].name: "a\nb": want`:        {{"a\nb", "x"}},
		`users[0].passphrase: must not be`:   {{"a", ""}},
		`users[1].name: there are two of th`: {{"a", "x"}, {"a", "y"}},
	} {
		if _, err := NewUsers("users", list); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
	if _, err := NewUsers("", nil); err == nil {
		t.Error("a profile without a name")
	}
}

// The most specific entry about an address wins, whatever the order.
func TestSenders(t *testing.T) {
	s, err := NewSenders([]Sender{
		{Address: "0.0.0.0/0", Country: "Earth"}, {Address: "192.0.2.9", Host: "mx.example", SBRS: "10"},
		{Address: "192.0.2.77/24", SBRS: "-1.25", Host: "pool.example", Unverified: true}, {Address: "2001:db8::/32", SBRS: "None"},
	})
	if err != nil {
		t.Fatal(err)
	}
	for a, want := range map[string]sender{
		"192.0.2.9":   {host: "mx.example", verified: true, sbrs: "10.0", scored: true, score: 10, country: "not enabled"},
		"192.0.2.8":   {host: "pool.example", sbrs: "-1.3", scored: true, score: -1.3, country: "not enabled"},
		"192.0.3.1":   {sbrs: "None", country: "Earth"},
		"2001:db8::1": {sbrs: "None", country: "not enabled"},
		"2001:db9::1": {sbrs: "None", country: "not enabled"},
	} {
		got := *s.of(netip.MustParseAddr(a))
		if got.net = (netip.Prefix{}); got != want {
			t.Errorf("%s: %+v, want %+v", a, got, want)
		}
	}
	for want, bad := range map[string]Sender{
		`sender x: address "x"`:                      {Address: "x"},
		`sender 192.0.2.1: sbrs "-10.1"`:             {Address: "192.0.2.1", SBRS: "-10.1"},
		`sender 192.0.2.1: sbrs "good"`:              {Address: "192.0.2.1", SBRS: "good"},
		`sender 192.0.2.1: host ".example"`:          {Address: "192.0.2.1", Host: ".example"},
		`sender 192.0.2.1: host "a verified yes\nb"`: {Address: "192.0.2.1", Host: "a verified yes\nb"},
		`sender 192.0.2.1: country "a\nb"`:           {Address: "192.0.2.1", Country: "a\nb"},
	} {
		if _, err := NewSenders([]Sender{bad}); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%+v: %v, want %s", bad, err, want)
		}
	}
}

// FuzzMember reads lines of sender groups: whatever is taken can be asked.
func FuzzMember(f *testing.F) {
	for _, s := range []string{"ALL", "10.0.0.1-20", "10.1.", ".", "sbrs[-1:2]", "country[x]", ".example.com", "::/0", "1.2.3.4/33", "a-b", "-", "1-"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		m, err := newMember(s)
		if err != nil {
			return
		}
		if m.first.IsValid() && (!m.has(m.first, nobody()) || !m.has(m.last, nobody())) {
			t.Errorf("%q: has not its own ends %s and %s", s, m.first, m.last)
		}
		for _, a := range []string{"192.0.2.1", "2001:db8::1"} {
			m.has(netip.MustParseAddr(a), &sender{host: "a.example", verified: true, scored: true})
		}
	})
}

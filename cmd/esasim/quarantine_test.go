package main

import (
	"fmt"
	"strings"
	"testing"

	"esasim/appliance/config"
	"esasim/esasimtest"
	"esasim/lab"
)

// What a quarantine holds can be listed, moved, delayed, released and deleted from
// the command line.
func TestQuarantine(t *testing.T) {
	l := esasimtest.Start(t, func(o *lab.Options) {
		o.Config.Appliance.MailPolicies.Incoming[0].AntiSpam.Positive = config.Treatment{Action: "quarantine", Quarantine: "Policy"}
	})
	gtube := "XJS*C4JDBQADN1.NSBN3*2IDNEN*" + "GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"
	var mids []string
	for i := range 3 {
		mids = append(mids, l.Send(t, "eve@bad.test", fmt.Sprintf("Subject: \x1b[31mnumber %d\r\n\r\n%s\r\n", i, gtube), "bob@example.org").String())
	}
	do := func(args ...string) (string, error) {
		out, _, err := runs(t.Context(), append(args, "--console", l.Addresses.Console)...)
		return out, err
	}
	if _, err := do("wait", "state=quarantined", "--count", "3"); err != nil {
		t.Fatal(err)
	}
	out, err := do("quarantine", "list")
	if lines := strings.Split(out, "\n"); err != nil || len(lines) != 8 || strings.Join(strings.Fields(lines[1])[:2], " ") != "Policy 3" {
		t.Errorf("list: %v\n%s", err, out)
	}
	out, err = do("quarantine", "list", "Policy", "--limit", "2")
	if err != nil || strings.Count(out, "number") != 2 || strings.Contains(out, "\x1b") || !strings.Contains(out, "eve@bad.test") {
		t.Errorf("list Policy: %v\n%s", err, out)
	}
	for _, c := range []struct {
		args      []string
		out, fail string
	}{
		{[]string{"move", mids[0], "--quarantine", "Policy", "--to", "Virus"}, "MID " + mids[0] + ": move\n", ""},
		{[]string{"delay", mids[0], "--for", "1w"}, "MID " + mids[0] + ": delay\n", ""},
		{[]string{"delay", mids[0]}, "", `a delay of "" cannot be done: want a time such as 8h, 24h, 48h or 1w`},
		{[]string{"delete", mids[0], mids[1], "--quarantine", "Policy"}, "MID " + mids[1] + ": delete\n", "MID " + mids[0] + ": not in the quarantine"},
		{[]string{"release", mids[2]}, "MID " + mids[2] + ": release\n", ""},
		{[]string{"release", mids[2]}, "", "MID " + mids[2] + ": not in the quarantine"},
		{[]string{"release", "x"}, "", `"x": want a MID, a number`},
		{[]string{"release"}, "", "release needs messages, by their MID"},
		{[]string{"list", "None"}, "", `"None": no such quarantine`},
	} {
		out, err := do(append([]string{"quarantine"}, c.args...)...)
		if fail := fmt.Sprint(err); out != c.out || (c.fail == "") != (err == nil) || err != nil && fail != c.fail {
			t.Errorf("%q: %q, %v; want %q, %s", c.args, out, err, c.out, c.fail)
		}
	}
	if _, err := do("wait", "state=delivered", "--count", "1"); err != nil {
		t.Error(err)
	}
}

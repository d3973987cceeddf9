package cli

import (
	"reflect"
	"testing"
)

func TestSplit(t *testing.T) {
	for line, want := range map[string][][]string{
		"":                                     nil,
		" ; ;":                                 nil,
		"status  detail":                       {{"status", "detail"}},
		`clustermode cluster;commit "a b";`:    {{"clustermode", "cluster"}, {"commit", "a b"}},
		`grep "Subject 'x'" mail_logs`:         {{"grep", "Subject 'x'", "mail_logs"}},
		`grep 'a"b\d' x`:                       {{"grep", `a"b\d`, "x"}},
		`grep "a\.b\"c\\" x`:                   {{"grep", `a\.b"c\`, "x"}},
		`grep MID\ 1\;\d+ x`:                   {{"grep", `MID 1;\d+`, "x"}},
		`a"b"'c'd ""`:                          {{"abcd", ""}},
		"commit \"one;two\"\nstatus\r\nwhoami": {{"commit", "one;two"}, {"status"}, {"whoami"}},
	} {
		if got, err := split(line); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %q, %v, want %q", line, got, err, want)
		}
	}
	for _, line := range []string{`a \`, `"a\`, `"a`, `'a`, `a'b`} {
		if got, err := split(line); err == nil {
			t.Errorf("%q: %q", line, got)
		}
	}
}

func TestNumbers(t *testing.T) {
	for n, want := range map[uint64]string{0: "0", 999: "999", 1000: "1,000", 8388608: "8,388,608", 1234567890: "1,234,567,890"} {
		if got := grouped(n); got != want {
			t.Errorf("%d: %s, want %s", n, got, want)
		}
	}
}

package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"esasim/esasimtest"
	"esasim/lab"
)

// An administrator's commands, in the order in which they are given.
func TestConfigChanges(t *testing.T) {
	dir := t.TempDir()
	onDisk := func(o *lab.Options) { o.FS, o.Dir, o.Config.Cloud = vfs.Default, dir, nil }
	t.Run("online", func(t *testing.T) { // the lab ends with it
		l := esasimtest.Start(t, onDisk)
		for _, c := range []struct{ args, out, fail string }{
			{"diff", "", ""},
			{"commit", "", "there is nothing to commit"},
			{"get appliance.listener.max_hops", "100\n", ""},
			{"set appliance.listener.max_hops 7", "  appliance.listener.max_hops: 100 -> 7\n", ""},
			{"set appliance.listener.max_hops 0", "", "appliance.listener.max_hops: must be greater than 0"},
			{"set appliance.sender_groups[WHITELIST].policy NONE", "", "NONE"},
			{"set appliance.hostname x.example", "", "needs a restart: appliance.hostname"},
			{"set appliance.quarantines[Legal] {retention:\u00a01h}", "", "appliance.quarantines[Legal]"},
			{"get appliance.listener.max_hops", "7\n", ""},
			{"get appliance.listener.max_hops --user ann", "100\n", ""},
			{"clear", "", ""},
			{"diff", "", ""},
			{"set appliance.timezone Europe/Berlin", "  appliance.timezone: UTC -> Europe/Berlin\n", ""},
			{"set appliance.recipients [x.example]", "*", ""},
			{"unset appliance.recipients", "  appliance.timezone: UTC -> Europe/Berlin\n", ""},
			{"diff --user ann", "", ""},
			{"commit -m why", "  appliance.timezone: UTC -> Europe/Berlin\ncommitted\n", ""},
			{"commit", "", "there is nothing to commit"},
			{"reset appliance.timezone", "  appliance.timezone: Europe/Berlin -> UTC\n", ""},
			{"reset", "", "reset needs keys"},
			{"get appliance.timezon", "", "appliance.timezon: unknown key"},
		} {
			out, _, err := runs(t.Context(), append(append([]string{"config"}, strings.Split(c.args, " ")...), "--console", l.Addresses.Console)...)
			if fail := fmt.Sprint(err); c.out != "*" && out != c.out || (c.fail == "") != (err == nil) || err != nil && !strings.Contains(fail, c.fail) {
				t.Errorf("%s: %q, %v; want %q, %s", c.args, out, err, c.out, c.fail)
			}
		}
		if _, _, err := runs(t.Context(), "config", "history", "--data", dir); err == nil {
			t.Error("the directory of a lab that runs is read")
		}
	})
	offline := func(args ...string) string {
		t.Helper()
		out, _, err := runs(t.Context(), append(append([]string{"config"}, args...), "--data", dir)...)
		if err != nil {
			t.Error(err)
		}
		return out
	}
	if out := offline("history"); !strings.HasSuffix(out, "  admin  why\n  appliance.timezone: UTC -> Europe/Berlin\n") {
		t.Errorf("history: %s", out)
	}
	if out := offline("reset", "appliance.timezone"); out != "appliance.timezone: as the file says\n" {
		t.Errorf("reset: %s", out)
	}
	if _, _, err := runs(t.Context(), "config", "reset", "--data", dir); err == nil {
		t.Error("nothing is taken back, and this is no error")
	}
	if _, _, err := runs(t.Context(), "config", "reset", "--data", t.TempDir()); err == nil {
		t.Error("a directory that is none of esasim is taken")
	}
}

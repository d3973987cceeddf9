package esasim_test

import (
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"esasim/appliance/config"
	"esasim/esa"
	"esasim/lab"
	"esasim/tracking"
)

// A route that leads back to the appliance itself: the message goes round until it
// has been through a hundred times, and so does its bounce message. Each time it has
// one more Received field, and nothing in the appliance's name that it did not say.
func TestMailLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &virtual{fs: vfs.NewMem()}
		v.start(t, func(o *lab.Options) {
			o.Config.Cloud = nil
			o.Config.Appliance.Routes = []config.Route{{Domain: "ALL", Hosts: []string{o.Config.SMTP}}}
		})
		defer func() { v.stop() }()
		v.send(t, "bob@example.org", "round and round")
		time.Sleep(time.Hour)
		messages, loops := 0, 0
		err := v.Appliance().Tracking().Each(t.Context(), tracking.Query{}, func(m *esa.Message) error {
			messages++
			if !m.Finished {
				t.Errorf("MID %d is %s", m.MID, m.State)
			}
			if strings.Contains(m.Recipients[0].Response, "554 Too many hops") {
				loops++
			}
			return nil
		})
		// The message comes 101 times, and once more in vain. So does its bounce
		// message, which was made here before.
		if err != nil || messages != 102+103 || loops != 2 {
			t.Errorf("%d messages, %d of them in a loop, %v", messages, loops, err)
		}
		c, err := v.Appliance().Tracking().Content(3)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		b, err := io.ReadAll(c)
		const hop = "Received: from unknown"
		if s := string(b); err != nil || strings.Count(s, hop) != 2 || !strings.HasPrefix(s, hop) || !strings.Contains(s, "\r\n  by esa.esasim.test with ESMTP/TLS/") && !strings.Contains(s, "\r\n  by esa.esasim.test with ESMTP; ") {
			t.Errorf("%q, %v", s, err)
		}
	})
}

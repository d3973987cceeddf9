package esasim_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"esasim/lab"
)

// A week with a message in each hour, in a time zone whose clocks go back in it: days
// are those of the zone, one of them has 25 hours, and each message is in one hour and
// in one day, over a proper end, a crash of the machine, and when hours of the week's
// beginning are no longer kept.
func TestReportsOfAWeek(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		berlin, err := time.LoadLocation("Europe/Berlin")
		if err != nil {
			t.Fatal(err)
		}
		begin := time.Date(2020, 10, 22, 0, 30, 0, 0, berlin) // a Thursday; clocks go back on Sunday
		time.Sleep(time.Until(begin))
		disk := vfs.NewCrashableMem()
		if err := disk.MkdirAll("data", 0o700); err != nil {
			t.Fatal(err)
		}
		if root, err := disk.OpenDir(""); err != nil || root.Sync() != nil { // the directory is there before the lab
			t.Fatal(err)
		}
		v := &virtual{fs: disk}
		start := func() {
			v.start(t, func(o *lab.Options) { o.Config.Cloud, o.Config.Appliance.Timezone = nil, "Europe/Berlin" })
		}
		start()
		end := time.Date(2020, 10, 29, 0, 0, 0, 0, berlin)
		for n := 0; time.Now().Before(end); n++ {
			v.send(t, "bob@example.org", "hourly")
			switch n {
			case 50:
				v.stop()
				start()
			case 100:
				clone := disk.CrashClone(vfs.CrashCloneCfg{})
				v.stop()
				disk = clone
				v.fs = clone
				start()
			}
			time.Sleep(time.Until(begin.Add(time.Duration(n+1) * time.Hour)))
		}
		// Hours of the whole week, then of the first days no more.
		checkWeek(t, v, "by the hour", "2020-10-21T22:00:00.000Z", "2020-10-28T23:00:00.000Z", time.Hour, 169)
		time.Sleep(9 * 24 * time.Hour)
		v.send(t, "bob@example.org", "later") // makes old hours go
		time.Sleep(time.Minute)
		checkWeek(t, v, "by the day", "2020-10-21T22:00:00.000Z", "2020-10-30T23:00:00.000Z", 24*time.Hour, 169)
		checkWeek(t, v, "hours where only days are kept", "2020-10-21T22:00:00.000Z", "2020-10-28T23:00:00.000Z", 24*time.Hour, 169)
		checkWeek(t, v, "edges within days count as a whole", "2020-10-22T10:00:00.000Z", "2020-10-23T10:00:00.000Z", 24*time.Hour, 48)
		v.stop()
	})
}

// checkWeek asks for a series, and for the sum of the same span.
func checkWeek(t *testing.T, v *virtual, what, from, to string, step time.Duration, want int) {
	t.Helper()
	c := &restClient{t: t, base: v.Addresses().Console + "/esa/api/v2.0/", http: v.client(), with: basic}
	where := "reporting/mail_incoming_traffic_summary/total_recipients?startDate=" + from + "&endDate=" + to
	var sum struct {
		Data struct{ ResultSet map[string]int }
	}
	c.get(where, &sum)
	if n := sum.Data.ResultSet["total_recipients"]; n != want {
		t.Errorf("%s: %d recipients, want %d", what, n, want)
	}
	var series struct {
		Data struct{ ResultSet map[string][][3]any }
	}
	c.get(where+"&query_type=graph", &series)
	total, long := 0, 0
	for _, p := range series.Data.ResultSet["total_recipients"] {
		a, err := time.Parse(time.RFC3339, p[0].(string))
		if err != nil {
			t.Fatal(err)
		}
		b, err := time.Parse(time.RFC3339, p[1].(string))
		if err != nil {
			t.Fatal(err)
		}
		n := int(p[2].(float64))
		total += n
		if b.Sub(a) == 25*time.Hour {
			long++
		} else if b.Sub(a) > step {
			t.Errorf("%s: %s to %s is longer than %s", what, a, b, step)
		}
		if n > 0 && b.Sub(a) >= time.Hour && want == 169 && n != int(b.Sub(a)/time.Hour) {
			t.Errorf("%s: %d recipients from %s to %s, one was sent in each hour", what, n, a, b)
		}
	}
	if total != want {
		t.Errorf("%s: %d recipients in the series, want %d", what, total, want)
	}
	if step == 24*time.Hour && want == 169 && long != 1 {
		t.Errorf("%s: %d days of 25 hours, want 1", what, long)
	}
}

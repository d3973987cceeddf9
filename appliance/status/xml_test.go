package status_test

import (
	"bytes"
	"encoding/xml"
	"io"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/encoding/charmap"

	"esasim/appliance/status"
)

// document is /xml/status as readers of monitoring programs know it.
type document struct {
	Build    string `xml:"build,attr"`
	Hostname string `xml:"hostname,attr"`
	At       string `xml:"timestamp,attr"`
	Birth    struct {
		At string `xml:"timestamp,attr"`
	} `xml:"birth_time"`
	Reset struct {
		At string `xml:"timestamp,attr"`
	} `xml:"last_counter_reset"`
	System struct {
		Status string `xml:"status,attr"`
	} `xml:"system"`
	Oldest struct {
		Secs string `xml:"secs,attr"`
		MID  string `xml:"mid,attr"`
	} `xml:"oldest_message"`
	Features []struct {
		Name string `xml:"name,attr"`
		Left string `xml:"time_remaining,attr"`
	} `xml:"features>feature"`
	Counters []struct {
		Name     string `xml:"name,attr"`
		Reset    uint64 `xml:"reset,attr"`
		Uptime   uint64 `xml:"uptime,attr"`
		Lifetime uint64 `xml:"lifetime,attr"`
	} `xml:"counters>counter"`
	IDs struct {
		MID  uint64 `xml:"message_id,attr"`
		ICID uint64 `xml:"injection_conn_id,attr"`
		DCID uint64 `xml:"delivery_conn_id,attr"`
	} `xml:"current_ids"`
	Rates []struct {
		Name    string `xml:"name,attr"`
		One     uint64 `xml:"last_1_min,attr"`
		Five    uint64 `xml:"last_5_min,attr"`
		Fifteen uint64 `xml:"last_15_min,attr"`
	} `xml:"rates>rate"`
	Gauges []struct {
		Name    string `xml:"name,attr"`
		Current string `xml:"current,attr"`
	} `xml:"gauges>gauge"`
}

// read reads what was written, in the encoding that it says it has.
func read(t *testing.T, b []byte) (d document) {
	t.Helper()
	r := xml.NewDecoder(bytes.NewReader(b))
	r.CharsetReader = func(name string, in io.Reader) (io.Reader, error) {
		if name != "ISO-8859-1" {
			t.Errorf("encoding %s", name)
		}
		return charmap.ISO8859_1.NewDecoder().Reader(in), nil
	}
	if err := r.Decode(&d); err != nil {
		t.Fatalf("%v:\n%s", err, b)
	}
	return d
}

func report() status.Report {
	r := status.Report{Device: status.Device{Host: "esa1.example.com", Model: "C100V", Version: "13.0.0-392", Location: time.UTC}, Features: status.Features()}
	r.At = time.Date(2020, 1, 20, 11, 55, 51, 0, time.UTC)
	r.Since = r.At.Add(-(169*24*time.Hour + time.Hour + 39*time.Minute + 8*time.Second))
	r.Gauges = status.Gauges{System: status.Online, LogAvailable: 388<<30 + 5}
	for c := range status.Counters {
		r.Counts[c], r.Uptime[c], r.Lifetime[c] = uint64(c), uint64(c)+100, uint64(c)+200
	}
	return r
}

// Every name that readers ask for is there, once and in the order of samples.
func TestXMLNames(t *testing.T) {
	r := report()
	d := read(t, r.XML())
	var names [3][]string
	for i, c := range d.Counters {
		names[0] = append(names[0], c.Name)
		if c.Reset != uint64(i) || c.Uptime != uint64(i)+100 || c.Lifetime != uint64(i)+200 {
			t.Errorf("%+v", c)
		}
	}
	for _, one := range d.Rates {
		names[1] = append(names[1], one.Name)
	}
	for _, g := range d.Gauges {
		names[2] = append(names[2], g.Name)
		if _, err := strconv.Atoi(g.Current); err != nil && g.Name != "log_available" {
			t.Errorf("gauge %s: %v", g.Name, err)
		} else if g.Name == "log_available" && g.Current != "388G" {
			t.Errorf("log_available %s", g.Current)
		}
	}
	for i, want := range []string{
		`inj_msgs inj_recips gen_bounce_recips rejected_recips dropped_msgs soft_bounced_evts completed_recips hard_bounced_recips
		dns_hard_bounced_recips 5xx_hard_bounced_recips filter_hard_bounced_recips expired_hard_bounced_recips other_hard_bounced_recips
		delivered_recips deleted_recips global_unsub_hits`,
		`inj_msgs inj_recips soft_bounced_evts completed_recips hard_bounced_recips delivered_recips`,
		`ram_utilization total_utilization cpu_utilization av_utilization case_utilization bm_utilization disk_utilization
		resource_conservation log_used log_available conn_in conn_out active_recips unattempted_recips attempted_recips msgs_in_work_queue
		dests_in_memory kbytes_used kbytes_free msgs_in_policy_virus_outbreak_quarantine kbytes_in_policy_virus_outbreak_quarantine
		reporting_utilization quarantine_utilization`,
	} {
		if !slices.Equal(names[i], strings.Fields(want)) {
			t.Errorf("names %v\nwant  %v", names[i], strings.Fields(want))
		}
	}
	if d.Build != "phoebe 13.0.0-392" || d.Hostname != "esa1.example.com" || d.At != "20200120115551" || d.System.Status != "online" ||
		d.Birth.At != "20190804101643 (169d 1h 39m 8s)" || d.Reset.At != "" || d.Oldest.Secs != "0" || d.Oldest.MID != "" || len(d.Features) < 2 {
		t.Errorf("%+v", d)
	}
}

// Whatever the appliance is called, the document is well-formed and says it.
func FuzzXML(f *testing.F) {
	for _, s := range []string{`"><x a="`, "café €\U0001F600", "a&b;'<", "\x00\x1b\x7f\u0085\ufffe", "\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, name string) {
		r := report()
		r.Host, r.Features = name, []string{name}
		want := strings.Map(func(c rune) rune {
			if c < ' ' || c == 0xfffe || c == 0xffff {
				return '?'
			}
			return c
		}, strings.ToValidUTF8(name, "\ufffd"))
		d := read(t, r.XML())
		if got := d.Features[0].Name; got != d.Hostname || strings.ToValidUTF8(got, "") != got || len([]rune(got)) != len([]rune(name)) && name == want {
			t.Errorf("%q: %q", name, got)
		}
		if name == want && d.Hostname != want {
			t.Errorf("%q, want %q", d.Hostname, want)
		}
	})
}

func TestSpans(t *testing.T) {
	for _, c := range []struct {
		of  time.Duration
		up  string
		old string
	}{
		{0, "0s", "0 secs"},
		{time.Second, "1s", "1 sec"},
		{time.Hour + time.Second, "1h 0m 1s", "1 hour 1 sec"},
		{4*time.Hour + 41*time.Minute + 6*time.Second, "4h 41m 6s", "4 hours 41 mins 6 secs"},
		{24*7*24*time.Hour + 16*time.Hour + 30*time.Minute + 48*time.Second, "168d 16h 30m 48s", "24 weeks 16 hours 30 mins 48 secs"},
	} {
		r := report()
		r.Gauges.Oldest = status.Oldest{MID: 1, Age: c.of}
		if up, old := status.Uptime(c.of), r.Oldest(); up != c.up || old != c.old {
			t.Errorf("%v: %s, %s", c.of, up, old)
		}
	}
	for octets, want := range map[int64]string{0: "0", 1023: "1023", 1024: "1K", 5 << 20: "5M", 388 << 30: "388G"} {
		if got := status.Size(octets); got != want {
			t.Errorf("%d: %s", octets, got)
		}
	}
}

package status

import (
	"bytes"
	"strconv"
	"strings"
)

// Type is the media type of [Report.XML].
const Type = "text/xml; charset=ISO-8859-1"

// XML is the report as /xml/status answers it. Source: published samples.
func (r *Report) XML() []byte {
	const stamp = "20060102150405"
	x := &xml{}
	x.WriteString(`<?xml version="1.0" encoding="ISO-8859-1" standalone="yes"?>` + "\n")
	x.begin("status", "build", "phoebe "+r.Version, "hostname", r.Host, "timestamp", r.At.In(r.Location).Format(stamp))
	x.empty("birth_time", "timestamp", r.Since.In(r.Location).Format(stamp)+" ("+Uptime(r.At.Sub(r.Since))+")")
	reset := ""
	if !r.Reset.IsZero() {
		reset = r.Reset.In(r.Location).Format(stamp)
	}
	x.empty("last_counter_reset", "timestamp", reset)
	x.empty("system", "status", strings.ToLower(r.Gauges.System))
	if o := &r.Gauges.Oldest; o.MID == 0 {
		x.empty("oldest_message", "secs", "0")
	} else {
		x.empty("oldest_message", "secs", strconv.Itoa(int(o.Age.Seconds())), "mid", o.MID.String())
	}
	x.begin("features")
	for _, name := range r.Features {
		x.empty("feature", "name", name, "time_remaining", "Dormant/Perpetual")
	}
	x.end("features")
	r.counters(x)
	x.empty("current_ids", "message_id", r.IDs.MID.String(), "injection_conn_id", r.IDs.ICID.String(), "delivery_conn_id", r.IDs.DCID.String())
	r.rates(x)
	r.gauges(x)
	x.end("status")
	return x.Bytes()
}

func (r *Report) counters(x *xml) {
	x.begin("counters")
	for c := range Counters {
		x.empty("counter", "name", c.String(), "reset", number(r.Counts[c]), "uptime", number(r.Uptime[c]), "lifetime", number(r.Lifetime[c]))
	}
	x.end("counters")
}

func (r *Report) rates(x *xml) {
	x.begin("rates")
	for _, c := range Rated() {
		n := r.Rates[c]
		x.empty("rate", "name", c.String(), "last_1_min", number(n.One), "last_5_min", number(n.Five), "last_15_min", number(n.Fifteen))
	}
	x.end("rates")
}

func (r *Report) gauges(x *xml) {
	g := &r.Gauges
	x.begin("gauges")
	for _, one := range []struct {
		name string
		n    int64
	}{
		{"ram_utilization", int64(g.RAM)}, {"total_utilization", int64(g.CPU)}, {"cpu_utilization", int64(g.Process)},
		{"av_utilization", 0}, {"case_utilization", 0}, {"bm_utilization", 0}, {"disk_utilization", int64(g.DiskIO)},
		{"resource_conservation", int64(g.Conservation)}, {"log_used", int64(g.LogUsed)}, {"log_available", g.LogAvailable},
		{"conn_in", int64(g.Inbound)}, {"conn_out", int64(g.Outbound)}, {"active_recips", int64(g.Active())},
		{"unattempted_recips", int64(g.Unattempted)}, {"attempted_recips", int64(g.Attempted)},
		{"msgs_in_work_queue", int64(g.WorkQueue)}, {"dests_in_memory", int64(g.Destinations)},
		{"kbytes_used", kilo(g.Used)}, {"kbytes_free", g.Free >> 10},
		{"msgs_in_policy_virus_outbreak_quarantine", int64(g.Quarantined)},
		{"kbytes_in_policy_virus_outbreak_quarantine", kilo(g.QuarantineUsed)},
		{"reporting_utilization", 0}, {"quarantine_utilization", int64(g.Quarantine())},
	} {
		text := strconv.FormatInt(one.n, 10)
		if one.name == "log_available" {
			text = Size(one.n)
		}
		x.empty("gauge", "name", one.name, "current", text)
	}
	x.end("gauges")
}

// kilo is so many kilobytes, one that has begun counted.
func kilo(octets int64) int64 { return (octets + 1023) >> 10 }

func number(n uint64) string { return strconv.FormatUint(n, 10) }

// xml is a document of elements that have attributes alone.
type xml struct {
	bytes.Buffer
	depth int
}

func (x *xml) begin(name string, attributes ...string) {
	x.tag(name, attributes, ">\n")
	x.depth++
}

func (x *xml) end(name string) {
	x.depth--
	x.tag("/"+name, nil, ">\n")
}

func (x *xml) empty(name string, attributes ...string) { x.tag(name, attributes, " />\n") }

func (x *xml) tag(name string, attributes []string, end string) {
	x.WriteString(strings.Repeat("  ", x.depth) + "<" + name)
	for i := 0; i < len(attributes); i += 2 {
		x.WriteString(" " + attributes[i] + `="`)
		x.value(attributes[i+1])
		x.WriteByte('"')
	}
	x.WriteString(end)
}

// value writes the value of an attribute in ISO-8859-1. What that has not is written
// by its number, and what XML has not as a question mark.
func (x *xml) value(s string) {
	for _, c := range s {
		switch {
		case c < ' ' || c == 0xfffe || c == 0xffff:
			x.WriteByte('?')
		case c == '"' || c == '&' || c == '<' || c == '>' || c == '\'' || c >= 0x7f && c < 0xa0 || c > 0xff:
			x.WriteString("&#" + strconv.Itoa(int(c)) + ";")
		default:
			x.WriteByte(byte(c))
		}
	}
}

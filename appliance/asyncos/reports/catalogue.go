package reports

import (
	_ "embed"
	"slices"
	"strings"

	"esasim/appliance/reporting"
)

// Report is one of the reports of AsyncOS.
type Report struct {
	Name     string   // "mail_incoming_domain_detail"
	Key      string   // what it counts by, "domain"; "": it has no keys
	Counters []string // in the catalogue's order; none: it has only its whole form
	source
}

// source is where a report's numbers come from. Its zero value is a report that has
// none: it answers with zeros.
type source struct {
	tables []reporting.Table // added together
	other  map[string]number // counters that the tables do not have under their name
	ip     bool              // the keys are addresses, which has a form of its own
}

// number is how a counter is read from a row.
type number func(*reporting.Row) any

//go:embed catalogue.txt
var catalogue string

// Catalogue are all reports, in the order of their names.
func Catalogue() []Report {
	sources := sources()
	var out []Report
	for line := range strings.Lines(catalogue) {
		text := strings.TrimSpace(line)
		switch {
		case text == "" || strings.HasPrefix(text, "#"):
		case strings.HasPrefix(line, " "):
			last := &out[len(out)-1]
			for c := range strings.SplitSeq(text, ",") {
				if c = strings.TrimSpace(c); c != "" {
					last.Counters = append(last.Counters, c)
				}
			}
		default:
			name, key, _ := strings.Cut(text, " by ")
			out = append(out, Report{Name: name, Key: key, source: sources[name]})
		}
	}
	return out
}

// number is how one of the report's counters is read; nil: nothing of ours feeds it.
func (r *Report) number(counter string) number {
	if n := r.other[counter]; n != nil {
		return n
	}
	for _, t := range r.tables {
		for _, c := range t.Counters() {
			if c.String() == counter {
				return count(c)
			}
		}
	}
	return nil
}

// Fed are the counters that events of ours feed; the others are always zero.
func (r *Report) Fed() []string {
	return slices.DeleteFunc(slices.Clone(r.Counters), func(c string) bool { return r.number(c) == nil })
}

func count(c reporting.Counter) number {
	return func(r *reporting.Row) any { return r.Get(c) }
}

// without is a count less others; some of those may be in a bucket before.
func without(all reporting.Counter, less ...reporting.Counter) number {
	return func(r *reporting.Row) any {
		n := r.Get(all)
		for _, c := range less {
			n -= min(n, r.Get(c))
		}
		return n
	}
}

// per is an average, without its fraction.
func per(sum, n reporting.Counter, unit uint64) number {
	return func(r *reporting.Row) any {
		if r.Get(n) == 0 {
			return uint64(0)
		}
		return r.Get(sum) / r.Get(n) / unit
	}
}

// group is what is last known of sending hosts, which is no sum.
func group() map[string]number {
	return map[string]number{"last_sender_group_name": func(r *reporting.Row) any { return r.Host.Group }}
}

// host is what is last known of one.
func host() map[string]number {
	out := group()
	out["sbrs_score"] = func(r *reporting.Row) any { return r.Host.SBRS }
	out["dns_verified"] = func(r *reporting.Row) any { return map[bool]uint64{true: 1}[r.Host.Verified == "1"] }
	return out
}

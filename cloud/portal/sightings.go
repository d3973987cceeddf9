package portal

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"esasim/cloud/ctim"
)

const (
	maxRows = 50        // sightings in the table
	maxJSON = 16 * 1024 // bytes of JSON in all its Details together, so that a page stays below 200 kB
)

// sightingRow is one line of the sightings table.
type sightingRow struct {
	Module, Source                    string
	Observed                          string // "9 hours ago"
	Exact                             string // RFC 3339, UTC
	Description, Confidence, Severity string
	JSON                              string // "" when the page had no room for it
}

// sightingRows makes the table, newest first, and says how many sightings it
// leaves out.
func sightingRows(all []found, now time.Time) (rows []sightingRow, left int) {
	all = slices.Clone(all)
	slices.SortStableFunc(all, func(a, b found) int {
		return b.ObservedTime.Start.Compare(a.ObservedTime.Start.Time)
	})
	left = max(0, len(all)-maxRows)
	room := maxJSON
	for _, s := range all[:len(all)-left] {
		row := sightingRow{
			Module: s.Module, Source: s.Source,
			Observed:    ago(now.Sub(s.ObservedTime.Start.Time)),
			Exact:       s.ObservedTime.Start.UTC().Format(time.RFC3339Nano),
			Description: clip(s.Description, 300), Confidence: s.Confidence, Severity: s.Severity,
		}
		if atLeast(&s.Sighting) <= room {
			text, err := json.MarshalIndent(s.Sighting, "", " ")
			if err == nil && len(text) <= room {
				row.JSON = string(text)
				room -= len(text)
			}
		}
		rows = append(rows, row)
	}
	return rows, left
}

// atLeast is how many bytes the JSON of a sighting surely has, without writing
// it: that of a message to many would be made only to be found too long.
func atLeast(s *ctim.Sighting) int {
	n := len(s.Description)
	for _, o := range s.Observables {
		n += len(o.Value)
	}
	for _, t := range s.Targets {
		for _, o := range t.Observables {
			n += len(o.Value)
		}
	}
	for _, r := range s.Relations {
		n += len(r.Source.Value) + len(r.Related.Value)
	}
	return n
}

// ago says how long ago something was, in its largest unit.
func ago(d time.Duration) string {
	for _, unit := range []struct {
		name   string
		length time.Duration
	}{
		{"year", 365 * 24 * time.Hour}, {"month", 30 * 24 * time.Hour}, {"day", 24 * time.Hour},
		{"hour", time.Hour}, {"minute", time.Minute}, {"second", time.Second},
	} {
		if n := int(d / unit.length); n == 1 {
			return "1 " + unit.name + " ago"
		} else if n > 1 {
			return fmt.Sprintf("%d %ss ago", n, unit.name)
		}
	}
	return "just now" // also when the clocks differ and it lies ahead
}

package messagetracking

import (
	"slices"

	"esasim/esa"
)

// verdictChart is a digit for each engine, in the order of the work queue. What the
// digits mean is concluded from the few rows that were published, as 01500000 for
// "Dropped By Anti-Virus", 16140210 for "Quarantined by Anti-Spam/Graymail".
func verdictChart(m *esa.Message) string {
	chart := make([]byte, 0, esa.DLP)
	for e := esa.MessageFilters; e <= esa.DLP; e++ {
		chart = append(chart, digit(m, e))
	}
	return string(chart)
}

func digit(m *esa.Message, e esa.Engine) byte {
	v := m.Verdicts[e]
	switch {
	case m.State == esa.Dropped && m.DroppedBy == e:
		return '5'
	case slices.ContainsFunc(m.Events, func(did esa.Event) bool { return did.Kind == esa.MessageQuarantined && did.Engine == e }):
		return '6'
	case v == esa.NotEvaluated:
		return '0'
	case v == esa.Negative:
		return '1'
	case e == esa.AMP && (v == esa.Skipped || v == esa.Unscannable):
		return '3'
	case e == esa.AMP && (v == esa.Unknown || v == esa.LowRisk || v == esa.Pending):
		return '4'
	}
	return '2' // found something, and let it pass
}

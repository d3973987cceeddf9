package messagetracking

import (
	"strconv"
	"strings"

	"esasim/appliance/asyncos/rest"
	"esasim/esa"
)

// dlpDetails is a violation. Source: recorded answers. What of the message was the
// cause is not in the log.
type dlpDetails struct {
	MID      string   `json:"mid"`
	Severity string   `json:"violationSeverity"`
	Risk     int      `json:"riskFactor"`
	Policy   string   `json:"dlpPolicy"`
	Matched  []string `json:"dlpMatchedContent"`
}

// serveDLPDetails answers GET message-tracking/dlp-details.
func (a *api) serveDLPDetails(c *rest.Call) (any, error) {
	d, err := a.readDetails(c)
	if err != nil {
		return nil, err
	}
	var found any = struct{}{}
	e := violated(d.lineage)
	if e != nil {
		severity, risk := severity(e)
		found = dlpDetails{e.MID.String(), severity, risk, e.Name, []string{}}
	}
	return rest.Data{Data: messagesAnswer{struct {
		about
		Show  bool `json:"showDLPDetails"`
		Found any  `json:"dlpDetails"`
	}{a.about(d.lineage), e != nil, found}}}, nil
}

// violated is the last violation of messages; nil: none.
func violated(l lineage) (out *esa.Event) {
	for i := range l {
		for j := range l[i].Events {
			if e := &l[i].Events[j]; isViolation(e) {
				out = e
			}
		}
	}
	return out
}

func isViolation(e *esa.Event) bool {
	return e.Kind == esa.EngineVerdict && e.Engine == esa.DLP && e.Verdict == esa.Positive
}

// severity reads the words of the mail log: "Severity: LOW (Risk Factor: 15)".
func severity(e *esa.Event) (word string, risk int) {
	rest, ok := strings.CutPrefix(e.Text, "Severity: ")
	if !ok {
		return "N/A", 0
	}
	word, rest, _ = strings.Cut(rest, " (Risk Factor: ")
	risk, _ = strconv.Atoi(strings.TrimSuffix(rest, ")")) // without a number it is 0
	return word, risk
}

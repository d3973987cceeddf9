package messagetracking

import (
	"slices"
	"strconv"
	"strings"

	"esasim/appliance/asyncos/rest"
	"esasim/esa"
)

// dlpDetails is a violation. Source: recorded answers.
type dlpDetails struct {
	MID      string        `json:"mid"`
	Severity string        `json:"violationSeverity"`
	Risk     int           `json:"riskFactor"`
	Policy   string        `json:"dlpPolicy"`
	Matched  []matchedPart `json:"dlpMatchedContent"`
}

// matchedPart is what was found in a part of a message, masked.
type matchedPart struct {
	Part    string       `json:"messagePart"`
	Matches []classified `json:"messagePartMatch"`
}

type classified struct {
	Classifier string   `json:"classifier"`
	Matches    []string `json:"classifierMatch"`
}

// serveDLPDetails answers GET message-tracking/dlp-details.
func (a *api) serveDLPDetails(c *rest.Call) (any, error) {
	d, err := a.readDetails(c)
	if err != nil {
		return nil, err
	}
	var found any = struct{}{}
	m, e := violated(d.lineage)
	if e != nil {
		severity, risk := severity(e)
		found = dlpDetails{e.MID.String(), severity, risk, e.Name, matched(m)}
	}
	return rest.Data{Data: messagesAnswer{struct {
		about
		Show  bool `json:"showDLPDetails"`
		Found any  `json:"dlpDetails"`
	}{a.about(d.lineage), e != nil, found}}}, nil
}

// violated is the last violation of messages, and whose it is; nil: none.
func violated(l lineage) (m *esa.Message, out *esa.Event) {
	for i := range l {
		for j := range l[i].Events {
			if e := &l[i].Events[j]; isViolation(e) {
				m, out = &l[i], e
			}
		}
	}
	return m, out
}

// matched is what DLP found in a message, by part and classifier, in the order in which
// it was found. Of each match the log has one sample.
func matched(m *esa.Message) []matchedPart {
	out := []matchedPart{}
	for i := range m.Events {
		e := &m.Events[i]
		if e.Kind != esa.DLPMatched {
			continue
		}
		at := slices.IndexFunc(out, func(p matchedPart) bool { return p.Part == e.Address })
		if at < 0 {
			at = len(out)
			out = append(out, matchedPart{Part: e.Address})
		}
		out[at].add(e.Name, e.Text)
	}
	return out
}

func (p *matchedPart) add(classifier, match string) {
	at := slices.IndexFunc(p.Matches, func(c classified) bool { return c.Classifier == classifier })
	if at < 0 {
		at = len(p.Matches)
		p.Matches = append(p.Matches, classified{Classifier: classifier})
	}
	if c := &p.Matches[at]; !slices.Contains(c.Matches, match) {
		c.Matches = append(c.Matches, match)
	}
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

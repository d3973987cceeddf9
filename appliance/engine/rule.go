package engine

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"esasim/appliance/stage"
	"esasim/esa"
)

// Rule has an engine find something in the messages that it fits, whatever they
// contain.
type Rule struct {
	Engine  string // antispam, graymail or antivirus
	Verdict string // a word of the engine; see [NewRules]
	Score   int    // antispam: instead of a verdict, 1 to 100
	Name    string // of what is found: a virus
	When    When
}

// Rules are the rules of all engines, in order; of each engine the first one that
// fits decides.
type Rules [esa.Engines][]Found

// Found is what a rule says of a message.
type Found struct {
	Verdict esa.Verdict // NotEvaluated: see Score
	Score   int
	Name    string
	When    *Condition
}

// verdicts are the words of the configuration.
func verdicts() map[string]map[string]esa.Verdict {
	return map[string]map[string]esa.Verdict{
		"antispam": {"positive": esa.Positive, "suspect": esa.Suspect, "negative": esa.Negative, "marketing": esa.Marketing, "social": esa.Social, "bulk": esa.Bulk},
		"graymail": {"marketing": esa.Marketing, "social": esa.Social, "bulk": esa.Bulk, "negative": esa.Negative},
		"antivirus": {"viral": esa.Positive, "repaired": esa.Repaired, "encrypted": esa.Encrypted, "unscannable": esa.Unscannable,
			"clean": esa.Negative},
	}
}

func engines() map[string]esa.Engine {
	return map[string]esa.Engine{"antispam": esa.AntiSpam, "graymail": esa.Graymail, "antivirus": esa.AntiVirus}
}

// NewRules checks the rules. An error begins with the index and the key.
func NewRules(list []Rule) (*Rules, error) {
	out, words, known := &Rules{}, verdicts(), engines()
	var errs []error
	for i, r := range list {
		fault := func(err error) { errs = append(errs, under(fmt.Sprintf("[%d].", i), err)) }
		when, err := NewCondition(r.When)
		fault(under("when.", err))
		engine, ok := known[r.Engine]
		if !ok {
			fault(fmt.Errorf("engine: %q: want one of %s", r.Engine, names(known)))
			continue
		}
		found := Found{Verdict: words[r.Engine][r.Verdict], Score: r.Score, Name: r.Name, When: when}
		switch {
		case r.Verdict == "" && engine == esa.AntiSpam:
			if r.Score < 1 || r.Score > 100 {
				fault(fmt.Errorf("score: %d: want 1 to 100, or a verdict", r.Score))
			}
		case found.Verdict == esa.NotEvaluated:
			fault(fmt.Errorf("verdict: %q: want one of %s", r.Verdict, names(words[r.Engine])))
		case r.Score != 0:
			fault(errors.New("score: is for rules of antispam without a verdict"))
		}
		if strings.ContainsAny(r.Name, "\r\n") {
			fault(errors.New("name: must be one line"))
		}
		out[engine] = append(out[engine], found)
	}
	return out, errors.Join(errs...)
}

// under puts the key in front of each of the errors that were joined.
func under(key string, err error) error {
	if all, ok := err.(interface{ Unwrap() []error }); ok {
		var errs []error
		for _, e := range all.Unwrap() {
			errs = append(errs, under(key, e))
		}
		return errors.Join(errs...)
	}
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s%w", key, err)
}

// names are the keys of a map, in order.
func names[V any](m map[string]V) string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}

// Find is what the first rule of an engine that fits says of a message; nil if none
// does.
func (r *Rules) Find(e esa.Engine, j *stage.Job) (*Found, error) {
	if r == nil {
		return nil, nil
	}
	for i := range r[e] {
		if ok, err := r[e][i].When.Match(j); ok || err != nil {
			return &r[e][i], err
		}
	}
	return nil, nil
}

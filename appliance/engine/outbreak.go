package engine

import (
	"errors"
	"fmt"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"

	"esasim/appliance/letter"
	"esasim/appliance/stage"
	"esasim/esa"
)

// OutbreakRule says which messages are a threat.
type OutbreakRule struct {
	ID       string // "OUTBREAK_0002187_03"
	Level    int    // the threat level, 1 to 5
	Category string // "Phish", "Virus", ...
	When     *Condition
	// Hold is for how long a message stays in the quarantine; 0: as the policy says.
	// Until is when the rule is withdrawn: it matches no longer, and what it holds is
	// let go. Zero: never.
	Hold  time.Duration
	Until time.Time
}

// OutbreakOptions are what outbreak filters look for and do.
type OutbreakOptions struct {
	Rules      []OutbreakRule
	Threshold  int           // threat level from which messages are quarantined, 1 to 5
	MaxHold    time.Duration // for how long at most, for threats by attachment
	MaxHoldOf  time.Duration // likewise for others
	Bypass     []string      // extensions of files that do not count: "pdf"
	Modify     bool          // messages of the level ModifyFrom and above are changed
	ModifyFrom int
	Subject    string   // put before the subject then
	Proxy      string   // a URL; those of the threat are put behind it; empty: they stay
	Bypassed   []string // hosts, and ".example.com" for all below: their URLs stay
}

// Outbreak is the quarantine for what may be an outbreak.
const Outbreak = "Outbreak"

// OutbreakFilters are simulated: the rules that the appliance would have from the
// vendor are those of the configuration.
func OutbreakFilters(o OutbreakOptions) (stage.Stage, error) {
	var errs []error
	level := func(key string, n int) {
		if n < 1 || n > 5 {
			errs = append(errs, fmt.Errorf("%s: %d: want a threat level from 1 to 5", key, n))
		}
	}
	level("threshold", o.Threshold)
	if o.Modify {
		level("modify_threshold", o.ModifyFrom)
	}
	if o.MaxHold <= 0 || o.MaxHoldOf <= 0 {
		errs = append(errs, errors.New("max_hold: must be greater than 0, as max_hold_other"))
	}
	if strings.ContainsAny(o.Subject, "\r\n") {
		errs = append(errs, errors.New("subject: must be one line"))
	}
	if u, err := url.Parse(o.Proxy); o.Proxy != "" && (err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "") {
		errs = append(errs, fmt.Errorf("url_proxy: %q: want an http or https URL", o.Proxy))
	}
	return stage.Stage{Engine: esa.OutbreakFilters, Scan: o.scan}, errors.Join(errs...)
}

func (o *OutbreakOptions) scan(j *stage.Job) (stage.Finding, error) {
	now := time.Now()
	rule, err := o.worst(j, now)
	if rule == nil || err != nil {
		return stage.Finding{Verdict: esa.Negative}, err
	}
	f := stage.Finding{Verdict: esa.Positive, Name: rule.ID, Text: rule.Category, Size: int64(rule.Level)}
	if rule.Level >= o.Threshold {
		f.Want.Hold = []stage.Hold{{Quarantine: Outbreak, Reason: "Outbreak rule:" + rule.ID, Keep: o.keep(rule, now)}}
	}
	if o.Modify && rule.Level >= o.ModifyFrom {
		err = o.modify(&f.Want, rule, j)
	}
	return f, err
}

// worst is the rule with the highest level of those that match; the first of them.
func (o *OutbreakOptions) worst(j *stage.Job, now time.Time) (rule *OutbreakRule, err error) {
	for i := range o.Rules {
		r := &o.Rules[i]
		if rule != nil && r.Level <= rule.Level || !r.Until.IsZero() && !now.Before(r.Until) {
			continue
		}
		ok, err := r.When.Match(j)
		if ok && r.When.AboutFiles() {
			ok, err = o.counts(r, j)
		}
		if err != nil {
			return nil, err
		}
		if ok {
			rule = r
		}
	}
	return rule, nil
}

// counts tells whether a file that a rule is about is none of those that do not count.
func (o *OutbreakOptions) counts(r *OutbreakRule, j *stage.Job) (bool, error) {
	files, err := r.When.Files(j)
	return slices.ContainsFunc(files, func(f File) bool { return !o.bypassed(f.Name) }), err
}

func (o *OutbreakOptions) bypassed(name string) bool {
	ext := strings.TrimPrefix(path.Ext(name), ".")
	return slices.ContainsFunc(o.Bypass, func(b string) bool { return ext != "" && strings.EqualFold(strings.TrimPrefix(b, "."), ext) })
}

// keep is for how long a message is held: as long as the rule says, but no longer
// than the policy allows, nor than the rule holds.
func (o *OutbreakOptions) keep(r *OutbreakRule, now time.Time) time.Duration {
	keep := o.MaxHoldOf
	if r.When.AboutFiles() {
		keep = o.MaxHold
	}
	if r.Hold > 0 {
		keep = min(keep, r.Hold)
	}
	if !r.Until.IsZero() {
		keep = min(keep, r.Until.Sub(now))
	}
	return keep
}

// modify warns of the message, and leads those who click its URLs to the proxy.
func (o *OutbreakOptions) modify(w *stage.Want, r *OutbreakRule, j *stage.Job) error {
	w.By = "url-threat-protection filter 'Threat Protection'"
	if o.Subject != "" {
		w.Edit.Header = []letter.HeaderEdit{{Name: "Subject", Op: letter.Replace, Value: o.Subject + j.Message.OwnSubject()}}
	}
	if o.Proxy == "" {
		return nil
	}
	found, err := r.When.URLs(j)
	threats := slices.DeleteFunc(found, o.stays)
	if len(threats) == 0 {
		return err
	}
	w.Edit.URL = func(u string) string {
		if slices.Contains(threats, u) {
			return o.Proxy + url.QueryEscape(u)
		}
		return u
	}
	return nil
}

// stays tells whether a URL is not put behind the proxy.
func (o *OutbreakOptions) stays(raw string) bool {
	u, err := url.Parse(raw)
	if err != nil {
		return false
	}
	host := strings.ToLower(u.Hostname())
	return slices.ContainsFunc(o.Bypassed, func(b string) bool {
		b = strings.ToLower(b)
		return host == b || strings.HasPrefix(b, ".") && strings.HasSuffix(host, b)
	})
}

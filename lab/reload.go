package lab

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"

	"esasim/appliance"
	"esasim/internal/strictyaml"
)

// ErrNoSource: there is nothing that a configuration could be read from again.
var ErrNoSource = errors.New("this lab was started without a configuration file")

// Reload reads the configuration again (Options.Reread) and goes over to it; see
// [Lab.Change]. What came of it is logged, each fault of the file with its line.
func (l *Lab) Reload() error {
	if l.o.Reread == nil {
		return ErrNoSource
	}
	c, err := l.o.Reread()
	if err == nil {
		err = l.Change(c)
	}
	if err == nil {
		l.o.Logger.Info("configuration reloaded")
		return nil
	}
	const text = "configuration not reloaded, nothing has changed"
	if faults := (strictyaml.Faults)(nil); errors.As(err, &faults) {
		for _, f := range faults {
			l.o.Logger.Error(text, "fault", f.Error())
		}
		return err
	}
	l.o.Logger.Error(text, "error", err)
	return err
}

// Change goes over to another configuration while mail flows: either all of it holds
// from then on, or nothing has changed. A configuration that differs in what needs a
// restart is refused as a whole, with an *appliance.RestartError.
func (l *Lab) Change(c Config) error {
	if err := c.Check(); err != nil {
		return err
	}
	keys := l.o.Config.needsRestart(&c)
	if l.appliance == nil {
		if len(keys) > 0 {
			return &appliance.RestartError{Keys: keys}
		}
		return nil
	}
	if len(keys) > 0 {
		keys = append(keys, l.factory.NeedsRestart(&c.Appliance)...)
		slices.Sort(keys)
		return &appliance.RestartError{Keys: keys}
	}
	return l.appliance.Reload(c.Appliance)
}

// needsRestart are the keys outside the appliance in which another configuration
// differs. All of them are of what is opened or made at the start.
func (c *Config) needsRestart(to *Config) []string {
	var keys []string
	for key, differs := range map[string]bool{
		"profile": c.Profile != to.Profile, "smtp": c.SMTP != to.SMTP, "console": c.Console != to.Console, "ssh": c.SSH != to.SSH,
		"api": c.API != to.API, "api_tls": c.APITLS != to.APITLS,
		"cloud": !maps.Equal(c.Cloud, to.Cloud), "threat_response": !reflect.DeepEqual(c.ThreatResponse, to.ThreatResponse), "unregistered": c.Unregistered != to.Unregistered,
	} {
		if differs {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}

// reloadProblem is why a configuration was not reloaded.
type reloadProblem struct {
	Error   string          `json:"error"`
	Faults  []reloadedFault `json:"faults,omitempty"`
	Restart []string        `json:"restart,omitempty"` // the keys that need one
}

type reloadedFault struct {
	Line   int    `json:"line"`
	Key    string `json:"key,omitempty"`
	Reason string `json:"reason"`
}

func (l *Lab) serveReload(w http.ResponseWriter, r *http.Request) {
	if _, err := parameters(r); err != nil {
		answer(w, http.StatusBadRequest, apiError{err.Error()})
		return
	}
	err := l.Reload()
	if err == nil {
		answer(w, http.StatusOK, map[string]bool{"reloaded": true})
		return
	}
	status, problem := http.StatusUnprocessableEntity, reloadProblem{Error: err.Error()}
	var faults strictyaml.Faults
	var restart *appliance.RestartError
	switch {
	case errors.Is(err, ErrNoSource):
		status = http.StatusConflict
	case errors.As(err, &restart):
		status, problem.Restart = http.StatusConflict, restart.Keys
	case errors.As(err, &faults):
		problem.Error = fmt.Sprintf("the configuration has %d faults; nothing has changed", len(faults))
		for _, f := range faults {
			problem.Faults = append(problem.Faults, reloadedFault{f.Line, f.Key, f.Reason})
		}
	}
	answer(w, status, problem)
}

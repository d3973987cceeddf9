package appliance

import (
	"fmt"
	"testing"
	"time"

	"esasim/appliance/config"
	"esasim/appliance/logs"
)

// Each type that can be configured says something of its own, each level is one of
// the writer's.
func TestLogTypes(t *testing.T) {
	a, of := &Appliance{}, config.Default()
	contents, stems := map[string]string{}, map[string]string{}
	for _, kind := range config.LogTypes() {
		c, stem := a.logContent(&of, kind, time.UTC)
		what := fmt.Sprintf("%T", c)
		if contents[what] != "" || stems[stem] != "" {
			t.Errorf("%s is the same as %s%s", kind, contents[what], stems[stem])
		}
		contents[what], stems[stem] = kind, kind
	}
	for _, name := range config.LogLevels() {
		if _, err := logs.ParseLevel(name); err != nil {
			t.Error(err)
		}
	}
}

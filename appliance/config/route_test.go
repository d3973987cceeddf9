package config

import (
	"strings"
	"testing"
)

// Each fault names its key.
func TestCheckRoutes(t *testing.T) {
	for _, c := range []struct {
		change func(*Appliance)
		want   string
	}{
		{func(a *Appliance) { a.Routes = []Route{{Domain: "x", Hosts: []string{"h"}}} }, "appliance.routes[0].hosts: "},
		{func(a *Appliance) { a.Routes = append(a.Routes, Route{Domain: "x"}) }, "appliance.routes[1].hosts: "},
		{func(a *Appliance) { a.Routes = append(a.Routes, Route{Domain: "all", Hosts: []string{"simulated"}}) }, "appliance.routes[1].domain: "},
		{func(a *Appliance) { a.Routes[0].TLS = "always" }, "appliance.routes[0].tls: "},
		{func(a *Appliance) { a.Routes[0].Concurrency = -1 }, "appliance.routes[0].concurrency: "},
		{func(a *Appliance) { a.Fates = []Fate{{"a@b", "no", 0}} }, "appliance.fates[0].reply: "},
		{func(a *Appliance) { a.Fates = []Fate{{"", "550 no", 0}} }, "appliance.fates[0].recipient: "},
		{func(a *Appliance) { a.Fates = []Fate{{"a@b", "550 no", -1}} }, "appliance.fates[0].times: "},
	} {
		a := Default()
		if err := a.Check(); err != nil {
			t.Fatal(err)
		}
		c.change(&a)
		if err := a.Check(); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%v, want %s", err, c.want)
		}
	}
}

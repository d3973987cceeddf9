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
		{func(a *Appliance) { a.DestinationControls[0].TLS = "always" }, "appliance.destination_controls[0].tls: "},
		{func(a *Appliance) { a.DestinationControls[0].Concurrency = -1 }, "appliance.destination_controls[0].concurrency: "},
		{func(a *Appliance) { a.DestinationControls[0].MaxRecipients = -1 }, "appliance.destination_controls[0].max_recipients: "},
		{func(a *Appliance) { a.DestinationControls[0].Limit = -1 }, "appliance.destination_controls[0].recipient_limit: "},
		{func(a *Appliance) { a.DestinationControls[0].Period = -1 }, "appliance.destination_controls[0].recipient_period: "},
		{func(a *Appliance) { a.DestinationControls[0].Domain = "a@b" }, "appliance.destination_controls[0].domain: "},
		{func(a *Appliance) { a.DestinationControls[0].Profile = "Quick" }, "appliance.destination_controls[0].bounce_profile: "},
		{func(a *Appliance) {
			a.DestinationControls = append(a.DestinationControls, DestinationControl{Domain: "DEFAULT"})
		}, "appliance.destination_controls[1].domain: "},
		{func(a *Appliance) { a.Delivery.MaxRetry = 0 }, "appliance.delivery.max_retry: "},
		{func(a *Appliance) { a.BounceProfiles = []NamedProfile{{}} }, "appliance.bounce_profiles[0].name: "},
		{func(a *Appliance) { a.BounceProfiles = []NamedProfile{{Name: "Default"}} }, "appliance.bounce_profiles[0].name: "},
		{func(a *Appliance) { a.BounceProfiles = []NamedProfile{{Name: "Quick", MaxTime: -1}} }, "appliance.bounce_profiles[0].max_time_in_queue: "},
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

// A control's profile is the named one, with what that does not say taken from the
// profile of all others.
func TestControls(t *testing.T) {
	a, none, silent := Default(), 0, false
	a.BounceProfiles = []NamedProfile{{Name: "Quick", MaxRetries: &none, Bounces: &silent}}
	a.DestinationControls = append(a.DestinationControls, DestinationControl{Domain: "x.example", Profile: "Quick"}, DestinationControl{Domain: "y.example", Profile: "Default"})
	if err := a.Check(); err != nil {
		t.Fatal(err)
	}
	c := a.Controls()
	want := a.Delivery.Queue()
	if c[0].Profile != nil || *c[2].Profile != want || c[0].Concurrency != 10 {
		t.Errorf("%+v", c)
	}
	want.MaxRetries, want.Bounces = 0, false
	if *c[1].Profile != want {
		t.Errorf("%+v, want %+v", *c[1].Profile, want)
	}
}

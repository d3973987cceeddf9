package config

import (
	"strings"
	"testing"
	"time"
)

// What is wrong with users and tokens is told with its key.
func TestUsers(t *testing.T) {
	for want, change := range map[string]func(*Appliance){
		`appliance.users: want one with the role Administrator`: func(a *Appliance) { a.Users = nil },
		`appliance.users[0].passphrase: want either`:            func(a *Appliance) { a.Users[0].Passphrase = "" },
		`appliance.users[1].role: "Guest": want`: func(a *Appliance) {
			a.Users = append(a.Users, User{Name: "g", Passphrase: "p", Role: "Guest"})
		},
		`appliance.users[1].name: there are two of the name "admin"`: func(a *Appliance) { a.Users = append(a.Users, a.Users[0]) },
		`appliance.users[0].passphrase_hash: want`:                   func(a *Appliance) { a.Users[0].Passphrase, a.Users[0].Hash = "", "x" },
		`appliance.api.session_timeout: 1m0s: want 5m to 24h`:        func(a *Appliance) { a.API.SessionTimeout = time.Minute },
		`appliance.api.session_timeout: 24h0m1s: want 5m to 24h`:     func(a *Appliance) { a.API.SessionTimeout = 24*time.Hour + time.Second },
		"": func(*Appliance) {},
		`appliance.users[0].name: "": want a name without colon`:     func(a *Appliance) { a.Users[0].Name = "" },
		`appliance.users[0].name: "a\nb": want a name without colon`: func(a *Appliance) { a.Users[0].Name = "a\nb" },
	} {
		a := Default()
		change(&a)
		err := a.Check()
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

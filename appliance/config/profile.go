package config

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// The profiles: eras of the product, whose defaults differ.
const (
	CTR2020    = "ctr2020"    // AsyncOS 13.0 and the cloud of 2020, as today's clients know them
	Strict2020 = "strict2020" // the same to the letter, also where clients read what came later
	XDR2025    = "xdr2025"    // AsyncOS 15.5 and XDR
)

// Profiles are their names, the default first.
func Profiles() []string { return []string{CTR2020, Strict2020, XDR2025} }

// Wording is the AsyncOS version, 13, 14 or 15, in whose words logs are written.
// Where versions differ is said where the words are.
type Wording int

// Wordings are those that there are.
func Wordings() []Wording { return []Wording{13, 14, 15} }

// What the rows of the REST API's searches look like.
const (
	Keyed = "keyed" // an object for each MID, as of AsyncOS 14
	Flat  = "flat"  // as of 13.0
)

// API are settings of the appliance's REST API.
type API struct {
	TrackingRows string `yaml:"tracking_rows"` // how rows of message tracking come: keyed by MID, or flat
	// SessionTimeout is how long a token is good for, from 5m to 24h: the inactivity
	// timeout of the product's web interface.
	SessionTimeout time.Duration `yaml:"session_timeout"`
}

// ForProfile is the configuration from the factory in a profile; "" is the first.
func ForProfile(name string) (Appliance, error) {
	a := Default()
	switch name {
	case "", CTR2020:
	case Strict2020:
		a.API.TrackingRows = Flat
	case XDR2025:
		a.Version, a.Product, a.Wording = "15.5", "Secure Email Gateway Virtual", 15
		for i := range a.SenderGroups {
			a.SenderGroups[i].Name = newName(a.SenderGroups[i].Name)
		}
	default:
		return a, fmt.Errorf("profile: %q: want %s", name, strings.Join(Profiles(), ", "))
	}
	return a, nil
}

// newName is the name of a sender group of the factory since AsyncOS 14.2.
func newName(old string) string {
	switch old {
	case "WHITELIST":
		return "ALLOWED_LIST"
	case "BLACKLIST":
		return "BLOCKED_LIST"
	}
	return old
}

func (a *Appliance) checkProfile() (errs []error) {
	if a.Product == "" {
		errs = append(errs, fmt.Errorf("appliance.product: must not be empty"))
	}
	if !slices.Contains(Wordings(), a.Wording) {
		errs = append(errs, fmt.Errorf("appliance.wording: %d: want 13, 14 or 15", a.Wording))
	}
	if r := a.API.TrackingRows; r != Keyed && r != Flat {
		errs = append(errs, fmt.Errorf("appliance.api.tracking_rows: %q: want %s or %s", r, Keyed, Flat))
	}
	return errs
}

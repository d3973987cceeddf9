package lab

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"esasim/appliance/config"
	"esasim/cloud/ctim"
	"esasim/cloud/ctr"
)

// Config is everything that can be set. Its keys are those of the YAML file
// and, for the addresses, of the flags.
type Config struct {
	Profile        string           `yaml:"profile"` // the era of the product: the other keys have its defaults
	SMTP           string           `yaml:"smtp"`    // address of the listener; empty: no appliance
	Console        string           `yaml:"console"` // address of the appliance's pages
	SSH            string           `yaml:"ssh"`     // address of the appliance's command line; off: none. If the default is taken, it is a free port
	API            string           `yaml:"api"`     // address of the REST API alone, by HTTP; empty: none. The appliance's own port is 6080
	APITLS         string           `yaml:"api_tls"` // likewise, by HTTPS, whose port is 6443; the certificate is made at the first start, and kept in the data directory
	Cloud          Regions          `yaml:"cloud"`   // address of each region; empty: no cloud
	ThreatResponse ThreatResponse   `yaml:"threat_response"`
	Unregistered   bool             `yaml:"unregistered"` // true: as from the factory, not registered with the cloud
	Appliance      config.Appliance `yaml:"appliance"`
}

// ThreatResponse is how the cloud that investigates presents itself.
type ThreatResponse struct {
	Name          string `yaml:"name"`           // on its pages
	Envelope      string `yaml:"envelope"`       // how answers of the enrich routes name a module: by ids, by its type as in April 2020, or by its name alone
	SchemaVersion string `yaml:"schema_version"` // of CTIM, in sightings and in the header X-Ctim-Version

	Organisations map[string]string `yaml:"organisations"` // name of the organisation in each region; without one it is esasim lab. A name given by POST /iroh/profile/org wins
	Users         []APIUser         `yaml:"users"`         // of the organisation, the same in every region; none: one administrator, admin@esasim.test
	Clients       []APIClient       `yaml:"clients"`       // API clients that are there in every region, besides the lab's own
	RateLimit     int               `yaml:"rate_limit"`    // requests that the organisation may make in a rolling hour, as many as 8000 in the real service; more are answered 429. 0: no limit
	InvalidJWT    bool              `yaml:"invalid_jwt"`   // true: a token that is not accepted is answered 400 invalid_jwt, as some old scripts expect; false: 401
}

// Regions are the addresses of the cloud's regions, by name. Source of the
// names: the Threat Response Server list of AsyncOS 13.0, and the command SETTRS
// of later versions, which has APJC, too.
type Regions map[string]string

// The regions, the default first. AsyncOS 13.0 knows the first two.
const (
	Americas = "AMERICAS"
	Europe   = "EUROPE"
	Asia     = "APJC"
)

// What Config.SSH may say besides an address, and what it says by default.
const (
	NoSSH      = "off"
	DefaultSSH = "127.0.0.1:2222"
)

// DefaultConfig is `esasim lab` without flags.
func DefaultConfig() Config {
	return Config{
		Profile: config.CTR2020,
		SMTP:    "127.0.0.1:2525", Console: "127.0.0.1:8080", SSH: DefaultSSH,
		Cloud:          Regions{Americas: "127.0.0.1:9080", Europe: "127.0.0.1:9081"},
		ThreatResponse: ThreatResponse{Name: "Threat Response", Envelope: ctr.ByID, SchemaVersion: ctim.SchemaVersion},
		Appliance:      config.Default(),
	}
}

// ProfileConfig has the defaults of a profile; "" is that of [DefaultConfig].
func ProfileConfig(profile string) (Config, error) {
	c := DefaultConfig()
	a, err := config.ForProfile(profile)
	if err != nil {
		return c, err
	}
	c.Profile, c.Appliance = cmp.Or(profile, c.Profile), a
	switch profile {
	case config.Strict2020:
		c.ThreatResponse.Envelope = ctr.ByType
	case config.XDR2025:
		c.Cloud[Asia] = "127.0.0.1:9082"
		c.ThreatResponse.Name, c.ThreatResponse.SchemaVersion = "XDR", "1.3.28"
	}
	return c, nil
}

// ParseRegions reads the form of the flag: "AMERICAS=ADDR,EUROPE=ADDR".
func ParseRegions(s string) (Regions, error) {
	r := Regions{}
	for part := range strings.SplitSeq(s, ",") {
		name, addr, ok := strings.Cut(strings.TrimSpace(part), "=")
		if !ok || addr == "" {
			return nil, fmt.Errorf("cloud %q: want REGION=HOST:PORT", part)
		}
		r[name] = addr
	}
	return r, nil
}

// Names are the regions in their order: AMERICAS first.
func (r Regions) Names() []string {
	names := make([]string, 0, len(r))
	for n := range r {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

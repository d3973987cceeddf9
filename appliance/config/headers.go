package config

// Headers are the header fields that are added to a message before it goes to a
// host; what each is, is with the Fields of package headers. From the factory only
// those are on that hosts behind the appliance rely on.
type Headers struct {
	Received       bool `yaml:"received"`
	Authentication bool `yaml:"authentication_results"`
	SPF            bool `yaml:"received_spf"`
	IronPort       bool `yaml:"ironport"`
	AntiSpam       bool `yaml:"anti_spam"`
	AntiVirus      bool `yaml:"anti_virus"`
	AMP            bool `yaml:"amp"`
}

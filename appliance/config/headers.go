package config

// Headers are the header fields that are added to a message before it goes to a
// host; what each is, is with the Fields of package headers. From the factory only
// those are on that hosts behind the appliance rely on.
type Headers struct {
	Received       bool `yaml:"received"`               // Received
	Authentication bool `yaml:"authentication_results"` // Authentication-Results
	SPF            bool `yaml:"received_spf"`           // Received-SPF
	IronPort       bool `yaml:"ironport"`               // X-IronPort-RemoteIP, -MID, -Reputation, -Listener, -SenderGroup, -MailFlowPolicy
	AntiSpam       bool `yaml:"anti_spam"`              // X-IronPort-Anti-Spam-Filtered and -Result
	AntiVirus      bool `yaml:"anti_virus"`             // X-IronPort-AV
	AMP            bool `yaml:"amp"`                    // X-Amp-Result
	SLBL           bool `yaml:"slbl"`                   // X-SLBL-Result, of mail whose sender is on a safelist or blocklist
}

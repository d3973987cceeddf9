// Package config is what an administrator can set on an appliance. A setting
// that a file does not name has its default; [Default] has them all.
package config

import (
	"errors"
	"fmt"
	"time"
	_ "time/tzdata" // time zones have the same names on every machine

	"esasim/appliance/slbl"
)

// Appliance is the configuration of one appliance. The keys are those of the
// YAML file, below "appliance".
type Appliance struct {
	Hostname            string               `yaml:"hostname"` // what it calls itself in SMTP and on its pages
	Serial              string               `yaml:"serial"`   // empty: made at the first start and kept
	Version             string               `yaml:"version"`  // AsyncOS version with build: "13.0.0-392"
	Product             string               `yaml:"product"`  // what its pages and the Consolidated Event Log call it, behind the model
	Wording             Wording              `yaml:"wording"`  // the AsyncOS version in whose words logs are written
	Users               []User               `yaml:"users"`    // who may sign in
	API                 API                  `yaml:"api"`
	CloudServices       CloudServices        `yaml:"cloud_services"`
	Listener            Listener             `yaml:"listener"`           // the first listener, which is public
	Listeners           []MoreListener       `yaml:"listeners"`          // those beside it
	All                 AllListeners         `yaml:"all_listeners"`      // what holds for all listeners together
	Senders             []Sender             `yaml:"senders"`            // who connects: what DNS and the reputation service would say
	Policies            []MailFlowPolicy     `yaml:"mail_flow_policies"` // what senders may do
	SenderGroups        []SenderGroup        `yaml:"sender_groups"`      // the HAT, in order; the first that matches decides
	Recipients          []Recipient          `yaml:"recipients"`         // the RAT: for whom mail is taken
	Verification        SenderVerification   `yaml:"sender_verification"`
	SMTPAuth            SMTPAuth             `yaml:"smtp_auth"`                // who may authenticate by AUTH
	Reputation          DomainReputation     `yaml:"sender_domain_reputation"` // what is known of senders' domains
	Authentication      Authentication       `yaml:"authentication"`           // SPF, DKIM and DMARC
	MailPolicies        MailPolicies         `yaml:"mail_policies"`            // what stages do with a message, by its recipients
	Files               []File               `yaml:"files"`                    // what the simulated cloud of AMP knows
	OutbreakRules       []OutbreakRule       `yaml:"outbreak_rules"`           // what outbreak filters look for
	DLPPolicies         []DLPPolicy          `yaml:"dlp_policies"`             // what must not leave the company
	Quarantines         []Quarantine         `yaml:"quarantines"`              // those from the factory, with other settings, and others
	MessageFilters      string               `yaml:"message_filters"`          // in the appliance's own language; they see every message before the mail policies
	ContentFilters      ContentFilters       `yaml:"content_filters"`          // in order; a mail policy says which of them it has
	Dictionaries        []Dictionary         `yaml:"dictionaries"`             // lists of terms that filters name
	TextResources       []TextResource       `yaml:"text_resources"`           // texts that filters name
	URLs                []URL                `yaml:"urls"`                     // what the reputation service would say of URLs
	URLLists            []URLList            `yaml:"url_lists"`                // URLs that filters are told not to look at
	FileHashLists       []FileHashList       `yaml:"file_hash_lists"`          // files that filters name
	QuarantineSpace     QuarantineSpace      `yaml:"quarantine_space"`
	SafelistBlocklist   SafelistBlocklist    `yaml:"safelist_blocklist"` // the end users' lists of senders
	SpamScanning        SpamScanning         `yaml:"spam_scanning"`
	Viruses             []Virus              `yaml:"viruses"`              // files that antivirus knows
	EngineRules         []EngineRule         `yaml:"engine_rules"`         // what the simulated engines find besides
	Routes              []Route              `yaml:"routes"`               // SMTP routes: where mail goes to
	DestinationControls []DestinationControl `yaml:"destination_controls"` // how domains are delivered to
	Fates               []Fate               `yaml:"fates"`                // what happens to recipients, whatever their route
	Headers             Headers              `yaml:"headers"`              // what is added to mail for hosts
	Delivery            BounceProfile        `yaml:"delivery"`             // the bounce profile of all that name no other
	BounceProfiles      []NamedProfile       `yaml:"bounce_profiles"`
	Tracking            Tracking             `yaml:"tracking"`
	Reporting           Reporting            `yaml:"reporting"`
	Timezone            string               `yaml:"timezone"` // of the times in logs and pages: a name of the IANA database, or Local
	Logs                []LogSubscription    `yaml:"logs"`     // log subscriptions
	// LogSubjects is whether logs, message tracking and the cloud are told of subjects.
	// Of messages that come while it is off they never are; engines, filters, queues and
	// quarantines see them.
	LogSubjects bool `yaml:"log_subjects"`
}

// Tracking says how the store of messages is kept.
type Tracking struct {
	// Enabled is whether pages and REST API search messages. While it is off they say
	// that it is, and mail flows on; what came meanwhile is found when it is on again.
	Enabled bool `yaml:"enabled"`
	// RejectedConnections is whether connections that the HAT rejected are found, too.
	RejectedConnections bool `yaml:"rejected_connections"`
	// MinFree is how much room the disk of the data directory must have for mail
	// to be taken; below it MAIL is answered "452 #4.3.1 queue full". 0 takes mail
	// until the disk is full, which ends the program.
	//
	// The default: half of it is kept for mail that was accepted. That is more
	// than 1,000 connections have in memory of messages that were begun
	// (128 KiB each) and the store in its own (two times 64 MiB).
	MinFree Size `yaml:"min_free"`
	// Keep is for how long messages can be found after they were received, MaxSize
	// how many bytes they may take; 0: for ever, any number. What is too old or too
	// much goes some thousand messages at a time, the oldest first, but not while
	// one of them is still to be delivered.
	Keep    time.Duration `yaml:"keep"`
	MaxSize Size          `yaml:"max_size"`
	// ContentKeep and ContentMaxSize are the same of messages as they were received.
	// Those still to be delivered, or in a quarantine, stay.
	ContentKeep    time.Duration `yaml:"content_keep"`
	ContentMaxSize Size          `yaml:"content_max_size"`
}

// Default is the configuration from the factory, for AsyncOS 13.0: that of the
// profile [CTR2020].
func Default() Appliance {
	return Appliance{
		Hostname: "esa.esasim.test",
		Version:  "13.0.0-392",
		Product:  "Email Security Virtual Appliance", Wording: 13, Users: factoryUsers(), API: API{TrackingRows: Keyed, SessionTimeout: 30 * time.Minute},
		CloudServices: CloudServices{ThreatResponse: true, Server: servers()[0]},
		Listener:      defaultListener("IncomingMail"), Listeners: []MoreListener{},
		All:      AllListeners{MaxConnections: 1000, MaxTLSConnections: 100, TotalTime: 15 * time.Minute},
		SMTPAuth: SMTPAuth{Profile: "users", Users: []SMTPUser{}}, Reputation: DomainReputation{Domains: []Domain{}},
		Senders: []Sender{}, Policies: defaultPolicies(), SenderGroups: defaultGroups(),
		Recipients:     []Recipient{{Address: "ALL"}},
		Authentication: Authentication{DMARCReject: "none", DMARCQuarantine: "none"},
		MailPolicies:   MailPolicies{Incoming: []MailPolicy{factoryPolicy()}, Outgoing: []MailPolicy{factoryPolicy()}},
		ContentFilters: ContentFilters{Incoming: []ContentFilter{}, Outgoing: []ContentFilter{}},
		Dictionaries:   []Dictionary{}, TextResources: []TextResource{}, URLs: []URL{}, URLLists: []URLList{}, FileHashLists: []FileHashList{},
		Files: []File{}, OutbreakRules: []OutbreakRule{}, DLPPolicies: []DLPPolicy{},
		Quarantines: factoryQuarantines(), QuarantineSpace: QuarantineSpace{Policy: 10 << 30, Spam: 10 << 30},
		SafelistBlocklist: SafelistBlocklist{Enabled: true, BlocklistAction: slbl.Quarantine, MaxEntries: 100},
		SpamScanning:      SpamScanning{MaxScanSize: 1 << 20}, Viruses: []Virus{}, EngineRules: []EngineRule{},
		Routes:              []Route{{Domain: "ALL", Hosts: []string{"simulated"}}},
		DestinationControls: []DestinationControl{{Domain: "default", TLS: "preferred", Concurrency: 10, MaxMessages: 50}},
		Fates:               []Fate{},
		Headers:             Headers{Received: true, Authentication: true, SLBL: true},
		Delivery: BounceProfile{
			InitialRetry: time.Minute, MaxRetry: time.Hour, MaxTime: 72 * time.Hour, MaxRetries: 100, Bounces: true,
		},
		BounceProfiles: []NamedProfile{},
		Tracking:       Tracking{Enabled: true, RejectedConnections: true, MinFree: 512 << 20, MaxSize: 10 << 30, ContentKeep: 7 * 24 * time.Hour, ContentMaxSize: 1 << 30},
		Reporting:      defaultReporting(),
		Timezone:       "UTC",
		LogSubjects:    true,
		Logs:           []LogSubscription{{Name: "mail_logs", Type: "mail", Level: "info", RollSize: 10 << 20, Keep: 10}},
	}
}

// Check says what is wrong with the configuration; each fault names its key.
func (a *Appliance) Check() error {
	var errs []error
	if a.Hostname == "" {
		errs = append(errs, errors.New("appliance.hostname: must not be empty"))
	}
	if a.SpamScanning.MaxScanSize <= 0 {
		errs = append(errs, errors.New("appliance.spam_scanning.max_scan_size: must be greater than 0"))
	}
	if a.Tracking.Keep < 0 {
		errs = append(errs, errors.New("appliance.tracking.keep: must not be negative; 0s is for ever"))
	}
	if a.Tracking.ContentKeep < 0 {
		errs = append(errs, errors.New("appliance.tracking.content_keep: must not be negative; 0s is for ever"))
	}
	if _, err := a.Authentication.Checker(); err != nil {
		errs = append(errs, err)
	}
	if _, err := a.Queue(); err != nil {
		errs = append(errs, err)
	}
	errs = append(errs, a.CloudServices.check(), a.checkRoutes(), a.checkControls(), a.checkProfiles(), a.checkFates(), a.checkAccess(), a.checkListeners(), a.checkAll(), a.Reporting.check())
	errs = append(errs, a.checkProfile()...)
	errs = append(errs, a.checkUsers()...)
	errs = append(errs, a.SafelistBlocklist.check())
	if _, err := a.Location(); err != nil {
		errs = append(errs, err)
	}
	return errors.Join(append(errs, a.checkLogs()...)...)
}

// Location is the time zone; the error names the key.
func (a *Appliance) Location() (*time.Location, error) {
	in, err := time.LoadLocation(a.Timezone)
	if err != nil {
		return nil, fmt.Errorf("appliance.timezone: %q: want a name such as Europe/Berlin, UTC or Local", a.Timezone)
	}
	return in, nil
}

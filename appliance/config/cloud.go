package config

import (
	"fmt"
	"slices"
	"strings"
)

// CloudServices is what the page Cloud Service Settings has. Registration with the
// cloud is no setting: it is done, or undone, at once.
type CloudServices struct {
	// ThreatResponse is on: the appliance may be registered with the cloud, and tells it
	// of its messages. While it is off a registration stays, but nothing is told.
	ThreatResponse bool `yaml:"threat_response"`
	// Server is the region that the appliance is registered with, if none is named. A
	// registration that there is already stays where it is.
	Server string `yaml:"server"`
}

// servers are the names in the list Threat Response Server. AsyncOS 13.0 has the first
// two.
func servers() []string { return []string{"AMERICAS", "EUROPE", "APJC"} }

func (s *CloudServices) check() error {
	if !slices.Contains(servers(), s.Server) {
		return fmt.Errorf("appliance.cloud_services.server: %q: want %s", s.Server, strings.Join(servers(), ", "))
	}
	return nil
}

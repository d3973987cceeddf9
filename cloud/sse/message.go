package sse

import (
	"fmt"
	"net/netip"

	"github.com/go-json-experiment/json/jsontext"
)

// The messages of the device side, as docs/wire.md and testdata/wire have
// them. The appliance defines them for itself, on purpose.

// Limits of the device side.
const (
	maxBatch     = 1000     // sightings in one call
	maxBatchSize = 8 << 20  // bytes of a batch, packed and unpacked
	maxBody      = 64 << 10 // bytes of any other body
	maxFact      = 255      // bytes of one fact about a device
)

// facts are what a device says of itself.
type facts struct {
	Name             string `json:"name"`
	Type             string `json:"type"`
	Version          string `json:"version"`
	Description      string `json:"description"`
	Serial           string `json:"serial"`
	IPAddress        string `json:"ip_address"`
	ConnectorVersion string `json:"connector_version"`
}

type registerRequest struct {
	Token  string `json:"token"`
	Device facts  `json:"device"`
}

type registerResponse struct {
	DeviceID         string `json:"device_id"`
	Credential       string `json:"credential"`
	HeartbeatSeconds int    `json:"heartbeat_seconds"`
}

type heartbeatRequest struct {
	Device facts `json:"device"`
}

type heartbeatResponse struct {
	Status Status `json:"status"`
}

// sightingsRequest keeps each sighting as it came: so a bad one is refused
// alone, and a good one is stored without being written anew.
type sightingsRequest struct {
	Sightings []jsontext.Value `json:"sightings"`
}

type sightingsResponse struct {
	Taken   int               `json:"taken"` // also those that changed nothing
	Refused []refusedSighting `json:"refused"`
}

type refusedSighting struct {
	Index      int    `json:"index"` // in the batch, from 0
	ExternalID string `json:"external_id,omitempty"`
	Reason     string `json:"reason"`
}

// requestsResponse is what a device fetches by its long poll; none after a while.
type requestsResponse struct {
	Requests []errandMessage `json:"requests"`
}

type errandMessage struct {
	ID             string            `json:"id"`
	Method         string            `json:"method"`
	Path           string            `json:"path"` // with its query
	Headers        map[string]string `json:"headers,omitempty"`
	Body           []byte            `json:"body,omitempty"`  // in base64
	TimeoutSeconds int               `json:"timeout_seconds"` // what is left of it
}

// answerRequest is a device's answer: either the one of its API, or why there is none.
type answerRequest struct {
	Status  int               `json:"status,omitempty"`
	Headers map[string]string `json:"headers,omitempty"`
	Body    []byte            `json:"body,omitempty"` // in base64
	Failure string            `json:"failure,omitempty"`
}

type errorBody struct {
	Error   string `json:"error"`
	Message string `json:"message"`
}

// check says what is wrong with a device's facts, if anything.
func (f *facts) check() error {
	for _, e := range []struct {
		name, value string
		required    bool
	}{
		{"name", f.Name, true},
		{"version", f.Version, true},
		{"description", f.Description, false},
		{"serial", f.Serial, true},
		{"connector_version", f.ConnectorVersion, true},
	} {
		if e.required && e.value == "" {
			return fmt.Errorf("device: %s is missing", e.name)
		}
		if len(e.value) > maxFact {
			return fmt.Errorf("device: %s is longer than %d bytes", e.name, maxFact)
		}
	}
	if f.Type != "ESA" && f.Type != "SMA" {
		return fmt.Errorf("device: type %.20q: want ESA or SMA", f.Type)
	}
	if _, err := netip.ParseAddr(f.IPAddress); err != nil {
		return fmt.Errorf("device: ip_address %.50q: want an IP address", f.IPAddress)
	}
	return nil
}

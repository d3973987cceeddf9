package cloudlink

import "encoding/json"

// The wire's messages as the appliance knows them (docs/wire.md). The cloud has
// its own; testdata/wire holds both to the same bytes.

// Device is what the appliance tells of itself. Source of the fields: the
// device rows of the Security Services Exchange portal in the vendor's
// integration guide.
type Device struct {
	Name             string `json:"name"`    // host name
	Type             string `json:"type"`    // "ESA"
	Version          string `json:"version"` // without the build: "13.0.0"
	Description      string `json:"description"`
	Serial           string `json:"serial"`
	IPAddress        string `json:"ip_address"` // what the connector reports: "127.0.0.1"
	ConnectorVersion string `json:"connector_version"`
}

type registerRequest struct {
	Token  string `json:"token"`
	Device Device `json:"device"`
}

type registerResponse struct {
	DeviceID         string `json:"device_id"`
	Credential       string `json:"credential"`
	HeartbeatSeconds int    `json:"heartbeat_seconds"`
}

type heartbeatRequest struct {
	Device Device `json:"device"`
}

type heartbeatResponse struct {
	Status string `json:"status"`
}

type sightingsRequest struct {
	Sightings []json.RawMessage `json:"sightings"` // each a ctim.Sighting
}

type sightingsResponse struct {
	Taken   int       `json:"taken"`
	Refused []refused `json:"refused,omitempty"`
}

type refused struct {
	Index      int    `json:"index"` // in the request
	ExternalID string `json:"external_id"`
	Reason     string `json:"reason"`
}

type requestsResponse struct {
	Requests []request `json:"requests"`
}

// request is a call of the appliance's own API that the cloud wants made.
type request struct {
	ID             string            `json:"id"`
	Method         string            `json:"method"`
	Path           string            `json:"path"` // with its query
	Headers        map[string]string `json:"headers,omitempty"`
	Body           []byte            `json:"body,omitempty"`
	TimeoutSeconds int               `json:"timeout_seconds"`
}

// answerRequest is the API's answer, or why there is none.
type answerRequest struct {
	Status  int               `json:"status,omitempty"`
	Headers map[string]string `json:"headers,omitempty"`
	Body    []byte            `json:"body,omitempty"`
	Failure string            `json:"failure,omitempty"`
}

type errorResponse struct {
	Error   string `json:"error"`
	Message string `json:"message"`
}

package ctr

import "esasim/cloud/ctim"

// Envelope is the answer of the enrich routes: one entry of Data for each
// module that answered, one of Errors for each that could not. The HTTP status
// is 200 even when every module failed. Source: recorded answers.
type Envelope struct {
	Data   []ModuleData  `json:"data"`
	Errors []ModuleError `json:"errors,omitempty"`
}

// ModuleData is what one module knows. Module is the instance's name, as the
// user gave it.
type ModuleData struct {
	Module           string `json:"module"`
	ModuleInstanceID string `json:"module_instance_id"`
	ModuleTypeID     string `json:"module_type_id"`
	Data             Docs   `json:"data"`
}

// Docs holds the module's documents by kind; a kind it has none of is absent.
type Docs struct {
	Sightings *Sightings `json:"sightings,omitempty"`
}

// Sightings is a list with its length.
type Sightings struct {
	Count int             `json:"count"`
	Docs  []ctim.Sighting `json:"docs"`
}

// ModuleError is why a module gave nothing, or less than it has.
type ModuleError struct {
	Module           string `json:"module"`
	ModuleInstanceID string `json:"module_instance_id"`
	ModuleTypeID     string `json:"module_type_id"`
	Type             string `json:"type"` // fatal, error or warning
	Code             string `json:"code"`
	Message          string `json:"message"`
}

// How the envelope names a module.
const (
	ByID   = "module_instance_id" // by the ids of instance and type, since August 2020
	ByType = "module-type"        // by the name of its type, as in a published answer of April 2020
)

// Envelopes are both, the default first.
func Envelopes() []string { return []string{ByID, ByType} }

// typedEnvelope is an [Envelope] as it was in April 2020. That errors had the same
// key is inferred.
type typedEnvelope struct {
	Data   []typedData  `json:"data"`
	Errors []typedError `json:"errors,omitempty"`
}

type typedData struct {
	Module string `json:"module"`
	Type   string `json:"module-type"`
	Data   Docs   `json:"data"`
}

type typedError struct {
	Module     string `json:"module"`
	ModuleType string `json:"module-type"`
	Type       string `json:"type"`
	Code       string `json:"code"`
	Message    string `json:"message"`
}

// wrapped is the envelope as this service gives it to clients. The record's name
// of the appliance's type was not seen, so it is that of the guide.
func (t *Threat) wrapped(e Envelope) any {
	if t.envelope != ByType {
		return e
	}
	out := typedEnvelope{Data: []typedData{}}
	for _, d := range e.Data {
		out.Data = append(out.Data, typedData{d.Module, ESAType, d.Data})
	}
	for _, m := range e.Errors {
		out.Errors = append(out.Errors, typedError{m.Module, ESAType, m.Type, m.Code, m.Message})
	}
	return out
}

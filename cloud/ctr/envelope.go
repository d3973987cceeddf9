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

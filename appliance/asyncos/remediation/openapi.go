package remediation

import (
	_ "embed" // the description is a file

	"esasim/appliance/asyncos/openapi"
)

//go:embed openapi.yaml
var document []byte

//go:embed examples.json
var examples []byte

// Description is the area's part of the OpenAPI document.
func Description() openapi.Part { return openapi.Part{Document: document, Examples: examples} }

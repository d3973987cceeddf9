package ctr

// Envelope is the answer of the enrich routes: one entry of Data for each
// module that answered, one of Errors for each that could not. The HTTP status
// is 200 even when every module failed. Source: recorded answers.
type Envelope struct {
	Data   []ModuleData  `json:"data"`
	Errors []ModuleError `json:"errors,omitempty"`
}

// Label names the module instance that something is from. Module is the
// instance's name, as the user gave it. Which of the others are written depends
// on the service's envelope.
type Label struct {
	Module           string `json:"module"`
	ModuleInstanceID string `json:"module_instance_id,omitempty"`
	ModuleTypeID     string `json:"module_type_id,omitempty"`
	ModuleType       string `json:"module-type,omitempty"` // the record's name
}

// ModuleData is what one module knows.
type ModuleData struct {
	Label
	Data Docs `json:"data"`
}

// ModuleError is why a module gave nothing, or less than it has.
type ModuleError struct {
	Label
	Type    string `json:"type"` // fatal, error or warning
	Code    string `json:"code"`
	Message string `json:"message"`
}

// How an answer names a module.
const (
	ByID   = "module_instance_id" // by the ids of instance and type, since August 2020
	ByType = "module-type"        // by the name of its type, as in a published answer of April 2020
	ByName = "module"             // by nothing but its name, as the oldest clients have it
)

// Envelopes are all of them, the default first.
func Envelopes() []string { return []string{ByID, ByType, ByName} }

// labelOf names an instance in every way.
func (t *Threat) labelOf(m Module) Label {
	return Label{m.Name, m.ID, m.TypeID, t.typeOf(m.TypeID).Record}
}

// shown leaves of a label what this service's clients are shown. That errors
// have the same keys as data in the old envelopes is inferred.
func (t *Threat) shown(l Label) Label {
	if t.envelope != ByType {
		l.ModuleType = ""
	}
	if t.envelope == ByType || t.envelope == ByName {
		l.ModuleInstanceID, l.ModuleTypeID = "", ""
	}
	return l
}

// wrapped is the envelope as clients are given it.
func (t *Threat) wrapped(e Envelope) Envelope {
	out := Envelope{Data: []ModuleData{}}
	for _, d := range e.Data {
		out.Data = append(out.Data, ModuleData{t.shown(d.Label), d.Data})
	}
	out.Errors = t.wrappedErrors(e.Errors)
	return out
}

func (t *Threat) wrappedErrors(all []ModuleError) []ModuleError {
	var out []ModuleError
	for _, e := range all {
		e.Label = t.shown(e.Label)
		out = append(out, e)
	}
	return out
}

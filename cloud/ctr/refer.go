package ctr

// References is the answer of the refer routes: the links of all modules.
type References struct {
	Data   []ModuleRef   `json:"data"`
	Errors []ModuleError `json:"errors,omitempty"`
}

// ModuleRef is a link and the module that gave it.
type ModuleRef struct {
	Label
	Ref
}

// wrappedRefs are references as clients are given them.
func (t *Threat) wrappedRefs(r References) References {
	out := References{Data: []ModuleRef{}, Errors: t.wrappedErrors(r.Errors)}
	for _, ref := range r.Data {
		out.Data = append(out.Data, ModuleRef{t.shown(ref.Label), ref.Ref})
	}
	return out
}

package auditlog

import (
	"time"

	"esasim/appliance/logs"
	"esasim/appliance/specimen"
	"esasim/esa"
	"esasim/internal/fidelity"
)

// Fidelity lists the sentence of the audit log, made by the function that writes it,
// and what it is told of.
func Fidelity() []fidelity.Claim {
	out := logs.NewLines(time.UTC)
	Log{Host: "esa.esasim.test"}.say(out, specimen.Of(esa.Audited))
	claims := []fidelity.Claim{{Area: "Audit log", What: out.Texts()[0], Level: fidelity.Inferred,
		Source: "recollections of samples of audit_logs (AsyncOS 13.5); the words of the event are ours"}}
	for _, what := range []string{
		"sign-ins by login of the API and by SSH, those that fail, API calls and commands that change something, and what each commit has changed",
		"a call of the API that commits has two lines: of the call, and of what has changed",
		"of failed sign-ins ten a minute are told; the next line says how many there were besides",
		"while the disk has no more room than accepted mail needs, nothing is told",
	} {
		claims = append(claims, fidelity.Claim{Area: "Audit log", What: what, Level: fidelity.Ours, Source: "which deeds the appliance tells is not published"})
	}
	return claims
}

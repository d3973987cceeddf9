package bouncelog

import (
	"time"

	"esasim/appliance/logs"
	"esasim/appliance/specimen"
	"esasim/esa"
	"esasim/internal/fidelity"
)

// Fidelity lists the sentences of the bounce log, made by the function that writes
// them.
func Fidelity() []fidelity.Claim {
	m := esa.Fold([]esa.Event{*specimen.Of(esa.SenderGiven), *specimen.Of(esa.RecipientGiven)})
	out := logs.NewLines(time.UTC)
	for _, k := range []esa.Kind{esa.RecipientBounced, esa.RecipientDelayed} {
		say(out, specimen.Of(k), &m)
	}
	var claims []fidelity.Claim
	for _, s := range out.Texts() {
		claims = append(claims, fidelity.Claim{Area: "Bounce log", What: s, Level: fidelity.Documented, Source: "AsyncOS user guide, Logging"})
	}
	return append(claims, fidelity.Claim{Area: "Bounce log", What: "neither headers nor the message itself behind a line", Level: fidelity.Documented,
		Source: "AsyncOS user guide, Logging: they are there only if a subscription asks for them"})
}

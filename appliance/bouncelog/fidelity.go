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
	say(out, specimen.Of(esa.MessageBounced), &m)
	texts := out.Texts()
	claims = append(claims, fidelity.Claim{Area: "Bounce log", What: texts[len(texts)-1], Level: fidelity.Inferred,
		Source: "the line of other bounces; that filters have one is known from the counters of the status log"})
	for _, c := range [][2]string{{"DNS", "5.1.2 - Bad destination host, ('000', ['DNS Hard Error ...'])"}, {"5XX", "the host's answer, 500 to 599"},
		{"filter", "('000', ['Bounced by ...'])"}, {"expired", "5.4.7 - Delivery expired (message too old)"}, {"other", "5.3.0 - Other mail system problem, ('000', ['cannot be sent: ...'])"}} {
		claims = append(claims, fidelity.Claim{Area: "Bounce log", What: "a hard bounce of the class " + c[0] + " is told by " + c[1], Level: fidelity.Inferred,
			Source: "the classes are those of the status log (DnsHrdBnc, 5XXHrdBnc, FltrHrdBnc, ExpHrdBnc, OtrHrdBnc); which reason has which is inferred"})
	}
	return append(claims, fidelity.Claim{Area: "Bounce log", What: "neither headers nor the message itself behind a line", Level: fidelity.Documented,
		Source: "AsyncOS user guide, Logging: they are there only if a subscription asks for them"})
}

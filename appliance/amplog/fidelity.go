package amplog

import (
	"time"

	"esasim/appliance/logs"
	"esasim/appliance/specimen"
	"esasim/esa"
	"esasim/internal/fidelity"
)

// Fidelity lists the sentences of the log, made by the function that writes them.
func Fidelity() []fidelity.Claim {
	const area, samples = "AMP log", "published samples"
	out := logs.NewLines(time.UTC)
	for _, e := range specimen.Events() {
		if e.Kind == esa.EngineVerdict && e.Engine == esa.AMP && e.Verdict != esa.Skipped {
			say(out, e, &esa.Message{Attachments: []esa.Attachment{{Name: "a.pdf", Type: "application/pdf", Size: 189, SHA256: "SHA256"}}})
		}
	}
	known := map[string]bool{}
	var claims []fidelity.Claim
	for _, s := range out.Texts() {
		if !known[s] {
			known[s] = true
			claims = append(claims, fidelity.Claim{Area: area, What: s, Level: fidelity.Observed, Source: samples + "; of the dispositions only MALICIOUS was seen there"})
		}
	}
	return append(claims,
		fidelity.Claim{Area: area, What: "no Reputation Score, no upload_action, no line of uploads for analysis", Level: fidelity.Ours, Source: "nothing here has such a score, nor sends files away"},
		fidelity.Claim{Area: area, What: "no answer for the files of a message that has several and is not clean", Level: fidelity.Ours, Source: "verdicts are of messages yet"})
}

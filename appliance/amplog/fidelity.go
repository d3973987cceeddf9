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
	pdf := esa.Attachment{Name: "a.pdf", Type: "application/pdf", Size: 189, SHA256: "SHA256"}
	for _, e := range specimen.Events() {
		if e.Kind == esa.EngineVerdict && e.Engine == esa.AMP && e.Verdict != esa.Skipped {
			say(out, e, &esa.Message{Attachments: []esa.Attachment{pdf}})
		}
	}
	e := specimen.Of(esa.FileJudged)
	e.Attachment = &pdf
	say(out, e, nil)
	known := map[string]bool{}
	var claims []fidelity.Claim
	for _, s := range out.Texts() {
		if !known[s] {
			known[s] = true
			claims = append(claims, fidelity.Claim{Area: area, What: s, Level: fidelity.Observed, Source: samples + "; of the dispositions only MALICIOUS was seen there"})
		}
	}
	return append(claims,
		fidelity.Claim{Area: area, What: "File uploaded for analysis. SHA256: SHA256, file name: a.pdf", Level: fidelity.Observed, Source: samples},
		fidelity.Claim{Area: area, What: "File analysis complete. SHA256: SHA256, Timestamp: 1597053479, Verdict: MALICIOUS, Spyname: W32.Test", Level: fidelity.Inferred, Source: "product knowledge; the appliance has more fields"},
		fidelity.Claim{Area: area, What: "Retrospective verdict received. SHA256: SHA256, Timestamp: 1597053479, Verdict: MALICIOUS, Spyname: W32.Test", Level: fidelity.Inferred, Source: "product knowledge; the appliance has more fields"},
		fidelity.Claim{Area: area, What: "upload_action = 1 of every file; Reputation Score of malicious files, and others that have one", Level: fidelity.Inferred, Source: samples + " have one such line"},
		fidelity.Claim{Area: area, What: "without appliance.files no score and no upload_action", Level: fidelity.Ours, Source: "then the message's verdict says it of all its files"})
}

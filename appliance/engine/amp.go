package engine

import (
	"esasim/appliance/stage"
	"esasim/esa"
)

// AMP is a simulated file reputation service, which has never seen any file: a
// message without attachments is skipped, all attachments are unknown. The
// verdict lets the message pass, as the appliance does.
func AMP() stage.Stage { return stage.Stage{Engine: esa.AMP, Scan: amp} }

func amp(j *stage.Job) (stage.Finding, error) {
	if len(j.Message.Attachments) == 0 {
		return stage.Finding{Verdict: esa.Skipped}, nil
	}
	return stage.Finding{Verdict: esa.Unknown}, nil
}

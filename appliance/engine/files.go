package engine

import (
	"esasim/appliance/stage"
	"esasim/esa"
)

// eicarSum is the SHA-256 of the antivirus test file that every scanner agrees to
// call a virus (EICAR, 68 bytes).
const eicarSum = "275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f"

// AntiVirus is a simulated engine: an attachment that is the EICAR test file is
// a virus, everything else is clean. Infected mail is dropped, the default
// action for viral messages.
func AntiVirus() stage.Stage { return stage.Stage{Engine: esa.AntiVirus, Scan: antivirus} }

func antivirus(j *stage.Job) (stage.Finding, error) {
	for _, a := range j.Message.Attachments {
		if a.SHA256 == eicarSum {
			return stage.Finding{Verdict: esa.Positive, Name: "EICAR-AV-Test", Want: stage.Want{Drop: "Dropped by antivirus"}}, nil
		}
	}
	return stage.Finding{Verdict: esa.Negative}, nil
}

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

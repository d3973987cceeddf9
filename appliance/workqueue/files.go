package workqueue

import "esasim/esa"

// eicar is the SHA-256 of the antivirus test file that every scanner agrees to
// call a virus (EICAR, 68 bytes).
const eicar = "275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f"

// antivirus is a simulated engine: an attachment that is the EICAR test file is
// a virus, everything else is clean. Infected mail is dropped, the default
// action for viral messages.
func antivirus(j *Job) (Finding, error) {
	for _, a := range j.Message.Attachments {
		if a.SHA256 == eicar {
			return Finding{Verdict: esa.Positive, Name: "EICAR-AV-Test", Drop: "Dropped by antivirus"}, nil
		}
	}
	return Finding{Verdict: esa.Negative}, nil
}

// amp is a simulated file reputation service, which has never seen any file: a
// message without attachments is skipped, all attachments are unknown. The
// verdict lets the message pass, as the appliance does.
func amp(j *Job) (Finding, error) {
	if len(j.Message.Attachments) == 0 {
		return Finding{Verdict: esa.Skipped}, nil
	}
	return Finding{Verdict: esa.Unknown}, nil
}

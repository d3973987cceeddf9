package smtp

import "fmt"

// Verification is what the listener knows of envelope senders. The real
// appliance asks the DNS whether their domain exists; here it is told which do
// not. Source: AsyncOS user guide, "Sender Verification".
type Verification struct {
	missing    table[struct{}]
	exceptions table[struct{}]
}

// NewVerification checks both lists: of domains that do not exist, and of
// senders that may send all the same (the Sender Verification Exception Table).
func NewVerification(missing, exceptions []string) (Verification, error) {
	var v Verification
	for _, d := range missing {
		if err := v.missing.add(d, struct{}{}); err != nil {
			return v, fmt.Errorf("missing: %w", err)
		}
	}
	for _, a := range exceptions {
		if err := v.exceptions.add(a, struct{}{}); err != nil {
			return v, fmt.Errorf("exceptions: %w", err)
		}
	}
	return v, nil
}

// judge: exists is false for a sender whose domain does not exist. excepted is true
// for one that is let through unseen. The null sender has no domain to look at.
func (v *Verification) judge(from string) (exists, excepted bool) {
	if from == "" {
		return true, false
	}
	if _, excepted = v.exceptions.find(from); excepted {
		return true, true
	}
	_, missing := v.missing.find(from)
	return !missing, false
}

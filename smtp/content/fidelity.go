package content

import (
	"fmt"

	"esasim/internal/fidelity"
)

// Fidelity lists what is read out of a message, and how.
func Fidelity() []fidelity.Claim {
	var out []fidelity.Claim
	for _, r := range []struct{ what, level, source string }{
		{"tracked of a message: Subject, Message-ID, From, Reply-To, Date, attachments", fidelity.Documented, "AsyncOS user guide, Tracking Messages"},
		{"the subject is decoded (RFC 2047, any charset known); text that is no UTF-8 shows U+FFFD", fidelity.Inferred, "recorded answers show decoded subjects; broken ones were not seen"},
		{"of a header field given twice the first counts", fidelity.Ours, "not public"},
		{"an attachment is a part with a file name or with Content-Disposition: attachment", fidelity.Inferred, "attachment names in published samples of mail logs"},
		{"the SHA-256 of an attachment is that of its decoded bytes", fidelity.Observed, "public clients look files up by it"},
		{"attachments are always tracked; the appliance tracks them only if a body scanner ran", fidelity.Ours, "a search that finds nothing would help nobody here"},
		{fmt.Sprintf("at most %d parts and %d levels of parts are looked at", maxParts, maxDepth), fidelity.Ours, "bounds against hostile mail"},
		{"broken MIME is read as far as it goes and never refused", fidelity.Ours, "not public"},
	} {
		out = append(out, fidelity.Claim{Area: "Message content", What: r.what, Level: r.level, Source: r.source})
	}
	return out
}

package letter

import (
	"fmt"
	"strings"

	"esasim/internal/fidelity"
	"esasim/internal/rawmime"
)

// Fidelity lists how a message is read for filters and engines, and changed.
func Fidelity() []fidelity.Claim {
	var out []fidelity.Claim
	for _, r := range []struct{ what, level, source string }{
		{"attached messages are walked through, their attachments count", fidelity.Inferred, "filters of the appliance find attachments of forwarded mail"},
		{"attached messages that are base64 or quoted-printable are one part, as are names in archives", fidelity.Ours, "RFC 2046 5.2.1 forbids the first; of archives only the kind, encryption and macros are told"},
		{fmt.Sprintf("at most %d MiB of text, %d KiB of a header, %d parts and %d levels are looked at", MaxText>>20, maxHeader>>10, rawmime.MaxParts, rawmime.MaxDepth), fidelity.Ours, "bounds against hostile mail; the appliance's maximum scan size can be set"},
		{"what a file is, is told by its octets: " + strings.Join(Kinds(), ", "), fidelity.Inferred, "the appliance compares fingerprints of file types; its list is longer"},
		{"encrypted are S/MIME, PGP, and ZIP, 7z, RAR, PDF and Office files with a password", fidelity.Inferred, "condition \"attachment protected\" of content filters"},
		{"head and foot go into plain and HTML text; changed text becomes UTF-8", fidelity.Inferred, "the appliance has a text of its own for each, and falls back to an attachment where charsets do not agree"},
		{"text within multipart/signed is not changed", fidelity.Documented, "AsyncOS user guide, Outbreak Filters: URL rewriting for unsigned messages only is the recommended setting"},
		{"an attachment that is removed leaves a text/plain part, or nothing", fidelity.Documented, "AsyncOS user guide, content filter action Strip Attachment with replacement message"},
		{"a changed Subject takes the place of the first, others go", fidelity.Ours, "not public"},
	} {
		out = append(out, fidelity.Claim{Area: "Letters", What: r.what, Level: r.level, Source: r.source})
	}
	return out
}

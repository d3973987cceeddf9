package consolidated

import (
	"strings"

	"esasim/esa"
)

// escaped are what an extension's value has other signs for (CEF, "Character
// encoding"): not the bar, which needs it in the header alone.
var escaped = strings.NewReplacer(`\`, `\\`, `=`, `\=`, "\n", `\n`, "\r", `\r`)

// appendValue appends a value. Other characters that could end a line, in some
// reader's eyes, become question marks.
func appendValue(b []byte, s string) []byte {
	return append(b, safe(escaped.Replace(s))...)
}

var headerEscaped = strings.NewReplacer(`\`, `\\`, `|`, `\|`)

// header is a value of the header, which has no sign for the end of a line.
func header(s string) string { return safe(headerEscaped.Replace(s)) }

func safe(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 || r == 0x2028 || r == 0x2029 {
			return '?'
		}
		return r
	}, s)
}

// quote is a text in the notation of the language the appliance is written in: in
// single quotes, in double quotes if it has a single one and no double one.
func quote(s string) string {
	q := "'"
	if strings.Contains(s, "'") && !strings.Contains(s, `"`) {
		q = `"`
	}
	return q + strings.NewReplacer(`\`, `\\`, q, `\`+q, "\n", `\n`, "\r", `\r`, "\t", `\t`).Replace(s) + q
}

// attachments are a dictionary by name, of which one that comes again takes the
// place of the one before.
func attachments(m *esa.Message) string {
	last := map[string]int{}
	for i := range m.Attachments {
		last[m.Attachments[i].Name] = i
	}
	var out []string
	for i := range m.Attachments {
		if a := &m.Attachments[i]; last[a.Name] == i {
			out = append(out, quote(a.Name)+": {'AMP': {"+amp(fileVerdict(verdictOf(m, a)), a.SHA256)+"}, 'BodyScanner': {}}")
		}
	}
	return "{" + strings.Join(out, ", ") + "}"
}

// verdictOf is what AMP said of a file. Where it said nothing of it alone, its verdict
// is the message's, and is said of a file only when it can be meant of no other.
func verdictOf(m *esa.Message, a *esa.Attachment) esa.Verdict {
	if f, ok := m.File(a.SHA256); ok {
		return f.Verdict
	}
	if v := m.Verdicts[esa.AMP]; len(m.Attachments) == 1 || v == esa.Negative || v == esa.Unknown {
		return v
	}
	return esa.NotEvaluated
}

func amp(verdict, sha256 string) string {
	var out []string
	if verdict != "" {
		out = append(out, "'Verdict': "+quote(verdict))
	}
	if sha256 != "" {
		out = append(out, "'fileHash': "+quote(sha256))
	}
	return strings.Join(out, ", ")
}

// fileVerdict is the word of a file's verdict; "" if it has none.
func fileVerdict(v esa.Verdict) string {
	switch v {
	case esa.Negative:
		return "CLEAN"
	case esa.Positive:
		return "MALICIOUS"
	case esa.Unknown, esa.Pending:
		return "FILE UNKNOWN"
	case esa.LowRisk:
		return "LOWRISK"
	}
	return ""
}

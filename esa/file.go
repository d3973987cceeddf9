package esa

import "slices"

// File is what is known of an attachment, besides what it is.
type File struct {
	SHA256  string // of its octets
	Verdict Verdict
	Malware string // its name, if the verdict is Positive
}

// FileAnalysed is the text of VerdictChanged if the file was analysed.
const FileAnalysed = "file analysis"

// judged notes what a file is. What is found out later holds of the message, too.
func (m *Message) judged(e *Event) {
	if e.Kind == VerdictChanged && e.Engine < Engines {
		m.Verdicts[e.Engine] = e.Verdict
	}
	if e.Attachment == nil {
		return
	}
	f := File{SHA256: e.Attachment.SHA256, Verdict: e.Verdict, Malware: e.Name}
	if i := slices.IndexFunc(m.Files, func(o File) bool { return o.SHA256 == f.SHA256 }); i >= 0 {
		m.Files[i] = f
		return
	}
	m.Files = append(m.Files, f)
}

// File is what was found of the attachment with a hash; not ok: nothing was said of
// it alone.
func (m *Message) File(sha256 string) (f File, ok bool) {
	i := slices.IndexFunc(m.Files, func(f File) bool { return f.SHA256 == sha256 })
	if i < 0 {
		return File{}, false
	}
	return m.Files[i], true
}

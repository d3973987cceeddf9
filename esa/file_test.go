package esa

import (
	"slices"
	"testing"
)

// What is known of single files is what was said last.
func TestFoldFiles(t *testing.T) {
	file := func(k Kind, sum string, v Verdict, malware string) Event {
		return Event{Kind: k, Engine: AMP, Verdict: v, Name: malware, Attachment: &Attachment{Name: "n", SHA256: sum}}
	}
	verdict := Event{Kind: EngineVerdict, Engine: AMP, Verdict: Pending}
	for _, c := range []struct {
		name    string
		events  []Event
		files   []File
		verdict Verdict
	}{
		{"nothing of single ones", []Event{verdict}, nil, Pending},
		{"judged", []Event{file(FileJudged, "a", Pending, ""), file(FileJudged, "b", Negative, ""), verdict}, []File{{"a", Pending, ""}, {"b", Negative, ""}}, Pending},
		{"found out later", []Event{file(FileJudged, "a", Pending, ""), verdict, file(VerdictChanged, "a", Positive, "W32.X")}, []File{{"a", Positive, "W32.X"}}, Positive},
		{"twice the same file", []Event{file(FileJudged, "a", Unknown, ""), file(FileJudged, "a", Negative, "")}, []File{{"a", Negative, ""}}, NotEvaluated},
		{"inherited", []Event{file(Inherited, "a", Pending, ""), {Kind: Inherited, Engine: AMP, Verdict: Pending}}, []File{{"a", Pending, ""}}, Pending},
		{"of no file", []Event{{Kind: FileJudged, Verdict: Positive}, {Kind: VerdictChanged, Engine: AMP, Verdict: LowRisk}}, nil, LowRisk},
	} {
		m := Fold(append([]Event{{Kind: MessageStarted, MID: 1}}, c.events...))
		if !slices.Equal(m.Files, c.files) || m.Verdicts[AMP] != c.verdict {
			t.Errorf("%s: %+v, %d; want %+v, %d", c.name, m.Files, m.Verdicts[AMP], c.files, c.verdict)
		}
		bitByBit(t, c.name, m.Events)
		for _, f := range c.files {
			if got, ok := m.File(f.SHA256); !ok || got != f {
				t.Errorf("%s: %s is %+v, %t", c.name, f.SHA256, got, ok)
			}
		}
		if f, ok := m.File("other"); ok || f != (File{}) {
			t.Errorf("%s: another file is %+v", c.name, f)
		}
	}
}

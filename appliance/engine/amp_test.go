package engine

import (
	"slices"
	"strings"
	"testing"
	"time"

	"esasim/appliance/stage"
	"esasim/esa"
)

func about(t *testing.T, w When) *Condition {
	t.Helper()
	c, err := NewCondition(w)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func jobOf(m *esa.Message, content string) *stage.Job {
	j := stage.NewJob(body(content))
	j.Take(m)
	return j
}

// hashOf is a SHA-256 for tests.
func hashOf(digit string) string { return strings.Repeat(digit, 64) }

// A message's verdict is the worst of its files', and each is told.
func TestAMP(t *testing.T) {
	o := AMPOptions{Analysis: true, Malicious: stage.Treatment{Action: "drop"}, Pending: stage.Treatment{Action: "quarantine"}, Unscannable: stage.Treatment{Action: "bounce"},
		Files: Files{
			{When: about(t, When{SHA256: []string{hashOf("a")}}), Verdict: esa.Positive, Malware: "W32.Test", Score: 99},
			{When: about(t, When{Attachment: []string{"*.txt"}}), Verdict: esa.Negative},
			{When: about(t, When{Attachment: []string{"*.doc"}}), Verdict: esa.Unknown, Malware: "W32.Later", Analysis: Change{time.Minute, esa.Positive}},
			{When: about(t, When{Type: []string{"image/*"}}), Verdict: esa.LowRisk},
			{When: about(t, When{Attachment: []string{"*.zip"}}), Verdict: esa.Unscannable},
		}}
	for _, c := range []struct {
		name    string
		files   string // names; "bad" is the malicious one
		known   []esa.File
		verdict esa.Verdict
		told    []esa.Verdict
		want    string // what is done
	}{
		{"none", "", nil, esa.Skipped, nil, ""},
		{"unknown", "x.bin", nil, esa.Unknown, []esa.Verdict{esa.Unknown}, ""},
		{"clean", "A.TXT", nil, esa.Negative, []esa.Verdict{esa.Negative}, ""},
		{"clean and low risk", "a.txt i.png", nil, esa.LowRisk, []esa.Verdict{esa.Negative, esa.LowRisk}, ""},
		{"low risk and unknown", "i.png x.bin", nil, esa.Unknown, []esa.Verdict{esa.LowRisk, esa.Unknown}, ""},
		{"unscannable", "x.bin z.zip", nil, esa.Unscannable, []esa.Verdict{esa.Unknown, esa.Unscannable}, "Bounced by amp"},
		{"pending", "z.zip d.doc", nil, esa.Pending, []esa.Verdict{esa.Unscannable, esa.Pending}, "File Analysis"},
		{"malicious", "d.doc bad a.txt", nil, esa.Positive, []esa.Verdict{esa.Pending, esa.Positive, esa.Negative}, "Dropped by amp"},
		{"analysed: malicious", "d.doc", []esa.File{{SHA256: hashOf("0"), Verdict: esa.Positive, Malware: "W32.Later"}}, esa.Positive, []esa.Verdict{esa.Positive}, "Dropped by amp"},
		{"analysed: clean", "d.doc", []esa.File{{SHA256: hashOf("0"), Verdict: esa.Negative}}, esa.Negative, []esa.Verdict{esa.Negative}, ""},
		{"one analysed, one not yet", "d.doc e.doc", []esa.File{{SHA256: hashOf("0"), Verdict: esa.Negative}, {SHA256: hashOf("1"), Verdict: esa.Pending}}, esa.Pending, []esa.Verdict{esa.Negative, esa.Pending}, "File Analysis"},
	} {
		m := &esa.Message{MID: 1, Files: c.known}
		for i, n := range strings.Fields(c.files) {
			a := esa.Attachment{Name: n, Type: "application/octet-stream", SHA256: hashOf(string(rune('0' + i)))}
			if n == "bad" {
				a.SHA256 = hashOf("a")
			}
			if strings.HasSuffix(n, ".png") {
				a.Type = "image/png"
			}
			m.Attachments = append(m.Attachments, a)
		}
		f, err := o.scan(jobOf(m, ""))
		if err != nil {
			t.Fatal(err)
		}
		for i := range m.Attachments { // as when the queue takes the next message
			m.Attachments[i] = esa.Attachment{}
		}
		var told []esa.Verdict
		for _, e := range f.Told {
			if told = append(told, e.Verdict); e.Attachment.SHA256 == "" || (e.Text == Uploaded) != (e.Verdict == esa.Pending && c.known == nil) {
				t.Errorf("%s: %s: verdict %d, %q", c.name, e.Attachment.Name, e.Verdict, e.Text)
			}
		}
		done := f.Want.Drop + f.Want.Bounce
		for _, h := range f.Want.Hold {
			done += h.Quarantine
		}
		if f.Verdict != c.verdict || !slices.Equal(told, c.told) || done != c.want || (f.Name != "") != (f.Verdict == esa.Positive) {
			t.Errorf("%s: %d %q, told %v, %q; want %d, %v, %q", c.name, f.Verdict, f.Name, told, done, c.verdict, c.told, c.want)
		}
	}
}

// The parts that are taken out are those of the worst verdict.
func TestAMPStrips(t *testing.T) {
	const letter = "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nhi\r\n--b\r\nContent-Disposition: attachment; filename=a.txt\r\n\r\nA\r\n" +
		"--b\r\nContent-Disposition: attachment; filename=b.exe\r\n\r\nB\r\n--b--\r\n"
	const sumB = "df7e70e5021544f4834bbee64a9e3789febc4be81470df629cad6ddb03320a5c" // of "B"
	o := AMPOptions{Malicious: stage.Treatment{Action: "deliver", Strip: true, Subject: "[M] "}, Files: Files{{When: about(t, When{SHA256: []string{sumB}}), Verdict: esa.Positive}}}
	m := &esa.Message{MID: 1, Subject: "s", Attachments: []esa.Attachment{{Name: "a.txt", SHA256: hashOf("0")}, {Name: "b.exe", SHA256: sumB}}}
	f, err := o.scan(jobOf(m, letter))
	if _, ok := f.Want.Edit.Strip[2]; err != nil || !ok || len(f.Want.Edit.Strip) != 1 || f.Want.By != "amp" || f.Want.Edit.Header[0].Value != "[M] s" {
		t.Errorf("%+v, %v", f.Want, err)
	}
}

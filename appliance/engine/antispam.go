package engine

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"esasim/appliance/stage"
	"esasim/esa"
)

// gtube is the text that every spam filter agrees to call spam (the "Generic
// Test for Unsolicited Bulk Email" of SpamAssassin). It is put together here
// so that this source file is not spam itself.
const gtube = "XJS*C4JDBQADN1.NSBN3*2IDNEN*" + "GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"

// scanLimit is how much of a message the antispam engine reads, as the
// appliance's does not scan large messages (AsyncOS user guide, "Message
// scanning threshold": 512 KiB at most are never left unscanned).
const scanLimit = 512 << 10

// SpamOptions are what antispam does with what it finds.
type SpamOptions struct {
	Positive stage.Treatment // messages that are spam
	Suspect  stage.Treatment // that may be
	// PositiveScore and SuspectScore are from which score on a rule's messages are so.
	PositiveScore int
	SuspectScore  int
	MaxSize       int64 // octets of the largest message that is scanned
	Rules         *Rules
}

// AntiSpam is a simulated CASE: the first rule that fits decides; a message with the
// GTUBE text is spam; one with the header X-Advertisement says what it is itself
// ("spam", "suspect"). All other mail is not spam.
func AntiSpam(o SpamOptions) (stage.Stage, error) {
	errs := []error{under("positive.", o.Positive.Check()), under("suspect.", o.Suspect.Check())}
	if o.SuspectScore < 1 || o.PositiveScore > 100 || o.SuspectScore >= o.PositiveScore {
		errs = append(errs, fmt.Errorf("suspect_score: %d and positive_score: %d: want 1 to 100, the first one less", o.SuspectScore, o.PositiveScore))
	}
	return stage.Stage{Engine: esa.AntiSpam, Scan: o.scan}, errors.Join(errs...)
}

func (o *SpamOptions) scan(j *stage.Job) (stage.Finding, error) {
	if size := j.Message.Size; size > o.MaxSize {
		return stage.Finding{Verdict: esa.Skipped, Text: fmt.Sprintf("%d/%d", size, o.MaxSize)}, nil
	}
	f, err := o.judge(j)
	if err != nil {
		return stage.Finding{}, fmt.Errorf("antispam: %w", err)
	}
	words := stage.Words{By: "antispam", Dropped: "Dropped by CASE", Bounced: "Bounced by CASE", Quarantine: stage.SpamQuarantine}
	switch f.Verdict {
	case esa.Positive:
		o.Positive.Apply(&f.Want, words, j.Message.OwnSubject(), nil)
	case esa.Suspect:
		o.Suspect.Apply(&f.Want, words, j.Message.OwnSubject(), nil)
	}
	return f, nil
}

func (o *SpamOptions) judge(j *stage.Job) (stage.Finding, error) {
	rule, err := o.Rules.Find(esa.AntiSpam, j)
	if err != nil {
		return stage.Finding{}, err
	}
	if rule != nil {
		return stage.Finding{Verdict: o.verdict(rule), Name: rule.Name}, nil
	}
	says, found, err := look(j)
	switch {
	case err != nil:
		return stage.Finding{}, err
	case found:
		return stage.Finding{Verdict: esa.Positive, Name: "GTUBE"}, nil
	case says == "spam":
		return stage.Finding{Verdict: esa.Positive, Name: testHeader}, nil
	case says == "suspect":
		return stage.Finding{Verdict: esa.Suspect, Name: testHeader}, nil
	}
	return stage.Finding{Verdict: esa.Negative}, nil
}

func (o *SpamOptions) verdict(rule *Found) esa.Verdict {
	switch {
	case rule.Verdict != esa.NotEvaluated:
		return rule.Verdict
	case rule.Score >= o.PositiveScore:
		return esa.Positive
	case rule.Score >= o.SuspectScore:
		return esa.Suspect
	}
	return esa.Negative
}

// look reads a message, up to the scan limit: what its test header says, and whether
// it has the GTUBE text.
func look(j *stage.Job) (says string, found bool, err error) {
	b, err := j.Whole()
	if b != nil || err != nil {
		return advertisement(b), bytes.Contains(b, []byte(gtube)), err
	}
	r, err := j.Content()
	if err != nil {
		return "", false, err
	}
	buf := j.Buffer()
	n, err := io.ReadFull(r, buf[:cap(buf)])
	if err == nil || err == io.ErrUnexpectedEOF || err == io.EOF {
		says = advertisement(buf[:n])
		found, err = contains(io.LimitReader(r, scanLimit-int64(n)), []byte(gtube), buf[:n])
	}
	return says, found, errors.Join(err, r.Close())
}

// testHeader is the name of the header by which a message says what it is to be
// taken for, so that settings can be tried. Source: the vendor's notes on testing
// antispam.
const testHeader = "X-Advertisement"

// advertisement is the value of the test header at the beginning of a message, in
// lower case.
func advertisement(b []byte) string {
	for len(b) > 0 {
		line := b
		if i := bytes.IndexByte(b, '\n'); i >= 0 {
			line, b = b[:i], b[i+1:]
		} else {
			b = nil
		}
		if line = bytes.TrimSuffix(line, []byte("\r")); len(line) == 0 {
			return ""
		}
		if line[0]|0x20 != 'x' || len(line) <= len(testHeader) || line[len(testHeader)] != ':' {
			continue
		}
		if name, value := line[:len(testHeader)], line[len(testHeader)+1:]; bytes.EqualFold(name, []byte(testHeader)) {
			return strings.ToLower(string(bytes.TrimSpace(value)))
		}
	}
	return ""
}

// contains looks for want in the stream, also across the edges of reads. buf is
// room to read into, and what was read of the stream before.
func contains(r io.Reader, want, buf []byte) (bool, error) {
	for {
		n, err := r.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		if bytes.Contains(buf, want) {
			return true, nil
		}
		if err == io.EOF {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		if keep := len(want) - 1; len(buf) > cap(buf)/2 {
			buf = buf[:copy(buf, buf[len(buf)-keep:])]
		}
	}
}

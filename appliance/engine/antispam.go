package engine

import (
	"bytes"
	"errors"
	"fmt"
	"io"

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
}

// AntiSpam is a simulated CASE: a message with the GTUBE text is spam, all
// other mail is not.
func AntiSpam(o SpamOptions) (stage.Stage, error) {
	var errs []error
	for key, t := range map[string]*stage.Treatment{"positive": &o.Positive, "suspect": &o.Suspect} {
		if err := t.Check(); err != nil {
			errs = append(errs, fmt.Errorf("%s.%w", key, err))
		}
	}
	return stage.Stage{Engine: esa.AntiSpam, Scan: o.scan}, errors.Join(errs...)
}

func (o *SpamOptions) scan(j *stage.Job) (stage.Finding, error) {
	r, err := j.Content()
	if err != nil {
		return stage.Finding{}, err
	}
	found, err := contains(io.LimitReader(r, scanLimit), []byte(gtube), j.Buffer())
	if err = errors.Join(err, r.Close()); err != nil {
		return stage.Finding{}, fmt.Errorf("antispam: %w", err)
	}
	if !found {
		return stage.Finding{Verdict: esa.Negative}, nil
	}
	f := stage.Finding{Verdict: esa.Positive, Name: "GTUBE"}
	o.Positive.Apply(&f.Want, stage.Words{By: "antispam", Dropped: "Dropped by CASE", Bounced: "Bounced by CASE", Quarantine: stage.SpamQuarantine}, j.Message.Subject, nil)
	return f, nil
}

// contains looks for want in the stream, also across the edges of reads. buf is
// room to read into.
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

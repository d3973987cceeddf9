package workqueue

import (
	"bytes"
	"errors"
	"fmt"
	"io"

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

// antispam is a simulated CASE: a message with the GTUBE text is spam, all
// other mail is not. Positively identified spam is dropped.
func antispam(j *Job) (Finding, error) {
	r, err := j.Content()
	if err != nil {
		return Finding{}, err
	}
	found, err := contains(io.LimitReader(r, scanLimit), []byte(gtube), j.buf[:0])
	if err = errors.Join(err, r.Close()); err != nil {
		return Finding{}, fmt.Errorf("antispam: %w", err)
	}
	if found {
		return Finding{Verdict: esa.Positive, Name: "GTUBE", Drop: "Dropped by CASE"}, nil
	}
	return Finding{Verdict: esa.Negative}, nil
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

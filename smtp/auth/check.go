package auth

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"slices"

	"esasim/esa"
)

// Check is the check of one message. Write the message to it, then call Finish;
// call Close in any case. It is used by one goroutine.
type Check struct {
	c   *Checker
	ctx context.Context // of the listener: look-ups end with it

	header []byte // what has come, until the header is complete
	whole  bool   // it is
	blank  int    // octets of line ends and blanks that came last

	pipe  *io.PipeWriter        // to the verifier; nil if there is none
	out   *bufio.Writer         // to the pipe: the library's work grows with the number of pieces
	found chan []esa.DKIMResult // from it
	dkim  []esa.DKIMResult      // if it is known without a verifier
}

// Begin begins the check of a message. Look-ups end with ctx, as temporary
// errors.
func (c *Checker) Begin(ctx context.Context) *Check {
	return &Check{c: c, ctx: ctx, dkim: unsigned}
}

// Write takes the next octets of the message. It never fails.
func (k *Check) Write(p []byte) (int, error) {
	switch {
	case k.pipe != nil:
		k.pass(p)
	case !k.whole:
		k.collect(p)
	}
	return len(p), nil
}

var blankLine = []byte("\r\n\r\n")

// collect waits for the end of the header, and decides then. Mostly the first
// octets have all of it, and nothing is kept.
func (k *Check) collect(p []byte) {
	seen := max(len(k.header)-len(blankLine)+1, 0)
	all := p
	if len(k.header) > 0 {
		k.header = append(k.header, p...)
		all = k.header
	}
	end := bytes.Index(all[seen:], blankLine)
	switch {
	case bytes.HasPrefix(all, blankLine[:2]): // there is none
		k.decide(all, 0)
	case end >= 0:
		k.decide(all, seen+end+2)
	case len(all) > maxHeader:
		k.decide(all, len(all))
	case len(k.header) == 0:
		k.header = append(k.header, p...)
	}
}

// decide looks for signatures in the header, which is what has come up to end,
// and starts a verifier if there are any.
func (k *Check) decide(all []byte, end int) {
	k.whole, k.header = true, nil
	signatures := signaturesIn(all[:end])
	first := signatures[:min(len(signatures), maxSignatures)]
	switch {
	case end > maxHeader: // there may be more of it
		k.dkim = []esa.DKIMResult{{Result: invalid, Reason: "message header too large"}}
	case len(first) == 0:
	case slices.ContainsFunc(first, func(s string) bool { return len(s) > maxSignature }):
		k.dkim = []esa.DKIMResult{{Result: invalid, Reason: "signature too large"}}
	default:
		k.start(first)
		k.pass(all)
	}
}

// start starts a verifier. The pipe never ends with an error: the library would
// leave goroutines behind.
func (k *Check) start(signatures []string) {
	r, w := io.Pipe()
	k.pipe, k.out, k.found = w, bufio.NewWriterSize(w, 8<<10), make(chan []esa.DKIMResult, 1)
	go func() {
		found := k.c.verify(k.ctx, r, signatures)
		_, _ = io.Copy(io.Discard, r) // it may have seen enough before the end
		k.found <- found
	}()
}

// maxBlank is how many octets of empty lines in a row are verified. The library
// keeps them until it knows whether the message ends with them, and goes over
// them again and again.
const maxBlank = 64 << 10

// pass hands octets to the verifier.
func (k *Check) pass(p []byte) {
	text := bytes.TrimRight(p, " \t\r\n")
	if first := len(p) - len(bytes.TrimLeft(p, " \t\r\n")); k.blank+first > maxBlank {
		k.giveUp()
		return
	}
	if len(text) > 0 {
		k.blank = 0
	}
	k.blank += len(p) - len(text)
	_, _ = k.out.Write(p) // fails only if the reader was closed, and nobody closes it
}

func (k *Check) giveUp() {
	k.results()
	k.dkim = []esa.DKIMResult{{Result: invalid, Reason: "too many empty lines"}}
}

// results ends the verifier, if there is one, and gives what DKIM found.
func (k *Check) results() []esa.DKIMResult {
	if k.pipe != nil {
		k.out.Flush()
		k.pipe.Close()
		k.dkim, k.pipe = <-k.found, nil
	}
	return k.dkim
}

// Finish ends the message and gives the results. From is its From header as
// written, unfolded.
func (k *Check) Finish(e Envelope, from string) esa.Authentication {
	if !k.whole { // a message without body: end the header
		k.header = append(k.header, blankLine[:2]...)
		k.decide(k.header, len(k.header)-2)
	}
	var a esa.Authentication
	a.DKIM = k.results()
	ctx, cancel := context.WithTimeout(k.ctx, timeout)
	defer cancel()
	a.HELO, a.MailFrom = k.c.spf(ctx, e)
	a.DMARC = k.c.dmarc(ctx, from, &a)
	return a
}

// Close ends the check of a message that did not come to its end.
func (k *Check) Close() { k.results() }

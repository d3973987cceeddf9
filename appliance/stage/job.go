package stage

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"esasim/appliance/letter"
	"esasim/esa"
)

// Job is one message on its way through the stages. Who has it may look at the
// message, but not change it.
type Job struct {
	Message *esa.Message
	Policy  string // the mail policy that its recipients match; empty before that is known

	open   func(esa.MID) (io.ReadCloser, error)
	letter *letter.Letter
	buf    []byte
	kept   []byte // room for a whole message that is not large
	whole  []byte // the message, in kept; nil: it was not read yet, or is large
}

const (
	readSize = 8 << 10  // how much of a message is read at a time
	keepSize = 64 << 10 // up to which size a message is read once for all stages
)

// NewJob is for messages whose contents open gives. It can be used for one message
// after another.
func NewJob(open func(esa.MID) (io.ReadCloser, error)) *Job {
	return &Job{open: open, buf: make([]byte, readSize)}
}

// Take makes the job one of another message.
func (j *Job) Take(m *esa.Message) { j.Message, j.Policy, j.letter, j.whole = m, "", nil, nil }

// Content opens the message as it was received; the caller closes it before the
// stage ends.
func (j *Job) Content() (io.ReadCloser, error) {
	b, err := j.Whole()
	if err != nil {
		return nil, err
	}
	if b == nil {
		return j.open(j.Message.MID)
	}
	return io.NopCloser(bytes.NewReader(b)), nil
}

// Whole is all of a message that is not large, 64 KiB at most, until the job is
// one of another message; nil if it is large. Such a message is read once, however
// many stages look at it.
func (j *Job) Whole() ([]byte, error) {
	if j.whole != nil || j.Message.Size > keepSize {
		return j.whole, nil
	}
	if j.kept == nil {
		j.kept = make([]byte, keepSize)
	}
	r, err := j.open(j.Message.MID)
	if err != nil {
		return nil, err
	}
	n, err := io.ReadFull(r, j.kept)
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		j.whole, err = j.kept[:n], nil
	}
	if err = errors.Join(err, r.Close()); err != nil {
		return nil, fmt.Errorf("read MID %d: %w", j.Message.MID, err)
	}
	return j.whole, nil
}

// Buffer is room of at least 8 KiB to read into, until the stage ends.
func (j *Job) Buffer() []byte { return j.buf[:0] }

// Letter is the whole message taken apart. It is read when it is first asked for,
// and then kept for the stages that follow: most messages need it never.
func (j *Job) Letter() (*letter.Letter, error) {
	if j.letter != nil {
		return j.letter, nil
	}
	return j.Read(nil)
}

// Read is Letter for a stage that looks at the contents of parts: see is asked of
// each where its octets, decoded, are to be written; nil for none.
func (j *Job) Read(see func(part int) io.Writer) (*letter.Letter, error) {
	r, err := j.Content()
	if err != nil {
		return nil, err
	}
	l, err := (&letter.Reader{See: see}).Read(r)
	if err = errors.Join(err, r.Close()); err != nil {
		return nil, fmt.Errorf("read MID %d: %w", j.Message.MID, err)
	}
	j.letter = l
	return l, nil
}

package engine

import (
	"bytes"
	"io"

	"esasim/appliance/letter"
	"esasim/appliance/stage"
	"esasim/esa"
)

// eicar is the antivirus test file that every scanner agrees to call a virus (68
// octets). It is put together here so that this source file is not one.
const eicar = `X5O!P%@AP[4\PZX54(P^)7CC)7}$` + "EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"

// eicarSum is its SHA-256, eicarName what the engine calls it.
const (
	eicarSum  = "275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f"
	eicarName = "EICAR-AV-Test"
)

// dissect takes a message apart and looks at all that is in it.
func (o *VirusOptions) dissect(j *stage.Job) (*infection, error) {
	d := &dissection{known: o.Viruses}
	l, err := j.Read(d.part)
	if err != nil {
		return nil, err
	}
	d.close()
	i := &infection{verdict: esa.Negative}
	repairable := o.Repair
	found := func(part int, v Virus) {
		i.verdict = esa.Positive
		i.add(part, v.Name)
		repairable = repairable && v.Repairable
	}
	for _, h := range d.hits {
		found(h.part, h.Virus)
	}
	for _, p := range l.Parts {
		if v, ok := o.Viruses[p.SHA256]; ok {
			found(p.Index, v)
		}
	}
	switch {
	case i.verdict == esa.Positive && repairable:
		i.verdict = esa.Repaired
	case i.verdict == esa.Positive:
	case l.Encrypted || d.encrypted:
		i.verdict = esa.Encrypted
	case d.unscannable || cutOff(l):
		i.verdict = esa.Unscannable
	}
	return i, nil
}

// cutOff tells whether there is something in a letter that was not taken apart. A
// long text does not count: it was seen, though it was not kept.
func cutOff(l *letter.Letter) bool {
	var text int64
	for _, p := range l.Parts {
		if p.Text != "" {
			text += p.Size
		}
	}
	return l.Cut && text <= letter.MaxText
}

// dissection looks at the parts of one message, one after the other.
type dissection struct {
	known       map[string]Virus
	hits        []hit
	encrypted   bool
	unscannable bool
	spent       spent
	now         *probe
	index       int
}

type hit struct {
	part int
	Virus
}

// part begins with the next part of the message.
func (d *dissection) part(index int) io.Writer {
	d.close()
	d.index, d.now = index, &probe{}
	return d.now
}

// close ends the part under way.
func (d *dissection) close() {
	if d.now != nil {
		d.examine(d.now, 0)
		d.now = nil
	}
}

// examine looks at what a file turned out to be: a virus, or an archive.
func (d *dissection) examine(p *probe, depth int) {
	if p.found {
		d.hits = append(d.hits, hit{d.index, Virus{Name: eicarName}})
	}
	if !isArchive(p.kept) {
		return
	}
	if p.over || depth >= maxDepth {
		d.unscannable = true
		return
	}
	d.unpack(p.kept, depth+1)
}

// probe searches one file for the test file, and keeps it if it is an archive.
type probe struct {
	found bool
	over  bool   // it is no archive, or too large to be kept
	kept  []byte // at least the first four octets
	tail  [len(eicar) - 1]byte
	n     int // octets of tail
}

// Write looks at the next octets. There is never an error.
func (p *probe) Write(b []byte) (int, error) {
	if !p.found {
		p.search(b)
	}
	if !p.over {
		p.keep(b)
	}
	return len(b), nil
}

func (p *probe) keep(b []byte) {
	if n := len(p.kept); n < magic {
		n = min(len(b), magic-n)
		p.kept = append(p.kept, b[:n]...)
		b = b[n:]
		p.over = len(p.kept) == magic && !isArchive(p.kept)
	}
	switch {
	case p.over:
	case len(p.kept)+len(b) > maxArchive:
		p.kept, p.over = p.kept[:magic], true
	default:
		p.kept = append(p.kept, b...)
	}
}

// search looks for the test file, also across the edges of what is written.
func (p *probe) search(b []byte) {
	var edge [2 * len(p.tail)]byte
	n := copy(edge[:], p.tail[:p.n])
	n += copy(edge[n:], b[:min(len(b), len(p.tail))])
	p.found = bytes.Contains(edge[:n], []byte(eicar)) || bytes.Contains(b, []byte(eicar))
	if len(b) >= len(p.tail) {
		p.n = copy(p.tail[:], b[len(b)-len(p.tail):])
		return
	}
	from := max(0, n-len(p.tail))
	p.n = copy(p.tail[:], edge[from:n])
}

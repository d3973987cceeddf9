package segment

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"unsafe"

	"esasim/esa"
)

// A source is kept as two texts: its profile (listener, sender group, rule: what
// many share) and its peer, which names the profile by its place.

func appendString(b []byte, v string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(v))), v...)
}

func appendAddr(b []byte, a netip.Addr) []byte {
	var room [64]byte
	raw, _ := a.AppendBinary(room[:0]) // never fails
	return append(binary.AppendUvarint(b, uint64(len(raw))), raw...)
}

func appendProfile(b []byte, s *esa.Source) []byte {
	b = appendAddr(appendString(b, s.Listener), s.Local)
	flags := byte(0)
	if s.Verified {
		flags |= 1
	}
	if s.Outgoing {
		flags |= 2
	}
	b = append(b, flags)
	for _, v := range [...]string{s.Rule, s.Group, s.Match, s.SBRS, s.Country} {
		b = appendString(b, v)
	}
	return b
}

func appendPeer(b []byte, s *esa.Source, profile uint32) []byte {
	return appendAddr(appendString(binary.AppendUvarint(b, uint64(profile)), s.Host), s.Remote)
}

// string reads a text, which it does not copy: nobody writes to what texts are read of.
func (c *cursor) string() string {
	b := c.take(c.uvarint())
	return unsafe.String(unsafe.SliceData(b), len(b))
}

func (c *cursor) addr() (a netip.Addr) {
	if err := a.UnmarshalBinary(c.take(c.uvarint())); err != nil {
		c.fail("address: %v", err)
	}
	return a
}

func readProfile(v string) (s esa.Source, err error) {
	c := textCursor(v)
	s.Listener, s.Local = c.string(), c.addr()
	if flags := c.take(1); c.err == nil {
		s.Verified, s.Outgoing = flags[0]&1 != 0, flags[0]&2 != 0
	}
	for _, v := range [...]*string{&s.Rule, &s.Group, &s.Match, &s.SBRS, &s.Country} {
		*v = c.string()
	}
	return s, c.end()
}

// readSource puts a peer and its profile together.
func readSource(v string, profile func(n uint64) (esa.Source, error)) (*esa.Source, error) {
	c := textCursor(v)
	s, err := profile(c.uvarint())
	if err != nil {
		return nil, err
	}
	s.Host, s.Remote = c.string(), c.addr()
	return &s, c.end()
}

// readRemote reads the address of a peer alone.
func readRemote(v string) (netip.Addr, error) {
	c := textCursor(v)
	c.uvarint()
	c.take(c.uvarint())
	a := c.addr()
	return a, c.end()
}

// profile reads the n-th profile of the segment, unless it has been read.
func (r *Reader) profile(n uint64) (s esa.Source, err error) {
	cols, err := r.columns(Sources)
	if err != nil {
		return s, err
	}
	col := cols.get(id(0, fProfile))
	if col == nil || n >= uint64(col.n) {
		return s, fmt.Errorf("%w: profile %d of a source", ErrDamaged, n)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.profiles == nil {
		r.profiles = make([]*esa.Source, col.n)
	}
	if known := r.profiles[n]; known != nil {
		return *known, nil
	}
	v, err := col.text(int(n))
	if err != nil {
		return s, err
	}
	if s, err = readProfile(v); err == nil {
		r.profiles[n] = &s
	}
	return s, err
}

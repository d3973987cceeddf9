package segment

import (
	"encoding/binary"
	"net/netip"

	"esasim/esa"
)

// A source is kept as two texts: its profile (listener, sender group, rule: what
// many share) and its peer, which names the profile by its place.

func appendString(b []byte, v string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(v))), v...)
}

func appendAddr(b []byte, a netip.Addr) []byte {
	raw, _ := a.MarshalBinary() // never fails
	return appendString(b, string(raw))
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

func (c *cursor) string() string { return string(c.take(c.uvarint())) }

func (c *cursor) addr() (a netip.Addr) {
	if err := a.UnmarshalBinary(c.take(c.uvarint())); err != nil {
		c.fail("address: %v", err)
	}
	return a
}

// end makes an error of what should not follow.
func (c *cursor) end() error {
	if c.err == nil && len(c.b) > 0 {
		c.fail("something follows")
	}
	return c.err
}

func readProfile(v string) (s esa.Source, err error) {
	c := cursor{b: []byte(v)}
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
func readSource(v string, profiles []esa.Source) (*esa.Source, error) {
	c := cursor{b: []byte(v)}
	n := c.uvarint()
	if n >= uint64(len(profiles)) {
		c.fail("profile %d of %d", n, len(profiles))
		return nil, c.err
	}
	s := profiles[n]
	s.Host, s.Remote = c.string(), c.addr()
	return &s, c.end()
}

// readProfiles reads all profiles of a segment.
func readProfiles(cols map[streamID]*column) ([]esa.Source, error) {
	col := cols[id(0, fProfile)]
	if col == nil {
		return nil, nil
	}
	out := make([]esa.Source, col.n)
	for i := range out {
		var err error
		if out[i], err = readProfile(col.text(i)); err != nil {
			return nil, err
		}
	}
	return out, nil
}

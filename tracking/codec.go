package tracking

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"esasim/esa"
)

// The form of an entry: its events one after another, each as its kind, the
// milliseconds since the event before it (the first: since 1970), then the
// fields that are not zero as tag and value, then tag 0. Own code, because an
// entry is written once and read several times for each message; codec_test.go
// has the comparison with encoding/json (BenchmarkCodec).
const (
	tagEnd byte = iota
	tagICID
	tagMID
	tagDCID
	tagRIDs
	tagDirection
	tagEngine
	tagVerdict
	tagSize
	tagAddress
	tagName
	tagText
	tagUntil
	tagSource
	tagAttachment
	tagOther
)

// errEntry says that bytes are no entry of ours.
var errEntry = errors.New("damaged log entry")

func appendEntry(b []byte, events []esa.Event) []byte {
	var last int64
	for i := range events {
		e := &events[i]
		now := e.Time.UnixMilli()
		b = append(b, byte(e.Kind))
		b = binary.AppendVarint(b, now-last)
		last = now
		b = appendFields(b, e)
		b = append(b, tagEnd)
	}
	return b
}

func appendFields(b []byte, e *esa.Event) []byte {
	b = appendNumber(b, tagICID, uint64(e.ICID))
	b = appendNumber(b, tagMID, uint64(e.MID))
	b = appendNumber(b, tagDCID, uint64(e.DCID))
	b = appendNumber(b, tagOther, uint64(e.Other))
	if len(e.RIDs) > 0 {
		b = binary.AppendUvarint(append(b, tagRIDs), uint64(len(e.RIDs)))
		for _, r := range e.RIDs {
			b = binary.AppendUvarint(b, uint64(r))
		}
	}
	b = appendNumber(b, tagDirection, uint64(e.Direction))
	b = appendNumber(b, tagEngine, uint64(e.Engine))
	b = appendNumber(b, tagVerdict, uint64(e.Verdict))
	b = appendNumber(b, tagSize, uint64(e.Size))
	b = appendText(b, tagAddress, e.Address)
	b = appendText(b, tagName, e.Name)
	b = appendText(b, tagText, e.Text)
	if !e.Until.IsZero() {
		b = binary.AppendVarint(append(b, tagUntil), e.Until.UnixMilli())
	}
	if e.Source != nil {
		b = appendSource(append(b, tagSource), e.Source)
	}
	if e.Attachment != nil {
		b = appendAttachment(append(b, tagAttachment), e.Attachment)
	}
	return b
}

func appendNumber(b []byte, tag byte, n uint64) []byte {
	if n == 0 {
		return b
	}
	return binary.AppendUvarint(append(b, tag), n)
}

func appendText(b []byte, tag byte, s string) []byte {
	if s == "" {
		return b
	}
	return appendString(append(b, tag), s)
}

func appendString(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

func appendAddr(b []byte, a netip.Addr) []byte {
	raw := a.AsSlice()
	return append(append(b, byte(len(raw))), raw...)
}

func appendSource(b []byte, s *esa.Source) []byte {
	b = appendString(b, s.Listener)
	b = appendAddr(appendAddr(b, s.Local), s.Remote)
	b = appendString(b, s.Host)
	b = append(b, bit(s.Verified)|bit(s.Outgoing)<<1)
	for _, v := range [...]string{s.Rule, s.Group, s.Match, s.SBRS, s.Country} {
		b = appendString(b, v)
	}
	return b
}

func bit(v bool) byte {
	if v {
		return 1
	}
	return 0
}

func appendAttachment(b []byte, a *esa.Attachment) []byte {
	b = appendString(appendString(b, a.Name), a.Type)
	b = binary.AppendUvarint(b, uint64(a.Size))
	return appendString(b, a.SHA256)
}

// decoder reads one entry. Texts share the entry's one string, so that an
// entry costs one allocation for all of them.
type decoder struct {
	s   string
	err error
}

func decodeEntry(value []byte) ([]esa.Event, error) {
	d := decoder{s: string(value)}
	events := make([]esa.Event, 0, 12)
	var last int64
	for len(d.s) > 0 && d.err == nil {
		var e esa.Event
		e.Kind = esa.Kind(d.byte())
		last += d.varint()
		e.Time = time.UnixMilli(last).UTC()
		d.fields(&e)
		events = append(events, e)
	}
	return events, d.err
}

func (d *decoder) fields(e *esa.Event) {
	for d.err == nil {
		switch tag := d.byte(); tag {
		case tagEnd:
			return
		case tagICID:
			e.ICID = esa.ICID(d.uvarint())
		case tagMID:
			e.MID = esa.MID(d.uvarint())
		case tagDCID:
			e.DCID = esa.DCID(d.uvarint())
		case tagOther:
			e.Other = esa.MID(d.uvarint())
		case tagRIDs:
			e.RIDs = d.rids()
		case tagDirection:
			e.Direction = esa.Direction(d.uvarint())
		case tagEngine:
			e.Engine = esa.Engine(d.uvarint())
		case tagVerdict:
			e.Verdict = esa.Verdict(d.uvarint())
		case tagSize:
			e.Size = int64(d.uvarint())
		case tagAddress:
			e.Address = d.string()
		case tagName:
			e.Name = d.string()
		case tagText:
			e.Text = d.string()
		case tagUntil:
			e.Until = time.UnixMilli(d.varint()).UTC()
		case tagSource:
			e.Source = d.source()
		case tagAttachment:
			e.Attachment = d.attachment()
		default:
			d.fail(fmt.Errorf("%w: unknown field %d", errEntry, tag))
		}
	}
}

func (d *decoder) fail(err error) {
	if d.err == nil {
		d.err = err
	}
	d.s = ""
}

func (d *decoder) byte() byte {
	if len(d.s) == 0 {
		d.fail(errEntry)
		return tagEnd
	}
	b := d.s[0]
	d.s = d.s[1:]
	return b
}

func (d *decoder) uvarint() uint64 {
	var n uint64
	for shift := 0; shift < 64; shift += 7 {
		b := d.byte()
		n |= uint64(b&0x7f) << shift
		if b < 0x80 {
			return n
		}
	}
	d.fail(errEntry)
	return 0
}

func (d *decoder) varint() int64 {
	u := d.uvarint()
	return int64(u>>1) ^ -int64(u&1)
}

func (d *decoder) take(n uint64) string {
	if n > uint64(len(d.s)) {
		d.fail(errEntry)
		return ""
	}
	v := d.s[:n]
	d.s = d.s[n:]
	return v
}

func (d *decoder) string() string { return d.take(d.uvarint()) }

func (d *decoder) rids() []esa.RID {
	n := d.uvarint()
	if n > uint64(len(d.s)) { // each takes a byte at least
		d.fail(errEntry)
		return nil
	}
	out := make([]esa.RID, n)
	for i := range out {
		out[i] = esa.RID(d.uvarint())
	}
	return out
}

func (d *decoder) addr() netip.Addr {
	raw := d.take(uint64(d.byte()))
	a, ok := netip.AddrFromSlice([]byte(raw))
	if !ok && raw != "" {
		d.fail(errEntry)
	}
	return a
}

func (d *decoder) source() *esa.Source {
	s := &esa.Source{Listener: d.string()}
	s.Local, s.Remote = d.addr(), d.addr()
	s.Host = d.string()
	flags := d.byte()
	s.Verified, s.Outgoing = flags&1 != 0, flags&2 != 0
	for _, v := range [...]*string{&s.Rule, &s.Group, &s.Match, &s.SBRS, &s.Country} {
		*v = d.string()
	}
	return s
}

func (d *decoder) attachment() *esa.Attachment {
	a := &esa.Attachment{Name: d.string(), Type: d.string()}
	a.Size = int64(d.uvarint())
	a.SHA256 = d.string()
	return a
}

package engine

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"io"
)

// Bounds of what is unpacked. What goes beyond one of them is unscannable. They are
// ours: those of the appliance's engines are not public, but for the depth.
const (
	maxDepth    = 5        // archives in archives (AsyncOS user guide, "maximum depth of attachment recursion": 5)
	maxArchive  = 16 << 20 // octets of one archive
	maxUnpacked = 64 << 20 // octets of a message when unpacked
	maxFiles    = 1000     // in the archives of a message
	// maxRatio is how many times larger than its archives what is unpacked may be,
	// so that a small message does not cost what a large one may; leastUnpacked is
	// let through in any case.
	maxRatio      = 100
	leastUnpacked = 4 << 20
)

// magic is how many octets tell an archive.
const magic = 4

// spent is what was unpacked of a message so far.
type spent struct {
	octets int64
	limit  int64 // of octets
	files  int
}

// raise gives room for the contents of an archive that is part of the message.
func (s *spent) raise(archive int) {
	s.limit = min(maxUnpacked, max(leastUnpacked, s.limit+maxRatio*int64(archive)))
}

func isArchive(b []byte) bool { return isZip(b) || isGzip(b) }

func isZip(b []byte) bool  { return bytes.HasPrefix(b, []byte("PK\x03\x04")) }
func isGzip(b []byte) bool { return bytes.HasPrefix(b, []byte("\x1f\x8b\x08")) }

// unpack looks at what is in an archive.
func (d *dissection) unpack(b []byte, depth int) {
	if depth == 1 {
		d.spent.raise(len(b))
	}
	if isGzip(b) {
		r, err := gzip.NewReader(bytes.NewReader(b))
		if err != nil {
			d.unscannable = true
			return
		}
		d.member(r, depth)
		return
	}
	// The directory is counted before it is read: each of its entries takes some
	// hundred octets of memory.
	if bytes.Count(b, []byte("PK\x01\x02")) > maxFiles {
		d.unscannable = true
		return
	}
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		d.unscannable = true
		return
	}
	for _, f := range z.File {
		if d.spent.files >= maxFiles || d.spent.octets >= d.spent.limit {
			d.unscannable = true
			return
		}
		if f.Flags&1 != 0 {
			d.encrypted = true
			continue
		}
		r, err := f.Open()
		if err != nil {
			d.unscannable = true
			continue
		}
		d.member(r, depth)
		r.Close()
	}
}

// member looks at one file of an archive.
func (d *dissection) member(r io.Reader, depth int) {
	d.spent.files++
	p := &probe{}
	var w io.Writer = p
	var sum hash.Hash
	if len(d.known) > 0 {
		sum = sha256.New()
		w = io.MultiWriter(p, sum)
	}
	n, err := io.Copy(w, io.LimitReader(r, d.spent.limit-d.spent.octets))
	if d.spent.octets += n; err != nil || d.spent.octets >= d.spent.limit {
		d.unscannable = true
	}
	if sum != nil {
		if v, ok := d.known[hex.EncodeToString(sum.Sum(nil))]; ok {
			d.hits = append(d.hits, hit{d.index, v})
		}
	}
	d.examine(p, depth)
}

package segment

import "encoding/binary"

// stream gathers the values of one kind and field. What every value needs comes
// first, in one line of the cache.
type stream struct {
	n                int    // values so far
	nums             []byte // numbers, each a varint
	codes            []byte // texts: 0 for a new value, else 1 + its place among the values
	unique, searched bool   // as streamID has them

	words    []int    // which of the row's words its texts refer to
	last     int64    // the number before, for those kept as differences
	ends     []byte   // texts: the length of each value
	data     []byte   // texts: the values one after another; folded, if they are searched
	cases    []byte   // of searched texts: what folding took from each value (case.go)
	known    interner // texts: the values as they came
	distinct int      // how many values there are
	chunks   []mark   // where the chunks of values end, but the last one
}

// mark is a place in what a stream keeps of its values.
type mark struct{ data, ends, cases int }

func (s *stream) reset() {
	s.n, s.last, s.distinct = 0, 0, 0
	s.nums, s.codes, s.ends, s.data = s.nums[:0], s.codes[:0], s.ends[:0], s.data[:0]
	s.cases, s.chunks = s.cases[:0], s.chunks[:0]
	s.known.reset()
}

func (s *stream) number(v int64) {
	s.n++
	s.nums = binary.AppendVarint(s.nums, v)
}

// difference keeps a number that is close to the one before it.
func (s *stream) difference(v int64) {
	s.number(v - s.last)
	s.last = v
}

// text keeps a text, and each only once; its xxhash is given. It tells its code,
// and whether it is new: then add must follow.
func (s *stream) text(v string, hash uint64) (code uint32, isNew bool) {
	code, isNew = s.known.hashed(v, hash)
	if !isNew {
		s.code(code)
	}
	return code, isNew
}

// add keeps a text that is new.
func (s *stream) add(v string) {
	s.codes = append(s.codes, 0)
	s.uniqueText(v)
}

// value begins a value.
func (s *stream) value() {
	if s.distinct > 0 && s.distinct%chunkValues == 0 {
		s.chunks = append(s.chunks, mark{len(s.data), len(s.ends), len(s.cases)})
	}
	s.n++
	s.distinct++
}

// addFolded keeps one that is searched, with its folded form.
func (s *stream) addFolded(v string, folded []byte) {
	s.value()
	s.codes = append(s.codes, 0)
	s.cases = appendCase(s.cases, v, folded)
	s.ends = binary.AppendUvarint(s.ends, uint64(len(folded)))
	s.data = append(s.data, folded...)
}

// uniqueText keeps a text of which nobody expects that it was there before.
func (s *stream) uniqueText(v string) {
	s.value()
	s.ends = binary.AppendUvarint(s.ends, uint64(len(v)))
	s.data = append(s.data, v...)
}

// code keeps a text that is known by its code.
func (s *stream) code(code uint32) {
	s.n++
	s.codes = binary.AppendUvarint(s.codes, uint64(code)+1)
}

// appendTo writes the stream into its part.
func (s *stream) appendTo(b []byte, of streamID, p *Packer) []byte {
	b = binary.AppendUvarint(b, uint64(of))
	b = binary.AppendUvarint(b, uint64(s.n))
	if of.field().numeric() {
		return p.pack(b, s.nums)
	}
	b = binary.AppendUvarint(b, uint64(s.distinct))
	var from mark
	for i := range len(s.chunks) + 1 {
		to := mark{len(s.data), len(s.ends), len(s.cases)}
		if i < len(s.chunks) {
			to = s.chunks[i]
		}
		b = p.pack(b, s.data[from.data:to.data])
		b = p.pack(b, s.ends[from.ends:to.ends])
		if of.searched() {
			b = p.pack(b, s.cases[from.cases:to.cases])
		}
		from = to
	}
	if s.distinct == s.n { // all different: the codes are all 0
		return b
	}
	return p.pack(b, s.codes)
}

package store

import "encoding/binary"

// The keys of private intelligence; keys.go says what they are.

// EntityNumbers is the key of the last number of an entity.
func EntityNumbers() []byte { return []byte("c/entities") }

// Entity is the key of one entity's row.
func Entity(kind string, seq uint64) []byte {
	return binary.BigEndian.AppendUint64([]byte("e/d/"+kind+"/"), seq)
}

// Entities is the range of the rows of a kind.
func Entities(kind string) (from, to []byte) {
	return []byte("e/d/" + kind + "/"), []byte("e/d/" + kind + "0")
}

// EntityID is the key that leads from a short id to a row.
func EntityID(kind, id string) []byte { return []byte("e/i/" + kind + "/" + id) }

// EntityTerm is the key that leads from a value to a row.
func EntityTerm(kind string, term, seq uint64) []byte {
	b := binary.BigEndian.AppendUint64([]byte("e/t/"+kind+"/"), term)
	return binary.BigEndian.AppendUint64(b, seq)
}

// EntitiesOf is the range of the keys that lead from a value to rows.
func EntitiesOf(kind string, term uint64) (from, to []byte) {
	from = binary.BigEndian.AppendUint64([]byte("e/t/"+kind+"/"), term)
	return from, append(append([]byte(nil), from...), 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff)
}

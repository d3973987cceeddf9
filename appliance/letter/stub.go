// Package letter reads a message as a whole, for filters and engines, and changes it.
package letter

import "io"

type Field struct{ Name, Value string }
type Part struct {
	Index     int
	Type      string
	Name      string
	File      bool
	Size      int64
	SHA256    string
	Kind      string
	Text      string
	Encrypted bool
	Macro     bool
	Depth     int
}
type Letter struct {
	Header    []Field
	Parts     []Part
	Size      int64
	Encrypted bool
	Cut       bool
}
type Op uint8

const (
	Add Op = iota
	Replace
	Remove
)

type HeaderEdit struct {
	Op          Op
	Name, Value string
}
type Edit struct {
	Header     []HeaderEdit
	Strip      map[int]string
	Head, Foot string
	Replace    func(text string) string
}

func Read(r io.Reader) (*Letter, error)                  { return &Letter{}, nil }
func (l *Letter) Values(name string) []string            { return nil }
func (l *Letter) URLs() []string                         { return nil }
func (l *Letter) Files() []Part                          { return nil }
func (e *Edit) Empty() bool                              { return len(e.Header) == 0 }
func (e *Edit) Apply(dst io.Writer, src io.Reader) error { _, err := io.Copy(dst, src); return err }

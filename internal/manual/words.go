package manual

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/doc/comment"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
)

// Words are what comments say of structs and their fields: "Route" and
// "Route.TLS".
type Words map[string]string

// ReadWords reads the words that [Words.JSON] wrote.
func ReadWords(b []byte) (Words, error) {
	var w Words
	if err := json.Unmarshal(b, &w); err != nil {
		return nil, fmt.Errorf("words of the configuration: %w", err)
	}
	return w, nil
}

// JSON is the words as a file, sorted.
func (w Words) JSON() []byte {
	b, err := json.MarshalIndent(w, "", " ")
	if err != nil {
		panic(err) // texts can always be written
	}
	return append(b, '\n')
}

// Used are the words that keys have.
func (w Words) Used(keys []Key) Words {
	out := Words{}
	Each(keys, func(k *Key) {
		if k.Words != "" {
			out[k.Source] = w[k.Source]
		}
	})
	return out
}

// Field is what is said of a field.
func (w Words) Field(t reflect.Type, field string) string { return w[t.Name()+"."+field] }

// FromSource reads the comments of the structs in directories of Go source. What
// is said of a struct in an earlier one counts before what is said of one of the
// same name in a later: a field that has no comment in the first may have it there.
func FromSource(dirs ...string) (Words, error) {
	out := Words{}
	for _, dir := range dirs {
		names, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil {
			return nil, fmt.Errorf("words of %s: %w", dir, err)
		}
		slices.Sort(names)
		for _, name := range names {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			src, err := os.ReadFile(name)
			if err != nil {
				return nil, fmt.Errorf("words of %s: %w", dir, err)
			}
			if err := out.read(name, src); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

func (w Words) read(name string, src []byte) error {
	file, err := parser.ParseFile(token.NewFileSet(), name, src, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return fmt.Errorf("words of %s: %w", name, err)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		g, ok := n.(*ast.GenDecl)
		if !ok || g.Tok != token.TYPE {
			return true
		}
		for _, s := range g.Specs {
			t := s.(*ast.TypeSpec)
			if st, ok := t.Type.(*ast.StructType); ok {
				w.add(t.Name.Name, plain(first(t.Doc, g.Doc)))
				w.fields(t.Name.Name, st)
			}
		}
		return true
	})
	return nil
}

func (w Words) add(key, text string) {
	if w[key] == "" && text != "" {
		w[key] = text
	}
}

// fields takes the comments of fields. Such a comment may speak of the fields
// behind it, too: "Keep is ..., MaxSize ...", and then it is theirs as well.
func (w Words) fields(name string, s *ast.StructType) {
	keys := map[string]string{} // by field
	for _, f := range s.Fields.List {
		for _, n := range f.Names {
			keys[n.Name] = tag(f.Tag)
		}
	}
	shared := ""
	for _, f := range s.Fields.List {
		text := plain(first(f.Doc, f.Comment))
		if f.Doc != nil {
			shared = text
		}
		for _, n := range f.Names {
			if text == "" && speaksOf(shared, n.Name) {
				text = shared
			}
			w.add(name+"."+n.Name, withKeys(text, keys))
		}
	}
}

func speaksOf(text, field string) bool {
	return slices.Contains(strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || r == ',' || r == '.' || r == ';' }), field)
}

// word is a name of Go.
var word = regexp.MustCompile(`\b[A-Z]\w*\b`)

// withKeys puts keys in the place of the names of fields. One of large letters
// alone, TLS, is more likely the word itself, but for the first of a text.
func withKeys(text string, keys map[string]string) string {
	begins := true
	return word.ReplaceAllStringFunc(text, func(s string) string {
		first := begins && strings.HasPrefix(text, s)
		if begins = false; keys[s] == "" || !first && s == strings.ToUpper(s) {
			return s
		}
		return keys[s]
	})
}

var tagged = regexp.MustCompile(`yaml:"([\w-]+)`)

func tag(t *ast.BasicLit) string {
	if t == nil {
		return ""
	}
	m := tagged.FindStringSubmatch(t.Value)
	if m == nil {
		return ""
	}
	return m[1]
}

func first(groups ...*ast.CommentGroup) *ast.CommentGroup {
	for _, g := range groups {
		if g != nil {
			return g
		}
	}
	return nil
}

// plain is a comment's text in one line for each paragraph.
func plain(g *ast.CommentGroup) string {
	if g == nil {
		return ""
	}
	var p comment.Parser
	pr := comment.Printer{TextWidth: -1}
	return strings.TrimSpace(string(pr.Text(p.Parse(g.Text()))))
}

package filter

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"esasim/appliance/letter"
)

// fileRules are about attachments: true if one of them is meant.
func fileRules() map[string]rule {
	return map[string]rule{
		"attachment-filename":       textRule(fileNames),
		"every-attachment-filename": everyFile(),
		"attachment-type":           {cmp: oneOf, make: fileRule(typeIs)},
		"attachment-mimetype":       {cmp: oneOf, make: fileRule(typeIs)},
		"attachment-filetype":       {cmp: oneOf, make: fileRule(kindIs)},
		"attachment-sha256": {cmp: oneOf, make: func(c *compiler, e *expr) (test, error) {
			is, err := c.library.sumIs(e.want.text)
			return func(v *view) (bool, error) { return v.files(is) }, err
		}},
		"attachment-size":        {cmp: measure, make: fileSize},
		"attachment-count":       {cmp: measure, make: fileCount},
		"attachment-protected":   truthRule(func(v *view) (bool, error) { return v.files(isProtected) }),
		"attachment-unprotected": truthRule(func(v *view) (bool, error) { return v.files(func(p *letter.Part) bool { return !p.Encrypted }) }),
		"macro-detection-rule":   truthRule(func(v *view) (bool, error) { return v.files(hasMacro) }),
	}
}

func isProtected(p *letter.Part) bool { return p.Encrypted }
func hasMacro(p *letter.Part) bool    { return p.Macro }

func fileNames(v *view, hit func(string) bool) (bool, error) {
	return v.files(func(p *letter.Part) bool { return p.Name != "" && hit(p.Name) })
}

// everyFile is true if there are attachments, and all of them have such a name.
func everyFile() rule {
	return rule{cmp: matches, make: func(_ *compiler, e *expr) (test, error) {
		p, err := newPattern(e.want.text)
		if err != nil {
			return nil, err
		}
		return func(v *view) (bool, error) {
			some := false
			other, err := v.files(func(f *letter.Part) bool {
				some = true
				return !p.has(f.Name)
			})
			return some && !other, err
		}, nil
	}}
}

// choice tells which attachments are meant.
type choice func(*letter.Part) bool

// fileRule is one that compares with something that choices are made of.
func fileRule(of func(string) (choice, error)) func(*compiler, *expr) (test, error) {
	return func(_ *compiler, e *expr) (test, error) {
		is, err := of(e.want.text)
		return func(v *view) (bool, error) { return v.files(is) }, err
	}
}

// typeIs is about the media type that the message says: "image/png", "image/*" or
// "image".
func typeIs(s string) (choice, error) {
	types := list(strings.ToLower(s))
	for i, t := range types {
		if !strings.Contains(t, "/") {
			types[i] += "/*"
		}
		if _, err := path.Match(types[i], ""); err != nil || strings.HasPrefix(types[i], "/") {
			return nil, fmt.Errorf("%q: want a media type such as image/png, image/* or image", t)
		}
	}
	return func(p *letter.Part) bool {
		return slices.ContainsFunc(types, func(t string) bool {
			ok, _ := path.Match(t, p.Type)
			return ok
		})
	}, nil
}

// groups are the kinds of files that have a name together. Source: AsyncOS user
// guide, "Attachment groups".
func groups() map[string][]string {
	return map[string][]string{
		"document": {"doc", "docx", "pdf", "pptx", "rtf", "xlsx"}, "executable": {"elf", "exe", "script"},
		"compressed": {"7z", "gzip", "rar", "zip"}, "image": {"bmp", "gif", "jpeg", "png", "tiff"}, "text": {"html", "text"},
	}
}

// kindIs is about what a file is, whatever the message says of it.
func kindIs(s string) (choice, error) {
	var kinds []string
	for _, w := range list(strings.ToLower(s)) {
		switch group := groups()[w]; {
		case group != nil && w != "text":
			kinds = append(kinds, group...)
		case slices.Contains(letter.Kinds(), w):
			kinds = append(kinds, w)
		default:
			return nil, fmt.Errorf("%q: want %s, or Document, Executable, Compressed, Image", w, strings.Join(letter.Kinds(), ", "))
		}
	}
	return func(p *letter.Part) bool { return slices.Contains(kinds, p.Kind) }, nil
}

func fileSize(_ *compiler, e *expr) (test, error) {
	than, err := e.want.number()
	return func(v *view) (bool, error) {
		return v.files(func(p *letter.Part) bool { return compare(float64(p.Size), e.cmp, than) })
	}, err
}

func fileCount(_ *compiler, e *expr) (test, error) {
	than, err := e.want.number()
	return func(v *view) (bool, error) {
		n := 0
		_, err := v.files(func(*letter.Part) bool { n++; return false })
		return err == nil && compare(float64(n), e.cmp, than), err
	}, err
}

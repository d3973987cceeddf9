package manual

import (
	"fmt"
	"reflect"
	"strings"
	"time"
)

// Page is the reference of all keys as Markdown.
func Page(head string, keys []Key) string {
	var b strings.Builder
	b.WriteString(head)
	table(&b, keys)
	Each(keys, func(k *Key) {
		if len(k.Keys) == 0 {
			return
		}
		fmt.Fprintf(&b, "\n## %s\n\n", k.Path)
		if k.Words != "" {
			b.WriteString(marked(k.Words) + "\n\n")
		}
		table(&b, k.Keys)
	})
	return b.String()
}

func table(b *strings.Builder, keys []Key) {
	b.WriteString("| key | value | default | meaning |\n|---|---|---|---|\n")
	for i := range keys {
		k := &keys[i]
		words := k.Words
		if len(k.Keys) > 0 {
			words = "see below"
		}
		fmt.Fprintf(b, "| `%s` | %s | %s | %s |\n", k.Name, kind(k), defaultCell(k), marked(words))
	}
}

// kind is what may stand there.
func kind(k *Key) string {
	out := ""
	switch f, formed := reflect.Zero(k.Type).Interface().(Formed); {
	case formed:
		out, _ = f.Form()
	case len(k.Choices) > 0:
		var list []string
		for _, c := range k.Choices {
			if c != "" {
				list = append(list, "`"+c+"`")
			}
		}
		out = strings.Join(list, ", ")
	case k.Type == reflect.TypeFor[time.Duration]():
		out = "duration"
	case k.Type.Kind() == reflect.Bool:
		out = "true, false"
	case k.Type.Kind() == reflect.Struct && k.Short != "":
		out = "keys, or `" + k.Short + "` alone"
	case len(k.Keys) > 0:
		out = "keys"
	case k.Type.Kind() == reflect.String, isText(k.Type):
		out = "text"
	default:
		out = "number"
	}
	if k.List {
		return "list of: " + out
	}
	if k.Map {
		return "by name: " + out
	}
	return out
}

func defaultCell(k *Key) string {
	if d := plainDefault(k); d != nil {
		return fmt.Sprintf("`%v`", d)
	}
	return ""
}

// marked is a text as a cell of a table, whatever signs are in it.
func marked(s string) string {
	return strings.NewReplacer(`\`, `\\`, "|", `\|`, "<", "&lt;", ">", "&gt;", "*", `\*`, "[", `\[`, "]", `\]`, "\n", " ").Replace(s)
}

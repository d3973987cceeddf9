package ctia

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"pgregory.net/rapid"
)

// modelled is an entity as the model has it: what was sent, and nothing worked out.
type modelled struct {
	id, owner, tlp   string
	title            []string // words
	count            int
	external, values []string
}

func (m *modelled) json() string {
	return fmt.Sprintf(`{"observed_time":{"start_time":"2020-05-14T09:31:07Z"},"title":%q,"count":%d,"tlp":%q,"external_ids":%s,"observables":%s}`,
		strings.Join(m.title, " "), m.count, m.tlp, jsonList(m.external, `%q`), jsonList(m.values, `{"type":"domain","value":%q}`))
}

func jsonList(all []string, form string) string {
	var out []string
	for _, v := range all {
		out = append(out, fmt.Sprintf(form, v))
	}
	return "[" + strings.Join(out, ",") + "]"
}

func (m *modelled) readable(who Caller) bool {
	return m.tlp != "red" && (m.tlp != "amber" || slices.Contains(who.Groups, "org")) || m.owner == who.User
}

func (m *modelled) writable(who Caller) bool {
	return m.owner == who.User || m.tlp != "red" && slices.Contains(who.Groups, "org")
}

// asked is a query of the model: its text, and its meaning.
type asked struct {
	text  string
	means func(*modelled) bool
}

func words() *rapid.Generator[string] { return rapid.SampledFrom([]string{"Red", "green", "blue"}) }
func domains() *rapid.Generator[string] {
	return rapid.SampledFrom([]string{"a.example", "B.example", "c.test"})
}

func drawAsked(t *rapid.T, depth int) asked {
	kind := rapid.IntRange(0, 8).Draw(t, "kind")
	if depth == 0 {
		kind %= 6
	}
	switch kind {
	case 0:
		w := words().Draw(t, "word")
		return asked{"title:" + w, func(m *modelled) bool { return containsFold(m.title, w) }}
	case 1:
		a, b := words().Draw(t, "first"), words().Draw(t, "second")
		return asked{`title:"` + a + " " + b + `"`, func(m *modelled) bool {
			return strings.Contains(" "+strings.ToLower(strings.Join(m.title, " "))+" ", " "+strings.ToLower(a+" "+b)+" ")
		}}
	case 2:
		d := domains().Draw(t, "domain")
		return asked{"observables.value:" + d, func(m *modelled) bool { return containsFold(m.values, d) }}
	case 3:
		return asked{"observables.value:*.EXAMPLE", func(m *modelled) bool {
			return slices.ContainsFunc(m.values, func(v string) bool { return strings.HasSuffix(v, ".example") })
		}}
	case 4:
		low, high := rapid.IntRange(0, 12).Draw(t, "low"), rapid.IntRange(0, 12).Draw(t, "high")
		return asked{fmt.Sprintf("count:[%d TO %d}", low, high), func(m *modelled) bool { return m.count >= low && m.count < high }}
	case 5:
		x := rapid.SampledFrom([]string{"x-1", "x-2"}).Draw(t, "external")
		return asked{`external_ids:"` + x + `"`, func(m *modelled) bool { return slices.Contains(m.external, x) }}
	case 6:
		a := drawAsked(t, depth-1)
		return asked{"NOT (" + a.text + ")", func(m *modelled) bool { return !a.means(m) }}
	case 7:
		a, b := drawAsked(t, depth-1), drawAsked(t, depth-1)
		return asked{"(" + a.text + ") AND (" + b.text + ")", func(m *modelled) bool { return a.means(m) && b.means(m) }}
	}
	a, b := drawAsked(t, depth-1), drawAsked(t, depth-1)
	return asked{"((" + a.text + ") OR (" + b.text + "))", func(m *modelled) bool { return a.means(m) || b.means(m) }}
}

func containsFold(all []string, one string) bool {
	return slices.ContainsFunc(all, func(a string) bool { return strings.EqualFold(a, one) })
}

func drawModelled(t *rapid.T) *modelled {
	return &modelled{
		tlp:      rapid.SampledFrom([]string{"white", "green", "amber", "red"}).Draw(t, "tlp"),
		title:    rapid.SliceOfN(words(), 1, 4).Draw(t, "title"),
		count:    rapid.IntRange(0, 12).Draw(t, "count"),
		external: rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"x-1", "x-2", "x-3"}), 0, 2, rapid.ID).Draw(t, "external"),
		values:   rapid.SliceOfN(domains(), 0, 3).Draw(t, "values"),
	}
}

// TestModel does at random what clients do and holds every answer against a
// slower self, which looks at all entities.
func TestModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		fs := vfs.NewMem()
		in, done := reopened(t, fs)
		defer func() { done() }()
		var all []*modelled
		pick := func() (int, *modelled) {
			if len(all) == 0 {
				rt.Skip("nothing there yet")
			}
			i := rapid.IntRange(0, len(all)-1).Draw(rt, "which")
			return i, all[i]
		}
		who := rapid.Custom(func(t *rapid.T) Caller {
			return rapid.SampledFrom([]func() Caller{anna, ben, eve}).Draw(t, "who")()
		})
		ctx := context.Background()
		rt.Repeat(map[string]func(*rapid.T){
			"create": func(rt *rapid.T) {
				m, w := drawModelled(rt), who.Draw(rt, "caller")
				if w.User == "eve" {
					w = ben()
				}
				d, err := in.Create(ctx, w, "sighting", doc(t, m.json()))
				if err != nil {
					rt.Fatal(err)
				}
				m.id, m.owner = text(d["id"]), w.User
				all = append(all, m)
			},
			"update": func(rt *rapid.T) {
				i, old := pick()
				m, w := drawModelled(rt), who.Draw(rt, "caller")
				_, err := in.Update(ctx, w, "sighting", old.id, doc(t, m.json()))
				if (err == nil) != old.writable(w) {
					rt.Fatalf("update of %+v by %s: %v", old, w.User, err)
				}
				if err == nil {
					m.id, m.owner = old.id, old.owner
					all[i] = m
				}
			},
			"delete": func(rt *rapid.T) {
				i, old := pick()
				w := who.Draw(rt, "caller")
				err := in.Delete(ctx, w, "sighting", Short(old.id))
				if (err == nil) != old.writable(w) {
					rt.Fatalf("delete of %+v by %s: %v", old, w.User, err)
				}
				if err == nil {
					all = slices.Delete(all, i, i+1)
				}
			},
			"reopen": func(*rapid.T) {
				done()
				in, done = reopened(t, fs)
			},
			"search":   func(rt *rapid.T) { modelSearch(rt, in, who.Draw(rt, "caller"), all) },
			"external": func(rt *rapid.T) { modelExternal(rt, in, who.Draw(rt, "caller"), all) },
		})
	})
}

// modelSearch turns all pages of a search.
func modelSearch(t *rapid.T, in *Intel, who Caller, all []*modelled) {
	a := drawAsked(t, 3)
	q := Query{Lucene: a.text, Limit: rapid.IntRange(1, 4).Draw(t, "limit")}
	var want []string
	found := slices.DeleteFunc(slices.Clone(all), func(m *modelled) bool { return !m.readable(who) || !a.means(m) })
	if rapid.Bool().Draw(t, "sorted") {
		down := rapid.Bool().Draw(t, "down")
		q.Sort = []Sort{{"count", down}}
		slices.SortStableFunc(found, func(a, b *modelled) int {
			if down {
				a, b = b, a
			}
			return cmp.Compare(a.count, b.count)
		})
	}
	for _, m := range found {
		want = append(want, m.id)
	}
	var got []string
	byOffset := rapid.Bool().Draw(t, "by offset")
	for {
		page, err := in.Search(context.Background(), who, "sighting", q)
		if err != nil {
			t.Fatalf("%s: %v", a.text, err)
		}
		if page.Total != len(want) {
			t.Fatalf("%s: %d in all, want %d", a.text, page.Total, len(want))
		}
		for _, d := range page.Docs {
			got = append(got, text(d["id"]))
		}
		if !page.More {
			break
		}
		if byOffset {
			q.Offset += q.Limit
		} else {
			q.After = page.Last
		}
	}
	if !slices.Equal(got, want) {
		t.Fatalf("%s: %v, want %v", a.text, got, want)
	}
	if n, err := in.Count(context.Background(), who, "sighting", q); err != nil || n != len(want) {
		t.Fatalf("%s: counted %d, %v", a.text, n, err)
	}
}

func modelExternal(t *rapid.T, in *Intel, who Caller, all []*modelled) {
	for i := range 4 {
		id := "x-" + strconv.Itoa(i)
		var want, got []string
		for _, m := range all {
			if m.readable(who) && slices.Contains(m.external, id) {
				want = append(want, m.id)
			}
		}
		docs, err := in.ByExternalID(context.Background(), who, "sighting", id)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range docs {
			got = append(got, text(d["id"]))
		}
		if !slices.Equal(got, want) {
			t.Fatalf("%s: %v, want %v", id, got, want)
		}
	}
}

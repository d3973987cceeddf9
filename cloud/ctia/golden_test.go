package ctia

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
)

var update = flag.Bool("update", false, "write the golden files anew")

// errToken is what the tests' callers say of a bad token.
var errToken = errors.New("bad token")

// serveIntel is private intelligence whose tokens are "<name>[:<scope>...]".
func serveIntel(t testing.TB, fs vfs.FS) *Intel {
	in := openIntel(t, fs)
	in.caller = func(r *http.Request) (Caller, error) {
		name, scopes, given := strings.Cut(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "), ":")
		who, ok := map[string]Caller{"anna": anna(), "ben": ben(), "eve": eve()}[name]
		if !ok {
			return who, errToken
		}
		who.May = func(scope string) bool {
			return !given || slices.ContainsFunc(strings.Split(scopes, ","), func(s string) bool { return strings.HasPrefix(scope, s) })
		}
		return who, nil
	}
	in.refuse = func(w http.ResponseWriter, err error) { http.Error(w, err.Error(), http.StatusUnauthorized) }
	return in
}

// talk sends the requests of a golden file and writes what is answered. A request
// is "METHOD path [token]", then its body; an empty line ends it. {{n}} is the id
// that the nth entity was given, {{/n}} its short form, {{next}} where the answer
// before has its next page.
type talk struct {
	t    *testing.T
	h    http.Handler
	ids  []string
	last http.Header
	seen map[string]string // what changes from run to run -> what is written
}

var (
	answered = regexp.MustCompile(`\{\{(/?)(\d+)\}\}`)
	uuids    = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)
	present  = regexp.MustCompile(`20(2[3-9]|[3-9]\d)-\d\d-\d\dT\d\d(:|%3A)\d\d(:|%3A)\d\d\.\d{3}Z`)
	token    = regexp.MustCompile(`\s+\[(.*)\]$`)
)

func (k *talk) say(request string) string {
	asked := answered.ReplaceAllStringFunc(request, func(m string) string {
		g := answered.FindStringSubmatch(m)
		var n int
		fmt.Sscan(g[2], &n)
		if g[1] != "" {
			return Short(k.ids[n-1])
		}
		return k.ids[n-1]
	})
	asked = strings.ReplaceAll(asked, "{{next}}", k.last.Get("X-Next"))
	head, body, _ := strings.Cut(asked, "\n")
	bearer := "anna"
	if m := token.FindStringSubmatch(head); m != nil {
		bearer, head = m[1], head[:len(head)-len(m[0])]
	}
	method, path, _ := strings.Cut(head, " ")
	r := httptest.NewRequest(method, "http://127.0.0.1:9080/ctia/"+strings.ReplaceAll(path, " ", "%20"), strings.NewReader(body))
	if bearer != "" {
		r.Header.Set("Authorization", "Bearer "+bearer)
	}
	w := httptest.NewRecorder()
	k.h.ServeHTTP(w, r)
	k.last = w.Header()
	var made struct{ ID string }
	if json.Unmarshal(w.Body.Bytes(), &made); w.Code == http.StatusCreated {
		k.ids = append(k.ids, made.ID)
	}
	return k.answer(w)
}

func (k *talk) answer(w *httptest.ResponseRecorder) string {
	var b strings.Builder
	fmt.Fprintln(&b, w.Code)
	for _, name := range []string{"Location", "Allow", "X-Total-Hits", "X-Next", "X-Previous", "X-Sort"} {
		if v := w.Header().Get(name); v != "" {
			fmt.Fprintf(&b, "%s: %s\n", name, v)
		}
	}
	var pretty bytes.Buffer
	if json.Indent(&pretty, w.Body.Bytes(), "", " ") == nil {
		fmt.Fprintln(&b, pretty.String())
	} else if w.Body.Len() > 0 {
		fmt.Fprintln(&b, strings.TrimSpace(w.Body.String()))
	}
	out := uuids.ReplaceAllStringFunc(b.String(), func(id string) string {
		if k.seen[id] == "" {
			k.seen[id] = fmt.Sprintf("UUID%d", len(k.seen)+1)
		}
		return k.seen[id]
	})
	return present.ReplaceAllString(out, "NOW")
}

// TestGolden holds requests to the answers in testdata.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			k := &talk{t: t, h: serveIntel(t, vfs.NewMem()).Handler(), seen: map[string]string{}}
			var got strings.Builder
			for part := range strings.SplitSeq(strings.TrimSpace(string(want)), "\n\n") {
				if strings.HasPrefix(part, "#") {
					got.WriteString(part + "\n\n")
					continue
				}
				request, _, _ := strings.Cut(part, "\n--> ")
				got.WriteString(request + "\n--> " + k.say(request) + "\n")
			}
			text := strings.TrimRight(got.String(), "\n") + "\n"
			if *update {
				if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			} else if text != string(want) {
				t.Errorf("%s is not what is answered (-update writes it anew):\n%s", file, firstDifference(string(want), text))
			}
		})
	}
}

func firstDifference(want, got string) string {
	a, b := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range a {
		if i >= len(b) || a[i] != b[i] {
			return fmt.Sprintf("line %d\nwant %s\ngot  %s", i+1, a[i], strings.Join(b[min(i, len(b)):min(i+3, len(b))], "\n     "))
		}
	}
	return "it is longer"
}

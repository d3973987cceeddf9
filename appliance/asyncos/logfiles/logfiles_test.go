package logfiles

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"esasim/appliance/asyncos/rest"
	"esasim/appliance/logs"
	"esasim/appliance/users"
)

// anybody signs everybody in.
type anybody struct{}

func (anybody) SignIn(_ context.Context, name, _, _ string) (users.User, error) {
	return users.User{Name: name, Role: users.Administrator}, nil
}
func (anybody) Token(users.User) (string, error)  { return "", nil }
func (anybody) Bearer(string) (users.User, error) { return users.User{}, users.ErrToken }

const secret = "what is not a log"

func handler(t testing.TB) http.Handler {
	fs := vfs.NewMem()
	for name, text := range map[string]string{
		"data/tokens.json": secret, "data/mail_logs/other.txt": secret, "data/mail_logs/mail.@x.new": secret, "data/mail_logs/cut": secret,
		"data/cef/cef.@20200810T095259.c":        "cef",
		"data/mail_logs/mail.@20200810T095259.s": "first", "data/mail_logs/mail.@20200811T095259.c": "second", "data/mail_logs/mail.current": "second",
	} {
		if err := fs.MkdirAll(fs.PathDir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		f, err := fs.Create(name, vfs.WriteCategoryUnspecified)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return rest.New(rest.Options{SignIn: anybody{}, Logger: slog.New(slog.DiscardHandler), Routes: Routes(Options{Subscriptions: func() []Subscription {
		return []Subscription{{Name: "mail_logs", Type: "x", Files: &logs.Files{FS: fs, Dir: "data/mail_logs", Stem: "mail"}},
			{Name: "cef", Type: "x", Files: &logs.Files{FS: fs, Dir: "data/cef", Stem: "cef"}},
			{Name: "new", Type: "x", Files: &logs.Files{FS: fs, Dir: "data/new", Stem: "new"}}, {Name: "pushed", Type: "x"}}
	}})})
}

func get(t testing.TB, h http.Handler, target string) *httptest.ResponseRecorder {
	t.Helper()
	u, err := url.Parse("http://esa" + target)
	if err != nil {
		t.Skip("no URL")
	}
	r := httptest.NewRequest("GET", "/", nil)
	r.URL, r.RequestURI = u, target
	r.SetBasicAuth("a", "b")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// Whatever is asked for, nothing but the files of log subscriptions is given out, and
// nothing is the server's fault.
func FuzzFile(f *testing.F) {
	for _, s := range []string{"mail_logs/mail.@20200810T095259.s", "mail_logs/mail.current", "mail_logs/..%2Ftokens.json", "mail_logs/%2e%2e/tokens.json",
		"mail_logs/../tokens.json", "..%2f..%2fetc/passwd", "mail_logs/other.txt", "mail_logs/mail.@x.new", "mail_logs/cut", "mail_logs/mail.@%00.s", "new/new.current",
		"mail_logs?startDate=2020-08-10T00:00:00.000Z&endDate=2020-08-09T00:00:00.000Z", "mail_logs?computeHash=True", "pushed", "cef/mail.@..%2F..%2Ftokens.json.s", `mail_logs/..%5Ctokens.json`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, path string) {
		w := get(t, handler(t), "/esa/api/v2.0/logs/"+path)
		if w.Code >= 500 || strings.Contains(w.Body.String(), secret) {
			t.Errorf("%q: %d %s", path, w.Code, w.Body)
		}
		if file := w.Header().Get("Content-Disposition"); file != "" {
			if b := w.Body.String(); b != "first" && b != "second" && b != "cef" || strings.ContainsAny(file, "\r\n\\") {
				t.Errorf("%q: %s: %s", path, file, b)
			}
		}
	})
}

// What a list gives as the address of a file is one, and its hash is that of it.
func TestFiles(t *testing.T) {
	h := handler(t)
	w := get(t, h, "/esa/api/v2.0/logs/mail_logs?computeHash=True")
	for _, want := range []string{`"totalCount":2`, `"downloadUrl":"http://`, `mail.@20200810T095259.s","name":"mail.@20200810T095259.s","size":5,`,
		"a7937b64b8caa58f03721bb6bacf5c78cb235febe0e70b1b84cd99541461a08e" /* of "first" */} {
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s is not in %d %s", want, w.Code, w.Body)
		}
	}
	if w := get(t, h, "/esa/api/v2.0/logs/mail_logs/mail.@20200810T095259.s"); w.Body.String() != "first" || w.Header().Get("Content-Length") != "5" {
		t.Errorf("%d %v %s", w.Code, w.Header(), w.Body)
	}
	if w := get(t, h, "/esa/api/v2.0/logs/new"); w.Code != 200 || !strings.Contains(w.Body.String(), `"data":[]`) {
		t.Errorf("of a log that has nothing yet: %d %s", w.Code, w.Body)
	}
	if w := get(t, h, "/esa/api/v2.0/logs/new/new.current"); w.Code != 404 {
		t.Errorf("of a log that has nothing yet: %d %s", w.Code, w.Body)
	}
}

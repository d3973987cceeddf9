package ctia

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// FuzzDocument: whatever is sent as an entity is refused with a body, or stored,
// and then what is got is what was answered, found by its id, and may be put back.
func FuzzDocument(f *testing.F) {
	in := serveIntel(f, vfs.NewMem())
	h := in.Handler()
	kinds := newTypes()
	for i := range kinds {
		f.Add(uint8(i), seen)
	}
	f.Add(uint8(0), strings.Repeat(`{"context":`, 100)+"1"+strings.Repeat("}", 100))
	f.Add(uint8(1), `{"observable":{"type":"ip","value":"\u0000\ud800"},"disposition":2,"source":"x","priority":1e400,"confidence":"High","severity":"Low","valid_time":{"end_time":"9999-12-31T23:59:59-10:00"}}`)
	f.Add(uint8(4), `{"bundle":{"x":[[[{"y":null}]]]},"texts":[{"type":"","text":"`+"\xff"+`"}]}`)
	f.Fuzz(func(t *testing.T, kind uint8, body string) {
		name := kinds[int(kind)%len(kinds)].Name
		w := send(h, "POST", name, body)
		if w.Code != http.StatusCreated {
			if w.Code != 400 && w.Code != 403 && w.Code != 413 || !json.Valid(w.Body.Bytes()) {
				t.Fatalf("%d %s", w.Code, w.Body)
			}
			return
		}
		at := name + "/" + url.PathEscape(w.Header().Get("Location"))
		got := send(h, "GET", at, "")
		if got.Code != http.StatusOK || !bytes.Equal(got.Body.Bytes(), w.Body.Bytes()) {
			t.Fatalf("made %s\ngot %d %s", w.Body, got.Code, got.Body)
		}
		page, err := in.Search(context.Background(), anna(), name, Query{Filters: map[string][]string{"id": {w.Header().Get("Location")}}, Limit: 2})
		if err != nil || len(page.Docs) != 1 {
			t.Fatalf("found %d: %v", len(page.Docs), err)
		}
		back, err := in.Change(context.Background(), anna(), name, w.Header().Get("Location"), func(d Document) (Document, error) { return d, nil })
		if err != nil || asJSON(t, back) != asJSON(t, doc(t, w.Body.String())) {
			t.Fatalf("put back: %v\n%s\n%s", err, w.Body, asJSON(t, back))
		}
		if w := send(h, "DELETE", at, ""); w.Code != http.StatusNoContent {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
	})
}

// FuzzQuery: whatever is searched for is answered with hits or a refusal, soon,
// and what is not so is so the other way round.
func FuzzQuery(f *testing.F) {
	in := openIntel(f, vfs.NewMem())
	for _, body := range []string{seen, `{"observed_time":{"start_time":"2020-05-14T09:31:07Z"},"title":"a b c","count":7}`} {
		if _, err := in.Create(context.Background(), anna(), "sighting", doc(f, body)); err != nil {
			f.Fatal(err)
		}
	}
	for _, q := range []string{`title:"a b" AND (count:[1 TO 7} OR NOT x*)`, `a:(b c)^2 || _exists_:d`, `>=\`, `count:>5`, `timestamp:[now-1d TO now]`,
		`- - !a`, `"`, `*:*`, strings.Repeat("(", 100), strings.Repeat("a*", 2000), "a\\", "title:", `x:{* TO *}`} {
		f.Add(q)
	}
	f.Fuzz(func(t *testing.T, q string) {
		began := time.Now()
		n, err := in.Count(context.Background(), anna(), "sighting", Query{Lucene: q})
		if _, is := err.(*Fault); err != nil && !is {
			t.Fatal(err)
		}
		if took := time.Since(began); took > 2*time.Second {
			t.Fatalf("took %s", took)
		}
		if _, err := in.Count(context.Background(), anna(), "sighting", Query{Simple: q}); err != nil && len(q) <= maxQuery {
			t.Fatal(err)
		}
		if err != nil || strings.TrimSpace(q) == "" || len(q) > maxQuery-10 || strings.HasSuffix(q, `\`) {
			return
		}
		other, err := in.Count(context.Background(), anna(), "sighting", Query{Lucene: "NOT (" + q + ")"})
		if _, is := err.(*Fault); is && strings.Contains(err.Error(), "nested") {
			return
		}
		if err != nil || n+other != 2 {
			t.Fatalf("%d so, %d not so: %v", n, other, err)
		}
	})
}

func send(h http.Handler, method, path, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "http://127.0.0.1:9080/ctia/"+path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer anna")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

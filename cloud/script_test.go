package cloud_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"

	"esasim/internal/golden"
)

// TestScripts plays the files in testdata/calls/*.txt: calls of a cloud and their
// answers. A line METHOD PATH [BODY] is a call, + SCOPES says with which scopes
// the next ones are made, + nobody without a token. Ids that were made up are $1,
// $2 ... in the order in which they were seen first, in calls and in answers; $1
// is a registered device, $2 the organisation, $3 its user.
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/calls/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			b, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			synctest.Test(t, func(t *testing.T) { golden.Check(t, file, playScript(t, string(b)), *update) })
		})
	}
}

type script struct {
	box  *box
	auth string
	ids  []string
	out  bytes.Buffer
}

func playScript(t *testing.T, text string) []byte {
	b := open(t, "AMERICAS")
	d := b.register()
	want(t, b.do("PUT", "/sse/api/v1/services", `{"Cisco Threat Response":true}`), 200, nil)
	s := &script{box: b, auth: b.client("integration", "response", "enrich")}
	s.hide(d.ID)
	var denied struct {
		Org  string `json:"org-id"`
		User string `json:"user-id"`
	}
	want(t, b.do("POST", "/iroh/iroh-inspect/inspect", "{}", s.auth), 403, &denied)
	s.hide(denied.Org)
	s.hide(denied.User)
	for line := range strings.SplitSeq(strings.TrimSuffix(text, "\n"), "\n") {
		switch {
		case strings.HasPrefix(line, "="), strings.HasPrefix(line, " "):
			continue // what was answered the last time
		case line == "+ nobody":
			s.auth = "X-None: 1"
		case strings.HasPrefix(line, "+ "):
			s.auth = b.client(strings.Fields(line[2:])...)
		}
		fmt.Fprintln(&s.out, line)
		if method, rest, ok := strings.Cut(line, " "); ok && strings.HasPrefix(rest, "/") {
			s.call(method, rest)
		}
	}
	return s.out.Bytes()
}

func (s *script) call(method, rest string) {
	for i := len(s.ids); i > 0; i-- { // $12 before $1
		rest = strings.ReplaceAll(rest, fmt.Sprintf("$%d", i), s.ids[i-1])
	}
	path, body, _ := strings.Cut(rest, " ")
	w := s.box.do(method, path, body, s.auth)
	fmt.Fprintf(&s.out, "= %d %s\n", w.Code, w.Header().Get("Content-Type"))
	var indented bytes.Buffer
	if json.Indent(&indented, bytes.TrimSpace(w.Body.Bytes()), "  ", " ") == nil {
		fmt.Fprintf(&s.out, "  %s\n", s.hide(indented.String()))
	} else if w.Body.Len() > 0 {
		s.box.t.Errorf("%s %s: no JSON: %.200s", method, path, w.Body)
	}
}

// madeUp are ids of version 4: those of types are of version 5.
var madeUp = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`)

// password is that of a client that was made.
var password = regexp.MustCompile(`"password": "[\w-]{54}"`)

func (s *script) hide(text string) string {
	text = password.ReplaceAllString(text, `"password": "SECRET"`)
	return madeUp.ReplaceAllStringFunc(text, func(id string) string {
		for i, known := range s.ids {
			if known == id {
				return fmt.Sprintf("$%d", i+1)
			}
		}
		s.ids = append(s.ids, id)
		return fmt.Sprintf("$%d", len(s.ids))
	})
}

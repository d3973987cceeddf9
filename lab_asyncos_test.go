package esasim_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"golang.org/x/tools/txtar"

	"esasim/internal/golden"
)

// TestAsyncOS plays the files in testdata/asyncos; its README has the form of them.
// Each is a lab in a bubble: mail is sent to it, then calls of the REST API are made.
func TestAsyncOS(t *testing.T) {
	playStories(t, "testdata/asyncos/*.txtar", "calls", func(p *performance, calls string) string {
		return (&apiCaller{t: p.t, virtual: p.virtual}).play(calls)
	})
}

// playStories plays files that each are a lab in a bubble: mail is sent to it, then it
// is asked what a section of the file says. play gives that section back with the
// answers.
func playStories(t *testing.T, pattern, section string, play func(p *performance, text string) string) {
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) < 6 {
		t.Fatalf("%s: %d files, %v", pattern, len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			t.Parallel()
			s, text := readStory(t, file, section)
			synctest.Test(t, func(t *testing.T) {
				time.Sleep(time.Until(scenarioBegins()))
				p := &performance{t: t, scenario: s, virtual: &virtual{fs: vfs.NewMem()}}
				p.start(t, p.configure)
				defer p.end()
				p.sendAll()
				text = play(p, text)
			})
			if !t.Failed() {
				s.found = []txtar.File{{Name: section, Data: []byte(text)}}
				golden.Check(t, file, s.format(), *update)
			}
		})
	}
}

// readStory reads a file, and apart from the rest its section of what is asked.
func readStory(t *testing.T, file, section string) (s *scenario, text string) {
	a := txtar.Parse([]byte(readFile(t, file)))
	s = &scenario{file: file, comment: string(a.Comment)}
	for _, f := range a.Files {
		switch {
		case f.Name == configSection:
			s.config = string(f.Data)
		case f.Name == stepsSection:
			s.steps = string(f.Data)
		case f.Name == section:
			text = string(f.Data)
		case strings.HasSuffix(f.Name, ".eml"):
			s.mails = append(s.mails, f)
		default:
			t.Fatalf("%s: nobody reads the section %q", file, f.Name)
		}
	}
	return s, text
}

// sendAll takes the steps of the scenario, and waits until all is quiet.
func (p *performance) sendAll() {
	s := p.scenario
	for i, line := range strings.Split(strings.TrimSuffix(s.steps, "\n"), "\n") {
		p.at = fmt.Sprintf("%s: step %d: %s", s.file, i+1, line)
		p.step(line)
	}
	time.Sleep(settling)
	p.listen()
	s.steps = p.transcript.String()
}

// apiCaller makes the calls of a file.
type apiCaller struct {
	t *testing.T
	*virtual
	out     strings.Builder
	token   string // of the last login
	call    string
	comment bool     // the last line is one
	with    []string // what follows it: "user NAME PASSPHRASE", "header NAME: VALUE"
}

func (c *apiCaller) play(calls string) string {
	for line := range strings.SplitSeq(strings.TrimSuffix(calls, "\n"), "\n") {
		word, rest, _ := strings.Cut(line, " ")
		switch {
		case strings.HasPrefix(word, "="), strings.HasPrefix(line, " "), line == "":
			continue // what was answered the last time
		case word == "+":
			c.with = append(c.with, rest)
		default:
			c.flush()
			if !c.comment && word != "FIND" && word != "HELD" {
				c.out.WriteString("\n")
			}
			c.comment = word == "#"
			if d, err := time.ParseDuration(rest); word == "!wait" && err == nil {
				time.Sleep(d)
			} else if word != "#" {
				c.call = line
			}
		}
		fmt.Fprintln(&c.out, line)
	}
	c.flush()
	return strings.TrimPrefix(c.out.String(), "\n")
}

// flush makes the call that has been read, and writes down the answer.
func (c *apiCaller) flush() {
	if c.call == "" {
		return
	}
	method, rest, _ := strings.Cut(c.call, " ")
	where, body, _ := strings.Cut(rest, " ")
	if method == "FIND" && strings.Contains(where, "startDate=") {
		where = "message-tracking/messages?" + where
	} else if method == "FIND" {
		where = "message-tracking/messages?$DAY&" + where
	} else if method == "HELD" {
		where = "quarantine/messages?" + where
	}
	r := c.request(method, where, body)
	resp, err := c.client().Do(r)
	if err != nil {
		c.t.Fatalf("%s: %v", c.call, err)
	}
	b, err := io.ReadAll(resp.Body)
	if err = cmp.Or(err, resp.Body.Close()); err != nil {
		c.t.Fatalf("%s: %v", c.call, err)
	}
	if method == "FIND" || method == "HELD" {
		fmt.Fprintf(&c.out, "= %s\n", rowsFound(resp.StatusCode, b))
		c.call, c.with = "", nil
		return
	}
	fmt.Fprintf(&c.out, "= %d %s\n", resp.StatusCode, resp.Header.Get("Content-Type"))
	for _, w := range c.with {
		if name, ok := strings.CutPrefix(w, "show "); ok {
			fmt.Fprintf(&c.out, "= %s: %s\n", name, strings.Join(resp.Header.Values(name), ", "))
		}
	}
	c.out.WriteString(c.body(b))
	c.call, c.with = "", nil
}

// rowsFound is an answer to FIND in short: the MIDs of each row, or what is wrong.
func rowsFound(status int, body []byte) string {
	var a struct {
		Meta struct{ TotalCount int }
		Data []struct {
			MID        int // of rows of quarantines
			Attributes struct{ MID []int }
		}
		Error struct{ Message string }
	}
	err := json.Unmarshal(body, &a)
	if err != nil || status != http.StatusOK {
		return fmt.Sprintf("%d %s", status, cmp.Or(a.Error.Message, string(body)))
	}
	out := strconv.Itoa(a.Meta.TotalCount) + ":"
	for _, row := range a.Data {
		if out += " "; row.MID > 0 {
			out += strconv.Itoa(row.MID)
			continue
		}
		out += fmt.Sprint(row.Attributes.MID)
	}
	return out
}

// spans stands for the day on which the scenarios begin.
const spans = "startDate=2020-08-10T00:00:00.000Z&endDate=2020-08-11T00:00:00.000Z"

func (c *apiCaller) request(method, where, body string) *http.Request {
	where = strings.ReplaceAll(where, "$DAY", spans)
	if !strings.HasPrefix(where, "/") {
		where = "/esa/api/v2.0/" + where
	}
	if method == "FIND" || method == "HELD" {
		method = http.MethodGet
	}
	r, err := http.NewRequestWithContext(c.t.Context(), method, c.Addresses().Console, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	path, query, _ := strings.Cut(where, "?")
	r.URL = &url.URL{Scheme: "http", Host: r.URL.Host, Path: path, RawQuery: query} // as it is: some clients escape nothing
	r.SetBasicAuth(c.Addresses().ConsoleUser, c.Addresses().ConsolePassphrase)
	for _, w := range c.with {
		word, rest, _ := strings.Cut(w, " ")
		name, value, _ := strings.Cut(rest, " ")
		switch word {
		case "nobody":
			r.Header.Del("Authorization")
		case "user":
			r.SetBasicAuth(name, value)
		case "token", "TOKEN":
			r.Header.Del("Authorization")
			r.Header[map[string]string{"token": "jwttoken", "TOKEN": "jwtToken"}[word]] = []string{c.token + rest}
		case "header":
			r.Header.Set(strings.TrimSuffix(name, ":"), value)
		case "show":
		default:
			c.t.Fatalf("%s: + %s: no such line", c.call, w)
		}
	}
	return r
}

func (v *virtual) client() *http.Client {
	return &http.Client{Transport: described(&http.Transport{DisableKeepAlives: true,
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			return v.net.Dial(ctx, network, address)
		}})}
}

var tokenText = regexp.MustCompile(`"jwtToken": ?"([^"]*)"`)

// body is a body as the file has it: indented, and without what is never the same.
func (c *apiCaller) body(b []byte) string {
	var indented bytes.Buffer
	if json.Indent(&indented, bytes.TrimSpace(b), "  ", " ") == nil {
		b = indented.Bytes()
	}
	text := string(b)
	if m := tokenText.FindStringSubmatch(text); m != nil {
		c.token = m[1]
		text = strings.ReplaceAll(text, m[1], "<TOKEN>")
	}
	if text == "" {
		return ""
	}
	text = strings.TrimRight(text, "\n")
	if indented.Len() == 0 { // each line of another text
		text = strings.ReplaceAll(text, "\n", "\n  ")
	}
	return "  " + text + "\n"
}

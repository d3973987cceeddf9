package lists

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"

	"esasim/appliance/asyncos/commit"
	"esasim/appliance/asyncos/rest"
	"esasim/appliance/changes"
	"esasim/appliance/config"
)

// dictionary is one in the form of the API: flags are numbers, words are lists of a
// term and its weight.
type dictionary struct {
	IgnoreCase int    `json:"ignorecase"`
	WholeWords int    `json:"wholewords"`
	Words      []word `json:"words"`
	Encoding   string `json:"encoding"`
}

// word is written as ["term", 2].
type word struct {
	Term   string
	Weight int
}

func (w word) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode([]any{w.Term, w.Weight})
	return b.Bytes(), err
}

// UnmarshalJSON takes a text alone, too, which has the weight 1.
func (w *word) UnmarshalJSON(b []byte) error {
	if w.Weight = 1; json.Unmarshal(b, &w.Term) == nil {
		return nil
	}
	var parts []json.RawMessage
	if err := json.Unmarshal(b, &parts); err != nil || len(parts) == 0 || len(parts) > 3 {
		return errWord
	}
	if json.Unmarshal(parts[0], &w.Term) != nil || len(parts) > 1 && json.Unmarshal(parts[1], &w.Weight) != nil {
		return errWord
	}
	return nil
}

var errWord = rest.Fault{Status: http.StatusBadRequest, Message: `Wrong Parameter - words: want ["term", weight].`}

func dictionaries(c *config.Appliance) (out []named) {
	for _, d := range c.Dictionaries {
		v := dictionary{IgnoreCase: 1, Words: []word{}, Encoding: "utf-8"}
		if d.CaseSensitive {
			v.IgnoreCase = 0
		}
		if d.WholeWords {
			v.WholeWords = 1
		}
		for _, t := range d.Terms {
			v.Words = append(v.Words, word{t.Text, max(t.Weight, 1)})
		}
		out = append(out, named{d.Name, v})
	}
	return out
}

func readDictionary(name string, b json.RawMessage) (any, error) {
	d := dictionary{IgnoreCase: 1, Encoding: "utf-8"}
	if err := readData(b, &d); err != nil {
		return nil, err
	}
	if d.Words == nil {
		return nil, missing("words")
	}
	if d.IgnoreCase>>1 != 0 || d.WholeWords>>1 != 0 {
		return nil, bad("ignorecase, wholewords", "want 0 or 1")
	}
	return map[string]any{"name": name, "terms": terms(d.Words), "whole_words": d.WholeWords == 1, "case_sensitive": d.IgnoreCase == 0}, nil
}

// terms are words as the configuration has them.
func terms(words []word) []map[string]any {
	out := []map[string]any{}
	for _, w := range words {
		out = append(out, map[string]any{"term": w.Term, "weight": w.Weight})
	}
	return out
}

type urls struct {
	URLs []string `json:"urls"`
}

func urlLists(c *config.Appliance) (out []named) {
	for _, l := range c.URLLists {
		out = append(out, named{l.Name, urls{append([]string{}, l.URLs...)}})
	}
	return out
}

func readURLs(name string, b json.RawMessage) (any, error) {
	var l urls
	err := readData(b, &l)
	if err == nil && l.URLs == nil {
		err = missing("urls")
	}
	return map[string]any{"name": name, "urls": append([]string{}, l.URLs...)}, err
}

type hashes struct {
	Hashes []string `json:"hashes"`
}

func hashLists(c *config.Appliance) (out []named) {
	for _, l := range c.FileHashLists {
		out = append(out, named{l.Name, hashes{append([]string{}, l.Hashes...)}})
	}
	return out
}

func readHashes(name string, b json.RawMessage) (any, error) {
	var l hashes
	err := readData(b, &l)
	if err == nil && l.Hashes == nil {
		err = missing("hashes")
	}
	return map[string]any{"name": name, "hashes": append([]string{}, l.Hashes...)}, err
}

// readData reads what stands below "data", strictly.
func readData(b json.RawMessage, v any) error {
	if len(b) == 0 || string(b) == "null" {
		return missing("data")
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return bad("data", "not what this call takes")
	}
	return nil
}

func missing(name string) error {
	return rest.Fault{Status: http.StatusBadRequest, Message: "Missing attribute - " + name + "."}
}

func bad(name, reason string) error {
	return rest.Fault{Status: http.StatusBadRequest, Message: "Wrong Parameter - " + name + ": " + reason + "."}
}

// words reads the words of a body; all of them have one.
func (a *api) words(c *rest.Call) ([]word, error) {
	var body struct {
		Data json.RawMessage `json:"data"`
	}
	if err := c.Body(&body, mostBody); err != nil {
		return nil, err
	}
	var d struct {
		Words []word `json:"words"`
	}
	err := readData(body.Data, &d)
	if err == nil && len(d.Words) == 0 {
		err = missing("words")
	}
	return d.Words, err
}

// addWords adds words to a dictionary; one that is there gets the new weight.
func (a *api) addWords(c *rest.Call) (any, error) {
	return a.reword(c, "Added successfully.", func(have, words []word) []word {
		for _, w := range words {
			same := func(h word) bool { return h.Term == w.Term }
			if i := slices.IndexFunc(have, same); i >= 0 {
				have[i] = w
			} else {
				have = append(have, w)
			}
		}
		return have
	})
}

// removeWords takes words out; those that are not there are not missed.
func (a *api) removeWords(c *rest.Call) (any, error) {
	return a.reword(c, "Deleted successfully.", func(have, words []word) []word {
		return slices.DeleteFunc(have, func(h word) bool {
			return slices.ContainsFunc(words, func(w word) bool { return h.Term == w.Term })
		})
	})
}

// reword changes the words of a dictionary.
func (a *api) reword(c *rest.Call, done string, change func(have, words []word) []word) (any, error) {
	words, err := a.words(c)
	if err != nil {
		return nil, err
	}
	k := &kinds()[0]
	a.mu.Lock()
	defer a.mu.Unlock()
	name := c.Request.PathValue("name")
	d, ok := a.find(k, name).(dictionary)
	if !ok {
		return nil, k.none(c)
	}
	return a.commit(c, done, changes.Edit{Key: changes.Key(k.key, name) + ".terms", Value: commit.YAML(terms(change(d.Words, words)))})
}

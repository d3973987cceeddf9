package traffic

import (
	"cmp"
	"regexp"
	"slices"
	"sync"
)

// Reply is a reply that was not the expected one and how often it came. Longer
// numbers in the text, as those of messages, are written N.
type Reply struct {
	Text  string `json:"text"`
	Count int64  `json:"count"`
}

const (
	mostReplies = 20    // that are listed
	mostTexts   = 1_000 // that are told apart
)

// replies counts replies by their text.
type replies struct {
	mu    sync.Mutex // guards count
	count map[string]int64
}

// number is one behind the reply's code that is no part of an enhanced status
// code, such as 4.3.0.
var number = regexp.MustCompile(`\d{3,}`)

func (r *replies) add(line string) {
	line = line[:3] + number.ReplaceAllString(line[3:], "N")
	if len(line) > 200 {
		line = line[:200]
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, known := r.count[line]; !known && len(r.count) >= mostTexts {
		line = "others"
	}
	r.count[line]++
}

func (r *replies) list() []Reply {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []Reply
	for text, n := range r.count {
		out = append(out, Reply{text, n})
	}
	slices.SortFunc(out, func(a, b Reply) int { return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Text, b.Text)) })
	return out[:min(len(out), mostReplies)]
}

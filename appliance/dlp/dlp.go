// Package dlp finds what should not leave a company in texts, and says how bad that
// is: Data Loss Prevention. It knows texts and nothing of mail.
//
// The risk factor of the appliance's engine is not public. Here each classifier adds
// its weight for each of its matches, those that say the same counted once, up to a
// maximum of its own; the sum, of at most 100, is the risk factor, and a scale makes
// a severity of it. So one credit card number has the risk factor 15, which is LOW,
// and six have 90, which is CRITICAL.
package dlp

import "unicode/utf8"

// Classifier finds one kind of thing.
type Classifier struct {
	Name    string // "Credit Card Numbers"
	Weight  int    // what each match adds to the risk factor
	Max     int    // what all of them add at most
	Minimum int    // fewer matches add nothing
	Find    Finder
}

// Finder tells where in a text matches are, in order, until found is false.
type Finder func(text string, found func(from, to int) bool)

// Severity is how bad a violation is.
type Severity uint8

// The severities, in the words of the appliance.
const (
	Ignored Severity = iota // no violation
	Low
	Medium
	High
	Critical
)

// Severities is one more than the last one.
const Severities = Critical + 1

func (s Severity) String() string {
	return [Severities]string{"IGNORED", "LOW", "MEDIUM", "HIGH", "CRITICAL"}[s]
}

// Scale is from which risk factor on a violation has a severity; that of Ignored is
// not used.
type Scale [Severities]int

// Of is the severity of a risk factor.
func (s *Scale) Of(risk int) Severity {
	for v := Critical; v > Ignored; v-- {
		if risk >= s[v] {
			return v
		}
	}
	return Ignored
}

// Text is a part of a message.
type Text struct {
	Part string // what people call it: "Message Body", or the name of a file
	Text string
}

// Found is one of the things that were found.
type Found struct {
	Classifier string
	Part       string
	Match      string // masked, see [Mask]
	Count      int    // how many the classifier found in this part
}

// Result is what was found in a message.
type Result struct {
	Severity Severity
	Risk     int // 0 to 100
	Found    []Found
}

// Bounds of what is remembered of a message: matches of a classifier that are told
// apart, and matches that are reported, all and of one classifier in one part.
const (
	maxDistinct = 1000
	maxFound    = 20
	maxOfPart   = 3
)

// Scan looks through the texts of a message. Found is empty if there is no
// violation.
func Scan(classifiers []Classifier, scale Scale, texts []Text) Result {
	var r Result
	for i := range classifiers {
		c := &classifiers[i]
		if n := c.scan(texts, &r); n >= max(1, c.Minimum) {
			r.Risk += min(c.Max, n*c.Weight)
		}
	}
	r.Risk = min(r.Risk, 100)
	if r.Severity = scale.Of(r.Risk); r.Severity == Ignored {
		r.Found = nil
	}
	return r
}

// scan counts the matches of a classifier that say different things.
func (c *Classifier) scan(texts []Text, r *Result) int {
	seen := map[string]struct{}{}
	for _, t := range texts {
		count, first := 0, len(r.Found)
		c.Find(t.Text, func(from, to int) bool {
			key := canonical(t.Text[from:to])
			if _, ok := seen[key]; ok {
				return true
			}
			seen[key] = struct{}{}
			if count++; count <= maxOfPart && len(r.Found) < maxFound {
				r.Found = append(r.Found, Found{Classifier: c.Name, Part: t.Part, Match: Mask(t.Text[from:to])})
			}
			return len(seen) < maxDistinct
		})
		for i := first; i < len(r.Found); i++ {
			r.Found[i].Count = count
		}
	}
	return len(seen)
}

// maxKey is how much of a match counts, in octets.
const maxKey = 256

// canonical is what a match says: without case, blanks and hyphens.
func canonical(s string) string {
	b := make([]byte, 0, min(len(s), maxKey))
	for i := 0; i < len(s) && len(b) < maxKey; i++ {
		switch ch := s[i]; {
		case isSeparator(ch):
		case ch >= 'A' && ch <= 'Z':
			b = append(b, ch+'a'-'A')
		default:
			b = append(b, ch)
		}
	}
	return string(b)
}

// maxMask is how long a masked match is, in characters, and open how many at its end
// can be read.
const (
	maxMask = 64
	open    = 4
)

// Mask makes a match unreadable but for its last four characters; one that is no
// longer than twice that, as a whole. Blanks and hyphens stay.
func Mask(s string) string {
	letters := 0
	for _, ch := range s {
		if ch != ' ' && ch != '-' {
			letters++
		}
	}
	readable := open
	if letters <= 2*open {
		readable = 0
	}
	var b []byte
	n, written := 0, 0
	for _, ch := range s {
		if ch == ' ' || ch == '-' {
			b = append(b, byte(ch))
		} else if n++; n > letters-readable {
			b = utf8.AppendRune(b, ch)
		} else {
			b = append(b, '*')
		}
		if written++; written == maxMask {
			break
		}
	}
	return string(b)
}

func isDigit(ch byte) bool     { return ch-'0' < 10 }
func isLetter(ch byte) bool    { return ch|0x20 >= 'a' && ch|0x20 <= 'z' }
func isSeparator(ch byte) bool { return ch == ' ' || ch == '-' }

// isWord is true for what numbers and words are made of. An octet that is not ASCII
// is part of a letter.
func isWord(ch byte) bool { return isDigit(ch) || isLetter(ch) || ch == '_' || ch >= 0x80 }

// at is the octet at a place; a blank outside the text.
func at(s string, i int) byte {
	if i < 0 || i >= len(s) {
		return ' '
	}
	return s[i]
}

// standsAlone tells whether s[from:to] is not a part of a longer number or word: it
// has no letter or digit beside it, nor one behind a hyphen, dot or comma.
func standsAlone(s string, from, to int) bool {
	joins := func(near, far byte) bool {
		return isWord(near) || (near == '-' || near == '.' || near == ',') && isDigit(far)
	}
	return !joins(at(s, from-1), at(s, from-2)) && !joins(at(s, to), at(s, to+1))
}

// numbers tells where numbers begin: digits that no letter or digit is before.
func numbers(s string, begins func(i int) (next int, more bool)) {
	for i := 0; i < len(s); {
		if !isDigit(s[i]) {
			i++
			continue
		}
		if i > 0 && isWord(s[i-1]) {
			for i < len(s) && isDigit(s[i]) {
				i++
			}
			continue
		}
		next, more := begins(i)
		if !more {
			return
		}
		i = max(next, i+1)
	}
}

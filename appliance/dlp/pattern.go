package dlp

import (
	"fmt"
	"regexp"
)

// Pattern finds what a regular expression (RE2) matches. One that matches nothing at
// all, an empty text, would find it everywhere, and is an error.
func Pattern(expression string) (Finder, error) {
	re, err := regexp.Compile(expression)
	if err != nil {
		return nil, fmt.Errorf("%q: not a regular expression: %w", expression, err)
	}
	if re.MatchString("") {
		return nil, fmt.Errorf("%q: matches an empty text", expression)
	}
	return finder(re), nil
}

// maxMatches is how many matches of an expression are looked at in one text.
const maxMatches = 10_000

func finder(re *regexp.Regexp) Finder {
	return func(s string, found func(from, to int) bool) {
		for _, at := range re.FindAllStringIndex(s, maxMatches) {
			if at[1] > at[0] && !found(at[0], at[1]) {
				return
			}
		}
	}
}

package filter

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"esasim/appliance/letter"
)

// URLList is a list of URLs that filters do not look at: each with all that begin with
// it, a domain with all below it. Source: AsyncOS user guide, "URL lists".
type URLList struct {
	Name string
	URLs []string
}

// HashList is a list of files that filters name. Source: AsyncOS user guide, "File
// hash lists".
type HashList struct {
	Name   string
	Hashes []string // SHA-256, in hex
}

// addLists takes over the lists of URLs and of files. An error begins with the key.
func (l *library) addLists(o *Options) error {
	var errs []error
	for i, list := range o.URLLists {
		var urls []URL
		for _, u := range list.URLs {
			urls = append(urls, URL{URL: u})
		}
		table, err := newURLTable(urls)
		if err != nil {
			errs = append(errs, fmt.Errorf("url_lists[%d].urls: %s", i, err)) // it names the entry
		}
		if l.allowed[list.Name] != nil || list.Name == "" {
			errs = append(errs, fmt.Errorf("url_lists[%d].name: %q is missing or taken", i, list.Name))
		}
		l.allowed[list.Name] = table
	}
	for i, list := range o.HashLists {
		sums := map[string]bool{}
		for j, s := range list.Hashes {
			if sums[strings.ToLower(s)] = true; !isSum(strings.ToLower(s)) {
				errs = append(errs, fmt.Errorf("file_hash_lists[%d].hashes[%d]: %q: want a SHA-256, 64 hex digits", i, j, s))
			}
		}
		if l.hashes[list.Name] != nil || list.Name == "" || isSum(strings.ToLower(list.Name)) {
			errs = append(errs, fmt.Errorf("file_hash_lists[%d].name: %q is missing or taken", i, list.Name))
		}
		l.hashes[list.Name] = sums
	}
	return errors.Join(errs...)
}

func isSum(s string) bool { return len(s) == 64 && strings.Trim(s, "0123456789abcdef") == "" }

// sumIs is about the SHA-256 of files: sums, and names of file hash lists.
func (l *library) sumIs(s string) (choice, error) {
	sums := list(s)
	for i, word := range sums {
		if low := strings.ToLower(word); isSum(low) {
			sums[i] = low
		} else if l.hashes[word] == nil {
			return nil, fmt.Errorf("%q: want a SHA-256, 64 hex digits, or the name of a file hash list", word)
		}
	}
	return func(p *letter.Part) bool {
		return slices.Contains(sums, p.SHA256) || slices.ContainsFunc(sums, func(name string) bool { return l.hashes[name][p.SHA256] })
	}, nil
}

// except leaves out the URLs of the list that an argument names, if it is there.
func (l *library) except(c *call, at int, a about) (about, error) {
	name, err := c.text(at)
	if err != nil || name == "" {
		return a, err
	}
	if a.but = l.allowed[name]; a.but == nil {
		return a, fmt.Errorf("there is no URL list %q", name)
	}
	return a, nil
}

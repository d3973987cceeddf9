package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"esasim/tracking"
)

// words are what to look for in subjects. A page is never full, so all of the
// past is looked through, or ruled out.
type words struct {
	nowhere []string // whose letters hardly ever follow each other
	rare    []string // in some messages: fewest to most of them
	worst   []string // in none, and yet all their trigrams are common
}

// wordSearches measures `contains` over everything.
func (b *bench) wordSearches(s *searched) error {
	return s.use(func(store *tracking.Store) error {
		w, err := findWords(store, s.samples)
		if err != nil {
			return err
		}
		for _, c := range []struct {
			what  string
			words []string
		}{
			{"that occurs nowhere", w.nowhere},
			{fmt.Sprintf("of %d to %d messages", fewest, most), w.rare},
			{"of common trigrams, without a match", w.worst},
		} {
			var took []time.Duration
			start := time.Now()
			for i := range b.runs(30) {
				began := time.Now()
				page, err := store.Search(context.Background(), containing(c.words[i%len(c.words)]))
				if err != nil {
					return err
				}
				if page.Next != 0 && page.Stopped == "" { // if it was stopped, its time tells
					return fmt.Errorf("search for %q: not all of it was searched", c.words[i%len(c.words)])
				}
				took = append(took, time.Since(began))
				if time.Since(start) > b.pause(10*time.Second) && i >= 2 {
					break
				}
			}
			b.table.add(fmt.Sprintf("subject in %s contains a word %s: p50 / p99, ms", grouped(s.n), c.what),
				atMost(percentile(took, 50), 250), atMost(percentile(took, 99), 250))
		}
		return nil
	})
}

func containing(word string) tracking.Query {
	return tracking.Query{Subject: tracking.Text{Op: tracking.Contains, Value: word}}
}

// How many messages a rare word is in.
const fewest, most = 2, 9

func findWords(store *tracking.Store, samples []sample) (w words, err error) {
	w.nowhere = []string{"qzxjwvkq", "zzqxkjvw", "wqxzvkjj"}
	for _, word := range w.nowhere {
		if n, _, err := look(store, word); err != nil || n != 0 {
			return w, errors.Join(err, fmt.Errorf("%q is in %d messages, want none", word, n))
		}
	}
	if w.rare, err = rareWords(store, samples); err != nil {
		return w, err
	}
	w.worst, err = worstWords(store, samples)
	return w, err
}

// look counts the messages with a word, up to a page, and the segments that
// were read for them.
func look(store *tracking.Store, word string) (n, segments int, err error) {
	page, err := store.Search(context.Background(), containing(word))
	if err != nil {
		return 0, 0, err
	}
	return len(page.Messages), page.Explain.Read, nil
}

// enough words of a kind are searched for in turns. They are chosen for so long
// at most, because a store may be slow.
const (
	enough = 3
	choose = 20 * time.Second
)

// rareWords takes subjects apart for words that are in few messages: such with
// digits, as numbers of orders, are.
func rareWords(store *tracking.Store, samples []sample) (found []string, err error) {
	var tried int
	began := time.Now()
	for _, s := range samples {
		for word := range strings.FieldsSeq(s.subject) {
			if len(word) < 5 || !strings.ContainsAny(word, "0123456789") {
				continue
			}
			if tried++; tried > 200 || time.Since(began) > choose && len(found) > 0 {
				return found, someOf(found)
			}
			n, _, err := look(store, word)
			if err != nil {
				return nil, err
			}
			if n < fewest || n > most || slices.Contains(found, word) {
				continue
			}
			if found = append(found, word); len(found) == enough {
				return found, nil
			}
		}
	}
	return found, someOf(found)
}

func someOf(words []string) error {
	if len(words) == 0 {
		return errors.New("no rare word found")
	}
	return nil
}

// worstWords walks over the trigrams of subjects, and keeps the walks that are
// in no subject but for which most segments had to be read.
func worstWords(store *tracking.Store, samples []sample) (found []string, err error) {
	follow := followers(samples)
	dice := rand.New(rand.NewPCG(seed, 78))
	type candidate struct {
		word string
		read int
	}
	var all []candidate
	began := time.Now()
	for tried := 0; len(all) < 20 && (time.Since(began) < choose || len(all) < enough); tried++ {
		if tried > 500 {
			return nil, errors.New("all words made of common trigrams are in subjects")
		}
		word := walk(follow, dice)
		n, read, err := look(store, word)
		if err != nil {
			return nil, err
		}
		if n == 0 {
			all = append(all, candidate{word, read})
		}
	}
	slices.SortFunc(all, func(a, b candidate) int { return b.read - a.read })
	for _, c := range all[:enough] {
		tell("no subject has %q, and %d segments are read to see it", c.word, c.read)
		found = append(found, c.word)
	}
	return found, nil
}

// followers has, for two letters, those that often come next, the most frequent
// first.
func followers(samples []sample) map[string][]byte {
	counts := map[string]int{}
	for _, s := range samples {
		text := strings.ToLower(s.subject)
		for i := 0; i+3 <= len(text); i++ {
			if t := text[i : i+3]; strings.Trim(t, "abcdefghijklmnopqrstuvwxyz") == "" {
				counts[t]++
			}
		}
	}
	follow := map[string][]byte{}
	for t := range counts {
		follow[t[:2]] = append(follow[t[:2]], t[2])
	}
	for two, letters := range follow {
		slices.SortFunc(letters, func(a, b byte) int {
			if d := counts[two+string(b)] - counts[two+string(a)]; d != 0 {
				return d
			}
			return int(a) - int(b)
		})
	}
	return follow
}

// walk makes a word of ten letters in which three in a row are often met.
func walk(follow map[string][]byte, dice *rand.Rand) string {
	starts := make([]string, 0, len(follow))
	for two := range follow {
		starts = append(starts, two)
	}
	slices.SortFunc(starts, func(a, b string) int {
		if d := len(follow[b]) - len(follow[a]); d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
	word := starts[dice.IntN(min(20, len(starts)))]
	for len(word) < 10 {
		next := follow[word[len(word)-2:]]
		if len(next) == 0 {
			break
		}
		word += string(next[dice.IntN(min(3, len(next)))])
	}
	return word
}

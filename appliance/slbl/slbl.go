// Package slbl is the end users' safelists and blocklists: whose mail a recipient
// wants whatever antispam says of it, and whose he does not want at all.
//
// They are the users' data, not the administrator's settings: a database of its own
// in the data directory, which the API changes. The work queue asks them before
// antispam, one recipient at a time. Who reads takes the lists as they are at that
// moment and holds up nobody; who changes makes new ones beside them, has them on
// disk, and then puts them in place of the old ones. The next message meets those.
package slbl

import (
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"

	"esasim/internal/statefile"
)

// List is one of the two lists that each recipient has.
type List int

const (
	Safelist List = iota
	Blocklist
)

// Other is the other list.
func (l List) Other() List { return 1 - l }

func (l List) String() string { return [...]string{"safelist", "blocklist"}[l] }

// MostEntries is how many entries all lists can have together; ours: they are
// written to disk as a whole.
const MostEntries = 100_000

// Refused is why a change cannot be made; the lists are as they were.
type Refused string

func (r Refused) Error() string { return string(r) }

func refused(format string, args ...any) Refused { return Refused(fmt.Sprintf(format, args...)) }

// rows are the senders on the list of each recipient, sorted. A recipient without
// senders has no row. Neither map nor slices are changed once others can see them.
type rows map[string][]string

// book is both lists of all recipients, by [List].
type book [2]rows

// Lists are the lists of all recipients.
type Lists struct {
	keep     statefile.File
	most     atomic.Int64         // entries in one list of a recipient
	now      atomic.Pointer[book] // what it points to never changes
	changing sync.Mutex           // held from reading now until it is another one
}

// kept is what the file has.
type kept struct {
	Safelist  rows `json:"safelist"`
	Blocklist rows `json:"blocklist"`
}

// Open reads the lists; if the file is not there they are empty.
func Open(f statefile.File) (*Lists, error) {
	var k kept
	if _, err := f.Load(&k); err != nil {
		return nil, fmt.Errorf("safelists and blocklists: %w", err)
	}
	b := book{Safelist: rows{}, Blocklist: rows{}}
	for list, from := range map[List]rows{Safelist: k.Safelist, Blocklist: k.Blocklist} {
		for r, senders := range from {
			if err := check(r, senders); err != nil {
				return nil, fmt.Errorf("read %s: %s of %q: %w", f.FS.PathJoin(f.Dir, f.Key), list, r, err)
			}
			slices.Sort(senders)
			b[list][r] = slices.Compact(senders)
		}
	}
	l := &Lists{keep: f}
	l.most.Store(MostEntries)
	l.now.Store(&b)
	return l, nil
}

// check looks at what somebody may have written into the file.
func check(r string, senders []string) error {
	if read, err := Recipient(r); err != nil || read != r {
		return refused("want an address in small letters")
	}
	for _, s := range senders {
		if read, err := Sender(s); err != nil || read != s {
			return refused("%q: want a sender in small letters", s)
		}
	}
	if len(senders) == 0 {
		return refused("has no senders")
	}
	return nil
}

// Limit sets how many entries one list of a recipient can have. Lists that have more
// already stay, but do not grow.
func (l *Lists) Limit(entries int) { l.most.Store(int64(entries)) }

// All are the senders on a list by recipient. The caller must not change them.
func (l *Lists) All(list List) map[string][]string { return l.now.Load()[list] }

// change has f make another list of one, and keeps it. When it returns without an
// error the change is on disk. n is what f says.
func (l *Lists) change(list List, f func(next rows) (n int, err error)) (n int, err error) {
	l.changing.Lock()
	defer l.changing.Unlock()
	was := l.now.Load()
	b := *was
	b[list] = maps.Clone(b[list])
	if n, err = f(b[list]); err != nil {
		return 0, err
	}
	if err := l.allow(list, was, &b); err != nil {
		return 0, err
	}
	if maps.EqualFunc(was[list], b[list], slices.Equal) {
		return n, nil
	}
	if err := l.keep.Save(kept{Safelist: b[Safelist], Blocklist: b[Blocklist]}); err != nil {
		return 0, fmt.Errorf("safelists and blocklists: %w", err)
	}
	l.now.Store(&b)
	return n, nil
}

// allow says why the lists must not become others: a sender cannot be on both lists
// of a recipient, and there is room for so many. Source: AsyncOS user guide, "Syntax
// for Safelists and Blocklist Entries" and "Enabling and Configuring".
func (l *Lists) allow(list List, was, next *book) error {
	if n := next.entries(); n > MostEntries && n > was.entries() {
		return refused("all lists together can have %d entries", MostEntries)
	}
	most, first := int(l.most.Load()), ""
	var err error
	for r, senders := range next[list] { // of several faults the one of the first recipient is told
		before := was[list][r]
		if err != nil && r > first || slices.Equal(senders, before) {
			continue
		}
		if len(senders) > most && len(senders) > len(before) {
			first, err = r, refused("the %s of %s can have %d entries", list, r, most)
		} else if s, both := common(senders, next[list.Other()][r]); both {
			first, err = r, refused("the %s of %s has %s already", list.Other(), r, s)
		}
	}
	return err
}

// entries is how many all lists have together.
func (b *book) entries() (n int) {
	for _, list := range b {
		for _, senders := range list {
			n += len(senders)
		}
	}
	return n
}

// common is the first sender that is on both lists of a recipient.
func common(senders, others []string) (string, bool) {
	i := slices.IndexFunc(senders, func(s string) bool {
		_, ok := slices.BinarySearch(others, s)
		return ok
	})
	if i < 0 {
		return "", false
	}
	return senders[i], true
}

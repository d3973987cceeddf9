package smtp

import (
	"fmt"
	"strings"
)

// table is a list about mail addresses, of which the most specific entry wins:
//
//	user@example.com  user@  example.com  .example.com  ALL
//
// in this order; ".example.com" means all below it, the longest first. Letter
// case does not matter. Source: AsyncOS user guide, "Recipient Access Table";
// the order of "user@" is inferred.
type table[T any] struct {
	entries map[string]T // in lower case
	all     *T
}

func (t *table[T]) add(entry string, v T) error {
	local, domain, mailbox := strings.Cut(entry, "@")
	switch {
	case entry == "ALL":
		if t.all != nil {
			return fmt.Errorf("address ALL: there are two of them")
		}
		t.all = &v
		return nil
	case mailbox && local == "", !mailbox && strings.Trim(local, ".") == "",
		strings.ContainsAny(entry, " \t\r\n<>"), strings.Contains(domain, "@"):
		return fmt.Errorf("address %q: want ALL, example.com, .example.com, user@example.com or user@", entry)
	}
	if t.entries == nil {
		t.entries = map[string]T{}
	}
	key := strings.ToLower(entry)
	if _, twice := t.entries[key]; twice {
		return fmt.Errorf("address %q: there are two of them", entry)
	}
	t.entries[key] = v
	return nil
}

// find gives what the table says of an address.
func (t *table[T]) find(address string) (v T, ok bool) {
	if len(t.entries) > 0 {
		if v, ok = t.entry(strings.ToLower(address)); ok {
			return v, true
		}
	}
	if t.all != nil {
		return *t.all, true
	}
	return v, false
}

// entry looks among all but ALL.
func (t *table[T]) entry(address string) (v T, ok bool) {
	at := strings.LastIndexByte(address, '@')
	if at >= 0 {
		if v, ok = t.entries[address]; ok {
			return v, true
		}
		if v, ok = t.entries[address[:at+1]]; ok {
			return v, true
		}
	}
	d := address[at+1:]
	for {
		if v, ok = t.entries[d]; ok {
			return v, true
		}
		i := strings.IndexByte(d[min(1, len(d)):], '.') + 1
		if i == 0 {
			return v, false
		}
		d = d[i:] // "a.example.com" is also tried as ".example.com"
	}
}

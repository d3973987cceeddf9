package smtp

import "strings"

// Addresses is a set of mail addresses, written as in the RAT; "@example.com", the
// form of mail policies, means example.com. The zero value has none.
type Addresses struct{ table table[struct{}] }

// NewAddresses reads a set; the error names the entry.
func NewAddresses(list []string) (a Addresses, err error) {
	for _, entry := range list {
		if err := a.table.add(strings.TrimPrefix(entry, "@"), struct{}{}); err != nil {
			return Addresses{}, err
		}
	}
	return a, nil
}

// Has tells whether an address is in the set.
func (a *Addresses) Has(address string) bool {
	_, ok := a.table.find(address)
	return ok
}

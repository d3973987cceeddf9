package slbl

import "slices"

// Append puts senders on a list of recipients, beside those that are there.
func (l *Lists) Append(list List, recipients, senders []string) error {
	return l.each(list, recipients, senders, func(next rows, recipients, senders []string) {
		for _, r := range recipients {
			next.put(r, slices.Concat(next[r], senders))
		}
	})
}

// SetSenders makes senders all that are on a list of recipients.
func (l *Lists) SetSenders(list List, recipients, senders []string) error {
	return l.each(list, recipients, senders, func(next rows, recipients, senders []string) {
		for _, r := range recipients {
			next.put(r, slices.Clone(senders))
		}
	})
}

// SetRecipients makes recipients all those on whose list senders are.
func (l *Lists) SetRecipients(list List, senders, recipients []string) error {
	return l.each(list, recipients, senders, func(next rows, recipients, senders []string) {
		next.without(senders)
		for _, r := range recipients {
			next.put(r, slices.Concat(next[r], senders))
		}
	})
}

// RemoveRecipients empties a list of recipients; n is how many had one.
func (l *Lists) RemoveRecipients(list List, recipients []string) (n int, err error) {
	if recipients, err = readAll(recipients, Recipient); err != nil {
		return 0, err
	}
	return l.change(list, func(next rows) (n int, _ error) {
		for _, r := range recipients {
			if next[r] != nil {
				n++
				delete(next, r)
			}
		}
		return n, nil
	})
}

// RemoveSenders takes senders off a list of everybody; n is how many were on one.
func (l *Lists) RemoveSenders(list List, senders []string) (n int, err error) {
	if senders, err = readAll(senders, Sender); err != nil {
		return 0, err
	}
	return l.change(list, func(next rows) (int, error) { return next.without(senders), nil })
}

// each makes a change with the entries that are meant, each once and sorted.
func (l *Lists) each(list List, recipients, senders []string, f func(next rows, recipients, senders []string)) error {
	recipients, err := readAll(recipients, Recipient)
	if err != nil {
		return err
	}
	if senders, err = readAll(senders, Sender); err != nil {
		return err
	}
	if len(recipients)*len(senders) > MostEntries {
		return refused("all lists together can have %d entries", MostEntries)
	}
	_, err = l.change(list, func(next rows) (int, error) {
		f(next, recipients, senders)
		return 0, nil
	})
	return err
}

// readAll reads a list of one entry at least; they come sorted, each once.
func readAll(list []string, read func(string) (string, error)) ([]string, error) {
	if len(list) == 0 {
		return nil, refused("want one entry at least")
	}
	out := make([]string, len(list))
	for i, s := range list {
		var err error
		if out[i], err = read(s); err != nil {
			return nil, err
		}
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// put makes senders the row of a recipient. The slice is the row's then.
func (r rows) put(recipient string, senders []string) {
	slices.Sort(senders)
	if senders = slices.Compact(senders); len(senders) == 0 {
		delete(r, recipient)
		return
	}
	r[recipient] = senders
}

// without takes senders, which are sorted, off all rows; n is how many of them were
// there.
func (r rows) without(senders []string) (n int) {
	was := map[string]bool{}
	is := func(s string) bool {
		_, ok := slices.BinarySearch(senders, s)
		return ok
	}
	for recipient, row := range r {
		if !slices.ContainsFunc(row, is) {
			continue
		}
		r.put(recipient, slices.DeleteFunc(slices.Clone(row), func(s string) bool {
			if is(s) {
				was[s] = true
			}
			return is(s)
		}))
	}
	return len(was)
}

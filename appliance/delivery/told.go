package delivery

import (
	"slices"

	"esasim/esa"
)

// together is how many messages' entries go into the log in one step at most.
// Under load that saves more than half of what each would cost alone; more would
// make those wait who have something to add meanwhile.
const together = 32

// told is what came of attempts and is on its way into the log.
type told struct {
	mids    []esa.MID
	entries [][]esa.Event
}

// of says whether something of a message is among it.
func (t *told) of(mid esa.MID) bool { return slices.Contains(t.mids, mid) }

// add adds an entry to the log, soon: at the latest when all that was handed out
// has been looked at.
func (t *told) add(log Log, mid esa.MID, events []esa.Event) error {
	t.mids, t.entries = append(t.mids, mid), append(t.entries, events)
	if len(t.entries) < together {
		return nil
	}
	return t.flush(log)
}

func (t *told) flush(log Log) error {
	err := log.AppendEach(t.entries)
	clear(t.entries)
	t.mids, t.entries = t.mids[:0], t.entries[:0]
	return err
}

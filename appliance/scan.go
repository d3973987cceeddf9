package appliance

import (
	"fmt"

	"esasim/appliance/workqueue"
	"esasim/esa"
	"esasim/tracking"
)

// queueLog is the store as the work queue sees it.
type queueLog struct{ *tracking.Store }

func (l queueLog) NewContent(mid esa.MID) workqueue.Content { return l.Store.NewContent(mid) }

func (l queueLog) AppendWith(entries [][]esa.Event, made []workqueue.Content) error {
	contents := make([]*tracking.Content, len(made))
	for i, c := range made {
		kept, ok := c.(*tracking.Content) // all contents come from NewContent
		if !ok {
			return fmt.Errorf("append to log: %T is no content of the store", c)
		}
		contents[i] = kept
	}
	return l.Store.AppendWith(entries, contents...)
}

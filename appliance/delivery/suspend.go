package delivery

import (
	"time"

	"esasim/esa"
)

// Suspend stops deliveries until Resume, as suspenddel of the appliance's command
// line does: attempts under way are finished, mail is queued. A restart resumes
// them.
func (q *Queue) Suspend() { q.suspend(true) }

// Resume begins deliveries again.
func (q *Queue) Resume() { q.suspend(false) }

// Suspended tells whether deliveries are suspended.
func (q *Queue) Suspended() bool { return q.suspended.Load() }

func (q *Queue) suspend(on bool) {
	if q.suspended.Swap(on) == on {
		return
	}
	if wake := q.wake.Load(); wake != nil { // else Run has not begun, and will look
		select {
		case *wake <- struct{}{}:
		default: // it is awake already
		}
	}
}

// turn does what suspending or resuming asks for.
func (q *Queue) turn() error {
	if q.suspended.Load() {
		return q.Log.AppendEach([][]esa.Event{{{Kind: esa.DeliveryTrouble, Time: time.Now(), Text: "Deliveries are currently suspended"}}})
	}
	for _, l := range q.lanes {
		q.pump(l)
	}
	return nil
}

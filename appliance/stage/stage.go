// Package stage is what the stages of the work queue have in common: a message as
// they see it, what they say of it, and what they can want done with it.
//
// A stage looks and changes nothing itself. So what it wants can be told in the
// log, in one step with what follows from it.
package stage

import (
	"time"

	"esasim/appliance/letter"
	"esasim/esa"
)

// Stage is one scanner of the work queue.
type Stage struct {
	Engine esa.Engine
	// Spares, if not nil, tells of a message that it does not meet this stage at all.
	Spares func(*Job) bool
	// Apart, if not nil, lists the recipients for whom the stage has to look at the
	// message apart, group by group. Other messages are made for them before it does.
	Apart func(*Job) [][]esa.RID
	Scan  func(*Job) (Finding, error)
}

// Finding is what a stage says of a message. With the verdict NotEvaluated it did
// not look, or its events say it all.
type Finding struct {
	Verdict esa.Verdict
	Name    string      // of what was found: a virus, a filter
	Text    string      // what else there is to say of the verdict; see esa.EngineVerdict
	Size    int64       // likewise
	Told    []esa.Event // told before the verdict; time and message are filled in
	Want    Want
}

// Want is what is to be done with a message. The zero value lets it go on.
type Want struct {
	// Drop and Bounce end the message, in the words of the logs: "Dropped by
	// antivirus". Reason is what the sender is told of a bounce: "5.7.1 - ...".
	Drop   string
	Bounce string
	Reason string
	Hold   []Hold      // quarantines that it goes to at the end of the queue
	Edit   letter.Edit // what to change of its content
	To     []string    // who gets it instead of its recipients
	// By is who changes content or recipients, in the words of the logs:
	// "antispam", "add-footer filter 'f'".
	By      string
	Copies  []Copy       // messages that are made and delivered besides
	Skip    []esa.Engine // stages it does not meet
	Deliver bool         // it meets no further stage
}

// Hold is a quarantine that a message is to go to.
type Hold struct {
	Quarantine string
	Reason     string        // in the words of the logs: "content filter:f"
	Keep       time.Duration // for how long; 0: as long as that quarantine does
}

// Copy is a message that is made of another one, or because of it.
type Copy struct {
	To      []string
	From    string      // its envelope sender; empty: that of the message
	Null    bool        // its envelope sender is empty, so that it never bounces
	Edit    letter.Edit // what is different from the message, if Content is nil
	Content []byte      // nil: that of the message
	Attach  bool        // behind Content comes the message, and behind that Tail
	Tail    []byte
	By      string // in the words of the logs: "bcc filter 'f'"
	Scan    bool   // it meets the stages itself, but not again the filters that made it
	Hold    *Hold  // it goes to this quarantine, and not to delivery
}

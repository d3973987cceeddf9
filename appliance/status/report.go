package status

import (
	"time"

	"esasim/esa"
)

// Counted is what was counted up to a moment.
type Counted struct {
	At       time.Time
	Since    time.Time // the appliance is up
	Reset    time.Time // of the last reset; zero: never
	Counts   Counts    // since the last reset
	Uptime   Counts    // since the start
	Lifetime Counts
	IDs      IDs
	Rates    map[Counter]Rate // of those of [Rated]
}

// Device is the appliance that a report is of.
type Device struct {
	Host     string
	Model    string // "C100V"
	Version  string // "13.0.0-392"
	Serial   string
	Location *time.Location // of the times that are shown
}

// Report is all that is to be said of an appliance's status at a moment.
type Report struct {
	Device
	Counted
	Gauges   Gauges
	Features []string // that there are keys for
}

// Features are the names of the feature keys of an appliance with all that is
// emulated here. The first two were seen, the others are those of the user guide.
func Features() []string {
	return []string{"IronPort Anti-Spam", "Incoming Mail Handling", "Outbreak Filters", "Sophos", "File Reputation", "File Analysis",
		"Graymail Safe Unsubscription", "Data Loss Prevention", "Bounce Verification"}
}

// Counted tells what was counted up to now. Counts follow what happens within some
// milliseconds.
func (s *Status) Counted() Counted {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	out := Counted{At: now, Since: s.since, Reset: s.reset, Counts: s.life, Uptime: s.up, Lifetime: s.life,
		IDs: s.ids, Rates: s.recently.rates(now)}
	for c, n := range s.before {
		out.Counts[c] -= n
	}
	return out
}

// Entered is how many messages have entered the work queue since the start.
func (s *Status) Entered() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.entered
}

// Reset has the counts since the last reset begin anew, as "resetcounters" of the
// command line does. Those of the uptime and of the lifetime go on.
func (s *Status) Reset() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.before, s.reset = s.life, time.Now().UTC()
	return s.write()
}

// Gauges are how things stand at a moment. Utilizations are percentages.
type Gauges struct {
	RAM, CPU, Swap, DiskIO int   // of the machine
	Process                int   // of the machine's processors, by this program
	LogUsed                int   // of the disk that the logs are on
	LogAvailable           int64 // octets of it
	Conservation           int   // resource conservation: 0, or 999 when no more mail is taken
	Inbound, Outbound      int   // connections
	Unattempted, Attempted int   // recipients in the delivery queue
	Destinations           int   // domains that delivery remembers
	WorkQueue              int   // messages
	Used, Free             int64 // octets of the queue: messages in it, and how many more there is room for
	Quarantined            int   // messages in other quarantines than that for spam
	QuarantineUsed         int64 // octets of these
	QuarantineSpace        int64 // octets that these may have; 0: any number
	Oldest                 Oldest
	System                 string // one of the words below
}

// Active are the recipients in the delivery queue.
func (g *Gauges) Active() int { return g.Unattempted + g.Attempted }

// Queue is how much of the queue's room is used, in percent.
func (g *Gauges) Queue() int { return percent(g.Used, g.Used+g.Free) }

// Quarantine is how much of the quarantines' room is used, in percent.
func (g *Gauges) Quarantine() int { return percent(g.QuarantineUsed, g.QuarantineSpace) }

// Oldest is the message that is longest in the delivery queue; MID 0: none is in it.
type Oldest struct {
	MID esa.MID
	Age time.Duration
}

// Refusing is the resource conservation of an appliance that takes no more mail.
// Source: AsyncOS user guide, "Reading the Gauges".
const Refusing = 999

// How the mail system stands. Source: AsyncOS user guide, "Monitoring System
// Health and Status": these words.
const (
	Online             = "Online"
	Offline            = "Offline" // neither receives nor delivers
	ReceivingSuspended = "Receiving suspended"
	DeliverySuspended  = "Delivery suspended"
	WorkQueuePaused    = "Work queue paused"
)

// percent is what part of a whole is, between 0 and 100.
func percent(part, whole int64) int {
	if whole <= 0 || part <= 0 {
		return 0
	}
	return int(min(float64(part)/float64(whole)*100, 100))
}

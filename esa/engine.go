package esa

// Engine is one of the scanners of the work queue, in their order there. The
// numbers are written to disk: never renumber.
type Engine uint8

const (
	NoEngine Engine = iota
	MessageFilters
	AntiSpam
	AntiVirus
	AMP // Advanced Malware Protection: file reputation
	Graymail
	ContentFilters
	OutbreakFilters
	DLP
)

// Engines is one more than the last engine.
const Engines = DLP + 1

// SLBL is the text of a verdict of AntiSpam that end users' safelists and blocklists
// gave in its place.
const SLBL = "SLBL"

// IsListed tells whether an event is such a verdict.
func (e *Event) IsListed() bool { return e.Engine == AntiSpam && e.Text == SLBL }

// Verdict is what an engine says of a message. The numbers are written to disk:
// add at the end, never renumber.
type Verdict uint8

const (
	NotEvaluated Verdict = iota
	Negative             // scanned, nothing found
	Positive             // spam, virus, malware, violation
	Suspect              // antispam: perhaps spam
	Unknown              // AMP: a file nobody has seen
	Skipped              // AMP: nothing to scan; antispam: too large to be scanned
	Unscannable          // the engine could not read it
	LowRisk              // AMP: nothing in the file that could do harm
	Marketing            // graymail
	Social               // graymail
	Bulk                 // graymail
	Repaired             // antivirus: the virus was taken out
	Encrypted            // antivirus: what it could not look into
	Pending              // AMP: the file is being analysed
)

// Disposition is the verdict about a file in the words of the reputation cloud.
// Source: published samples of the AMP log.
func (v Verdict) Disposition() string {
	switch v {
	case Negative:
		return "CLEAN"
	case Positive:
		return "MALICIOUS"
	case LowRisk:
		return "LOWRISK"
	case Unscannable:
		return "UNSCANNABLE"
	}
	return "FILE UNKNOWN"
}

// Verdicts is one more than the last verdict.
const Verdicts = Pending + 1

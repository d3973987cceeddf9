package esa

// Engine is one of the scanners of the work queue, in their order there.
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

// Verdict is what an engine says of a message.
type Verdict uint8

const (
	NotEvaluated Verdict = iota
	Negative             // scanned, nothing found
	Positive             // spam, virus, malware, violation
	Suspect              // antispam: perhaps spam
	Unknown              // AMP: a file nobody has seen
	Skipped              // AMP: nothing to scan
	Unscannable          // the engine could not read it
)

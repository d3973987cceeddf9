// Package esa holds the words of the appliance: the numbers it gives out, the
// envelope, and the event, which is the one thing everything else is made of.
//
// An [Event] says one thing that happened. Listener, work queue and delivery
// report events; the log keeps them in order; mail logs, message tracking and
// sightings are functions of them. The package imports nothing of ours, so
// that all the others can agree on its words without knowing each other.
package esa

import "strconv"

// ICID numbers an injection connection: one TCP connection to a listener.
// 0 means "no connection": mail the appliance made itself. Source: AsyncOS
// user guide, "Logging".
type ICID uint64

// MID numbers a message. It is given when MAIL FROM is accepted, so aborted
// and refused transactions have one too, and is never used again, also after a
// crash. Source: AsyncOS user guide, "Logging".
type MID uint64

// RID is the index of a recipient within one message, from 0.
type RID uint32

// DCID numbers a delivery connection to a remote host; 0 means that none was
// made.
type DCID uint64

func (n ICID) String() string { return strconv.FormatUint(uint64(n), 10) }
func (n MID) String() string  { return strconv.FormatUint(uint64(n), 10) }
func (n RID) String() string  { return strconv.FormatUint(uint64(n), 10) }
func (n DCID) String() string { return strconv.FormatUint(uint64(n), 10) }

// Direction says whether mail comes in from outside or goes out from a sender
// who may relay. The zero value is Incoming.
type Direction uint8

const (
	Incoming Direction = iota // through a public listener, to a domain of the RAT
	Outgoing                  // from a sender group whose policy is RELAY
)

// String gives the word the tracking API uses: "incoming" or "outgoing".
func (d Direction) String() string {
	if d == Outgoing {
		return "outgoing"
	}
	return "incoming"
}

// Table is the name of the mail policy table of the direction, as the mail
// logs write it: "inbound" or "outbound".
func (d Direction) Table() string {
	if d == Outgoing {
		return "outbound"
	}
	return "inbound"
}

// Attachment is one attached file of a message.
type Attachment struct {
	Name   string // decoded file name; empty if the part had none
	Type   string // media type in lower case, "application/pdf"
	Size   int64  // decoded bytes
	SHA256 string // of the decoded bytes, 64 lower-case hex digits
}

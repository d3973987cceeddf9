package esa

import (
	"slices"
	"strings"
	"time"
)

// State is where a message, or one recipient of it, is in its life. The numbers
// are written to disk: add at the end, never renumber.
type State uint8

const (
	Receiving   State = iota // the client is still sending
	Processing               // accepted, in the work queue
	Queued                   // waiting for its first delivery attempt
	Delayed                  // tried, waiting for the next attempt
	Delivered                // taken by the remote host
	Bounced                  // refused for good
	Dropped                  // by an engine or a filter
	Aborted                  // never accepted: the client went away, or its data was refused
	Quarantined              // held in one quarantine or more
	Replaced                 // rewritten: what becomes of it is told of another MID
)

// States is one more than the last state.
const States = Replaced + 1

// String is the appliance's wording of the state in tracking rows
// ("messageStatus"). Seen: Delivered, "Dropped By ..."; the others follow the
// same style (inferred).
func (s State) String() string {
	return [...]string{"Receiving", "Processing", "Queued for Delivery", "Soft Bounced",
		"Delivered", "Hard Bounced", "Dropped", "Aborted", "Quarantined", "Rewritten"}[s]
}

// AtRest is true when nothing happens to the message by itself for now: it was
// delivered, bounced or dropped, is held, or waits for a retry. A message that
// came to rest is told to the cloud. One that was replaced is not: its successor
// tells the story.
func (s State) AtRest() bool {
	return s == Delivered || s == Bounced || s == Dropped || s == Delayed || s == Quarantined
}

// Recipient is one recipient of a message.
type Recipient struct {
	RID      RID
	Address  string
	State    State  // as of messages; Replaced: another MID tells what becomes of it
	Response string // the remote host's last answer
	Until    time.Time
	Attempts int    // delivery attempts so far
	Reason   string // why it was delayed or bounced: "5.1.0 - Unknown address error"
	Removed  bool   // delivered, and taken out of the mailbox later
}

// Message is what the events so far say of one message. It is never stored:
// [Fold] makes it from the events.
type Message struct {
	MID         MID
	ICID        ICID
	Received    time.Time // when the transaction began
	Changed     time.Time // when the last event happened
	Source      Source
	HELO        string // the name that the client gave itself
	TLS         string // protocol and cipher that the message came by, "TLSv1.3 TLS_AES_128_GCM_SHA256"; empty: not encrypted
	User        string // who authenticated by AUTH; empty: nobody
	Direction   Direction
	Sender      string
	Recipients  []Recipient
	Subject     string // as it is shown and searched for: empty if it was not logged
	Unlogged    bool   // subjects were not logged when it came
	Hidden      string // its subject then; who acts on messages asks for [Message.OwnSubject]
	MessageID   string // with angle brackets, as received
	HeaderFrom  string
	ReplyTo     string
	Date        string
	Attachments []Attachment
	Files       []File // what AMP says of single attachments; none if its verdict says it of all
	Size        int64
	Auth        Authentication // what SPF, DKIM and DMARC found
	Policy      string
	DroppedBy   Engine
	Verdicts    [Engines]Verdict // the last of each engine
	Listed      bool             // that of AntiSpam is of safelists (Negative) or blocklists (Positive) of the recipients
	Quarantines []string         // that hold it now, each once
	Holds       []Hold           // the same with who asked for it: several engines may, of one quarantine
	Asked       []Hold           // where it goes to at the end of the work queue
	Passed      Engine           // the last stage that it need not meet, because the message it was made from has
	Skips       [Engines]bool    // stages that it need not meet besides
	Released    bool             // a quarantine has let it go
	Caught      Engine           // the last engine that had it held, of those that let it go
	Deleted     bool             // from its last quarantine: no engine dropped it
	From        MID              // the message it was made from; 0: none
	Into        []MID            // the messages made from it
	State       State
	Finished    bool
	DCID        DCID    // of the last delivery attempt; 0: none, or no connection was made
	Aborted     string  // why, as in "Receiving aborted by sender"
	Events      []Event // all of them, oldest first
}

// Fold makes the message that the events, oldest first, tell of. Events of
// other messages must have been left out.
func Fold(events []Event) Message {
	var m Message
	m.Fold(events)
	return m
}

// SenderDomain is what follows the last @ of the envelope sender, in lower
// case; empty for the null sender.
func (m *Message) SenderDomain() string {
	i := strings.LastIndexByte(m.Sender, '@')
	if i < 0 {
		return ""
	}
	return strings.ToLower(m.Sender[i+1:])
}

// Unlogged is the name of SubjectSeen of a message that came while subjects were not
// logged. Its subject is in a field that nobody shows and no search looks at, so who
// does not know of this shows nothing. Without a subject it has the event too: what is
// made of the message goes by it.
const Unlogged = "not logged"

// OwnSubject is the message's subject, logged or not: for engines, filters, queues and
// hosts, and for none that tell of messages later.
func (m *Message) OwnSubject() string {
	if m.Unlogged {
		return m.Hidden
	}
	return m.Subject
}

func (m *Message) apply(e *Event) {
	m.Changed = e.Time
	switch e.Kind {
	case MessageStarted:
		m.MID, m.ICID, m.Received, m.From = e.MID, e.ICID, e.Time, e.Other
		m.HELO, m.TLS, m.User = e.Text, e.Name, e.Address
		if e.Source != nil {
			m.Source, m.Direction = *e.Source, e.Source.Direction()
		}
	case SenderGiven:
		m.Sender = e.Address
	case RecipientGiven:
		if len(e.RIDs) > 0 {
			m.Recipients = append(m.Recipients, Recipient{RID: e.RIDs[0], Address: e.Address, State: Processing})
		}
	case MessageIDSeen:
		m.MessageID = e.Text
	case SubjectSeen:
		m.Subject, m.Unlogged, m.Hidden = e.Text, e.Name == Unlogged, e.Address
	case HeaderSeen:
		m.header(e.Name, e.Text)
	case AttachmentSeen:
		if e.Attachment != nil {
			m.Attachments = append(m.Attachments, *e.Attachment)
		}
	case MessageReady:
		m.Size, m.State = e.Size, Processing
	case MessageAborted:
		m.State, m.Aborted = Aborted, e.Text
		m.put(Aborted)
	case PolicyMatched:
		m.Policy = e.Name
	case EngineVerdict:
		if e.Engine < Engines {
			m.verdict(e)
		}
	case MessageDropped:
		m.State, m.DroppedBy = Dropped, e.Engine
		m.leave("")
		m.put(Dropped)
	case MessageQueued:
		if m.State = Queued; e.Size > 0 {
			m.Size = e.Size
		}
		m.leave("")
		m.recipients(nil, Queued, e)
	case DeliveryStarted:
		m.DCID = e.DCID
		m.attempt(e.RIDs)
	case RecipientDelivered:
		m.recipients(e.RIDs, Delivered, e)
	case RecipientDelayed:
		m.unconnected(e)
		m.recipients(e.RIDs, Delayed, e)
	case RecipientBounced:
		m.unconnected(e)
		m.recipients(e.RIDs, Bounced, e)
	case MessageRewritten, MessageSplit, BounceGenerated, MessageGenerated, MessageReinjected:
		m.beget(e)
	case MessageFinished:
		m.Finished = true
	case AuthChecked:
		m.Auth.read(e.Name, e.Text)
	default:
		m.applyHeld(e)
	}
}

// applyHeld is apply for what is told of quarantines, and of what was made of
// another message.
func (m *Message) applyHeld(e *Event) {
	switch e.Kind {
	case QuarantineAsked:
		m.asked(e)
	case MessageQuarantined:
		m.held(e)
	case MessageReleased, QuarantineDeleted:
		m.left(e)
	case QuarantineMoved:
		m.moved(e)
	case QuarantineDelayed:
		m.delayed(e)
	case Inherited:
		m.inherit(e)
	case MessageBounced:
		m.State = Bounced
		m.leave("")
		m.recipients(nil, Bounced, e)
	case FileJudged, VerdictChanged:
		m.judged(e)
	case MessageRemediated:
		m.remediated(e)
	}
}

// verdict notes what an engine says of the message, or of the one it was made from.
func (m *Message) verdict(e *Event) {
	m.Verdicts[e.Engine] = e.Verdict
	if e.Engine == AntiSpam {
		m.Listed = e.IsListed()
	}
}

// remediated notes that a message is no longer in the mailboxes of recipients.
func (m *Message) remediated(e *Event) {
	named := among{rids: e.RIDs}
	for i := range m.Recipients {
		if named.has(i, m.Recipients[i].RID) {
			m.Recipients[i].Removed = true
		}
	}
}

func (m *Message) header(name, text string) {
	switch name {
	case "From":
		m.HeaderFrom = text
	case "Reply-To":
		m.ReplyTo = text
	case "Date":
		m.Date = text
	}
}

// recipients puts the named recipients (nil: all) into a state, except those
// that are another message's by now.
func (m *Message) recipients(rids []RID, s State, e *Event) {
	named := among{rids: rids}
	for i := range m.Recipients {
		r := &m.Recipients[i]
		if r.State != Replaced && (rids == nil || named.has(i, r.RID)) {
			r.State, r.Response, r.Until = s, e.Text, e.Until
			if r.Reason = ""; s == Delayed || s == Bounced {
				r.Reason = e.Name
			}
		}
	}
}

// put has all recipients in the state that the message is in as a whole, except
// those that are another message's by now.
func (m *Message) put(s State) {
	for i := range m.Recipients {
		if r := &m.Recipients[i]; r.State != Replaced {
			r.State = s
		}
	}
}

func (m *Message) attempt(rids []RID) {
	named := among{rids: rids}
	for i := range m.Recipients {
		if named.has(i, m.Recipients[i].RID) {
			m.Recipients[i].Attempts++
		}
	}
}

// unconnected counts an attempt that came to no connection on which delivery
// began: no DeliveryStarted told of it, only its end.
func (m *Message) unconnected(e *Event) {
	if e.DCID == 0 {
		m.attempt(e.RIDs)
	}
}

// among tells which recipients a list names. A message may have thousands, and
// thousands of attempts: most lists name them all, in order, and a long one that
// does not is not gone through for each.
type among struct {
	rids []RID
	set  map[RID]struct{}
}

// has tells whether the list names a recipient, the i-th of the message.
func (a *among) has(i int, rid RID) bool {
	if i < len(a.rids) && a.rids[i] == rid {
		return true
	}
	if len(a.rids) <= 16 {
		return slices.Contains(a.rids, rid)
	}
	if a.set == nil {
		a.set = make(map[RID]struct{}, len(a.rids))
		for _, r := range a.rids {
			a.set[r] = struct{}{}
		}
	}
	_, ok := a.set[rid]
	return ok
}

// settle derives the message's state from its recipients' once it is in the
// delivery queue. One waiting recipient keeps the message waiting; a message
// with one delivered recipient counts as delivered.
func (m *Message) settle() {
	if m.State != Queued && m.State != Delayed && m.State != Delivered && m.State != Bounced {
		return
	}
	var n [States]int
	for _, r := range m.Recipients {
		n[r.State]++
	}
	for _, s := range []State{Queued, Delayed, Delivered, Bounced} {
		if n[s] > 0 {
			m.State = s
			return
		}
	}
}

// Fold makes m what the events, oldest first, tell of, as [Fold] does. It uses
// m's memory again, for those who look at many messages one after another.
func (m *Message) Fold(events []Event) {
	*m = Message{Recipients: m.Recipients[:0], Attachments: m.Attachments[:0], Files: m.Files[:0], Quarantines: m.Quarantines[:0],
		Into: m.Into[:0], Events: events}
	m.Add(events)
}

// Add makes m what it is after further events, except for its Events, which stay
// as they are: this is for those who look at how a message stands, and not at how
// it came there.
func (m *Message) Add(events []Event) {
	if m.Received.IsZero() && len(events) > 0 { // unless its beginning follows, that is no longer kept
		m.Received = events[0].Time
	}
	for i := range events {
		m.apply(&events[i])
	}
	m.settle()
}

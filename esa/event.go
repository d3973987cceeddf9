package esa

import (
	"net/netip"
	"strconv"
	"time"
)

// Kind says what happened. The numbers are written to disk: add at the end,
// never renumber.
type Kind uint8

// The kinds, in the order in which the life of a message meets them. Beside
// each: the fields of Event it fills, apart from Kind and Time.
const (
	ConnectionOpened   Kind = iota + 1 // ICID, Source
	HATDecided                         // ICID, Source (group, match, rule, SBRS, country)
	TLSStarted                         // ICID, Name (protocol), Text (cipher)
	MessageStarted                     // MID, ICID, Source: repeated here so that a message can be understood without its connection; Other: the message it was made from; Text (the name given by EHLO), Name (protocol and cipher of an encrypted connection, with a blank between), Address (who authenticated by AUTH)
	SenderGiven                        // MID, ICID, Address (empty: the null sender)
	RecipientGiven                     // MID, ICID, RIDs[0], Address
	RecipientRejected                  // MID, ICID, Address, Text (by what: "RAT", "HAT", "Injection Control")
	MessageIDSeen                      // MID, Text: the header's value with its angle brackets
	SubjectSeen                        // MID, Text: decoded; or, while subjects are not logged, Name: [Unlogged], and the subject is Address
	HeaderSeen                         // MID, Name ("From", "Reply-To", "Date"), Text: decoded
	AttachmentSeen                     // MID, Attachment
	MessageReady                       // MID, Size (bytes as received), Address (envelope sender)
	MessageAborted                     // MID, ICID, Text: the reason, as in "Receiving aborted by sender"
	PolicyMatched                      // MID, Name (the mail policy), Direction
	EngineVerdict                      // MID, Engine, Verdict, Name (of the virus, the filter, the outbreak rule, the DLP policy), Text (detail; [SLBL]), Size (the threat level, of outbreak filters)
	MessageDropped                     // MID, Engine, Text: by what, as in "Dropped by antivirus"
	MessageQueued                      // MID: in the delivery queue; Size: of a message that was made there, and never told to be ready
	DeliveryOpened                     // DCID, Source (Local, Remote), Size (the port)
	DeliveryStarted                    // DCID, MID, RIDs
	RecipientDelivered                 // DCID, MID, RIDs, Text: the remote host's answer
	RecipientDelayed                   // DCID (0: no delivery began), MID, RIDs, Name (reason), Text (answer), Until: when it is tried again
	RecipientBounced                   // DCID (likewise), MID, RIDs, Name (reason), Text (answer)
	DeliveryClosed                     // DCID
	MessageFinished                    // MID, Text: "done" or "aborted"
	ConnectionTrouble                  // ICID, Text: what went wrong on it, or might have, in the words of the logs: "Unknown command: x"
	ConnectionClosed                   // ICID, Text: "" for closed, "lost" when the peer was gone, "refused" for one that was never begun
	MessageRewritten                   // MID, Other (what it became), Engine, Text: by what, as in "antispam"
	MessageSplit                       // MID, Other (the new one), RIDs (that go there), Name: the per-recipient policy that asked for it
	BounceGenerated                    // MID (that bounced), Other (the bounce message)
	MessageQuarantined                 // MID, Engine (that asked for it), Name (the quarantine), Text: the reason, Until: when it leaves by itself, DCID: the RCID, of the spam quarantine
	MessageReleased                    // MID, Name (the quarantine; empty: all), Text: how, as in "manual", "expired", Size: seconds it was there; Engine: the last that had the message held which this one was made from when all let it go
	QuarantineDeleted                  // MID, Name (the quarantine; empty: all), Text: how, Size: seconds it was there
	AuthChecked                        // MID, ICID, Name (of the check: SDR, SPF, DKIM, DMARC), Text: what it found, in the words of the logs; see [Authentication]
	DeliveryTLSStarted                 // DCID, Name (protocol), Text (cipher), Address (the domain that is delivered to)
	DeliveryTrouble                    // DCID, MID, Text: what went wrong on the way to a host, in the words of the logs: "Connection Error: ..."
	DoubleBounced                      // MID (a bounce message), RIDs, Name (reason), Text (answer; empty: a stage bounced it): it bounced itself, and nobody is told
	AuthTried                          // ICID, Name (mechanism and profile, as in "LOGIN with profile: users"; empty: nobody tried, although he should have), Address (the user), Text: how it went, as in "succeeded"
	Inherited                          // MID, Other (whose), and what was found of that message, which this one was made from: Engine, Verdict and Name; or Name and Text of a check of its sender; or Name, the mail policy; or Attachment, Verdict and Name of a file (see FileJudged). With the Text [SLBL] the verdict is of safelists and blocklists. With the Text [StageSkipped] it need not meet the stage Engine; a held message has that of itself (Other is MID). Logs say it only of the other one
	QuarantineAsked                    // MID, Engine, Name (the quarantine), Text: the reason, Until: when it is to leave, if that is not the quarantine's to say. At the end of the work queue the message goes there
	MessageBounced                     // MID, Engine, RIDs (all), Name (reason), Text: by what, as in "Bounced by content filter 'f' in the inbound table"
	MessageGenerated                   // MID, Other (the new message), Text: by what, as in "bcc filter 'f'"
	LogEntered                         // MID, Text: what a filter had written to the mail log
	QuarantineMoved                    // MID, Name (the quarantine it left), Text (the one it is in now)
	QuarantineDelayed                  // MID, Name (the quarantine), Until: when it leaves by itself now
	MessageReinjected                  // MID, Other (the message that is delivered): released from the spam quarantine
	FileJudged                         // MID, Attachment, Verdict, Name (of the malware), Size (the reputation score), Text ("uploaded", when the file went to be analysed)
	VerdictChanged                     // MID, Engine, Verdict, Name (of the malware), Attachment: what was found out of a file after the message had passed, Text: [FileAnalysed], if by its analysis
	MessageRemediated                  // MID, RIDs, Text: what was done to it in the mailboxes, as in "deleted", Name: why
	URLMatched                         // MID, Text (the URL), Address (its score, "-6.8"), Name: by what, as in "URL Reputation Rule"
	DLPMatched                         // MID, Name (the classifier), Address (part of the message), Text: one of its matches, masked, Size: how many it has there
	Audited                            // Name (the user), Source (Listener: by what, as in "CLI"; Remote; Group: the role), Text: what he did, Size: how many failed sign-ins are not told besides; Verdict: Negative if it was refused
)

// Kinds is one more than the last kind.
const Kinds = Audited + 1

// Event is one thing that happened. Which fields it fills is listed beside its
// Kind; the others are zero. Events are values: a reader must not change the
// slices and pointers within.
type Event struct {
	Kind       Kind
	Time       time.Time // when, to the millisecond
	ICID       ICID
	MID        MID
	DCID       DCID
	Other      MID // another message: that it became or came from
	RIDs       []RID
	Direction  Direction
	Engine     Engine
	Verdict    Verdict
	Size       int64
	Address    string
	Name       string
	Text       string
	Until      time.Time
	Source     *Source
	Attachment *Attachment
}

// Source is what the appliance knows of a connection and of the HAT's decision
// about it.
type Source struct {
	Listener string     // interface name in the logs: "IncomingMail"
	Local    netip.Addr // the appliance's end
	Remote   netip.Addr // the peer's end
	Host     string     // the peer's name by reverse DNS; empty if unknown
	Verified bool       // the name's address is the peer's
	Rule     string     // ACCEPT, RELAY, REJECT or TCPREFUSE
	Group    string     // the sender group that matched
	Match    string     // the line of the group that matched: "ALL", "10.0.0.0/8", "sbrs[-1.0:10.0]"
	SBRS     string     // "3.5", "None", "not enabled", "rfc1918"
	Country  string     // a name or "not enabled"
	Outgoing bool       // a RELAY rule: what it sends goes out
}

// Direction of the mail that comes from this source.
func (s *Source) Direction() Direction {
	if s != nil && s.Outgoing {
		return Outgoing
	}
	return Incoming
}

// Entry is one step of the log: events that became true together. Events are
// numbered from 1 without gaps; Seq is the number of the entry's last one.
type Entry struct {
	Seq    uint64
	Events []Event
}

// Overtaken is the error of a follower that came too late: the log has been cut
// off before the place it had come to. It can go on with what is kept.
type Overtaken struct {
	Events uint64 // how many it has lost
}

func (o *Overtaken) Error() string {
	return "the log has been cut off: " + strconv.FormatUint(o.Events, 10) + " events are lost to this follower"
}

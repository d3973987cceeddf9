// Package details says what happened to a message in the words of Message
// Details: one function a sentence, from [esa.Event] values alone. The message
// tracking pages and the tracking API show the same lines.
//
// The sentences of an ordinary inbound message are exact (recorded answers of
// the message-tracking/details call, AsyncOS 13 and 14). Those marked
// "inferred" were never seen and follow the style of the seen ones and of the
// mail logs.
package details

import (
	"slices"
	"strings"
	"time"

	"esasim/esa"
)

// Line is one line of Processing Details.
type Line struct {
	Time time.Time
	Text string
}

// Lines tells the story of one message: events are those of the message
// together with those of its connection, in any order; the lines come oldest
// first. The page shows the last one in bold.
func Lines(events []esa.Event) []Line {
	events = slices.Clone(events)
	slices.SortStableFunc(events, func(a, b esa.Event) int { return a.Time.Compare(b.Time) })
	s := newStory(events)
	var lines []Line
	for i := range events {
		for _, text := range s.tell(&events[i]) {
			lines = append(lines, Line{Time: events[i].Time, Text: text})
		}
	}
	return lines
}

// LastState is the text of LAST STATE in the search results: the last thing
// said of the message itself, without the full stop. A delivered message reads
// "Message 8 to u@x.example received remote SMTP response 'ok:  Message 8
// accepted'". Source: vendor's integration guide. That a bounce was sent does not
// hide why the message bounced (inferred).
func LastState(m *esa.Message) string {
	lines := Lines(slices.DeleteFunc(slices.Clone(m.Events), func(e esa.Event) bool {
		return e.MID == 0 || e.Kind == esa.BounceGenerated || e.Kind == esa.DeliveryTrouble // of a connection, or of the bounce message
	}))
	if len(lines) == 0 {
		return m.State.String()
	}
	return strings.TrimSuffix(lines[len(lines)-1].Text, ".")
}

// story is what a sentence may need beside its own event: facts that other
// events of the same message and connection told.
type story struct {
	mid        esa.MID
	sender     string
	source     *esa.Source
	recipients map[esa.RID]string
	hat        map[esa.ICID]*esa.Source // the HAT's decision about a connection
}

func newStory(events []esa.Event) *story {
	s := &story{recipients: map[esa.RID]string{}, hat: map[esa.ICID]*esa.Source{}}
	for i := range events {
		e := &events[i]
		switch e.Kind {
		case esa.HATDecided:
			if e.Source != nil {
				s.hat[e.ICID] = e.Source
			}
		case esa.MessageStarted:
			s.mid, s.source = e.MID, e.Source
		case esa.SenderGiven:
			s.sender = e.Address
		case esa.RecipientGiven:
			for _, rid := range e.RIDs {
				s.recipients[rid] = e.Address
			}
		}
	}
	return s
}

// to lists the addresses of recipients as the sentences write them.
func (s *story) to(rids []esa.RID) string {
	names := make([]string, len(rids))
	for i, rid := range rids {
		names[i] = s.recipients[rid]
		if names[i] == "" { // its RecipientGiven is not among the events
			names[i] = "RID " + rid.String()
		}
	}
	return strings.Join(names, ", ")
}

// tell gives the sentences of one event, in order; none when its kind says
// nothing.
func (s *story) tell(e *esa.Event) []string {
	if int(e.Kind) < len(sentences) && sentences[e.Kind] != nil {
		return sentences[e.Kind](s, e)
	}
	return nil
}

// sentences is the table of all kinds. A kind that is silent on the page says
// so here; a kind that is missing fails the test.
var sentences = [...]func(*story, *esa.Event) []string{
	esa.ConnectionOpened:   connectionOpened,
	esa.HATDecided:         hatDecided,
	esa.TLSStarted:         tlsStarted,
	esa.MessageStarted:     messageStarted,
	esa.SenderGiven:        senderGiven,
	esa.RecipientGiven:     recipientGiven,
	esa.RecipientRejected:  recipientRejected,
	esa.MessageIDSeen:      messageIDSeen,
	esa.SubjectSeen:        subjectSeen,
	esa.HeaderSeen:         saysNothing, // the page's summary shows From; no line does
	esa.AttachmentSeen:     attachmentSeen,
	esa.MessageReady:       messageReady,
	esa.MessageAborted:     messageAborted,
	esa.PolicyMatched:      policyMatched,
	esa.EngineVerdict:      engineVerdict,
	esa.MessageDropped:     messageDropped,
	esa.MessageQueued:      messageQueued,
	esa.DeliveryOpened:     deliveryOpened,
	esa.DeliveryStarted:    deliveryStarted,
	esa.RecipientDelivered: recipientDelivered,
	esa.RecipientDelayed:   recipientDelayed,
	esa.RecipientBounced:   recipientBounced,
	esa.DeliveryClosed:     saysNothing, // recorded answers end with the remote's response
	esa.MessageFinished:    saysNothing, // likewise
	esa.ConnectionTrouble:  connectionTrouble,
	esa.ConnectionClosed:   connectionClosed,
	esa.MessageRewritten:   messageRewritten,
	esa.MessageSplit:       messageSplit,
	esa.BounceGenerated:    bounceGenerated,
	esa.MessageQuarantined: messageQuarantined,
	esa.MessageReleased:    messageReleased,
	esa.QuarantineDeleted:  quarantineDeleted,
	esa.AuthChecked:        authChecked,
	esa.DeliveryTLSStarted: deliveryTLSStarted,
	esa.DeliveryTrouble:    deliveryTrouble,
	esa.DoubleBounced:      doubleBounced,
	esa.AuthTried:          authTried,
	esa.Inherited:          saysNothing, // it was said of the other message
	esa.QuarantineAsked:    quarantineAsked,
	esa.MessageBounced:     messageBounced,
	esa.MessageGenerated:   messageGenerated,
	esa.LogEntered:         logEntered,
	esa.QuarantineMoved:    quarantineMoved,
	esa.QuarantineDelayed:  quarantineDelayed,
	esa.MessageReinjected:  messageReinjected,
	esa.FileJudged:         saysNothing, // AMP details do
	esa.VerdictChanged:     verdictChanged,
	esa.MessageRemediated:  messageRemediated,
	esa.URLMatched:         urlMatched,
	esa.DLPMatched:         saysNothing, // DLP details do
	esa.Audited:            saysNothing, // it is about no message
}

func saysNothing(*story, *esa.Event) []string { return nil }

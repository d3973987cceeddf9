package segment

import "esasim/esa"

// field is one field of an event that has streams of its own.
type field uint8

const (
	fTime    field = iota // milliseconds since the event before it in the row, if that was another time; of a row's first event it is in the frame
	fMID                  // of an event that is of another message than its row
	fICID                 // less the one before it in the stream
	fDCID                 // likewise
	fOther                // less the row's number
	fSize                 //
	fUntil                // milliseconds since the event's time
	fRIDs                 // how many, then each
	fSource               // one stream for all kinds
	fProfile              // what many sources share
	fAddress
	fName
	fText
	fFrom    // text of the header From
	fReplyTo // of Reply-To
	fDate    // of Date
	fFileName
	fFileType
	fFileSize
	fFileSHA
	fieldCount
)

// numeric tells whether the field's stream is one of numbers.
func (f field) numeric() bool { return f <= fRIDs || f == fFileSize }

// streamID names a stream: a kind and a field. Sources are shared by all kinds.
type streamID uint16

func id(k esa.Kind, f field) streamID {
	if f == fSource || f == fProfile {
		k = 0
	}
	return streamID(k)<<5 | streamID(f)
}

func (s streamID) field() field { return field(s & 31) }

const streamCount = 256 << 5

// part says which part holds a stream.
func (s streamID) part() Part {
	switch s {
	case id(0, fSource), id(0, fProfile):
		return Sources
	case id(esa.SenderGiven, fAddress):
		return Senders
	case id(esa.RecipientGiven, fAddress):
		return Recipients
	case id(esa.SubjectSeen, fText):
		return Subjects
	case id(esa.MessageIDSeen, fText):
		return MessageIDs
	case id(esa.HeaderSeen, fReplyTo):
		return ReplyTos
	case id(esa.MessageStarted, fICID):
		return Frame
	}
	switch s.field() {
	case fFileName, fFileType, fFileSize, fFileSHA:
		return Attachments
	case fName:
		return Names
	}
	return Rest
}

// unique tells of streams whose texts are hardly ever the same: looking for them
// among the others would be in vain.
func (s streamID) unique() bool {
	return s == id(esa.MessageIDSeen, fText) || s == id(esa.RecipientDelivered, fText) || s == id(esa.HeaderSeen, fDate)
}

// streams appends the streams that an event of this signature takes a value from.
func (g signature) streams(out []streamID) []streamID {
	k := g.kind()
	add := func(there bool, f ...field) {
		if there {
			for _, f := range f {
				out = append(out, id(k, f))
			}
		}
	}
	add(g.has(hasTime), fTime)
	add(g.where(shiftMID) == stored, fMID)
	add(g.where(shiftICID) == stored, fICID)
	add(g.where(shiftDCID) == stored, fDCID)
	add(g.has(hasOther), fOther)
	add(g.has(hasSize), fSize)
	add(g.has(hasUntil), fUntil)
	add(g.where(shiftSource) == stored, fSource)
	add(g.has(hasAddress), fAddress)
	add(g.has(hasName), fName)
	add(g.has(hasText), g.text())
	add(g.has(hasAttachment), fFileName, fFileType, fFileSize, fFileSHA)
	return out
}

// text is the field of the event's text: a header's goes by the header's name.
func (g signature) text() field {
	return [...]field{fText, fFrom, fReplyTo, fDate}[g.where(shiftHeader)]
}

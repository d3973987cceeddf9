package engine

import (
	"fmt"
	"slices"
	"strings"

	"esasim/appliance/stage"
	"esasim/appliance/successor"
	"esasim/esa"
	"esasim/internal/rawmime"
)

// Notice says who is told that a message has a virus.
type Notice struct {
	Sender     bool
	Recipients bool
	Others     []string // addresses
	Host       string   // of the appliance: who tells
}

func (n *Notice) check() error {
	for i, to := range n.Others {
		if local, domain, ok := strings.Cut(to, "@"); !ok || local == "" || domain == "" || strings.ContainsAny(to, "<>\r\n ") {
			return fmt.Errorf("others[%d]: %q: want an address", i, to)
		}
	}
	return nil
}

// copies are the notifications of one message. They have no sender, so none of them
// bounces. Source: AsyncOS user guide, "Antivirus notifications"; the text is ours.
func (n *Notice) copies(j *stage.Job, virus string) []stage.Copy {
	to := slices.Clone(n.Others)
	if n.Sender && j.Message.Sender != "" {
		to = append(to, j.Message.Sender)
	}
	if n.Recipients {
		for _, r := range j.Message.Recipients {
			to = append(to, r.Address)
		}
	}
	var out []stage.Copy
	for i, t := range to { // nobody is to see who else was told
		note := stage.Note{Host: n.Host, About: j.Message, Kind: "antivirus", Number: i, To: []string{t}, Subject: "Virus warning",
			Text: fmt.Sprintf("A virus was found in a message (MID %d).\n\nVirus: %s\n%s", j.Message.MID, plain(virus), told(j.Message))}
		out = append(out, stage.Copy{To: []string{t}, Content: note.Bytes(), By: "antivirus", Null: true})
	}
	return out
}

// mostTold is how many recipients, and how many attachments, a notification names.
const mostTold = 50

// told is what a notification says of the message that it is about.
func told(m *esa.Message) string {
	var b strings.Builder
	fmt.Fprintf(&b, "From: %s\n", plain(m.Sender))
	to := successor.Recipients(m) // none that a split took to another message
	for _, address := range to[:min(len(to), mostTold)] {
		fmt.Fprintf(&b, "To: %s\n", plain(address))
	}
	fmt.Fprintf(&b, "Subject: %s\n", plain(m.OwnSubject()))
	for _, a := range m.Attachments[:min(len(m.Attachments), mostTold)] {
		fmt.Fprintf(&b, "Attachment: %s\n", plain(a.Name))
	}
	return b.String()
}

// plain is a text on one line, of a length that people read.
func plain(s string) string {
	s = rawmime.OneLine(strings.ToValidUTF8(s, "?"))
	return strings.ToValidUTF8(s[:min(len(s), 900)], "")
}

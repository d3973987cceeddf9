package engine

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"

	"esasim/appliance/stage"
	"esasim/esa"
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
		head := fmt.Sprintf("To: <%s>\r\nMessage-ID: <virus.%d.%d@%s>\r\n", plain(t), j.Message.MID, i, n.Host)
		out = append(out, stage.Copy{To: []string{t}, Content: n.text(j.Message, head, virus), By: "antivirus", Null: true})
	}
	return out
}

func (n *Notice) text(m *esa.Message, head, virus string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "From: \"Mail Delivery System\" <MAILER-DAEMON@%s>\r\n%sSubject: Virus warning\r\n", n.Host, head)
	fmt.Fprintf(&b, "Date: %s\r\nAuto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n", time.Now().UTC().Format(time.RFC1123Z))
	fmt.Fprintf(&b, "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n")
	fmt.Fprintf(&b, "A virus was found in a message (MID %d).\r\n\r\nVirus: %s\r\nFrom: %s\r\n", m.MID, plain(virus), plain(m.Sender))
	for _, r := range m.Recipients {
		fmt.Fprintf(&b, "To: %s\r\n", plain(r.Address))
	}
	fmt.Fprintf(&b, "Subject: %s\r\n", plain(m.Subject))
	for _, a := range m.Attachments {
		fmt.Fprintf(&b, "Attachment: %s\r\n", plain(a.Name))
	}
	return b.Bytes()
}

// plain is a text on one line, of a length that a line may have.
func plain(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
	if len(s) > 900 {
		s = strings.ToValidUTF8(s[:900], "")
	}
	return s
}

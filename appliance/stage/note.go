package stage

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"mime"
	"mime/quotedprintable"
	"strings"
	"time"

	"esasim/esa"
	"esasim/internal/rawmime"
)

// Note is a message that the appliance writes about another one: a notification.
type Note struct {
	Host    string // of the appliance
	About   *esa.Message
	Kind    string // whose notes they are that Number counts
	Number  int
	To      []string // in the header
	Subject string
	Text    string
}

// ID is a word that whoever wrote the other message does not know: for Message-ID and
// boundaries.
func (n *Note) ID() string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%d %d %d %s%s", n.About.MID, n.Number, n.About.Changed.UnixNano(), n.Host, n.Kind))
	return hex.EncodeToString(sum[:12])
}

// Head is its header, but for what kind of content it has.
func (n *Note) Head() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "From: \"Mail Delivery System\" <MAILER-DAEMON@%s>\r\nTo: ", n.Host)
	for i, to := range n.To {
		if i > 0 {
			b.WriteString(",\r\n ")
		}
		b.WriteString(rawmime.OneLine(to))
	}
	b.WriteString("\r\n")
	fmt.Fprintf(&b, "Subject: %s\r\nDate: %s\r\n", mime.QEncoding.Encode("utf-8", rawmime.OneLine(n.Subject)), n.About.Changed.UTC().Format(time.RFC1123Z))
	fmt.Fprintf(&b, "Message-ID: <%s@%s>\r\nAuto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n", n.ID(), n.Host)
	return b.Bytes()
}

// Part is its text, as the only part of a message or as one of several.
func (n *Note) Part() []byte {
	var b bytes.Buffer
	b.WriteString("Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n")
	w := quotedprintable.NewWriter(&b)
	text := strings.ReplaceAll(strings.ReplaceAll(n.Text, "\r\n", "\n"), "\n", "\r\n")
	_, _ = w.Write([]byte(text)) // into memory
	_ = w.Close()
	b.WriteString("\r\n")
	return b.Bytes()
}

// Bytes is the whole message.
func (n *Note) Bytes() []byte { return append(n.Head(), n.Part()...) }

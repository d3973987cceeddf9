package mix

import (
	"encoding/base64"
	"mime"
	"strconv"
	"strings"
	"unicode/utf8"

	"esasim/esa"
)

// AppendTo renders the mail as an RFC 5322 message with CRLF line ends, about
// Size octets long. No line begins with a dot, so it can be sent by SMTP as it
// is. Spam carries the GTUBE text and a virus is the EICAR test file, which every
// scanner knows; other files have contents that are a function of their SHA256,
// but not such that this is their sum.
func (m *Mail) AppendTo(b []byte) []byte {
	start := len(b)
	b = header(b, "Received", "from "+m.sentBy()+" by relay; "+m.Date)
	b = header(b, "Date", m.Date)
	b = header(b, "From", encodeAddress(m.From))
	b = header(b, "To", m.To)
	b = header(b, "Reply-To", m.ReplyTo)
	b = header(b, "Message-ID", m.MessageID)
	if !m.NoSubject {
		b = append(b, "Subject: "...)
		b = append(append(b, encodeWords(m.Subject)...), "\r\n"...)
	}
	b = append(b, "MIME-Version: 1.0\r\n"...)
	if len(m.Attachments) == 0 {
		b = append(b, textPart...)
		return m.body(b, start+int(m.Size))
	}
	boundary := "=_" + m.Attachments[0].SHA256[:24]
	b = append(b, "Content-Type: multipart/mixed; boundary=\""+boundary+"\"\r\n\r\n"...)
	b = append(append(b, "--"+boundary+"\r\n"...), textPart...)
	files := 0
	for _, a := range m.Attachments {
		files += int(a.Size)*78/57 + 200
	}
	b = m.body(b, start+int(m.Size)-files)
	for _, a := range m.Attachments {
		b = append(b, "--"+boundary+"\r\n"...)
		b = m.file(b, a)
	}
	return append(b, "--"+boundary+"--\r\n"...)
}

const textPart = "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"

func (m *Mail) sentBy() string {
	if m.Host.Host != "" {
		return m.Host.Host
	}
	return "[" + m.Host.Remote.String() + "]"
}

func header(b []byte, name, value string) []byte {
	if value == "" {
		return b
	}
	return append(b, name+": "+value+"\r\n"...)
}

// encodeWords is a text as a header may carry it (RFC 2047).
func encodeWords(s string) string {
	// The encoder puts a blank between words where a line may be folded.
	return strings.ReplaceAll(mime.BEncoding.Encode("utf-8", s), "?= =?", "?=\r\n =?")
}

func encodeAddress(s string) string {
	if name, address, ok := strings.Cut(s, " <"); ok && len(name) != utf8.RuneCountInString(name) {
		return encodeWords(name) + " <" + address
	}
	return s
}

// body writes text until the message is as long as it should be.
func (m *Mail) body(b []byte, until int) []byte {
	if m.Kind == Spam {
		b = append(b, gtube...)
	}
	text := m.text
	for i := 0; i == 0 || len(b) < until; i++ {
		b = append(append(b, text[i%len(text)]...), "\r\n"...)
	}
	return b
}

// gtube is the Generic Test for Unsolicited Bulk Email of SpamAssassin.
const gtube = "XJS*C4JDBQADN1.NSBN3*2IDNEN*" + "GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X\r\n"

// eicar is the test file of EICAR. It is put together when it is needed: scanners
// on the user's own machine must not find it in this program.
func eicar() string {
	return strings.Join([]string{`X5O!P%@AP[4\PZX54(P^)7CC)7}$`, "EICAR", "STANDARD", "ANTIVIRUS", `TEST-FILE!$H+H*`}, "-")
}

func (m *Mail) file(b []byte, a *esa.Attachment) []byte {
	name := mime.FormatMediaType("attachment", map[string]string{"filename": a.Name})
	b = append(b, "Content-Type: "+a.Type+"\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: "+name+"\r\n\r\n"...)
	if m.Kind == Viral {
		text := strings.Replace(eicar(), "$-EICAR", "$EICAR", 1)
		return append(base64.StdEncoding.AppendEncode(b, []byte(text)), "\r\n"...)
	}
	seed, _ := strconv.ParseUint(a.SHA256[:16], 16, 64)
	return noise(b, seed, a.Size)
}

// noise writes that many random bytes in base64. A stretch of 4 KiB repeats: what
// matters is how long a file is and that it is not another.
func noise(b []byte, seed uint64, size int64) []byte {
	const line = 57 // bytes of a line of 76 characters
	var raw [72 * line]byte
	for i := range raw {
		if i%8 == 0 {
			seed = spread(seed)
		}
		raw[i] = byte(seed >> (i % 8 * 8))
	}
	for at := 0; size > 0; at += line {
		n := min(size, line)
		from := at % len(raw)
		b = append(base64.StdEncoding.AppendEncode(b, raw[from:from+int(n)]), "\r\n"...)
		size -= n
	}
	return b
}

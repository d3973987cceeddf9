package dsn

import (
	"bytes"
	"cmp"
	"fmt"
	"strings"
	"time"

	"esasim/esa"
	"esasim/internal/rawmime"
)

// notice is the content of a bounce message: a report of RFC 3462 and 3464, for
// people, for programs, and with the original. The words for people are ours.
type notice struct {
	m        *esa.Message
	mid      esa.MID
	bounced  []esa.Event
	host     string
	now      time.Time
	original []byte // the beginning of the message; nil: not known
}

func (n *notice) text() []byte {
	edge := n.boundary()
	var b bytes.Buffer
	fmt.Fprintf(&b, "From: \"Mail Delivery System\" <MAILER-DAEMON@%s>\r\n", n.host)
	fmt.Fprintf(&b, "To: %s\r\n", n.m.Sender)
	fmt.Fprintf(&b, "Subject: Delivery Status Notification (Failure)\r\n")
	fmt.Fprintf(&b, "Message-ID: <bounce.%d.%d@%s>\r\n", n.mid, n.now.Unix(), n.host)
	if id := rawmime.OneLine(n.m.MessageID); id != "" {
		fmt.Fprintf(&b, "In-Reply-To: %s\r\n", id)
	}
	fmt.Fprintf(&b, "Date: %s\r\n", n.now.UTC().Format(time.RFC1123Z))
	fmt.Fprintf(&b, "Auto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n")
	fmt.Fprintf(&b, "Content-Type: multipart/report; report-type=delivery-status; boundary=\"%s\"\r\n\r\n", edge)
	fmt.Fprintf(&b, "--%s\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n", edge)
	n.forPeople(&b)
	fmt.Fprintf(&b, "\r\n--%s\r\nContent-Type: message/delivery-status\r\nContent-Transfer-Encoding: 8bit\r\n\r\n", edge)
	n.forPrograms(&b)
	if n.original != nil {
		fmt.Fprintf(&b, "\r\n--%s\r\nContent-Type: message/rfc822\r\nContent-Transfer-Encoding: 8bit\r\n\r\n", edge)
		b.Write(n.original)
	}
	fmt.Fprintf(&b, "\r\n--%s--\r\n", edge)
	return b.Bytes()
}

// boundary is a line that the original does not have.
func (n *notice) boundary() string {
	for i := 0; ; i++ {
		edge := fmt.Sprintf("=_bounce_%d_%d", n.mid, i)
		if !bytes.Contains(n.original, []byte(edge)) {
			return edge
		}
	}
}

func (n *notice) forPeople(b *bytes.Buffer) {
	fmt.Fprintf(b, "Your message could not be delivered to:\r\n")
	n.each(func(address string, e *esa.Event) {
		fmt.Fprintf(b, "\r\n  %s\r\n  %s\r\n", address, rawmime.OneLine(e.Name))
		switch code, text, _ := strings.Cut(rawmime.OneLine(e.Text), " "); {
		case e.Kind == esa.MessageBounced: // by what is not for the sender
			fmt.Fprintf(b, "  The mail system does not send it on.\r\n")
		case code == NoAnswer:
			fmt.Fprintf(b, "  The mail system could not reach the host: %s\r\n", text)
		default:
			fmt.Fprintf(b, "  The host answered: %s %s\r\n", code, text)
		}
	})
	fmt.Fprintf(b, "\r\nNo further attempts will be made.\r\n")
}

func (n *notice) forPrograms(b *bytes.Buffer) {
	fmt.Fprintf(b, "Reporting-MTA: dns; %s\r\nArrival-Date: %s\r\n", n.host, n.m.Received.UTC().Format(time.RFC1123Z))
	n.each(func(address string, e *esa.Event) {
		kind := "rfc822"
		if !ascii(address) {
			kind = "utf-8" // RFC 6533
		}
		status, _, _ := strings.Cut(rawmime.OneLine(e.Name), " ")
		fmt.Fprintf(b, "\r\nFinal-Recipient: %s; %s\r\nAction: failed\r\nStatus: %s\r\n", kind, address, status)
		if code, text, _ := strings.Cut(rawmime.OneLine(e.Text), " "); code != NoAnswer && e.Kind != esa.MessageBounced {
			fmt.Fprintf(b, "Diagnostic-Code: smtp; %s %s\r\n", code, text)
		}
		fmt.Fprintf(b, "Last-Attempt-Date: %s\r\n", n.now.UTC().Format(time.RFC1123Z))
	})
}

// each goes through the recipients that bounced, in the order of the message.
func (n *notice) each(f func(address string, e *esa.Event)) {
	why := map[esa.RID]*esa.Event{}
	var all *esa.Event // about those whom no other names
	for i := range n.bounced {
		if n.bounced[i].RIDs == nil {
			all = &n.bounced[i]
		}
		for _, rid := range n.bounced[i].RIDs {
			why[rid] = &n.bounced[i]
		}
	}
	for _, r := range n.m.Recipients {
		if e := cmp.Or(why[r.RID], all); e != nil && r.State != esa.Replaced {
			f(rawmime.OneLine(r.Address), e)
		}
	}
}

func ascii(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r >= 0x80 })
}

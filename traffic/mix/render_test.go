package mix

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"esasim/smtp/content"
)

// What a mail says of itself is what a reader finds in it.
func TestRender(t *testing.T) {
	m := New(5, "example.com")
	kinds := map[Kind]int{}
	for n := range uint64(3_000) {
		mail := m.Mail(n, time.Date(2020, 5, 14, 13, 23, 57, 0, time.UTC))
		kinds[mail.Kind]++
		b := mail.AppendTo(nil)
		got, err := content.Scan(bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		if got.Subject != mail.Subject || got.HasSubject == mail.NoSubject || got.From != mail.From || got.MessageID != mail.MessageID ||
			got.ReplyTo != mail.ReplyTo || got.Date != mail.Date || len(got.Attachments) != len(mail.Attachments) {
			t.Fatalf("mail %d:\n%+v\nis read as\n%+v", n, mail, got)
		}
		for i, a := range got.Attachments {
			if want := mail.Attachments[i]; a.Name != want.Name || a.Type != want.Type || mail.Kind != Viral && a.Size != want.Size {
				t.Errorf("mail %d: %+v is read as %+v", n, *want, a)
			}
			if (mail.Kind == Viral) != (a.SHA256 == "275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f") {
				t.Errorf("mail %d: %s with the sum %s", n, mail.Kind, a.SHA256)
			}
		}
		if (mail.Kind == Spam) != strings.Contains(string(b), "GTUBE") {
			t.Errorf("mail %d: %s, GTUBE is the other way round", n, mail.Kind)
		}
		if mail.Kind != Viral && (int64(len(b)) < mail.Size*9/10-1500 || int64(len(b)) > mail.Size*11/10+1500) {
			t.Errorf("mail %d: %d bytes, announced %d", n, len(b), mail.Size)
		}
		if bytes.Contains(b, []byte("\n.")) || bytes.Contains(bytes.ReplaceAll(b, []byte("\r\n"), nil), []byte("\n")) || !bytes.HasSuffix(b, []byte("\r\n")) {
			t.Errorf("mail %d cannot be sent as it is", n)
		}
		for _, line := range bytes.Split(b, []byte("\r\n")) {
			if len(line) > 998 {
				t.Errorf("mail %d: a line of %d octets", n, len(line))
			}
		}
	}
	for k := range Kinds {
		if kinds[k] == 0 {
			t.Errorf("no %s", k)
		}
	}
}

// The first mails of a seed.
func TestMailIsTheSame(t *testing.T) {
	m := New(1, "example.com")
	var b bytes.Buffer
	for n := range uint64(40) {
		mail := m.Mail(n, time.Date(2020, 5, 14, 13, 23, 57, 0, time.UTC))
		b.WriteString(mail.Kind.String() + " <" + mail.Sender + "> to <" + strings.Join(mail.Recipients, "> <") + ">\n")
		head, _, _ := bytes.Cut(mail.AppendTo(nil), []byte("\r\n\r\n"))
		b.WriteString("  " + strings.ReplaceAll(string(head), "\r\n", "\n  ") + "\n")
		for _, a := range mail.Attachments {
			b.WriteString("  + " + a.Name + "\n")
		}
	}
	golden(t, "testdata/mail.txt", b.Bytes())
}

// Everybody has an address of his own, and none is anybody's in the real world.
func TestAddresses(t *testing.T) {
	p := New(9, "corp.example").people
	if len(p.senders) != addresses || len(p.boxes) != mailboxes {
		t.Errorf("%d senders, %d mailboxes", len(p.senders), len(p.boxes))
	}
	seen := map[string]bool{}
	for _, b := range p.boxes {
		if seen[b.address] || !strings.HasSuffix(b.address, "@corp.example") {
			t.Errorf("mailbox %s", b.address)
		}
		seen[b.address] = true
	}
	twice := 0
	for _, s := range p.senders {
		if seen[s.address] {
			twice++
		}
		seen[s.address] = true
		if !strings.HasSuffix(s.address, ".example") || strings.ContainsFunc(s.address, func(r rune) bool { return r > 126 || r <= ' ' }) {
			t.Errorf("sender %s", s.address)
		}
	}
	if twice > addresses/100 {
		t.Errorf("%d addresses are there twice", twice)
	}
}

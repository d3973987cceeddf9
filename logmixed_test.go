package esasim_test

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"esasim/appliance/config"
	"esasim/esa"
	"esasim/lab"
)

// queueConfig has something for every stage of the work queue to do, and users.
const queueConfig = `
appliance:
  message_filters: |
    Hold: if (subject == "^hold") { log-entry("held: $Subject"); quarantine("Policy"); }
    Drop: if (subject == "^filter drop") { drop(); }
    Mark: if (subject == "^mark") { insert-header("X-Seen", "$MID"); }
  content_filters:
    incoming:
      - {name: links, conditions: [{if: url_reputation, min: -10, max: -6}], actions: [{do: defang_url, min: -10, max: -6}, {do: quarantine, quarantine: Mine}]}
      - {name: copies, conditions: [{if: subject, contains: copy}], actions: [{do: bcc, to: [archive@x.example]}, {do: bcc, to: [second@x.example], scan: true}, {do: add_footer, text: bye}]}
      - {name: notes, conditions: [{if: subject, contains: note}], actions: [{do: notify, to: [help@x.example], subject: seen, copy: true}, {do: log, text: "noted $Subject"}]}
      - {name: no, conditions: [{if: subject, contains: bounce me}], actions: [{do: bounce}]}
      - {name: away, conditions: [{if: subject, contains: away}], actions: [{do: drop}]}
  mail_policies:
    incoming:
      - {name: Tagged, recipients: [tag@x.example], antispam: {enabled: true, positive: {action: deliver, subject: "[SPAM] copy "}}}
      - {name: Held, recipients: [spam@x.example], antispam: {enabled: true, positive: {action: quarantine}}}
      - {name: DEFAULT, antispam: {enabled: true, positive: {action: drop}}, content_filters: [links, copies, notes, no, away]}
  quarantines:
    - {name: Policy, retention: 2h, action: release, release: {strip_attachments: true}}
    - {name: Mine, retention: 1h, action: delete}
    - {name: Spam Quarantine, retention: 3h, action: delete}
  urls: [{url: evil.example, score: -9.2}]
  smtp_auth: {users: [{name: joe, passphrase: secret}]}
  sender_domain_reputation: {query: true, domains: [{domain: bad.example, verdict: Awful, threat: Spam, age_days: 3}]}
`

// withQueue is what of it belongs to the mixed lab.
func withQueue(t *testing.T, c *config.Appliance) {
	t.Helper()
	read, err := lab.ReadConfig("queue.yaml", []byte(queueConfig))
	if err != nil {
		t.Fatal(err)
	}
	a := &read.Appliance
	c.MessageFilters, c.ContentFilters, c.MailPolicies, c.Quarantines = a.MessageFilters, a.ContentFilters, a.MailPolicies, a.Quarantines
	c.URLs, c.SMTPAuth, c.Reputation = a.URLs, a.SMTPAuth, a.Reputation
}

// queued is mail that stages split, rewrite, copy, hold, drop and bounce, and mail of
// users, who are one that is and some that are not.
func queued(t *testing.T, v *virtual) {
	t.Helper()
	hello := []string{"EHLO c.example"}
	send := func(message string, to ...string) {
		v.chat(t, slices.Concat(hello, mail("alice@b.example", message, to...), []string{"QUIT"})...)
	}
	send("Subject: spam of three policies\r\n\r\n"+gtube, "bob@x.example", "tag@x.example", "spam@x.example", "eve@x.example")
	send("Subject: spam\r\n\r\n"+gtube, "spam@x.example")
	send("Subject: spam\r\n\r\n"+gtube, "spam@x.example")
	file := "\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nsee http://evil.example/a and copy it\r\n--b\r\n" +
		"Content-Disposition: attachment; filename=\"a 'b' c.txt\"\r\n\r\nx\r\n--b--"
	for i := range 6 {
		send(fmt.Sprintf("Subject: hold %d%s", i, file), "bob@x.example", "tag@x.example")
	}
	for _, subject := range []string{"filter drop", "mark", "mark a copy", "copy and note", "note", "bounce me", "go away", "MID 3 rewritten to MID 1 by note"} {
		send("Subject: "+subject+"\r\n\r\nhttp://evil.example/ MID 1", "bob@x.example", "bounce@esasim.test")
	}
	v.chat(t, slices.Concat(hello, mail("", "Subject: bounce me\r\n\r\n", "bob@x.example"), mail("x@bad.example", "Subject: of bad repute\r\n\r\n", "bob@x.example"))...)
	plain := func(s string) string { return "AUTH PLAIN " + base64.StdEncoding.EncodeToString([]byte(s)) }
	user := slices.Concat(hello, []string{plain("\x00joe\x00x' using"), plain("\x00MID 1\x00x"), plain("\x00joe\x00secret")}, mail("joe@x.example", "Subject: by a user\r\n\r\n", "any@where.test"), []string{"QUIT"})
	v.chat(t, slices.Concat([]string{"XCLIENT ADDR=192.0.2.40"}, user)...)
	v.chat(t, append([]string{"XCLIENT ADDR=192.0.2.41"}, slices.Concat(hello, mail("joe@x.example", "Subject: no user\r\n\r\n", "any@where.test"))...)...)
}

// handled does something with some of the held messages; the others leave by
// themselves.
func handled(t *testing.T, v *virtual) {
	t.Helper()
	time.Sleep(time.Minute)
	var held, spam []esa.MID
	for mid := esa.MID(1); ; mid++ {
		m, err := v.Appliance().Tracking().Message(t.Context(), mid)
		switch {
		case err != nil:
			q := v.Appliance().Quarantines()
			if len(held) < 8 || len(spam) != 3 {
				t.Fatalf("held: %d and %d of spam", len(held), len(spam))
			}
			done(t)(q.Release(t.Context(), held[:1], ""))
			done(t)(q.Delete(t.Context(), held[1:2], ""))
			done(t)(q.Move(t.Context(), held[2:3], "Policy", "Unclassified"))
			done(t)(q.Copy(t.Context(), held[3:4], "Policy", "Virus"))
			done(t)(q.Delete(t.Context(), held[3:4], "Policy"))
			done(t)(q.Delay(t.Context(), held[4:5], "Policy", time.Hour))
			done(t)(q.SendCopy(t.Context(), held[5:6], "Policy", []string{"audit@x.example"}))
			done(t)(q.Release(t.Context(), spam[:1], ""))
			done(t)(q.Delete(t.Context(), spam[1:2], ""))
			return
		case slices.Contains(m.Quarantines, "Policy"):
			held = append(held, mid)
		case strings.Join(m.Quarantines, " ") == "Spam Quarantine":
			spam = append(spam, mid)
		}
	}
}

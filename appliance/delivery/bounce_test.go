package delivery

import (
	"bufio"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/mail"
	"net/textproto"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"esasim/appliance/dsn"
	"esasim/esa"
)

// A bounce message is told of in the order of the appliance's logs, can be read,
// says who did not get the mail and why, and is delivered.
func TestBounceMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := deliver(t)
		q.send(t, 8, "Subject: x\r\n\r\n=_bounce_1001_0\r\n", "bounce@esasim.test", "a@one.test", "554-5.7.1@esasim.test")
		synctest.Wait()
		expect(t, q.log, 8, "bounced delivered bounced", true)
		expect(t, q.log, 1001, "delivered", true)
		var got []string
		for _, e := range q.log.all {
			if e.MID == 1001 || e.Kind == esa.BounceGenerated || e.Kind == esa.MessageFinished {
				got = append(got, fmt.Sprintf("%d/%d/%d", e.Kind, e.MID, e.Other))
			}
		}
		want := fmt.Sprintf("%d/8/1001 %d/1001/8 %d/1001/0 %d/1001/0 %d/1001/0 %d/8/0 ", esa.BounceGenerated, esa.MessageStarted, esa.SenderGiven, esa.RecipientGiven, esa.MessageQueued, esa.MessageFinished)
		if s := strings.Join(got, " "); !strings.HasPrefix(s, want) {
			t.Errorf("events %s, want %s first", s, want)
		}
		m, _ := q.log.Message(t.Context(), 1001)
		if m.Sender != "" || m.Recipients[0].Address != "a@b.test" || m.From != 8 {
			t.Errorf("message %+v", m)
		}
		parts := report3464(t, q.log.contents[1001])
		for _, want := range []string{"  bounce@esasim.test\r\n  5.1.0 - Unknown address error\r\n  The host answered: 550 5.1.1 user unknown\r\n", "  554-5.7.1@esasim.test\r\n"} {
			if !strings.Contains(parts["text/plain"], want) {
				t.Errorf("for people: %q lacks %q", parts["text/plain"], want)
			}
		}
		fields := recipientsOf(t, parts["message/delivery-status"])
		if len(fields) != 2 || fields[0].Get("Final-Recipient") != "rfc822; bounce@esasim.test" || fields[0].Get("Status") != "5.1.0" ||
			fields[0].Get("Action") != "failed" || fields[0].Get("Diagnostic-Code") != "smtp; 550 5.1.1 user unknown" {
			t.Errorf("for programs: %+v", fields)
		}
		if parts["message/rfc822"] != "Subject: x\r\n\r\n=_bounce_1001_0\r\n" {
			t.Errorf("original: %q", parts["message/rfc822"])
		}
		q.stop()
	})
}

// report3464 reads a report as a mail program does: its parts by type.
func report3464(t *testing.T, content string) map[string]string {
	t.Helper()
	msg, err := mail.ReadMessage(strings.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	kind, params, err := mime.ParseMediaType(msg.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/report" || params["report-type"] != "delivery-status" {
		t.Fatalf("%s %v, %v", kind, params, err)
	}
	if date, err := msg.Header.Date(); err != nil || date.IsZero() {
		t.Errorf("date: %v", err)
	}
	out := map[string]string{}
	for r := multipart.NewReader(msg.Body, params["boundary"]); ; {
		p, err := r.NextPart()
		if err == io.EOF {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(p)
		if err != nil {
			t.Fatal(err)
		}
		kind, _, _ := mime.ParseMediaType(p.Header.Get("Content-Type"))
		out[kind] = string(b)
	}
}

// recipientsOf are the groups of fields of a delivery status, without the first,
// which is about the message.
func recipientsOf(t *testing.T, status string) (out []textproto.MIMEHeader) {
	t.Helper()
	groups := strings.Split(strings.TrimSpace(status), "\r\n\r\n")
	for _, g := range groups[1:] {
		h, err := textproto.NewReader(bufio.NewReader(strings.NewReader(g + "\r\n\r\n"))).ReadMIMEHeader()
		if err != nil {
			t.Fatalf("%v in %q", err, g)
		}
		out = append(out, h)
	}
	return out
}

// What bounces and has no sender makes no message, for ever.
func TestDoubleBounce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := deliver(t)
		q.Host = Simulated{Fates: []Fate{{Recipient: "a@b.test", Reply: "501 5.5.4 Invalid Address"}}}
		q.send(t, 8, "\r\n", "bounce@esasim.test")
		synctest.Wait()
		expect(t, q.log, 1001, "bounced", true)
		if q.log.mid != 1001 {
			t.Errorf("MID %d was made", q.log.mid)
		}
		m, _ := q.log.Message(t.Context(), 1001)
		double := 0
		for _, e := range m.Events {
			if e.Kind == esa.DoubleBounced && e.Name == "5.1.0 - Unknown address error" && e.Text == "501 5.5.4 Invalid Address" {
				double++
			}
		}
		if double != 1 {
			t.Errorf("%d double bounces in %+v", double, m.Events)
		}
		q.stop()
	})
}

// Without bounces nobody is told, and nothing else is different.
func TestNoBounces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := deliverAs(t, nil, func(q *Queue) { q.Profile.Bounces = false })
		q.send(t, 8, "\r\n", "bounce@esasim.test")
		synctest.Wait()
		expect(t, q.log, 8, "bounced", true)
		if q.log.mid != 1000 {
			t.Errorf("MID %d was made", q.log.mid)
		}
		q.stop()
	})
}

// Of a large message the first 10 KB go back, up to the end of a line.
func TestBounceOfLargeMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := deliver(t)
		q.send(t, 8, "Subject: x\r\n\r\n"+strings.Repeat("0123456789abcdef\r\n", 1000), "bounce@esasim.test")
		synctest.Wait()
		original := report3464(t, q.log.contents[1001])["message/rfc822"]
		if len(original) > dsn.MostOriginal || len(original) < dsn.MostOriginal-20 || !strings.HasSuffix(original, "cdef\r\n") {
			t.Errorf("%d octets, the last %q", len(original), original[len(original)-20:])
		}
		q.stop()
	})
}

// A rule answers before routes and local parts, as often as it says.
func TestFates(t *testing.T) {
	for _, c := range []struct {
		fate  Fate
		rcpt  string
		tries int
		want  bool
	}{
		{Fate{"a@x.test", "550", 0}, "A@X.test", 7, true},
		{Fate{"a@x.test", "550", 0}, "b@x.test", 0, false},
		{Fate{"x.test", "550", 0}, "b@x.test", 0, true},
		{Fate{"x.test", "550", 0}, "b@y.x.test", 0, false},
		{Fate{".x.test", "550", 0}, "b@y.X.test", 0, true},
		{Fate{".x.test", "550", 0}, "b@x.test", 0, false},
		{Fate{"x.test", "550", 2}, "b@x.test", 1, true},
		{Fate{"x.test", "550", 2}, "b@x.test", 2, false},
	} {
		if got := c.fate.matches(Attempt{Recipient: c.rcpt, Tries: c.tries}); got != c.want {
			t.Errorf("%+v of %s, try %d: %t", c.fate, c.rcpt, c.tries, got)
		}
	}
	for _, bad := range []Fate{{}, {"a@b", "", 0}, {"a@b", "999 x", 0}, {"a@b", "550 a\r\nb", 0}, {"a b", "550", 0}, {"a@b", "550", -1}} {
		if bad.Check() == nil {
			t.Errorf("%+v passes", bad)
		}
	}
}

// A rule's recipient is delayed as often as it says and then goes where the route
// leads.
func TestFateThenRoute(t *testing.T) {
	box := serve(t, &mailbox{}, nil)
	q := deliver(t, Route{Domain: "ALL", Hosts: []string{box.address}})
	q.Profile = Profile{InitialRetry: time.Millisecond, MaxRetry: time.Millisecond, MaxTime: time.Hour, MaxRetries: 10}
	q.Host = Simulated{Fates: []Fate{{"a@one.test", "451 4.2.1 mailbox busy", 3}}}
	q.send(t, 8, "\r\n", "a@one.test")
	until(t, func() error {
		if m := q.rest(t, 8); m.State != esa.Delivered {
			return errNothing
		}
		return nil
	})
	m := q.rest(t, 8)
	if m.Recipients[0].Attempts != 4 || len(box.letters()) != 1 || strings.Count(outcomesOf(m), "4.1.0 - Unknown address error|451 4.2.1 mailbox busy") != 3 {
		t.Errorf("%d attempts: %s", m.Recipients[0].Attempts, outcomesOf(m))
	}
}

// A slow host takes its five seconds, and nobody waits for it.
func TestSlowHost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := deliver(t)
		q.send(t, 8, "\r\n", "slow@esasim.test", "a@esasim.test")
		q.send(t, 9, "\r\n", "a@one.test")
		synctest.Wait()
		expect(t, q.log, 8, "queued delivered", false)
		expect(t, q.log, 9, "delivered", true)
		time.Sleep(5*time.Second + time.Millisecond)
		synctest.Wait()
		expect(t, q.log, 8, "delivered delivered", true)
		q.stop()
	})
}

func suspended(q *running) bool {
	all, _ := q.Suspended()
	return all
}

// While deliveries are suspended mail is queued; afterwards all of it goes.
func TestSuspend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := deliver(t)
		q.send(t, 8, "\r\n", "defer@esasim.test")
		synctest.Wait()
		q.Suspend()
		q.Suspend()
		synctest.Wait()
		q.send(t, 9, "\r\n", "a@one.test")
		time.Sleep(time.Hour)
		synctest.Wait()
		expect(t, q.log, 9, "queued", false)
		if m, _ := q.log.Message(t.Context(), 8); m.Finished || !suspended(q) {
			t.Errorf("MID 8: %s", m.State)
		}
		q.Resume()
		synctest.Wait()
		expect(t, q.log, 8, "delivered", true)
		expect(t, q.log, 9, "delivered", true)
		said := 0
		for _, e := range q.log.all {
			if e.Kind == esa.DeliveryTrouble && e.Text == "Deliveries are currently suspended" {
				said++
			}
		}
		if said != 1 || suspended(q) {
			t.Errorf("said %d times", said)
		}
		q.stop()
	})
}

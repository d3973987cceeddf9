package delivery

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"time"

	"esasim/esa"
)

// connect opens a connection to the first host of the route that has one. What
// happens on the way goes into the report; if there is none, so does the reply
// that all recipients have of the last.
func (q *Queue) connect(r *report) *link {
	for _, address := range r.lane.Hosts {
		clear(r.replies)
		if l := q.connectTo(r, address, r.lane.TLS != TLSNone); l != nil || r.called {
			return l
		}
	}
	r.dcid = 0 // no connection that delivery began on
	return nil
}

// connectTo opens a connection to a host; nil if there is none.
func (q *Queue) connectTo(r *report, address string, secured bool) *link {
	l, err := q.dial(address)
	if err != nil {
		if r.called = q.attempts.Err() != nil; !r.called {
			r.dcid = 0
			r.trouble(esa.Source{Local: q.Local}, address, err)
			r.all(noAnswer + " " + detailsOf(err))
		}
		return nil
	}
	opened, _ := q.begin(r)
	if l.dcid = r.dcid; l.dcid == 0 {
		l.close()
		r.called = true
		return nil
	}
	opened.Source, opened.Size = &l.source, portOf(address)
	r.before = append(r.before, opened)
	if err := l.c.Hello(q.Name); err != nil {
		q.giveUp(r, l, err)
		return nil
	}
	if !secured {
		return l
	}
	return q.secured(r, l, address)
}

// secured is the connection with TLS, or without where the route is content with
// that; nil if it is not, or the connection is gone.
func (q *Queue) secured(r *report, l *link, address string) *link {
	host, _, _ := net.SplitHostPort(address)
	state, err := l.secure(host, r.lane.TLS == TLSVerified)
	if err == nil {
		if err := l.c.Hello(q.Name); err != nil {
			q.giveUp(r, l, err)
			return nil
		}
		r.note(esa.Event{Kind: esa.DeliveryTLSStarted, DCID: l.dcid, Name: tlsName(state.Version),
			Text: tls.CipherSuiteName(state.CipherSuite), Address: Domain(r.rcpts[0].Address)})
		return l
	}
	if r.called = q.attempts.Err() != nil; r.called {
		l.close()
		return nil
	}
	if r.lane.TLS == TLSRequired || r.lane.TLS == TLSVerified {
		const failed = "TLS was required but could not be successfully negotiated"
		r.note(esa.Event{Kind: esa.DeliveryTrouble, DCID: l.dcid, MID: r.job.mid, Text: fmt.Sprintf("DCID %d IP %s %s", l.dcid, l.source.Remote, failed)})
		r.all(noAnswer + " " + failed)
		r.leave(l)
		return nil
	}
	if errors.Is(err, errNotOffered) {
		return l
	}
	why := err.Error()
	if !errors.Is(err, errUnexpected) {
		why = detailsOf(err)
	}
	r.note(esa.Event{Kind: esa.DeliveryTrouble, DCID: l.dcid, MID: r.job.mid, Text: fmt.Sprintf("DCID %d TLS failed: %s", l.dcid, why)})
	if errors.Is(err, errUnexpected) { // the conversation goes on in the clear
		return l
	}
	r.leave(l)
	return q.connectTo(r, address, false)
}

// giveUp ends a connection whose host does not greet.
func (q *Queue) giveUp(r *report, l *link, err error) {
	if r.called = q.attempts.Err() != nil; r.called {
		l.close()
		return
	}
	if reply, ok := replyOf(err); ok {
		r.all(reply)
	} else {
		r.trouble(l.source, "", err)
		r.all(noAnswer + " " + detailsOf(err))
	}
	r.leave(l)
}

// leave ends a connection that no delivery began on.
func (r *report) leave(l *link) {
	l.close()
	r.note(esa.Event{Kind: esa.DeliveryClosed, DCID: l.dcid})
}

// note adds what happened just now, before the answers.
func (r *report) note(e esa.Event) {
	e.Time = time.Now()
	r.before = append(r.before, e)
}

// trouble notes that the network failed. The address stands for the host's when
// there was no connection.
func (r *report) trouble(s esa.Source, address string, err error) {
	ip := s.Remote.String()
	if host, _, bad := net.SplitHostPort(address); bad == nil && !s.Remote.IsValid() {
		ip = host
	}
	r.note(esa.Event{Kind: esa.DeliveryTrouble, DCID: r.dcid, MID: r.job.mid, Text: fmt.Sprintf(
		"Connection Error: DCID: %d IP: %s details: %s interface: %s reason: network error", r.dcid, ip, detailsOf(err), s.Local)})
}

// all gives every recipient without an answer this one.
func (r *report) all(reply string) {
	for i := range r.replies {
		if r.replies[i] == "" {
			r.replies[i] = reply
		}
	}
}

// closed ends the connection after the answers.
func (r *report) closed(l *link) {
	l.close()
	r.link = nil
	r.after = append(r.after, esa.Event{Kind: esa.DeliveryClosed, Time: time.Now(), DCID: l.dcid})
}

// tlsName is the protocol as the logs write it: "TLSv1.3".
func tlsName(version uint16) string {
	switch version {
	case tls.VersionTLS10:
		return "TLSv1"
	case tls.VersionTLS11:
		return "TLSv1.1"
	case tls.VersionTLS12:
		return "TLSv1.2"
	case tls.VersionTLS13:
		return "TLSv1.3"
	}
	return fmt.Sprintf("0x%04x", version)
}

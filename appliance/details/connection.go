package details

import (
	"fmt"

	"esasim/esa"
)

// connectionOpened begins with the HAT's summary of the connection, as recorded
// answers do, although it was decided a moment later. The doubled blanks are in
// them, too.
func connectionOpened(s *story, e *esa.Event) []string {
	src := e.Source
	if src == nil {
		src = &esa.Source{}
	}
	var out []string
	if hat := s.hat[e.ICID]; hat != nil {
		out = append(out, fmt.Sprintf("Incoming connection (ICID %d) has %s", e.ICID, reputation(hat)))
	}
	host, verified := peer(src)
	return append(out, fmt.Sprintf("Protocol SMTP interface %s  (IP %s) on incoming connection (ICID %d) from sender IP %s. "+
		"Reverse DNS  host %s verified %s.", src.Listener, src.Local, e.ICID, src.Remote, host, verified))
}

// Connection tells the story of a connection alone. The first two sentences have a
// wording of their own there, which was seen; the others are inferred from those of
// messages.
func Connection(events []esa.Event) []Line {
	s := newStory(events)
	var lines []Line
	for i := range events {
		e := &events[i]
		texts := s.tell(e)
		if e.Kind == esa.ConnectionOpened && e.Source != nil {
			texts = s.opened(e)
		}
		for _, text := range texts {
			lines = append(lines, Line{Time: e.Time, Text: text})
		}
	}
	return lines
}

func (s *story) opened(e *esa.Event) (out []string) {
	if hat := s.hat[e.ICID]; hat != nil {
		out = append(out, fmt.Sprintf("ICID %d sender_group: %s sender_ip: %s, sbrs: %s", e.ICID, hat.Group, hat.Remote, hat.SBRS))
	}
	host, verified := peer(e.Source)
	return append(out, fmt.Sprintf("Protocol SMTP interface %s (IP %s) on incoming connection (ICID %d) from sender IP %s. "+
		"Reverse DNS host %s verified %s.", e.Source.Listener, e.Source.Local, e.ICID, e.Source.Remote, host, verified))
}

// peer is the name of the other end, and whether it is verified.
func peer(src *esa.Source) (host, verified string) {
	host, verified = src.Host, "no"
	if host == "" {
		host = "unknown"
	}
	if src.Verified {
		verified = "yes"
	}
	return host, verified
}

func hatDecided(_ *story, e *esa.Event) []string {
	if e.Source == nil {
		return nil
	}
	return []string{fmt.Sprintf("(ICID %d) %s sender group %s match %s SBRS %s country %s",
		e.ICID, e.Source.Rule, e.Source.Group, e.Source.Match, e.Source.SBRS, e.Source.Country)}
}

func tlsStarted(_ *story, e *esa.Event) []string {
	return []string{fmt.Sprintf("Incoming connection (ICID %d) successfully accepted TLS protocol %s cipher %s.",
		e.ICID, e.Name, e.Text)}
}

// connectionTrouble is inferred: the mail log's own words.
func connectionTrouble(_ *story, e *esa.Event) []string {
	return []string{fmt.Sprintf("(ICID %d) %s.", e.ICID, e.Text)}
}

// connectionClosed: "lost" was seen, "closed" is inferred.
func connectionClosed(_ *story, e *esa.Event) []string {
	how := "closed"
	if e.Text != "" {
		how = e.Text
	}
	return []string{fmt.Sprintf("Incoming connection (ICID %d) %s.", e.ICID, how)}
}

// reputation is the end of two sentences: what the HAT thinks of the peer.
func reputation(src *esa.Source) string {
	return fmt.Sprintf("sender_group: %s, sender_ip: %s and sbrs: %s", src.Group, src.Remote, src.SBRS)
}

// authTried is inferred: the mail log's words.
func authTried(_ *story, e *esa.Event) []string {
	if e.Name == "" {
		return []string{fmt.Sprintf("SMTP Auth (ICID %d) %s.", e.ICID, e.Text)}
	}
	return []string{fmt.Sprintf("SMTP Auth (ICID %d) %s for user: %s using AUTH mechanism: %s.", e.ICID, e.Text, e.Address, e.Name)}
}

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
	host, verified := src.Host, "no"
	if host == "" {
		host = "unknown"
	}
	if src.Verified {
		verified = "yes"
	}
	return append(out, fmt.Sprintf("Protocol SMTP interface %s  (IP %s) on incoming connection (ICID %d) from sender IP %s. "+
		"Reverse DNS  host %s verified %s.", src.Listener, src.Local, e.ICID, src.Remote, host, verified))
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

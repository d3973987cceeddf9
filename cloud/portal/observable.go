package portal

import (
	"net/url"
	"strings"
	"unicode/utf8"

	"esasim/cloud/ctim"
)

// kindName is how the pages name a type of observable. The first six are in the
// vendor's integration guide; the others follow their style (inferred).
func kindName(t ctim.ObservableType) string {
	switch t {
	case ctim.IP:
		return "IP"
	case ctim.EmailSubject:
		return "Email Subject"
	case ctim.CiscoMID:
		return "Cisco Message ID"
	case ctim.Domain:
		return "Domain"
	case ctim.Email:
		return "Email Address"
	case ctim.IPv6:
		return "IPv6"
	case ctim.EmailMessageID:
		return "Email Message ID"
	case ctim.SHA256:
		return "SHA-256"
	case ctim.SHA1:
		return "SHA-1"
	case ctim.MD5:
		return "MD5"
	case ctim.FileName:
		return "File Name"
	case ctim.URL:
		return "URL"
	}
	return string(t)
}

// iconName is the symbol of a type of observable in the page's SVG.
func iconName(t ctim.ObservableType) string {
	switch t {
	case ctim.IP, ctim.IPv6:
		return "ip"
	case ctim.Domain, ctim.URL:
		return "domain"
	case ctim.Email:
		return "email"
	case ctim.EmailSubject:
		return "subject"
	case ctim.CiscoMID, ctim.EmailMessageID:
		return "message"
	case ctim.SHA256, ctim.SHA1, ctim.MD5, ctim.FileName:
		return "file"
	}
	return "other"
}

// observableLink investigates one observable. It is "" for a value that cannot
// be typed: one that holds both quotes or more than one line, begins or ends
// with a blank, or is longer than the text may be.
func observableLink(o ctim.Observable) string {
	quote := `"`
	if strings.Contains(o.Value, quote) {
		quote = "'"
	}
	query := string(o.Type) + ":" + quote + o.Value + quote
	if o.Value == "" || strings.ContainsAny(o.Value, quote+"\n") || strings.TrimSpace(o.Value) != o.Value || utf8.RuneCountInString(query) > maxQuery {
		return ""
	}
	return investigateLink(query)
}

func investigateLink(query string) string {
	// %20 rather than +, which HTML would have to escape.
	return investigatePath + "?q=" + strings.ReplaceAll(url.QueryEscape(query), "+", "%20")
}

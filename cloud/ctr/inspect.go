package ctr

import (
	"encoding/json"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"esasim/cloud/ctim"
	"esasim/cloud/route"
)

const maxInspect = 1 << 20 // bytes of a body; the real limit is not public

// serveInspect answers POST /iroh/iroh-inspect/inspect: {"content": text} in,
// observables out. The two errors are the schema's.
func (t *Threat) serveInspect(w http.ResponseWriter, r *http.Request) {
	body, err := readBody(w, r, maxInspect)
	if err != nil {
		t.fail(w, err)
		return
	}
	var fields map[string]any
	if err := json.Unmarshal(body, &fields); err != nil || fields == nil {
		t.fail(w, invalidRequest("Malformed application/json request."))
		return
	}
	extra := map[string]string{}
	for name := range fields {
		if name != "content" {
			extra[name] = "disallowed-key"
		}
	}
	content, given := fields["content"]
	text, isText := content.(string)
	switch {
	case len(extra) > 0:
		route.JSON(w, http.StatusBadRequest, map[string]any{"errors": extra})
	case !given:
		route.JSON(w, http.StatusBadRequest, map[string]string{"content": "missing-required-key"})
	case !isText:
		// The style of the service's schema library; the wording is inferred.
		route.JSON(w, http.StatusBadRequest, map[string]string{"content": "(not (instance? java.lang.String content))"})
	default:
		route.JSON(w, http.StatusOK, t.Inspect(text))
	}
}

// Inspect finds the observables in a text: what is typed (email_subject:"test
// test"), and addresses, names and hashes in free text. None comes twice; they
// come in the order in which they stand in the text. The result is never nil.
//
// The rules, from 115 recorded inputs unless said otherwise:
//   - type:"value", type:'value' and type:value force the type; quotes keep
//     blanks. A blank is allowed before a quote. Typed values are not checked,
//     but without quotes an address, a name and a hash end where prose goes on:
//     at a semicolon and a closing bracket (inferred).
//   - ipv4 is another name for ip.
//   - A URL in free text gives url and the domain of its host; so does
//     url: "..." with a blank, while url:"..." gives the url alone.
//   - An e-mail address gives email alone.
//   - Addresses of IPv6, hashes and domains come back in lower case.
//   - Nothing else is guessed.
func (t *Threat) Inspect(text string) []ctim.Observable {
	s := scanner{text: text, seen: map[ctim.Observable]bool{}, found: []ctim.Observable{}}
	s.scan()
	return s.found
}

// add notes an observable, in the spelling in which the service gives it back.
func (s *scanner) add(kind ctim.ObservableType, value string) {
	switch kind {
	case ctim.IPv6, ctim.Domain, ctim.MD5, ctim.SHA1, ctim.SHA256:
		value = strings.ToLower(value)
	}
	o := ctim.Observable{Type: kind, Value: value}
	if value != "" && !s.seen[o] {
		s.seen[o] = true
		s.found = append(s.found, o)
	}
}

// typeNamed gives the observable type that a word names in typed syntax.
func typeNamed(word string) (ctim.ObservableType, bool) {
	if word == "ipv4" {
		return ctim.IP, true
	}
	kind := ctim.ObservableType(word)
	return kind, kind.Known()
}

// word classifies one word of free text.
func (s *scanner) word(w string) {
	w = strings.Trim(w, ".-_+%")
	if strings.Contains(w, "@") {
		if isEmail(w) {
			s.add(ctim.Email, w)
		}
		return
	}
	if kind := hashType(w); kind != "" {
		s.add(kind, w)
		return
	}
	if len(w) <= len("255.255.255.255") {
		if a, err := netip.ParseAddr(w); err == nil && a.Is4() {
			s.add(ctim.IP, w)
			return
		}
	}
	if isDomain(w) && knownTopLevel(w) {
		s.add(ctim.Domain, w)
	}
}

// hashType tells a hash by its length, or gives "".
func hashType(w string) ctim.ObservableType {
	if strings.IndexFunc(w, func(r rune) bool { return !isHex(r) }) >= 0 {
		return ""
	}
	switch len(w) {
	case 32:
		return ctim.MD5
	case 40:
		return ctim.SHA1
	case 64:
		return ctim.SHA256
	}
	return ""
}

func isHex(r rune) bool {
	return '0' <= r && r <= '9' || 'a' <= r && r <= 'f' || 'A' <= r && r <= 'F'
}

// isEmail takes local@domain with the lengths of RFC 5321; the domain need not
// be one of the public Internet.
func isEmail(w string) bool {
	at := strings.LastIndexByte(w, '@')
	local, domain := w[:at], w[at+1:]
	return local != "" && len(local) <= 64 && !strings.ContainsAny(local, "@") && isDomain(domain)
}

// isDomain takes two labels or more of letters, digits, hyphens and
// underscores, the last one not of digits alone.
func isDomain(w string) bool {
	if len(w) > 253 {
		return false
	}
	labels := strings.Split(w, ".")
	for _, l := range labels {
		if l == "" || len(l) > 63 || l[0] == '-' || l[len(l)-1] == '-' || strings.ContainsAny(l, "%+@") {
			return false
		}
	}
	last := labels[len(labels)-1]
	return len(labels) > 1 && len(last) > 1 && strings.Trim(last, "0123456789-_") != ""
}

// reservedTopLevel is true for names that are not on the Internet, but in laboratories (RFC 2606,
// RFC 6762, RFC 8375 and ICANN's private use).
func reservedTopLevel(label string) bool {
	return slices.Contains([]string{"test", "example", "invalid", "localhost", "local", "internal", "arpa", "lan", "corp", "home"}, label)
}

package asyncos

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// parameters are those of a call, by name. All have one value at least.
type parameters map[string][]string

// mostParameters bounds how many a call can have: some clients give many MIDs.
const mostParameters = 1000

// readParameters reads a query, percent-encoded or raw as some clients send it. A
// parameter that the call does not know, or that is given twice, is refused rather
// than ignored.
func readParameters(query string, known []string) (parameters, error) {
	out := parameters{}
	n := 0
	for part := range strings.SplitSeq(query, "&") {
		if part == "" {
			continue
		}
		if n++; n > mostParameters {
			return nil, wrong("query", "too many parameters")
		}
		name, value, _ := strings.Cut(part, "=")
		name = unescape(name)
		switch {
		case !slices.Contains(known, name):
			return nil, wrong(name, "unknown")
		case out[name] != nil && !slices.Contains(repeated, name):
			return nil, wrong(name, "given more than once")
		}
		if !slices.Contains(plusses, name) {
			value = strings.ReplaceAll(value, "+", " ")
		}
		out[name] = append(out[name], unescape(value))
	}
	return out, nil
}

// repeated are the parameters that may be given again. Source: public clients.
var repeated = []string{"mid"}

// plusses are those in which + is itself: that of a time zone is often not escaped
// (public clients), and addresses and message-ids have no blanks. In others it is a
// blank, as in a form.
var plusses = []string{"startDate", "endDate", "envelopeSenderfilterValue", "envelopeRecipientfilterValue", "messageIdHeader", "domainNameValue"}

// unescape resolves %41, and leaves a % alone behind which no two digits are, as
// Python does. What is no UTF-8 then becomes U+FFFD.
func unescape(s string) string {
	if !strings.Contains(s, "%") {
		return strings.ToValidUTF8(s, "\uFFFD")
	}
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			if n, err := strconv.ParseUint(s[i+1:i+3], 16, 8); err == nil {
				out = append(out, byte(n))
				i += 2
				continue
			}
		}
		out = append(out, s[i])
	}
	return strings.ToValidUTF8(string(out), "\uFFFD")
}

// get is the value of a parameter; "" if it is not given.
func (p parameters) get(name string) string {
	if v := p[name]; len(v) > 0 {
		return v[0]
	}
	return ""
}

// has tells whether a parameter is given, if only as an empty value.
func (p parameters) has(name string) bool { return len(p[name]) > 0 }

// number reads a whole number, otherwise if it is not given.
func (p parameters) number(name string, otherwise, least, most int) (int, error) {
	if !p.has(name) {
		return otherwise, nil
	}
	n, err := strconv.Atoi(p.get(name))
	if err != nil || n < least || n > most {
		return 0, wrong(name, fmt.Sprintf("want a whole number from %d to %d", least, most))
	}
	return n, nil
}

// id reads a number that the appliance has given out, from 1 up; 0 if it is not
// given.
func id[T ~uint64](p parameters, name string) (T, error) {
	if !p.has(name) {
		return 0, nil
	}
	return readID[T](name, p.get(name))
}

func readID[T ~uint64](name, value string) (T, error) {
	n, err := strconv.ParseUint(value, 10, 64)
	if err != nil || n == 0 {
		return 0, wrong(name, "want a whole number from 1 up")
	}
	return T(n), nil
}

// moment reads a date of ISO 8601 to the minute; zero if it is not given.
func (p parameters) moment(name string) (time.Time, error) {
	if !p.has(name) {
		return time.Time{}, nil
	}
	for _, form := range []string{"2006-01-02T15:04:05Z07:00", "2006-01-02T15:04Z07:00", "2006-01-02T15:04:05-0700", "2006-01-02T15:04-0700"} {
		t, err := time.Parse(form, p.get(name))
		if err != nil {
			continue
		}
		if t.Second() != 0 || t.Nanosecond() != 0 || t.UTC().Year() < 1970 || t.UTC().Year() > 9999 {
			break
		}
		return t, nil
	}
	return time.Time{}, wrong(name, "want a date to the minute, as in 2020-05-14T13:23:00.000Z")
}

// span reads startDate and endDate. An end ahead of now is good.
func (p parameters) span(required bool) (from, to time.Time, err error) {
	if required && (p.get("startDate") == "" || p.get("endDate") == "") {
		return from, to, missing("startDate or endDate")
	}
	if from, err = p.moment("startDate"); err != nil {
		return from, to, err
	}
	if to, err = p.moment("endDate"); err != nil {
		return from, to, err
	}
	if !from.IsZero() && !to.IsZero() && !from.Before(to) {
		return from, to, wrong("endDate", "want a date after startDate")
	}
	return from, to, nil
}

// one reads a word that is one of some; "" if it is not given.
func (p parameters) one(name string, words ...string) (string, error) {
	if v := p.get(name); !p.has(name) || slices.Contains(words, v) {
		return v, nil
	}
	return "", wrong(name, "want "+strings.Join(words, " or "))
}

// list reads a list with commas between.
func (p parameters) list(name string) ([]string, error) {
	var out []string
	for part := range strings.SplitSeq(p.get(name), ",") {
		if part = strings.TrimSpace(part); part == "" {
			return nil, wrong(name, "want a value, or several with commas between")
		}
		out = append(out, part)
	}
	return out, nil
}

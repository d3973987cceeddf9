package rest

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Parameters are those of a call, by name. All have one value at least.
type Parameters map[string][]string

// mostParameters bounds how many a call can have: some clients give many MIDs.
const mostParameters = 1000

// readParameters reads a query, percent-encoded or raw as some clients send it. A
// parameter that the call does not know, or that is given twice, is refused rather
// than ignored.
func readParameters(query string, of *Route) (Parameters, error) {
	out := Parameters{}
	n := 0
	for part := range strings.SplitSeq(query, "&") {
		if part == "" {
			continue
		}
		if n++; n > mostParameters {
			return nil, Wrong("query", "too many parameters")
		}
		name, value, _ := strings.Cut(part, "=")
		name = unescape(name)
		switch {
		case !slices.Contains(of.Takes, name):
			return nil, Wrong(name, "unknown")
		case out[name] != nil && !slices.Contains(of.Repeated, name):
			return nil, Wrong(name, "given more than once")
		}
		if !isDate(name) && !slices.Contains(of.Plus, name) {
			value = strings.ReplaceAll(value, "+", " ")
		}
		out[name] = append(out[name], unescape(value))
	}
	return out, nil
}

// isDate: the + of a time zone is often not escaped. Source: public clients.
func isDate(name string) bool { return name == "startDate" || name == "endDate" }

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

// Get is the value of a parameter; "" if it is not given.
func (p Parameters) Get(name string) string {
	if v := p[name]; len(v) > 0 {
		return v[0]
	}
	return ""
}

// Has tells whether a parameter is given, if only as an empty value.
func (p Parameters) Has(name string) bool { return len(p[name]) > 0 }

// Number reads a whole number, otherwise if it is not given.
func (p Parameters) Number(name string, otherwise, least, most int) (int, error) {
	if !p.Has(name) {
		return otherwise, nil
	}
	n, err := strconv.Atoi(p.Get(name))
	if err != nil || n < least || n > most {
		return 0, Wrong(name, fmt.Sprintf("want a whole number from %d to %d", least, most))
	}
	return n, nil
}

// ID reads a number that the appliance has given out, from 1 up; 0 if it is not
// given.
func ID[T ~uint64](p Parameters, name string) (T, error) {
	if !p.Has(name) {
		return 0, nil
	}
	return ReadID[T](name, p.Get(name))
}

// ReadID reads one of the parameter's values.
func ReadID[T ~uint64](name, value string) (T, error) {
	n, err := strconv.ParseUint(value, 10, 64)
	if err != nil || n == 0 {
		return 0, Wrong(name, "want a whole number from 1 up")
	}
	return T(n), nil
}

// Moment reads a date of ISO 8601 to the minute; zero if it is not given.
func (p Parameters) Moment(name string) (time.Time, error) {
	if !p.Has(name) {
		return time.Time{}, nil
	}
	for _, form := range []string{"2006-01-02T15:04:05Z07:00", "2006-01-02T15:04Z07:00", "2006-01-02T15:04:05-0700", "2006-01-02T15:04-0700"} {
		t, err := time.Parse(form, p.Get(name))
		if err != nil {
			continue
		}
		if t.Second() != 0 || t.Nanosecond() != 0 || t.UTC().Year() < 1970 || t.UTC().Year() > 9999 {
			break
		}
		return t, nil
	}
	return time.Time{}, Wrong(name, "want a date to the minute, as in 2020-05-14T13:23:00.000Z")
}

// Span reads startDate and endDate. An end ahead of now is good.
func (p Parameters) Span(required bool) (from, to time.Time, err error) {
	if required && (p.Get("startDate") == "" || p.Get("endDate") == "") {
		return from, to, Missing("startDate or endDate")
	}
	if from, err = p.Moment("startDate"); err != nil {
		return from, to, err
	}
	if to, err = p.Moment("endDate"); err != nil {
		return from, to, err
	}
	if !from.IsZero() && !to.IsZero() && !from.Before(to) {
		return from, to, Wrong("endDate", "want a date after startDate")
	}
	return from, to, nil
}

// One reads a word that is one of some; "" if it is not given.
func (p Parameters) One(name string, words ...string) (string, error) {
	if v := p.Get(name); !p.Has(name) || slices.Contains(words, v) {
		return v, nil
	}
	return "", Wrong(name, "want "+strings.Join(words, " or "))
}

// List reads a list with commas between.
func (p Parameters) List(name string) ([]string, error) {
	var out []string
	for part := range strings.SplitSeq(p.Get(name), ",") {
		if part = strings.TrimSpace(part); part == "" {
			return nil, Wrong(name, "want a value, or several with commas between")
		}
		out = append(out, part)
	}
	return out, nil
}

package dlp

import "strings"

// SSNs finds US Social Security numbers: three, two and four digits with hyphens or
// blanks between, or nine digits in one piece shortly behind a word for what they
// are. Numbers that are never given out are none. Source: Social Security
// Administration, "Social Security Number Randomization".
func SSNs(s string, found func(from, to int) bool) {
	numbers(s, func(i int) (int, bool) {
		digits, end := ssn(s, i)
		if digits == "" || !standsAlone(s, i, end) || !given(digits) {
			for i < len(s) && isDigit(s[i]) {
				i++
			}
			return i, true
		}
		return end, found(i, end)
	})
}

// ssn reads what has the form of one at i; "" if nothing has.
func ssn(s string, i int) (digits string, end int) {
	run := func(from, n int) bool {
		for k := from; k < from+n; k++ {
			if !isDigit(at(s, k)) {
				return false
			}
		}
		return true
	}
	if !run(i, 3) {
		return "", 0
	}
	sep := at(s, i+3)
	if isSeparator(sep) && run(i+4, 2) && at(s, i+6) == sep && run(i+7, 4) {
		return s[i:i+3] + s[i+4:i+6] + s[i+7:i+11], i + 11
	}
	if run(i+3, 6) && announced(s[max(0, i-announcement):i]) {
		return s[i : i+9], i + 9
	}
	return "", 0
}

// announcement is how far before a number, in octets, may be said what it is.
const announcement = 40

func announced(before string) bool {
	before = strings.ToLower(before)
	return strings.Contains(before, "ssn") || strings.Contains(before, "social security")
}

// given tells whether a number can be somebody's. Two were printed in
// advertisements, and are nobody's.
func given(d string) bool {
	switch area := d[:3]; {
	case area == "000", area == "666", area >= "900", d[3:5] == "00", d[5:] == "0000":
		return false
	}
	return d != "078051120" && d != "219099999"
}

package dlp

// CreditCards finds card numbers: of a brand's range and length, with a good check
// digit (Luhn, ISO/IEC 7812-1), in one piece or in the groups in which they are
// embossed, with blanks or hyphens between.
func CreditCards(s string, found func(from, to int) bool) {
	numbers(s, func(i int) (int, bool) {
		end := card(s, i)
		if end == 0 || !standsAlone(s, i, end) {
			for i < len(s) && isDigit(s[i]) {
				i++
			}
			return i, true
		}
		return end, found(i, end)
	})
}

// The shortest and the longest number of a card.
const (
	minCard = 13
	maxCard = 19
)

// card is where a card's number that begins at i ends; 0 if none does. What is behind
// one, such as when it expires, may look like more groups of it.
func card(s string, i int) (end int) {
	var groups [6]int
	digits := make([]byte, 0, maxCard)
	n, sep := 0, byte(0)
	for at := i; n < len(groups); n++ {
		from := at
		for at < len(s) && isDigit(s[at]) {
			if len(digits) == maxCard {
				return end
			}
			digits = append(digits, s[at])
			at++
		}
		groups[n] = at - from
		if embossed(groups[:n+1]) && ofBrand(digits) && luhn(digits) {
			end = at
		}
		if at+1 >= len(s) || !isSeparator(s[at]) || sep != 0 && s[at] != sep || !isDigit(s[at+1]) {
			break
		}
		sep = s[at]
		at++
	}
	return end
}

// embossed tells whether a number in these groups can be a card's.
func embossed(groups []int) bool {
	if len(groups) == 1 {
		return groups[0] >= minCard && groups[0] <= maxCard
	}
	if groups[0] != 4 {
		return false
	}
	switch len(groups) {
	case 3: // American Express, Diners Club
		return groups[1] == 6 && (groups[2] == 5 || groups[2] == 4)
	case 4:
		return groups[1] == 4 && groups[2] == 4 && groups[3] == 4
	case 5: // of 19 digits
		return groups[1] == 4 && groups[2] == 4 && groups[3] == 4 && groups[4] == 3
	}
	return false
}

// luhn tells whether the check digit is right.
func luhn(d []byte) bool {
	sum := 0
	for i := range d {
		n := int(d[len(d)-1-i] - '0')
		if i%2 == 1 {
			if n *= 2; n > 9 {
				n -= 9
			}
		}
		sum += n
	}
	return sum%10 == 0
}

// ofBrand tells whether a number is in the range of a brand, and has its length.
// Source: the ranges that the brands publish.
func ofBrand(d []byte) bool {
	prefix, n := 0, len(d)
	for _, ch := range d[:6] {
		prefix = prefix*10 + int(ch-'0')
	}
	in := func(from, to int) bool { return prefix >= from && prefix <= to }
	switch {
	case in(400000, 499999): // Visa
		return n == 13 || n == 16 || n == 19
	case in(510000, 559999), in(222100, 272099): // Mastercard
		return n == 16
	case in(340000, 349999), in(370000, 379999): // American Express
		return n == 15
	case in(601100, 601199), in(622126, 622925), in(644000, 659999): // Discover
		return n >= 16
	case in(352800, 358999): // JCB
		return n >= 16
	case in(300000, 305999), in(309500, 309599), in(360000, 369999), in(380000, 399999): // Diners Club
		return n == 14 || n >= 16
	}
	return false
}

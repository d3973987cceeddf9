package dlp

import "strings"

// IBANs finds International Bank Account Numbers: of a country that has them, in its
// length, with good check digits (ISO 13616, modulo 97), in one piece or with blanks
// between, as they are printed.
func IBANs(s string, found func(from, to int) bool) {
	for i := 0; i+4 < len(s); {
		if !isDigit(s[i+2]) { // the check digits are where digits are rare
			i++
			continue
		}
		end := iban(s, i)
		if end == 0 || isWord(at(s, i-1)) || isWord(at(s, end)) {
			i++
			continue
		}
		if !found(i, end) {
			return
		}
		i = end
	}
}

// iban is where one that begins at i ends; 0 if none does.
func iban(s string, i int) (end int) {
	if !isLetter(s[i]) || !isLetter(s[i+1]) || !isDigit(s[i+2]) || !isDigit(s[i+3]) {
		return 0
	}
	length := ibanLength(strings.ToUpper(s[i : i+2]))
	if length == 0 {
		return 0
	}
	number := make([]byte, 0, maxIBAN)
	end = i
	for ; len(number) < length && end < len(s); end++ {
		switch ch := s[end]; {
		case isDigit(ch):
			number = append(number, ch)
		case isLetter(ch):
			number = append(number, ch&^0x20)
		case ch == ' ' && len(number) > 3 && s[end-1] != ' ':
		default:
			return 0
		}
	}
	if len(number) < length || !mod97(number) {
		return 0
	}
	return end
}

// maxIBAN is the longest that the standard allows.
const maxIBAN = 34

// mod97 moves country and check digits to the end, takes letters for two digits, and
// tells whether the remainder is 1.
func mod97(number []byte) bool {
	rest := 0
	for i := range number {
		ch := number[(i+4)%len(number)]
		if isDigit(ch) {
			rest = (rest*10 + int(ch-'0')) % 97
		} else {
			rest = (rest*100 + int(ch-'A') + 10) % 97
		}
	}
	return rest == 1
}

// ibanLength is how many characters a country's have; 0: it has none. Source: the
// IBAN registry of SWIFT.
func ibanLength(country string) int {
	const lengths = "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DK18 DO28 EE20 EG29 ES24 FI18 FO18 FR27 " +
		"GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 " +
		"MK19 MR27 MT31 MU30 NL18 NO15 PK24 PL28 PS29 PT25 QA29 RO24 RS22 SA24 SC31 SD18 SE24 SI19 SK24 SM27 ST25 SV28 TL23 TN24 TR26 UA29 " +
		"VA22 VG24 XK20 "
	for i := 0; i < len(lengths); i += 5 {
		if lengths[i:i+2] == country {
			return int(lengths[i+2]-'0')*10 + int(lengths[i+3]-'0')
		}
	}
	return 0
}

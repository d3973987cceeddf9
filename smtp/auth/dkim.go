package auth

import (
	"bytes"
	"context"
	"io"
	"strings"
	"unicode"

	"github.com/emersion/go-msgauth/dkim"

	"esasim/esa"
)

// Bounds. What is beyond them is not verified, and the result says so.
const (
	maxSignatures = 5         // of a message (product knowledge, not confirmed)
	maxSignature  = 8 << 10   // octets of a signature field: its list of header fields is work
	maxHeader     = 128 << 10 // octets of the header
	maxTag        = 255       // octets of a tag in a result
)

// Results of DKIM.
const (
	pass     = "pass"
	permFail = "permfail"
	tempFail = "tempfail"
	invalid  = "invalid"

	final = " [final]" // ends the reason if the signature could be read and does not fit the message
)

var unsigned = []esa.DKIMResult{{Result: esa.NoSignature, Reason: "signature"}}

// verify reads a signed message and gives the results of its signatures.
func (c *Checker) verify(ctx context.Context, r io.Reader, signatures []string) []esa.DKIMResult {
	found, _ := dkim.VerifyWithOptions(r, &dkim.VerifyOptions{MaxVerifications: maxSignatures,
		LookupTXT: func(name string) ([]string, error) {
			ctx, cancel := context.WithTimeout(ctx, timeout)
			defer cancel()
			return c.o.Resolver.LookupTXT(ctx, name)
		}})
	if len(found) == 0 { // the error tells of more signatures than are verified, or of a header without end
		return []esa.DKIMResult{{Result: invalid, Reason: "message cannot be read"}}
	}
	out := make([]esa.DKIMResult, len(found))
	for i, v := range found {
		out[i] = esa.DKIMResult{Domain: clean(v.Domain), Identifier: clean(v.Identifier)}
		if i < len(signatures) {
			out[i].Selector = clean(selector(signatures[i]))
		}
		out[i].Result, out[i].Reason = judge(v.Err)
	}
	return out
}

// judge is a result in the appliance's words: the keyword, and the reason in
// those of RFC 6376.
func judge(err error) (result, reason string) {
	if err == nil {
		return pass, "signature verified"
	}
	reason, _, _ = strings.Cut(strings.TrimPrefix(err.Error(), "dkim: "), ": ")
	switch {
	case dkim.IsTempFail(err):
		return tempFail, reason
	case reason == "body hash did not verify" || reason == "signature did not verify":
		return permFail, reason + final
	case hasPrefix(reason, "signature has expired", "no key", "no valid key", "multiple TXT records", "key ",
		"incompatible public key", "invalid Ed25519 public key", "unsupported key", "inappropriate"):
		return permFail, reason
	}
	return invalid, reason // the signature itself breaks the rules
}

func hasPrefix(s string, prefixes ...string) bool {
	for _, p := range prefixes {
		if strings.HasPrefix(s, p) {
			return true
		}
	}
	return false
}

// clean is a tag of a signature as it can stand in a sentence: without blanks,
// brackets and control characters, and not longer than anybody reads.
func clean(tag string) string {
	tag = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return -1
		case r == '(' || r == ')' || !unicode.IsPrint(r):
			return '?'
		}
		return r
	}, tag)
	if len(tag) > maxTag {
		tag = strings.ToValidUTF8(tag[:maxTag], "")
	}
	return tag
}

// selector is the tag s= of a signature.
func selector(signature string) string {
	for tag := range strings.SplitSeq(signature, ";") {
		if name, value, ok := strings.Cut(tag, "="); ok && strings.TrimSpace(name) == "s" {
			return value
		}
	}
	return ""
}

// signaturesIn gives the values of the signature fields of a header, folded as
// they are. Fields are told apart as the library does, so that the results can
// be matched by their order.
func signaturesIn(header []byte) (found []string) {
	var field []byte // from its beginning in header
	end := func() {
		if name, value, _ := bytes.Cut(field, []byte(":")); isSignature(name) {
			found = append(found, string(value))
		}
	}
	for at := 0; at < len(header); {
		n := bytes.IndexByte(header[at:], '\n') + 1
		if n == 0 {
			n = len(header) - at
		}
		if line := header[at : at+n]; len(field) > 0 && (line[0] == ' ' || line[0] == '\t') {
			field = field[:len(field)+n] // the line stands right behind it
		} else {
			end()
			field = line
		}
		at += n
	}
	end()
	return found
}

func isSignature(name []byte) bool {
	const want = "DKIM-Signature"
	if len(name) < len(want) {
		return false
	}
	return bytes.EqualFold(bytes.TrimSpace(name), []byte(want))
}

package dialect

import (
	"crypto/tls"
	"fmt"
	"strings"

	gosmtp "github.com/emersion/go-smtp"

	"esasim/internal/fidelity"
)

// Fidelity lists every reply that a client can hear, and the rules of the
// conversation. A reply of replies.go that is used and not named here fails a
// test.
func Fidelity() []fidelity.Claim {
	return append(repliesLearnt(), rulesLearnt()...)
}

const (
	notes    = "published notes on the appliance's SMTP answers"
	captures = "published captures of SMTP conversations"
)

func repliesLearnt() []fidelity.Claim {
	const host = "esa.example.com"
	hello := Conn{opts: &Options{Host: host, TLS: &tls.Config{}, MaxMessage: 10485760}}
	helo := hello.hello()
	hello.esmtp = true
	var out []fidelity.Claim
	for _, r := range []struct{ text, level, source string }{
		{banner(host), fidelity.Observed, captures},
		{helo, fidelity.Observed, captures},
		{hello.hello(), fidelity.Inferred, "8BITMIME, STARTTLS and SIZE: " + captures + "; PIPELINING and SMTPUTF8 are added, because clients of today ask for them"},
		{replySender + "a@b.example" + replyPathEnd, fidelity.Observed, captures},
		{replyRecipient + "u@x.example" + replyPathEnd, fidelity.Observed, captures},
		{replyGoAhead, fidelity.Observed, captures},
		{whole(Accepted(214)), fidelity.Observed, captures + "; two blanks after the colon"},
		{replyOK, fidelity.Inferred, "NOOP: product knowledge, not confirmed"},
		{replyReset, fidelity.Inferred, "RSET: product knowledge, not confirmed"},
		{replyBye + host, fidelity.Observed, captures},
		{replyHelp, fidelity.Observed, captures},
		{replyVerify, fidelity.Inferred, "VRFY and EXPN get a positive answer (" + notes + "); its text is ours"},
		{replyTLS, fidelity.Observed, "public appliances"},
		{replyTLSActive, fidelity.Inferred, "the style of the other 503 replies"},
		{replyUnknown, fidelity.Documented, notes},
		{replyBadLimit, fidelity.Documented, notes + "; after four unknown commands"},
		{replyLineTooLong, fidelity.Documented, notes},
		{replyHelloFirst, fidelity.Inferred, "the style of MAIL first"},
		{replyMailFirst, fidelity.Documented, notes},
		{replyRcptFirst, fidelity.Documented, notes},
		{replyNestedMail, fidelity.Inferred, "the style of MAIL first"},
		{replyNoAuth, fidelity.Documented, notes},
		{"250-AUTH " + authPlain + " " + authLogin, fidelity.Observed, captures + "; before SIZE"},
		{replyAsk + askUser, fidelity.Ours, "draft-murchison-sasl-login, as all servers have it; then " + replyAsk + askPassphrase},
		{replyAuthArguments, fidelity.Documented, notes + "; that the end of AUTH by * says it, too, is inferred"},
		{replyAuthDone, fidelity.Documented, notes},
		{replyAuthLate, fidelity.Documented, notes},
		{replyAuthClear, fidelity.Documented, notes},
		{whole(AuthFirst), fidelity.Documented, notes + "; that MAIL is what says it is inferred"},
		{replyMechanism + "XXX" + replyMechanismEnd, fidelity.Documented, notes},
		{replyAuthenticated, fidelity.Inferred, "the style of the other replies; RFC 4954 6"},
		{replyBadCredentials, fidelity.Inferred, "the style of the other replies; RFC 4954 6"},
		{replyTimeUp, fidelity.Documented, notes},
		{whole(TooManyTLS), fidelity.Documented, notes + "; to STARTTLS"},
		{whole(TooManyToHost), fidelity.Documented, notes + "; of all listeners together"},
		{whole(TooManyInvalid), fidelity.Inferred, "directory harvest attack prevention; code and text are settings there"},
		{replySyntax + "XXX", fidelity.Documented, notes},
		{replyHelloDomain + "EHLO" + replyHelloDomainEnd, fidelity.Documented, notes},
		{replyParameter + "XXX" + replyParameterEnd, fidelity.Documented, notes},
		{replyValue + "XXX", fidelity.Documented, notes},
		{replySizeTooBig, fidelity.Documented, notes + "; SIZE= in MAIL"},
		{whole(PoorReputation(host)), fidelity.Documented, notes + "; instead of the banner (HAT rule REJECT)"},
		{whole(RejectedLate), fidelity.Inferred, "the text of the 554 reply; to each recipient where rejection is delayed"},
		{whole(TooManyToListener), fidelity.Documented, notes},
		{whole(SPFUnauthorized), fidelity.Documented, "AsyncOS user guide, Mail Flow Policies"},
		{whole(SPFTemporary), fidelity.Documented, "AsyncOS user guide, Mail Flow Policies"},
		{whole(DMARCUnauthenticated), fidelity.Inferred, "the reply of SPF"},
		{whole(SDRRejected), fidelity.Inferred, "the reply of SPF"},
		{whole(TooManyFromHost), fidelity.Documented, notes},
		{whole(TooManyMessages), fidelity.Documented, notes},
		{whole(TooManyThisHour), fidelity.Documented, notes + "; code and text are settings there"},
		{whole(TLSFirst), fidelity.Documented, notes + "; that MAIL is what says it is inferred"},
		{whole(SenderDomainMissing("a@nx.example")), fidelity.Documented, notes},
		{"250-XCLIENT NAME ADDR HELO; " + replyXCLIENTLate, fidelity.Ours, "Postfix, XCLIENT_README; the appliance has no XCLIENT"},
		{whole(Unavailable(host)), fidelity.Documented, notes + "; that the idle timeout says it too is inferred"},
		{whole(AddressRejected), fidelity.Observed, "bounces published by third parties; the RAT refuses so"},
		{whole(TooManyRecipients), fidelity.Documented, notes},
		{whole(QueueFull), fidelity.Documented, notes + "; that MAIL says it, and the end of DATA when room runs out in between, is inferred"},
		{whole(MessageTooLarge), fidelity.Documented, notes + "; at the end of DATA"},
		{whole(HeaderTooLarge), fidelity.Documented, notes + "; more header lines than the listener's limit"},
		{whole(TooManyHops), fidelity.Documented, notes + "; at the end of DATA, with more Received fields than max_hops (RFC 5321, 6.3): the number is ours"},
		{whole(BareLineEnds), fidelity.Documented, notes},
		{whole(ServerErrorForNow), fidelity.Documented, notes},
		{whole(ServerErrorForGood), fidelity.Documented, notes},
	} {
		out = append(out, fidelity.Claim{Area: "SMTP replies", What: strings.ReplaceAll(r.text, "\r\n", " / "), Level: r.level, Source: r.source})
	}
	return out
}

// whole is a reply as it stands on the wire.
func whole(r *gosmtp.SMTPError) string {
	lines := strings.Split(r.Message, "\n")
	for i := range lines {
		mark := "-"
		if i == len(lines)-1 {
			mark = " "
		}
		lines[i] = fmt.Sprintf("%d%s%s", r.Code, mark, lines[i])
	}
	return strings.Join(lines, "\r\n")
}

func rulesLearnt() []fidelity.Claim {
	var out []fidelity.Claim
	for _, r := range []struct{ what, level, source string }{
		{"HAT rule TCPREFUSE closes the connection without a word", fidelity.Documented, notes},
		{fmt.Sprintf("the unknown command after the %dth ends the conversation", maxBadCommands), fidelity.Documented, notes},
		{"addresses may lack angle brackets and may follow the colon after a blank", fidelity.Documented, "AsyncOS user guide, address parsing: loose is the default"},
		{fmt.Sprintf("idle for longer than %s (a setting) ends the connection", defaultIdle), fidelity.Inferred, "the appliance's timeout for unsuccessful inbound connections"},
		{fmt.Sprintf("a command line has at most %d octets", maxLine), fidelity.Ours, "the real limit is not public"},
		{"addresses without a domain get the listener's default domain; without that they are refused", fidelity.Inferred, "AsyncOS user guide, Default Domain; there partial domains may be allowed as well"},
		{fmt.Sprintf("an address has at most %d octets", maxPath), fidelity.Ours, "RFC 5321 4.5.3.1"},
		{fmt.Sprintf("a header has at most %d octets", maxHeaderBytes), fidelity.Ours, "the appliance's own limit is in lines"},
		{"only CR LF . CR LF ends a message; bare CR or LF refuses it (SMTP smuggling)", fidelity.Inferred, "the 554 reply is documented; what exactly the appliance takes is a setting there"},
		{"STARTTLS forgets all that was said before, and what was sent in the same packet", fidelity.Ours, "RFC 3207 4.2"},
		{"EHLO offers neither CHUNKING nor ENHANCEDSTATUSCODES, RCPT has no parameters (no DSN)", fidelity.Observed, captures},
		{"XCLIENT with ADDR, NAME and HELO: the connection is judged anew, with an ICID of its own; encryption stays, EHLO is needed again", fidelity.Ours, "Postfix, XCLIENT_README, for testers; other attributes are not offered and refused with 501"},
		{"AUTH with PLAIN and LOGIN; wrong credentials count as an unknown command", fidelity.Inferred, "the mechanisms: " + captures + "; the count is ours"},
		{"MAIL has the parameter AUTH where AUTH is offered, and nobody asks what it says", fidelity.Ours, "RFC 4954 5"},
	} {
		out = append(out, fidelity.Claim{Area: "SMTP conversation", What: r.what, Level: r.level, Source: r.source})
	}
	return out
}

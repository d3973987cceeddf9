package dialect

import (
	"strconv"

	gosmtp "github.com/emersion/go-smtp"
)

// This file is the list of all replies. The exported ones are for sessions,
// which return them as they are: go-smtp sends a *SMTPError only if it is not
// wrapped. Unless marked otherwise the texts are the vendor's, from
// published notes on the appliance's SMTP answers. "Inferred" ones have no
// public source and follow the style of the others.

func refusal(code int, text string) *gosmtp.SMTPError {
	return &gosmtp.SMTPError{Code: code, EnhancedCode: gosmtp.NoEnhancedCode, Message: text}
}

// Replies of a session to MAIL, RCPT and the end of DATA.
var (
	AddressRejected    = refusal(550, "#5.1.0 Address rejected.")
	TooManyRecipients  = refusal(452, "#4.5.3 Too many recipients")
	QueueFull          = refusal(452, "#4.3.1 queue full")
	TooManyMessages    = refusal(421, "#4.x.2 Too many messages for this session")
	TooManyToListener  = refusal(421, "#4.4.5 Too many connections to this listener")
	TooManyFromHost    = refusal(421, "#4.4.5 Too many connections from your host")
	TooManyToHost      = refusal(421, "#4.4.5 Too many connections to this host")
	TooManyTLS         = refusal(421, "#4.4.5 Too many TLS sessions at this time")
	TooManyInvalid     = refusal(550, "Too many invalid recipients")
	AuthFirst          = refusal(530, "Authentication required")
	TooManyThisHour    = refusal(452, "Too many recipients received this hour")
	TLSFirst           = refusal(530, "#5.7.0 Must issue a STARTTLS command first")
	ServerErrorForNow  = refusal(451, "#4.3.0 Server Error")
	ServerErrorForGood = refusal(554, "#5.3.0 Server Error")
)

// Replies to the end of DATA of mail whose sender is not who it says, or is not
// trusted. Those of SDR and DMARC are inferred from that of SPF.
var (
	SPFUnauthorized      = refusal(550, "#5.7.1 SPF unauthorized mail is prohibited.")
	SPFTemporary         = refusal(451, "#4.4.3 Temporary error occurred during SPF verification.")
	SDRRejected          = refusal(550, "#5.7.1 Mail from domains of this reputation is prohibited.")
	DMARCUnauthenticated = refusal(550, "#5.7.1 DMARC unauthenticated mail is prohibited.")
)

// What can be wrong with a message; see [Conn.DataError].
var (
	MessageTooLarge = refusal(552, "#5.3.4 message size exceeds limit")
	HeaderTooLarge  = refusal(552, "#5.3.4 message header size exceeds limit")
	TooManyHops     = refusal(554, "Too many hops") // the listener counts them
	BareLineEnds    = refusal(554, "message body contains illegal bare CR/LF characters.")
)

// Accepted is the answer to the end of DATA that makes us responsible for
// message mid. Real captures have two blanks after the colon.
func Accepted(mid uint64) *gosmtp.SMTPError {
	return refusal(250, "ok:  Message "+strconv.FormatUint(mid, 10)+" accepted")
}

// SenderDomainMissing refuses a MAIL whose domain does not exist.
func SenderDomainMissing(sender string) *gosmtp.SMTPError {
	return refusal(553, "#5.1.8 Domain of sender address <"+sender+"> does not exist")
}

const poorReputation = "Your access to this mail system has been rejected due to the sending MTA's poor reputation." +
	" If you believe that this failure is in error, please contact the intended recipient via alternate means."

// RejectedLate refuses a recipient to a client of a rejected sender group, where
// rejection is delayed until then. The text is that of [PoorReputation].
var RejectedLate = refusal(550, poorReputation)

// PoorReputation is what a client of a rejected sender group is told instead
// of a banner.
func PoorReputation(host string) *gosmtp.SMTPError { return refusal(554, host+"\n"+poorReputation) }

// Unavailable ends a conversation: idle, or we are going down.
func Unavailable(host string) *gosmtp.SMTPError {
	return refusal(421, host+" Service not available, closing transaction channel")
}

// Whole replies that the dialect gives by itself.
const (
	replyGoAhead     = "354 go ahead"
	replyReset       = "250 reset"
	replyOK          = "250 ok"
	replyVerify      = "252 ok"                // "a positive answer"; the text is inferred
	replyTLS         = "220 Go ahead with TLS" // seen from public appliances
	replyUnknown     = "500 #5.5.1 command not recognized"
	replyBadLimit    = "421 Exceeded bad SMTP command limit, disconnecting."
	replyLineTooLong = "500 Line too long"
	replyHelloFirst  = "503 #5.5.1 EHLO first" // inferred from "MAIL first"
	replyMailFirst   = "503 #5.5.1 MAIL first"
	replyRcptFirst   = "503 #5.5.1 RCPT first"
	replyNestedMail  = "503 #5.5.1 MAIL already given"                              // inferred
	replyTLSActive   = "503 #5.5.1 STARTTLS already active"                         // inferred
	replyXCLIENTLate = "503 #5.5.0 XCLIENT not permitted during a mail transaction" // ours, as AUTH's
	replyNoAuth      = "503 #5.3.3 AUTH not available"
	replyAuthDone    = "503 #5.5.0 Already authenticated"
	replyAuthLate    = "503 #5.5.0 AUTH not permitted during a mail transaction"
	replyAuthClear   = "538 #5.7.11 Encryption required"
	replyTimeUp      = "421 Exceeded allowable connection time"
	replySizeTooBig  = "552 size limit exceeded"
	replyHelp        = "214-The following commands are recognized\r\n" +
		"214- auth data ehlo helo\r\n" +
		"214- help mail noop quit\r\n" +
		"214 rcpt rset vrfy"
)

// Replies of AUTH. Those to right and wrong credentials are inferred.
const (
	replyAsk            = "334 "
	replyAuthArguments  = "501 #5.5.4 Invalid arguments to AUTH command"
	replyAuthenticated  = "235 #2.0.0 OK Authenticated"
	replyBadCredentials = "535 #5.7.8 Bad credentials"
	replyMechanism      = "504 #5.5.1 AUTH mechanism "
	replyMechanismEnd   = " is not available"
)

// Beginnings of replies that repeat something; the whole is put together where
// it is said.
const (
	replySender         = "250 sender <"
	replyRecipient      = "250 recipient <"
	replyPathEnd        = "> ok"
	replyBye            = "221 "
	replySyntax         = "501 #5.5.2 syntax error "
	replyHelloDomain    = "501 #5.0.0 " // + the command
	replyHelloDomainEnd = " requires domain address"
	replyParameter      = "504 Command parameter "
	replyParameterEnd   = " unrecognized"
	replyValue          = "501 Unknown value "
)

// banner is the first line a client gets.
func banner(host string) string { return "220 " + host + " ESMTP" }

// hello is the answer to HELO, or to EHLO with what the connection offers.
func (c *Conn) hello() string {
	if !c.esmtp {
		return "250 " + c.opts.Host
	}
	s := "250-" + c.opts.Host + "\r\n250-8BITMIME\r\n250-PIPELINING\r\n250-SMTPUTF8\r\n"
	if c.offersTLS() {
		s += "250-STARTTLS\r\n"
	}
	if c.admission.XCLIENT != nil {
		s += "250-XCLIENT NAME ADDR HELO\r\n"
	}
	if c.offersAuth() {
		s += "250-AUTH " + authPlain + " " + authLogin + "\r\n"
	}
	s += "250 SIZE"
	if n := c.MaxMessage(); n > 0 {
		s += " " + strconv.FormatInt(n, 10)
	}
	return s
}

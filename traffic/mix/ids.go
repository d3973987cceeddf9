package mix

import "time"

// idStyle is how a system forms Message-IDs.
type idStyle uint8

const (
	postfixID  idStyle = iota // <20200514132357.4B1F2A3C4D@host>
	uuidID                    // <0f8fad5b-d9cb-469f-a165-70867728950e@host>
	javaID                    // <1589462637.1234.1589462637123@host>
	digitsID                  // <158946263712345@host>
	exchangeID                // <AM6PR04MB1234...@AM6PR04MB1234.eurprd04.prod.outlook.com>
	processID                 // <20200514132357.1234@host>: timestamp and process
	idStyles
	gmailID // <CA+...@mail.gmail.com>
)

func (s *slab) messageID(d *dice, style idStyle, host string, at time.Time) string {
	s.begin().char('<')
	switch style {
	case postfixID:
		s.compact(at).char('.').random(d, 10, upperHex)
	case uuidID:
		s.uuid(d)
	case javaID:
		s.num(uint64(at.Unix()), 1).char('.').num(uint64(d.below(32768)), 1).char('.').num(uint64(at.UnixMilli()), 1)
	case digitsID:
		s.num(uint64(at.Unix()), 1).num(uint64(d.below(100_000)), 5)
	case exchangeID:
		return s.exchangeID(d)
	case processID:
		s.compact(at).char('.').num(uint64(d.below(1<<22)), 1)
	case gmailID:
		return s.str("CA+").random(d, 40, letters64).str("@mail.gmail.com>").end()
	}
	return s.char('@').str(host).char('>').end()
}

func (s *slab) exchangeID(d *dice) string {
	var server [16]byte
	copy(server[:], "AM6PR04MB0000")
	for i, n := 9, d.below(10_000); i < 13; i++ {
		server[i] = byte('0' + n%10)
		n /= 10
	}
	s.b = append(s.b, server[:13]...)
	s.random(d, 24, upperHex).char('@')
	s.b = append(s.b, server[:13]...)
	return s.str(".eurprd04.prod.outlook.com>").end()
}

// answerStyle is how a receiving host words that it took a message.
type answerStyle uint8

const (
	gsmtpAnswer answerStyle = iota
	postfixAnswer
	exchangeAnswer
	eximAnswer
	appliancesAnswer
	qmailAnswer
	sendmailAnswer
	answerStyles
)

// taken is an answer to the end of DATA, without its code, as hosts of the
// kinds met most often word it (their published sources and samples).
func (s *slab) taken(d *dice, style answerStyle, at time.Time, m *Mail) string {
	s.begin()
	switch style {
	case gsmtpAnswer:
		s.str("2.0.0 OK  ").num(uint64(at.Unix()), 1).char(' ').random(d, 14, hexDigits).str("si").num(uint64(d.below(9_000_000)), 7)
		return s.str("wmj.").num(uint64(d.between(1, 999)), 1).str(" - gsmtp").end()
	case postfixAnswer:
		return s.str("2.0.0 Ok: queued as ").random(d, 11, upperHex).end()
	case exchangeAnswer:
		s.str("2.6.0 ").str(m.MessageID).str(" [InternalId=").num(d.bits()>>20, 1).str(", Hostname=mbx0").num(uint64(d.between(1, 4)), 1)
		s.str(".local] ").num(uint64(m.Size)+900, 1).str(" bytes in 0.").num(uint64(d.between(50, 999)), 3).str(", ")
		return s.num(uint64(d.between(9, 900)), 1).char('.').num(uint64(d.below(1000)), 3).str(" KB/sec Queued mail for delivery").end()
	case eximAnswer:
		return s.str("OK id=1j").random(d, 4, hexDigits).str("-000").random(d, 3, upperHex).char('-').random(d, 2, upperHex).end()
	case qmailAnswer:
		return s.str("ok ").num(uint64(at.Unix()), 1).str(" qp ").num(uint64(d.below(65536)), 1).end()
	case sendmailAnswer:
		return s.str("2.0.0 04E").random(d, 5, upperHex).num(uint64(d.below(1_000_000)), 6).str(" Message accepted for delivery").end()
	}
	return s.str("ok:  Message ").num(uint64(d.between(1_000_000, 99_999_999)), 1).str(" accepted").end()
}

// refusal is a reason in the appliance's words with the remote host's answer.
type refusal struct{ reason, answer string }

// later are answers after which delivery is tried again.
func later() []refusal {
	const reason = "4.1.0 - Unknown address error"
	return []refusal{
		{reason, "451 4.7.1 Greylisting in action, please come back later"},
		{reason, "450 4.2.0 Recipient address rejected: Greylisted, see http://postgrey.example/help"},
		{reason, "421 4.7.0 Try again later, closing connection"},
		{reason, "452 4.2.2 Mailbox full"},
		{reason, "451 4.3.0 Temporary local problem - please try later"},
		{reason, "421 4.3.2 Service not available, closing transmission channel"},
		{"4.3.2 - Not accepting messages at this time", "450 4.3.2 Service currently unavailable"},
	}
}

// never are answers after which the recipient bounces.
func never() []refusal {
	const reason = "5.1.0 - Unknown address error"
	return []refusal{
		{reason, "550 5.1.1 User unknown"},
		{reason, "550 5.1.1 The email account that you tried to reach does not exist."},
		{reason, "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup"},
		{reason, "550 #5.1.0 Address rejected."},
		{reason, "554 5.7.1 Service unavailable; Client host blocked"},
		{reason, "552 5.2.2 Over quota"},
		{reason, "550 5.4.1 Recipient address rejected: Access denied"},
		{reason, "550-5.7.26 This message does not pass authentication checks"},
		{"5.3.0 - Other mail system problem", "554 5.3.0 Message refused by content policy"},
	}
}

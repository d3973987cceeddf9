// Package dialect speaks the appliance's SMTP on the wire.
//
// go-smtp knows the protocol but not the appliance's words: its banner, its
// EHLO and its MAIL and RCPT answers are fixed, and it makes a session only at
// EHLO. So a [Conn] sits between the client and go-smtp. go-smtp reads commands
// from it and writes replies to it; both happen in go-smtp's one goroutine for
// the connection, inside Read and Write, so there is no pipe and no lock:
//
//	client  ── lines ──>  Conn.Read   ── well-formed commands ──>  go-smtp ──> Session
//	client  <─ replies ─  Conn.Write  <─ go-smtp's replies ──────  go-smtp <── Session
//
// Read answers by itself what the session need not see (HELP, VRFY, STARTTLS,
// unknown commands, wrong order, syntax) and passes on only commands go-smtp is
// bound to accept, one at a time. Write turns go-smtp's answers into the
// appliance's and lets through unchanged what the session chose. In DATA, Read
// hands on the bytes up to the end of the message and watches its size, its
// header and its line ends. All texts are in replies.go.
//
// Sources: replies and limits from the AsyncOS user guide and published notes
// on its SMTP answers; framing from RFC 5321, 6152 (8BITMIME), 2920
// (PIPELINING), 6531 (SMTPUTF8), 3207 (STARTTLS), 1870 (SIZE).
package dialect

import (
	"crypto/tls"
	"log/slog"
	"time"

	gosmtp "github.com/emersion/go-smtp"
)

// Limits of the conversation that are not settings.
const (
	maxLine        = 4096             // octets of a command line without its end; more: "500 Line too long"
	maxBadCommands = 4                // unknown commands answered before the next one ends the connection
	maxPath        = 320              // octets of an address: 64 + "@" + 255, RFC 5321 4.5.3.1
	maxHeaderBytes = 1 << 20          // of a message; ours, the appliance's own limit is in lines
	defaultIdle    = 5 * time.Minute  // the appliance's timeout for unsuccessful inbound connections
	handshakeTime  = 30 * time.Second // for STARTTLS as a whole; less if the wait for a command is shorter
	farewellTime   = 2 * time.Second  // to get a last reply out to a client that does not read
	inputBuffer    = 8 << 10          // must hold a line of maxLine
	outputBuffer   = 4 << 10          // replies kept back for one packet
)

// Options are the settings of a listener that concern the wire. They must not
// be changed once in use.
type Options struct {
	Host           string        // the name the appliance gives itself in banner, EHLO, QUIT
	TLS            *tls.Config   // for STARTTLS; nil: it is not offered
	MaxMessage     int64         // octets, said in EHLO and enforced in MAIL and DATA; 0: no limit
	MaxHeaderLines int           // lines of a message's header; 0: no limit
	DefaultDomain  string        // of addresses without one; "": they are refused
	CommandIdle    time.Duration // wait for a command, or for more of DATA; 0: 5 minutes
	MaxTime        time.Duration // that a connection may take altogether; 0: any
	ImplicitTLS    bool          // the client begins with TLS (SMTPS), for which TLS is needed
	TLSSessions    TLSSessions   // counts those there are; nil: any number
	Logger         *slog.Logger  // for what is wrong with us, not with clients; nil: slog.Default
}

// TLSSessions counts encrypted connections, those of other listeners included.
// Its methods are called from many goroutines.
type TLSSessions interface {
	Enter() bool // false: there are too many, and it is not counted
	Leave()
}

func (o *Options) idle() time.Duration {
	if o.CommandIdle > 0 {
		return o.CommandIdle
	}
	return defaultIdle
}

// Server makes the go-smtp server that belongs above a [Listener]: every limit
// and timeout of its own is off, because the dialect owns them, and TLSConfig
// stays nil, because STARTTLS is below go-smtp.
func Server(backend gosmtp.Backend, opts *Options) *gosmtp.Server {
	log := opts.Logger
	if log == nil {
		log = slog.Default()
	}
	s := gosmtp.NewServer(backend)
	s.Domain = opts.Host
	s.MaxLineLength = 0 // it would cut body lines as well
	s.MaxMessageBytes = 0
	s.MaxRecipients = 0
	s.ReadTimeout, s.WriteTimeout = 0, 0
	s.EnableSMTPUTF8 = true
	s.TLSConfig = nil
	s.ErrorLog = slog.NewLogLogger(log.Handler(), slog.LevelWarn)
	return s
}

package delivery

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"os"
	"strings"
	"syscall"

	gosmtp "github.com/emersion/go-smtp"
)

// What no host answered and what cannot be mended by trying again begins so.
const (
	nxDomain   = "DNS Hard Error looking up"
	impossible = "cannot be sent"
)

// mostReply is how much of an answer is kept.
const mostReply = 500

// replyOf is the reply in an error of go-smtp's: "550 5.1.1 user unknown". Lines
// are apart by a line feed.
func replyOf(err error) (string, bool) {
	var e *gosmtp.SMTPError
	if !errors.As(err, &e) || e.Code < 200 || e.Code > 599 {
		return "", false
	}
	text := e.Message
	if c := e.EnhancedCode; c != gosmtp.EnhancedCodeNotSet && c != gosmtp.NoEnhancedCode {
		text = fmt.Sprintf("%d.%d.%d %s", c[0], c[1], c[2], text)
	}
	if code := e.Code / 100; code != 4 && code != 5 { // 250 where 354 belongs: the host is confused
		return "", false
	}
	return fmt.Sprintf("%d %s", e.Code, clip(text)), true
}

// clip bounds what a host can make us keep, and leaves whole characters.
func clip(s string) string {
	if len(s) > mostReply {
		s = s[:mostReply]
	}
	return strings.ToValidUTF8(s, "?")
}

// failures are the appliance's words for what a network does: the error numbers
// are those of FreeBSD, on which AsyncOS runs.
func failures() map[error]string {
	return map[error]string{
		syscall.ECONNREFUSED: "[Errno 61] Connection refused",
		syscall.ECONNRESET:   "[Errno 54] Connection reset by peer",
		syscall.EPIPE:        "[Errno 32] Broken pipe",
		syscall.ENETUNREACH:  "[Errno 51] Network is unreachable",
		syscall.EHOSTUNREACH: "[Errno 65] No route to host",
		io.EOF:               "EOF",
		io.ErrUnexpectedEOF:  "EOF",
		io.ErrClosedPipe:     "EOF",
	}
}

// detailsOf says an error of the network in the appliance's words.
func detailsOf(err error) string {
	var name *net.DNSError
	if errors.As(err, &name) {
		if name.IsNotFound {
			return fmt.Sprintf("%s %s (A):  NXDomain", nxDomain, name.Name)
		}
		return fmt.Sprintf("DNS Temporary Failure %s A - ServFail", name.Name)
	}
	for e, words := range failures() {
		if errors.Is(err, e) {
			return words
		}
	}
	var slow net.Error
	if errors.Is(err, os.ErrDeadlineExceeded) || errors.As(err, &slow) && slow.Timeout() {
		return "timeout"
	}
	var odd textproto.ProtocolError
	var wrong *gosmtp.SMTPError
	if errors.As(err, &odd) || errors.As(err, &wrong) {
		return "unexpected response"
	}
	return clip(strings.Map(func(r rune) rune {
		if r < ' ' {
			return ' '
		}
		return r
	}, err.Error()))
}

package dialect

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"regexp"
	"strings"
	"sync"
	"testing"

	gosmtp "github.com/emersion/go-smtp"
)

// recorder is a backend that remembers what its sessions were given. Some
// addresses make it answer in special ways; see testdata/dialogues/README.md.
type recorder struct {
	mu       sync.Mutex
	sender   string
	options  gosmtp.MailOptions
	rcpts    []string
	message  string
	messages int
	outcomes []outcome // of every message
	dataErr  error     // how the reader of the last message ended, nil at its end
	bytes    int64
	resets   int
	logouts  int
	hello    string
	notes    []string      // of the Observer, in order
	gone     chan struct{} // closed when the connection is
	xclient  bool          // there may be several, one after another; closed with the first
	end      sync.Once
}

// outcome is what the reader of a message gave, and how it ended.
type outcome struct {
	message string
	err     error
}

func newRecorder() *recorder { return &recorder{gone: make(chan struct{})} }

func (r *recorder) NewSession(c *gosmtp.Conn) (gosmtp.Session, error) {
	conn := c.Conn().(*Conn)
	r.mu.Lock()
	r.hello, _ = conn.Hello()
	r.mu.Unlock()
	if r.hello == "nosession.example" {
		return nil, errors.New("go-smtp must not say this")
	}
	return &recording{r, conn}, nil
}

func (r *recorder) note(s string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.notes = append(r.notes, s)
}

func (r *recorder) TLSStarted(protocol, cipher string) { r.note("tls " + protocol + " " + cipher) }
func (r *recorder) TLSFailed(err error) {
	if errors.Is(err, ErrTooManyTLS) {
		r.note("too many tls")
		return
	}
	r.note("tls failed")
}
func (r *recorder) UnknownCommand(line string) { r.note("unknown " + line) }
func (r *recorder) BadAddress(sender bool, line string) {
	r.note(fmt.Sprintf("bad address %t %s", sender, line))
}
func (r *recorder) Closed(why Ending) {
	r.note("closed " + string(why))
	if r.xclient {
		r.end.Do(func() { close(r.gone) })
		return
	}
	close(r.gone)
}

// auth knows one user, whose name and passphrase are the same.
func (r *recorder) auth(mechanism, user, passphrase string) bool {
	r.note(fmt.Sprintf("auth %s %s %s", mechanism, user, passphrase))
	return user == "joe" && passphrase == "joe"
}

// slots are TLS sessions.
type slots struct {
	mu   sync.Mutex // guards left
	left int64
}

func (s *slots) Enter() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.left == 0 {
		return false
	}
	s.left--
	return true
}

func (s *slots) Leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.left++
}

// anew takes whoever a client says it is.
func (r *recorder) anew(verdict Verdict) func(XCLIENT) Admission {
	return func(x XCLIENT) Admission {
		r.note(fmt.Sprintf("xclient %s %s %t %s", x.Addr, x.Name, x.NameGiven, x.Hello))
		return Admission{Verdict: verdict, Observer: r, XCLIENT: r.anew(verdict)}
	}
}

type recording struct {
	*recorder
	conn *Conn
}

func (s *recording) Reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.resets++
	s.rcpts = nil
}

func (s *recording) Logout() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.logouts++
	return nil
}

func (s *recording) Mail(from string, opts *gosmtp.MailOptions) error {
	local, _, _ := strings.Cut(from, "@")
	switch local {
	case "broken":
		return errors.New("go-smtp must not say this")
	case "panic":
		panic("on purpose")
	case "busy":
		return TooManyMessages
	case "full":
		return QueueFull
	case "nodomain":
		return SenderDomainMissing(from)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sender, s.options = from, *opts
	return nil
}

func (s *recording) Rcpt(to string, _ *gosmtp.RcptOptions) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.rcpts) >= 1000 {
		return TooManyRecipients
	}
	if strings.HasPrefix(to, "nobody@") {
		return AddressRejected
	}
	if strings.HasPrefix(to, "harvest@") {
		s.conn.Hangup()
		return s.conn.Choose(TooManyInvalid)
	}
	s.rcpts = append(s.rcpts, to)
	return nil
}

func (s *recording) Data(r io.Reader) error {
	local, _, _ := strings.Cut(s.sender, "@")
	if local == "hasty" {
		return ServerErrorForNow // without reading
	}
	if strings.HasPrefix(local, "direct") {
		r = s.conn.Message()
	}
	if strings.HasSuffix(local, "early") {
		io.CopyN(io.Discard, r, 5)
		return ServerErrorForNow
	}
	if local == "filling" {
		io.CopyN(io.Discard, s.conn.Message(), 5)
		return QueueFull
	}
	b, err := io.ReadAll(r)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.message, s.dataErr, s.bytes = string(b), err, s.conn.DataBytes()
	s.outcomes = append(s.outcomes, outcome{s.message, err})
	switch {
	case local == "careless":
		return nil // without looking at err
	case err != nil:
		return s.conn.DataError()
	}
	s.messages++
	return Accepted(uint64(s.messages))
}

// ownWords finds what go-smtp says and the appliance does not.
var ownWords = regexp.MustCompile(`^\d{3}[ -]\d\.\d+\.\d+ |Roger|I'll make sure|Too many errors|Bad command|bad syntax|Hello |` +
	`queued|Service Ready|Session reset|successfully done nothing|Bye|Cannot VRFY|Was expecting|Go ahead\. |introduce yourself|` +
	`Missing (MAIL|RCPT)|Internal server error|Connection error|Idle timeout|Too long line|unrecognized$.*Syntax|ENHANCEDSTATUSCODES|CHUNKING|go-smtp`)

// serve runs a server over l until the test ends.
func serve(t testing.TB, l net.Listener, opts *Options, backend gosmtp.Backend, admit func(net.Conn) Admission) *Listener {
	t.Helper()
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	dl := Listen(l, opts, admit)
	server := Server(backend, opts)
	done := make(chan struct{})
	go func() {
		defer close(done)
		server.Serve(dl)
	}()
	t.Cleanup(func() {
		dl.Shutdown()
		if err := server.Shutdown(t.Context()); err != nil && !errors.Is(err, net.ErrClosed) && t.Context().Err() == nil {
			t.Errorf("shutdown: %v", err)
		}
		<-done
	})
	return dl
}

//go:build unix

package esasim_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"html"
	"math/big"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"text/template"
	"time"
)

// eximConfig makes exim a host that knows nothing but us: what is submitted on the
// machine goes to the appliance, by TLS with a certificate that is good, and what
// comes by SMTP goes into mailboxes, if it comes by TLS.
var eximConfig = template.Must(template.New("").Parse(`
primary_hostname = mta.sender.example
spool_directory = {{.Dir}}/spool
log_file_path = {{.Dir}}/log/%slog
exim_user = {{.User}}
exim_group = {{.Group}}
deliver_drop_privilege
local_interfaces = 127.0.0.1
daemon_smtp_ports = {{.Port}}
disable_ipv6
host_lookup =
keep_environment =
untrusted_set_sender = *
timezone = UTC
tls_advertise_hosts = *
tls_certificate = {{.Dir}}/mta.pem
tls_privatekey = {{.Dir}}/mta.pem
acl_smtp_rcpt = rcpt
begin acl
rcpt:
  deny  !encrypted = *
        message = 5.7.0 TLS first
  deny  local_parts = nobody
        message = 5.1.1 no such user here
  defer local_parts = later
        condition = ${if !exists{ {{- .Dir}}/open}}
        message = 4.2.2 mailbox busy
  accept
begin routers
appliance:
  driver = manualroute
  condition = ${if eq{$received_protocol}{local}}
  route_list = * localhost byname
  self = send
  transport = appliance
  no_more
mailbox:
  driver = accept
  local_parts = alice : bob : eve : later
  transport = mailbox
begin transports
appliance:
  driver = smtp
  port = {{.Appliance}}
  allow_localhost
  hosts_require_tls = *
  tls_verify_hosts = *
  tls_verify_certificates = {{.Dir}}/appliance.pem
  tls_verify_cert_hostnames = *
mailbox:
  driver = appendfile
  file = {{.Dir}}/mail/$local_part_data
  user = {{.User}}
  group = {{.Group}}
begin retry
* * F,1h,1s
`))

// mta is a running exim with a configuration, a queue and mailboxes of its own. The
// machine's, if there is one, is left alone.
type mta struct {
	t           *testing.T
	program     string
	Dir         string
	User, Group string
	Port        int
	Appliance   string // port that it relays to
}

func newMTA(t *testing.T) *mta {
	t.Helper()
	program, err := exec.LookPath("exim4")
	if err != nil {
		program = "/usr/sbin/exim4" // a directory that not everybody's PATH has
	}
	if _, err := os.Stat(program); err != nil {
		lacks(t, "exim4 (Debian: apt-get install exim4-daemon-light)")
	}
	m := &mta{t: t, program: program}
	// exim gives up root, and says so of anybody else: it must be told who to be.
	m.User, m.Group = "nobody", "nogroup"
	if os.Getuid() != 0 {
		m.User, m.Group = strconv.Itoa(os.Getuid()), strconv.Itoa(os.Getgid())
	}
	m.directories()
	m.certificate()
	return m
}

func (m *mta) path(name ...string) string { return filepath.Join(append([]string{m.Dir}, name...)...) }

func (m *mta) directories() {
	m.t.Helper()
	dir, err := os.MkdirTemp("", "esasim-mta-") // whoever exim is must get in, so not the test's own
	if err != nil {
		m.t.Fatal(err)
	}
	m.t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if m.Dir = dir; os.Chmod(dir, 0o755) != nil {
		m.t.Fatal("a directory of our own cannot be changed")
	}
	for _, name := range []string{"spool", "log", "mail"} {
		if err := os.Mkdir(m.path(name), 0o755); err != nil {
			m.t.Fatal(err)
		}
		if os.Getuid() != 0 {
			continue
		}
		who, err := user.Lookup(m.User)
		if err != nil {
			m.t.Fatal(err)
		}
		uid, _ := strconv.Atoi(who.Uid)
		gid, _ := strconv.Atoi(who.Gid)
		if err := os.Chown(m.path(name), uid, gid); err != nil {
			m.t.Fatal(err)
		}
	}
}

// certificate makes one that is good for 127.0.0.1, with its key.
func (m *mta) certificate() {
	m.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		m.t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "mta.sender.example"},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		m.t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		m.t.Fatal(err)
	}
	b := append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})...)
	m.write("mta.pem", b)
}

func (m *mta) write(name string, b []byte) {
	m.t.Helper()
	if err := os.WriteFile(m.path(name), b, 0o644); err != nil {
		m.t.Fatal(err)
	}
}

// choosePort finds a port that is free now.
func (m *mta) choosePort() {
	m.t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		m.t.Fatal(err)
	}
	defer l.Close()
	m.Port = l.Addr().(*net.TCPAddr).Port
}

// start runs the daemon, which looks at its queue each second, until the test ends.
func (m *mta) start(appliance string, certificate []byte) {
	m.t.Helper()
	_, m.Appliance, _ = net.SplitHostPort(appliance)
	m.write("appliance.pem", certificate)
	var text bytes.Buffer
	if err := eximConfig.Execute(&text, m); err != nil {
		m.t.Fatal(err)
	}
	m.write("exim.conf", text.Bytes())
	cmd := exec.Command(m.program, "-C", m.path("exim.conf"), "-bdf", "-q1s")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // so that its children can be ended with it
	if err := cmd.Start(); err != nil {
		m.t.Fatal(err)
	}
	m.t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM)
		_ = cmd.Wait()
		if m.t.Failed() {
			m.t.Logf("exim: %s\n%s", out.String(), m.log())
		}
	})
	eventually(m.t, "exim", func() error {
		c, err := net.Dial("tcp", fmt.Sprint("127.0.0.1:", m.Port))
		if err == nil {
			c.Close()
		}
		return err
	})
}

func (m *mta) command(args ...string) *exec.Cmd {
	return exec.CommandContext(m.t.Context(), m.program, append([]string{"-C", m.path("exim.conf")}, args...)...)
}

// submit sends a message as a person on that machine does.
func (m *mta) submit(from, message string, to ...string) {
	m.t.Helper()
	cmd := m.command(append([]string{"-odf", "-i", "-f", from}, to...)...)
	cmd.Stdin = strings.NewReader(message)
	if out, err := cmd.CombinedOutput(); err != nil {
		m.t.Fatalf("exim: %v\n%s", err, out)
	}
}

func (m *mta) read(name ...string) string {
	b, err := os.ReadFile(m.path(name...))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		m.t.Fatal(err)
	}
	return string(b)
}

func (m *mta) log() string { return m.read("log", "mainlog") }

// has waits until a mailbox has a text.
func (m *mta) has(mailbox, text string) {
	m.t.Helper()
	eventually(m.t, mailbox+"'s mailbox", func() error {
		if got := m.read("mail", mailbox); !strings.Contains(got, text) {
			return fmt.Errorf("no %q in %q", text, got)
		}
		return nil
	})
}

// TestMTA: a real MTA relays in by TLS, and is where mail is delivered to by TLS;
// each side verifies the other's certificate. Of one message's recipients two are
// taken, one is refused, of which the sender is told, and one is put off.
func TestMTA(t *testing.T) {
	m := newMTA(t)
	m.choosePort()
	t.Setenv("SSL_CERT_FILE", m.path("mta.pem"))
	data := t.TempDir()
	m.write("esasim.yaml", fmt.Appendf(nil, `appliance:
  recipients: [example.org, sender.example]
  mail_flow_policies: [{name: $ACCEPTED, rule: ACCEPT, tls: required}]
  sender_groups: []
  routes: [{domain: ALL, hosts: ["127.0.0.1:%d"]}]
  destination_controls: [{domain: default, tls: required_verify}]
  delivery: {initial_retry: 1s, max_retry: 1s}
`, m.Port))
	p := run(t, ports("--data", data, "--config", m.path("esasim.yaml"))...)
	pemFile, err := os.ReadFile(filepath.Join(data, "certificate.pem"))
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(pemFile)
	m.start(p.addresses.SMTP, pem.EncodeToMemory(block))

	m.submit("alice@sender.example", "Subject: by exim\nMessage-ID: <one@sender.example>\n\nhello\n.dot\n",
		"bob@example.org", "eve@example.org", "nobody@example.org", "later@example.org")
	for _, box := range []string{"bob", "eve"} {
		m.has(box, "Subject: by exim")
	}
	m.has("alice", "Subject: Delivery Status Notification (Failure)")
	m.relayed(t)
	putOff(t, p, data)
	if got := m.read("mail", "later"); got != "" {
		t.Errorf("later@ has mail before its time: %q", got)
	}
	m.write("open", nil)
	m.has("later", "Subject: by exim")
	m.delivered(t, p, logLines(t, data, "^Message finished MID 1 done$"))

	// Whom the appliance has no mail for exim tells of itself, through us.
	m.submit("alice@sender.example", "Subject: nowhere\n\nhello\n", "who@elsewhere.test")
	m.has("alice", "550 #5.1.0 Address rejected.")
	eventually(t, "an empty queue", func() error {
		out, err := m.command("-bpc").CombinedOutput()
		if err != nil || strings.TrimSpace(string(out)) != "0" {
			return fmt.Errorf("%q, %v", out, err)
		}
		return nil
	})
	if got := len(regexp.MustCompile(`(?m)^From `).FindAllString(m.read("mail", "alice"), -1)); got != 2 {
		t.Errorf("alice has %d messages, want 2", got)
	}
	p.silent(t)
}

// relayed is what exim says of how it gave the message to the appliance.
func (m *mta) relayed(t *testing.T) {
	t.Helper()
	log := m.log()
	for _, to := range []string{"bob", "eve", "nobody", "later"} {
		line := regexp.MustCompile(`[=-]> ` + to + `@example.org R=appliance T=appliance H=localhost \[127.0.0.1\] X=TLS\S+ CV=yes C="250 ok:  Message 1 accepted"`)
		if !line.MatchString(log) {
			t.Errorf("exim did not relay to %s with a verified certificate:\n%s", to, log)
		}
	}
}

// putOff waits until the recipient that is put off has been, in tracking.
func putOff(t *testing.T, p *process, data string) {
	t.Helper()
	eventually(t, "a delay", func() error {
		page := html.UnescapeString(get(t, p.addresses.Console+"/monitor/message_tracking/details?mid=1"))
		if !strings.Contains(page, "4.2.2 mailbox busy") {
			return errors.New("not in tracking")
		}
		return nil
	})
	lines := logLines(t, data, `pending till`)
	if find(lines, `^Delayed: DCID \d+ MID 1 to RID 3 - \S+ - .* \('451', \['4.2.2 mailbox busy'\]\) \[\]$`) == nil {
		t.Errorf("no delay in\n%s", strings.Join(lines, "\n"))
	}
}

// delivered is what mailboxes, mail log and tracking say of the first message when
// it has come to its end.
func (m *mta) delivered(t *testing.T, p *process, lines []string) {
	t.Helper()
	for _, pattern := range []string{
		`^ICID 1 ACCEPT SG None match  SBRS None `, `^ICID 1 TLS success protocol TLSv1.\d cipher \S+$`,
		`^MID 1 ICID 1 From: <alice@sender.example>$`, `^MID 1 ICID 1 RID 3 To: <later@example.org>$`, `^MID 1 Message-ID '<one@sender.example>'$`,
		`^DCID 1 TLS success protocol TLSv1.\d cipher \S+ for example.org$`, `^Delivery start DCID 1 MID 1 to RID \[0, 1, 2, 3\]$`,
		`^Message done DCID 1 MID 1 to RID \[0, 1\]$`, `^MID 1 RID \[0, 1\] Response 'OK id=\S+'$`,
		`^Bounced: DCID 1 MID 1 to RID 2 - 5.1.0 - Unknown address error \('550', \['5.1.1 no such user here'\]\) \[\]$`,
		`^MID 2 was generated for bounce of MID 1$`, `^MID 2 ICID 0 RID 0 To: <alice@sender.example>$`, `^Delivery start DCID \d+ MID 2 to RID \[0\]$`,
		`^Message done DCID \d+ MID 1 to RID \[3\]$`, `^Message finished MID 2 done$`,
	} {
		if find(lines, pattern) == nil {
			t.Errorf("the mail log lacks %s:\n%s", pattern, strings.Join(lines, "\n"))
		}
	}
	page := html.UnescapeString(get(t, p.addresses.Console+"/monitor/message_tracking/details?mid=1"))
	for _, want := range []string{"alice@sender.example", "later@example.org", "5.1.1 no such user here", "4.2.2 mailbox busy", "received remote SMTP response 'OK id="} {
		if !strings.Contains(page, want) {
			t.Errorf("tracking lacks %q", want)
		}
	}
	if box := m.read("mail", "bob"); !strings.Contains(box, "by esa.esasim.test with ESMTP") || !strings.HasSuffix(box, "\nhello\n.dot\n\n") || strings.Count(box, "\nSubject:") != 1 {
		t.Errorf("bob's mailbox: %q", box)
	}
	if box := m.read("mail", "alice"); !strings.Contains(box, "Final-Recipient: rfc822;") || !strings.Contains(box, "nobody@example.org") {
		t.Errorf("alice's mailbox: %q", box)
	}
}

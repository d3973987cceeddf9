package config

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// LogSubscription says what is logged, and where to: files, or a syslog server if
// one has an address.
type LogSubscription struct {
	Name     string `yaml:"name"`          // of its directory, or its program name in syslog
	Type     string `yaml:"type"`          // what is logged
	Level    string `yaml:"level"`         // critical, warning, info, debug or trace; empty: info
	RollSize Size   `yaml:"rollover_size"` // 0: 10M
	Keep     int    `yaml:"max_files"`     // 0: 10
	Syslog   Syslog `yaml:"syslog"`
}

// Syslog is a server that a log is pushed to.
type Syslog struct {
	Protocol  string `yaml:"protocol"`  // udp, tcp or tls; empty: udp
	Address   string `yaml:"address"`   // empty: the log goes to files
	Facility  string `yaml:"facility"`  // empty: mail
	Trust     string `yaml:"trust"`     // for tls: PEM certificates that vouch for the server; empty: the system's
	Elsewhere bool   `yaml:"elsewhere"` // it may be another machine than this
}

// LogTypes are the types of log subscriptions.
func LogTypes() []string { return []string{"mail", "consolidated_event", "bounces", "amp", "audit"} }

// LogLevels are the levels, the most severe first.
func LogLevels() []string { return []string{"critical", "warning", "info", "debug", "trace"} }

// facilities are those of RFC 5424, 6.2.1, by number; those without a name cannot
// be set.
var facilities = [...]string{"", "user", "mail", "daemon", "auth", "", "", "", "", "", "authpriv", "ftp", "ntp", "security", "console", "",
	"local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7"}

// Facility is the number of a syslog facility: 2 for "mail", and for "".
func Facility(name string) (number int, ok bool) {
	if name == "" {
		name = "mail"
	}
	i := slices.Index(facilities[1:], name) + 1
	return i, i > 0
}

// logName is a name that can be a directory, a cursor and a syslog program.
var logName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]{0,63}$`)

// taken are names that the data directory or the event log uses otherwise, in
// small letters: some file systems do not tell them from large ones.
func taken(name string) bool {
	return slices.Contains([]string{"tracking", "cloud", "cloudlink", "lock"}, strings.ToLower(name))
}

func (a *Appliance) checkLogs() (errs []error) {
	seen := map[string]bool{}
	for i := range a.Logs {
		l := &a.Logs[i]
		bad := func(key, format string, args ...any) {
			errs = append(errs, fmt.Errorf("appliance.logs[%d].%s: %w", i, key, fmt.Errorf(format, args...)))
		}
		switch name := strings.ToLower(l.Name); {
		case !logName.MatchString(l.Name):
			bad("name", "%q: want a letter, then letters, digits and _, at most 64", l.Name)
		case seen[name] || taken(l.Name):
			bad("name", "%q is taken", l.Name)
		default:
			seen[name] = true
		}
		if !slices.Contains(LogTypes(), l.Type) {
			bad("type", "%q: want one of %s", l.Type, strings.Join(LogTypes(), ", "))
		}
		if l.Level != "" && !slices.Contains(LogLevels(), l.Level) {
			bad("level", "%q: want one of %s", l.Level, strings.Join(LogLevels(), ", "))
		}
		if l.Keep < 0 {
			bad("max_files", "must not be negative; 0 is 10")
		}
		for key, err := range l.Syslog.check() {
			bad("syslog."+key, "%w", err)
		}
	}
	return errs
}

// check gives what is wrong, by key.
func (s *Syslog) check() map[string]error {
	if s.Address == "" {
		if *s != (Syslog{}) {
			return map[string]error{"address": errors.New("is missing")}
		}
		return nil
	}
	errs := map[string]error{}
	if !slices.Contains([]string{"", "udp", "tcp", "tls"}, s.Protocol) {
		errs["protocol"] = fmt.Errorf("%q: want udp, tcp or tls", s.Protocol)
	}
	if _, ok := Facility(s.Facility); !ok {
		names := slices.DeleteFunc(slices.Clone(facilities[:]), func(s string) bool { return s == "" })
		errs["facility"] = fmt.Errorf("%q: want one of %s", s.Facility, strings.Join(names, ", "))
	}
	if s.Trust != "" && !x509.NewCertPool().AppendCertsFromPEM([]byte(s.Trust)) {
		errs["trust"] = errors.New("has no PEM certificate")
	}
	if err := s.checkAddress(); err != nil {
		errs["address"] = err
	}
	return errs
}

func (s *Syslog) checkAddress() error {
	host, port, err := net.SplitHostPort(s.Address)
	if err != nil {
		return fmt.Errorf("%q: want HOST:PORT", s.Address)
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 || host == "" {
		return fmt.Errorf("%q: want HOST:PORT, with a port from 1 to 65535", s.Address)
	}
	ip, err := netip.ParseAddr(host)
	if s.Elsewhere || err == nil && ip.Unmap().IsLoopback() {
		return nil
	}
	return fmt.Errorf("%q is not an address of this machine, such as 127.0.0.1; what is logged leaves it only with elsewhere: true", s.Address)
}
